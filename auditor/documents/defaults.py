"""What a setting is in force: as it is stated, or as Azure takes it where it is absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.documents.view import absence
from auditor.facts import load
from auditor.model import JSON, ArmId, Evidence, NotKnown, Resource, Unknown
from auditor.text.shell import q


@dataclass(frozen=True)
class Setting:
    """A setting's value in force, the evidence for it, and whether that is Azure's default rather than a statement."""

    value: JSON
    evidence: Evidence
    absent: bool = False

    @property
    def word(self) -> str:
        """The value for comparing: Azure takes enumerations without letter case."""
        return str(self.value).strip().casefold()

    def is_one_of(self, *words: str) -> bool:
        """Whether the value in force is one of these words, letter case aside."""
        return self.word in {word.casefold() for word in words}

    def __str__(self) -> str:
        """For a message: the value, and where it comes from if nobody stated it."""
        shown = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        return f"absent, which Azure takes for {shown}" if self.absent else shown


def setting(resource: Resource, *path: str) -> Setting:
    """The value in force of one of a resource's settings.

    Raises `NotKnown` where it is absent and Azure states no default, and where the value is one that the published
    schemas do not have (facts/absent-settings.json).
    """
    facts = _facts(resource.type, path)
    known = facts.get("values")
    evidence = _as_text(resource, path, known or ()) or resource.at(*path)
    if evidence.value is None:
        known_absence, default, _ = absence(resource.type, path, str(resource.stated("apiVersion") or ""))
        if known_absence and "absent" in facts:
            return Setting(default, evidence, absent=True)
        why = facts.get("undefined", "Azure states no default for it")
        raise NotKnown(Unknown(f"{path[-1]} of {resource.name} is absent from its document: {why}", absent=True))
    found = Setting(evidence.value, evidence)
    if known is None:
        return found
    for value in known:
        if found.is_one_of(str(value)):
            # What is compared is always the schema's own value.
            return Setting(value, evidence) if isinstance(value, bool) else found
    because = f"{path[-1]} of {resource.name} is {evidence.value!r}, which this version does not know"
    raise NotKnown(Unknown(because))


def _as_text(resource: Resource, path: tuple[str, ...], known: Iterable[JSON]) -> Evidence | None:
    """A boolean that somebody wrote as text, as exports do now and then; `None` where it is anything else."""
    stated = resource.stated(*path)
    words = {str(value).casefold() for value in known if isinstance(value, bool)}
    return resource.shown(*path) if isinstance(stated, str) and stated.strip().casefold() in words else None


def region_has_zones(resource: Resource) -> bool | Unknown:
    """Whether the region that a resource is in has availability zones that its type can use."""
    facts = load("availability-zones")
    region = resource.location
    if region in facts["not_for"].get(resource.type, ()) or region in facts["without_zones"]:
        return False
    if region in facts["with_zones"]:
        return True
    return Unknown(f"whether the region {region or '(not stated)'} has availability zones is not known to this version")


def az(command: str, resource: Resource, options: str) -> str:
    """An `az` command for this very resource: its real name and group are filled in."""
    return f"az {command} --name {q(resource.name)} --resource-group {q(resource.id.resource_group)} {options}"


def az_set(id_: ArmId, path: str, value: str) -> str:
    """The `az` command that sets one property of any ARM resource."""
    return f"az resource update --ids {q(id_.text)} --set {q(path)}={q(value)}"


def _facts(type_: str, path: tuple[str, ...]) -> Mapping[str, Any]:
    of_type: Mapping[str, Any] = load("absent-settings")["types"].get(type_, {})
    found: Mapping[str, Any] = of_type.get("/".join(path), {})
    return found
