"""Certificates about values: what stands where, Azure's default where nothing does, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.documents.view import absence
from auditor.facts import load
from auditor.model import ArmId, Evidence, Outcome, Resource, Verdict
from auditor.proofs.pieces import NotCertifiedError

_OFF: tuple[Any, ...] = ("Disabled",)
SETTINGS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "workspace_answers_the_internet": {"publicNetworkAccess": _OFF, "allowPublicAccessWhenBehindVnet": (False,)},
    "endpoint_answers_the_internet": {"publicNetworkAccess": _OFF},
    "openai_answers_the_internet": {"publicNetworkAccess": _OFF},
    "search_answers_the_internet": {"publicNetworkAccess": _OFF},
    "vault_answers_the_internet": {"publicNetworkAccess": _OFF},
    "registry_answers_the_internet": {"publicNetworkAccess": _OFF, "anonymousPullEnabled": (False,)},
    "storage_answers_the_internet": {"publicNetworkAccess": _OFF, "allowBlobPublicAccess": (False,)},
    "web_app_answers_the_internet": {"publicNetworkAccess": _OFF},
    "compute_instance_is_public": {"enableNodePublicIp": (False,), "sshPublicAccess": _OFF},
    "web_app_answers_plain_http": {"httpsOnly": (True,)},
    "tls_ends_before_the_worker": {"endToEndEncryptionEnabled": (True,)},
    "listener_speaks_plain_http": {"protocol": ("Https",)},
    "backend_connection_is_plain_http": {"protocol": ("Https",)},
    "storage_answers_account_keys": {"allowSharedKeyAccess": (False,)},
    "registry_has_an_admin_user": {"adminUserEnabled": (False,)},
    "compute_takes_local_users": {"disableLocalAuth": (True,)},
    "chat_ui_allows_anonymous_access": {"enabled": (True,), "requireAuthentication": (True,)},
    "group_does_not_apply_to_endpoints": {"privateEndpointNetworkPolicies": ("Enabled", "NetworkSecurityGroupEnabled")},
    "connection_not_approved": {"status": ("Approved",)},
    "managed_endpoint_not_approved": {"status": ("Approved",)},
    "managed_network_lets_everything_out": {"isolationMode": ("AllowOnlyApprovedOutbound",)},
    "managed_network_does_not_exist": {"status": ("Active",)},
}
"""By rule the last steps of the pointers that it reads and the values with which it passes.

Where a verdict rests on anything else, its certificate states the values and claims no more (`values`).
"""


def certificate(verdict: Verdict, rule: str, documents: Mapping[ArmId, Mapping[str, Any]]) -> dict[str, Any]:
    """What stands where. `setting` where these values alone decide the verdict, else `values`."""
    wanted = SETTINGS.get(rule, {})
    found = [_value(evidence, verdict.resource, documents) for evidence in verdict.evidence]
    if not found:
        raise NotCertifiedError("the verdict rests on the absence of things, and no form covers it")
    right = [_is_right(each, wanted.get(_last(each))) for each in found]
    decided = None not in right and _as_decided(verdict.outcome, right)
    if decided and {_last(each) for each in found} >= (set(wanted) if verdict.outcome is Outcome.PASS else set()):
        for each in found:
            each["wanted"] = list(wanted[_last(each)])
        return {"form": "setting", "values": found}
    return {"form": "values", "values": found}


def missing(verdict: Verdict) -> dict[str, Any]:
    """What is missing for a definite verdict."""
    why = verdict.unknown
    return {
        "form": "missing",
        "because": verdict.message if why is None else why.because,
        "permission": None if why is None else why.permission,
        "read": None if why is None else why.read,
    }


def _value(evidence: Evidence, subject: ArmId | None, documents: Mapping[ArmId, Mapping[str, Any]]) -> dict[str, Any]:
    """What the snapshot holds at the place of some evidence, which tells it in its own words now and then."""
    place = evidence.place
    found: dict[str, Any] = {"pointer": place.pointer}
    if place.document != subject:
        found["resource"] = place.document.text
    document = documents.get(place.document)
    if document is None:
        raise NotCertifiedError(f"{place.document.text} is no document of the snapshot")
    resource = Resource(place.document, document, place.document)
    path = tuple(_step(step) for step in place.pointer.split("/")[1:])
    value = resource.stated(*path)
    if value is not None:
        return {**found, "value": value}
    found["absent"] = True
    known, default, _ = absence(resource.type, path, str(resource.stated("apiVersion") or ""))
    if known and default is not None:
        found["default"] = default
        named = "/".join("*" if isinstance(step, int) else step for step in path)
        found["source"] = load("absent-settings")["types"][resource.type][named].get("source", "")
    return found


def _step(text: str) -> str | int:
    """A step of a pointer: a number is one in a list. No property that is read has a number for its name."""
    return int(text) if text.isdecimal() else text.replace("~1", "/").replace("~0", "~")


def _last(value: Mapping[str, Any]) -> str:
    return str(value["pointer"]).rpartition("/")[2]


def _is_right(value: Mapping[str, Any], wanted: tuple[Any, ...] | None) -> bool | None:
    if wanted is None or "value" not in value:
        return None
    return any(_folded(value["value"]) == _folded(each) for each in wanted)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _as_decided(outcome: Outcome, right: list[bool | None]) -> bool:
    return all(right) if outcome is Outcome.PASS else not all(right)
