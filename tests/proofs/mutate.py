"""Certificates with one thing changed that makes each of them wrong, for the checker to refuse."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

Certificate = dict[str, Any]
Proofs = dict[str, Any]
Mutation = Callable[[Proofs, random.Random], bool]
"""Changes a file of one certificate; false where there is nothing to change in this way."""


def alone(proofs: Proofs, number: int) -> Proofs:
    """A file with one of the certificates, and the partition that it rests on, free to be changed."""
    certificate = proofs["certificates"][number]
    name = certificate.get("partition")
    partitions = {name: proofs["partitions"][name]} if name else {}
    return copy.deepcopy({**proofs, "certificates": [certificate], "partitions": partitions, "without": []})


def mutants(proofs: Proofs, count: int, seed: int) -> Iterator[tuple[str, Proofs]]:
    """So many wrong files, each with the name of what was changed; always the same ones for a seed."""
    chosen = random.Random(seed)
    made = 0
    while made < count:
        mutated = alone(proofs, chosen.randrange(len(proofs["certificates"])))
        form = mutated["certificates"][0]["form"]
        mutation = chosen.choice([*_EVERY, *_OF_FORM.get(form, ())])
        if mutation(mutated, chosen):
            made += 1
            yield f"{form}: {mutation.__name__.strip('_')}", mutated


def _only(proofs: Proofs) -> Certificate:
    found: Certificate = proofs["certificates"][0]
    return found


def _partition(proofs: Proofs) -> dict[str, Any]:
    found: dict[str, Any] = next(iter(proofs["partitions"].values()))
    return found


# --- of every form ----------------------------------------------------------------------------------------------------


def _other_snapshot(proofs: Proofs, chosen: random.Random) -> bool:
    digest = proofs["snapshot"]["sha256"]
    at = chosen.randrange(len(digest))
    proofs["snapshot"]["sha256"] = digest[:at] + ("0" if digest[at] != "0" else "1") + digest[at + 1 :]
    return True


def _other_outcome(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    wrong = {"pass", "fail", "unknown"} - {certificate["outcome"]}
    if certificate["form"] == "values":
        wrong = {"unknown"}  # values say where they stand, and not what follows from them
    certificate["outcome"] = chosen.choice(sorted(wrong))
    return True


def _other_form(proofs: Proofs, chosen: random.Random) -> bool:
    forms = {"partition", "packet", "setting", "missing", "grants", "cut", "proof"}
    _only(proofs)["form"] = chosen.choice(sorted(forms - {_only(proofs)["form"]}))
    return True


def _no_such_resource(proofs: Proofs, chosen: random.Random) -> bool:
    if _only(proofs)["resource"] is None or _only(proofs)["form"] == "missing":
        return False  # what is missing may be the resource
    _only(proofs)["resource"] += "-2"
    return True


# --- security groups --------------------------------------------------------------------------------------------------


def _some_box(proofs: Proofs, chosen: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = chosen.choice(_partition(proofs)["boxes"])
    return found


def _dropped_box(proofs: Proofs, chosen: random.Random) -> bool:
    boxes = _partition(proofs)["boxes"]
    boxes.pop(chosen.randrange(len(boxes)))
    return True


def _box_twice(proofs: Proofs, chosen: random.Random) -> bool:
    _partition(proofs)["boxes"].append(copy.deepcopy(_some_box(proofs, chosen)))
    return True


def _other_rule_of_box(proofs: Proofs, chosen: random.Random) -> bool:
    boxes = _partition(proofs)["boxes"]
    box = chosen.choice(boxes)
    others = sorted({each["rule"] for each in boxes} - {box["rule"]}) or ["securityRules/none"]
    box["rule"] = chosen.choice(others)
    return True


def _other_access_of_box(proofs: Proofs, chosen: random.Random) -> bool:
    box = _some_box(proofs, chosen)
    box["access"] = "Deny" if box["access"] == "Allow" else "Allow"
    return True


def _no_such_row(proofs: Proofs, chosen: random.Random) -> bool:
    box = _some_box(proofs, chosen)
    if box.get("row") is None:
        return False
    box["row"] = len(_partition(proofs)["allows"]) + chosen.randrange(9)
    return True


def _narrower_row(proofs: Proofs, chosen: random.Random) -> bool:
    """A row that no longer allows what a box says that it allows."""
    used = sorted({box["row"] for box in _partition(proofs)["boxes"] if box.get("row") is not None})
    if not used:
        return False
    _partition(proofs)["allows"][chosen.choice(used)]["ports"] = "7"
    return True


def _narrower_box(proofs: Proofs, chosen: random.Random) -> bool:
    box = _some_box(proofs, chosen)
    side = chosen.choice(["source", "destination"])
    if len(box["protocols"]) > 1:
        box["protocols"].pop()
    else:
        box[side].pop()
    return True


def _wider_box(proofs: Proofs, chosen: random.Random) -> bool:
    box = _some_box(proofs, chosen)
    side = chosen.choice(["source", "destination"])
    if box[side] == [{"ranges": ["*"]}]:
        return False
    box[side] = [{"ranges": ["*"]}]
    return True


def _other_packets(proofs: Proofs, chosen: random.Random) -> bool:
    box = _some_box(proofs, chosen)
    if box.get("ports") is None:
        return False
    box["ports"] = [str(chosen.choice([7, 9999]))]
    return True


def _other_direction(proofs: Proofs, chosen: random.Random) -> bool:
    found = _partition(proofs)
    found["direction"] = "outbound" if found["direction"] == "inbound" else "inbound"
    return True


def _other_group(proofs: Proofs, chosen: random.Random) -> bool:
    _partition(proofs)["group"] += "2"
    return True


def _other_claim(proofs: Proofs, chosen: random.Random) -> bool:
    claims = {"row", "default", "excess", "missing"} - {_only(proofs)["claim"]}
    _only(proofs)["claim"] = chosen.choice(sorted(claims))
    return True


def _unexplained_tag(proofs: Proofs, chosen: random.Random) -> bool:
    tags = _partition(proofs)["tags"]
    if not tags:
        return False
    tags.pop(chosen.choice(sorted(tags)))
    return True


def _tag_elsewhere(proofs: Proofs, chosen: random.Random) -> bool:
    """A tag that is said to be inside of one that does not hold it."""
    tags = [name for name in _partition(proofs)["tags"] if name != "Internet"]
    if not tags:
        return False
    name = chosen.choice(tags)
    _partition(proofs)["tags"][name]["inside"] = name
    return True


def _other_meaning(proofs: Proofs, chosen: random.Random) -> bool:
    rows = [row for row in _partition(proofs)["allows"] if row["in_force"]]
    if not rows:
        return False
    chosen.choice(rows)[chosen.choice(["from_means", "to_means"])]["addresses"] = [{"ranges": ["203.0.113.7"]}]
    return True


def _other_decision(proofs: Proofs, chosen: random.Random) -> bool:
    _only(proofs)["decided_by"] = "securityRules/none"
    return True


def _packet_elsewhere(proofs: Proofs, chosen: random.Random) -> bool:
    packet = _only(proofs)["packet"]
    side = "destination" if _partition(proofs)["direction"] == "inbound" else "source"
    packet[side] = [{"ranges": [f"198.51.100.{chosen.randrange(256)}"]}]
    return True


def _packet_of_azure(proofs: Proofs, chosen: random.Random) -> bool:
    """A packet to an address that nothing can have: the first of a network."""
    side = "destination" if _partition(proofs)["direction"] == "inbound" else "source"
    packet = _only(proofs)["packet"]
    at = packet[side][0]["ranges"][0].split("-")[0]
    packet[side] = [{"ranges": [at, "203.0.113.9"]}]
    return True


# --- values -----------------------------------------------------------------------------------------------------------


def _some_value(proofs: Proofs, chosen: random.Random) -> dict[str, Any] | None:
    values = _only(proofs)["values"]
    found: dict[str, Any] | None = chosen.choice(values) if values else None
    return found


def _other_value(proofs: Proofs, chosen: random.Random) -> bool:
    value = _some_value(proofs, chosen)
    if value is None:
        return False
    if value.pop("absent", False):
        value["value"] = "Disabled"
    elif isinstance(value["value"], bool):
        value["value"] = not value["value"]
    else:
        value["value"] = [value["value"], "other"]
    return True


def _said_to_be_absent(proofs: Proofs, chosen: random.Random) -> bool:
    value = _some_value(proofs, chosen)
    if value is None or value.pop("value", None) is None:
        return False
    value["absent"] = True
    return True


def _other_place(proofs: Proofs, chosen: random.Random) -> bool:
    value = _some_value(proofs, chosen)
    if value is None or value.get("absent"):
        return False
    value["pointer"] += "/other"
    return True


def _other_document(proofs: Proofs, chosen: random.Random) -> bool:
    value = _some_value(proofs, chosen)
    if value is None:
        return False
    value["resource"] = "/subscriptions/none"
    return True


def _other_wish(proofs: Proofs, chosen: random.Random) -> bool:
    value = _some_value(proofs, chosen)
    assert value is not None
    value["wanted"] = ["Enabled", True, False]
    return True


def _no_values(proofs: Proofs, chosen: random.Random) -> bool:
    _only(proofs)["values"] = []
    return True


def _undecided_rule(proofs: Proofs, chosen: random.Random) -> bool:
    _only(proofs)["rule"] = "some_other_rule"
    return True


# --- rights -----------------------------------------------------------------------------------------------------------


def _other_principal(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    if "principal" not in certificate:
        return False
    certificate["principal"] = "00000000-0000-0000-0000-00000000000" + str(chosen.randrange(10))
    return True


def _other_assignment(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    if "assignment" not in certificate:
        return False
    certificate["assignment"] += "0"
    return True


def _other_role(proofs: Proofs, chosen: random.Random) -> bool:
    """Another role in the row that is held; in a table, one whose assignment is there."""
    certificate = _only(proofs)
    if certificate["claim"] == "holds":
        certificate["role"] = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
        return True
    used = [row for row in certificate.get("rows", ()) if certificate["claim"] == "only"]
    listed = certificate.get("holds", ())
    if not used or len(used) != len(listed) or any("allowed" in each for each in listed):
        return False
    chosen.choice(used)["role"] = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
    return True


def _other_scope(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    if "scope" not in certificate or certificate["claim"] == "lacks":
        return False
    certificate["scope"] += "/other"
    return True


def _left_out(proofs: Proofs, chosen: random.Random) -> bool:
    """A list of assignments with one left out."""
    for name in ("holds", "given"):
        listed = _only(proofs).get(name)
        if listed:
            listed.pop(chosen.randrange(len(listed)))
            return True
    return False


def _added(proofs: Proofs, chosen: random.Random) -> bool:
    for name in ("holds", "given"):
        if name in _only(proofs):
            _only(proofs)[name].append({"assignment": "/none", "why": "it gives nothing of what is asked about"})
            return True
    return False


def _asked_less(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    if not certificate.get("dataActions"):
        return False
    certificate["dataActions"] = []
    return True


def _other_right(proofs: Proofs, chosen: random.Random) -> bool:
    certificate = _only(proofs)
    claims = {"holds", "lacks", "only", "beyond", "nobody", "may"} - {certificate["claim"]}
    certificate["claim"] = chosen.choice(sorted(claims))
    return True


# --- cuts -------------------------------------------------------------------------------------------------------------


def _entrance_left_out(proofs: Proofs, chosen: random.Random) -> bool:
    hops = _only(proofs)["hops"]
    hops.pop(chosen.randrange(len(hops)))
    return True


def _other_entrance(proofs: Proofs, chosen: random.Random) -> bool:
    chosen.choice(_only(proofs)["hops"])["entrance"] += "2"
    return True


def _other_reason(proofs: Proofs, chosen: random.Random) -> bool:
    hop = chosen.choice(_only(proofs)["hops"])
    reasons = {"closed", "no address", "of nothing", "gateway", "bastion", "firewall without NAT"} - {hop["why"]}
    hop["why"] = chosen.choice(sorted(reasons))
    return True


def _other_owner(proofs: Proofs, chosen: random.Random) -> bool:
    owned = [hop for hop in _only(proofs)["hops"] if "of" in hop]
    if not owned:
        return False
    chosen.choice(owned)["of"] += "2"
    return True


_EVERY: tuple[Mutation, ...] = (_other_snapshot, _other_outcome, _other_form, _no_such_resource)
_GROUPS: tuple[Mutation, ...] = (
    _other_direction,
    _other_group,
    _other_claim,
    _unexplained_tag,
    _tag_elsewhere,
    _undecided_rule,
)
_VALUES: tuple[Mutation, ...] = (_other_value, _said_to_be_absent, _other_place, _other_document)
_OF_FORM: dict[str, tuple[Mutation, ...]] = {
    "partition": (
        *_GROUPS,
        _dropped_box,
        _box_twice,
        _other_rule_of_box,
        _other_access_of_box,
        _no_such_row,
        _narrower_row,
        _narrower_box,
        _wider_box,
        _other_packets,
        _other_meaning,
    ),
    "packet": (*_GROUPS, _other_decision, _packet_elsewhere, _packet_of_azure),
    "setting": (*_VALUES, _other_wish, _no_values, _undecided_rule),
    "values": _VALUES,
    "cut": (_entrance_left_out, _other_entrance, _other_reason, _other_owner, _undecided_rule),
    "grants": (
        _other_principal,
        _other_assignment,
        _other_role,
        _other_scope,
        _left_out,
        _added,
        _asked_less,
        _other_right,
        _undecided_rule,
    ),
}
