"""A chain of steps by which somebody gets to data or control, and the fixes that break all chains."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model.arm_id import ArmId
from auditor.model.exposure import Exposure
from auditor.model.finding import Evidence


@dataclass(frozen=True)
class ChainStep:
    """One step: `kind` is `network`, `sign-in`, `key`, `identity` or `right`.

    `target` is the resource that is got at, `None` where it is none of Azure's. `cuts` are the ids of the causes whose
    fix breaks this step, `assumes` is what nothing in the snapshot proves.
    """

    kind: str
    source: str
    name: str
    target: ArmId | None
    says: str
    evidence: tuple[Evidence, ...] = ()
    cuts: tuple[str, ...] = ()
    assumes: str = ""
    through: tuple[ArmId, ...] = ()
    """What is passed on the way, the target included."""


@dataclass(frozen=True)
class Chain:
    """From the Internet, an outsider or a weak identity to data or control.

    `findings` are the fingerprints of the failing findings that stand behind it, `gives` is `data` or `control`.
    """

    id: str
    title: str
    start: str
    gives: str
    severity: str
    exposure: Exposure
    steps: tuple[ChainStep, ...]
    findings: tuple[str, ...] = ()

    @property
    def cuts(self) -> frozenset[str]:
        """The ids of the causes of which each breaks this chain."""
        return frozenset(id_ for step in self.steps for id_ in step.cuts)

    @property
    def assumes(self) -> tuple[str, ...]:
        """What nothing in the snapshot proves."""
        return tuple(dict.fromkeys(step.assumes for step in self.steps if step.assumes))


@dataclass(frozen=True)
class Cut:
    """The smallest set of causes whose fixes break every chain that a fix breaks.

    `left` are the ids of chains that no proposed change breaks. `proven` says that the network and access models of the
    estate with the changes applied show none of the other chains; `because` says what stood against it.
    """

    causes: tuple[str, ...]
    left: tuple[str, ...] = ()
    proven: bool = False
    because: str = ""
    more: int = 0
    """How many further chains there are beside those that are told; the cut breaks them as well."""
