"""What an audit comes to: the one thing that every report is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.model.arm_id import ArmId
from auditor.model.chain import Chain, Cut
from auditor.model.finding import Evidence, Finding, Outcome, Place
from auditor.model.read import Read
from auditor.model.requirement import Requirement
from auditor.model.waiver import WaiverUse


@dataclass(frozen=True)
class BaselineInfo:
    """Which reference architecture was asked; `families` maps a family's prefix (`PUB`) to its title, in order."""

    name: str
    version: str
    source: str
    path: str
    families: Mapping[str, str]


@dataclass(frozen=True)
class SnapshotInfo:
    """Which picture was asked. `path` is the file it was read from, empty where there was none.

    `resource_groups` are those that it was narrowed to; none where it was not.
    """

    collected_at: str
    sha256: str
    subscriptions: tuple[str, ...]
    source: str
    complete: bool
    path: str
    documents: int
    failed_reads: tuple[Read, ...]
    resource_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkloadInfo:
    """One recognised workload: the id of its anchor and what plays which part.

    `architecture` is the baseline that it is judged by, `why` the sentence that says so where the snapshot decided.
    """

    name: str
    anchor: str
    parts: Mapping[str, tuple[str, ...]]
    architecture: str = ""
    why: str = ""


@dataclass(frozen=True)
class Retirement:
    """Something that Azure itself ends, and a resource that uses it.

    `what` ends on the day `on` (ISO 8601); `over` says that this was past when the snapshot was taken. `then` is what
    takes its place, `source` where Azure says so.
    """

    id: str
    resource: ArmId
    what: str
    on: str
    over: bool
    then: str
    source: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def says(self) -> str:
        """The retirement in a sentence, without the resource."""
        return f"Azure {'ended' if self.over else 'ends'} {self.what} on {self.on}; in its place: {self.then}"


@dataclass(frozen=True)
class ProofOf:
    """What an audit of the estate with the changes of a cause came to.

    `standing` is in the words of `auditor fix`; `closes` and `opens` are fingerprints.
    """

    standing: str
    closes: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class AuditResult:
    """Findings in their final order, everything needed to print them, and nothing that prints.

    `requirements` holds every row of the baseline, in its order; `not_implemented` those that no rule decides and no
    person is asked about. `missing` is set where no workload was recognised: the parts that were looked for and are not
    there; `seen` are the resources that the snapshot shows nevertheless, of kinds that the architecture has.
    `retirements` are uses of what Azure itself ends, which fail nothing.
    `positions` gives line and column of each cited place, where the snapshot came from a file; `sources` gives file,
    line and column where the template or Bicep file of a planned deployment states it. `waivers` says what
    became of each waiver that was given; what somebody must look after among them stands in `notes` too. `chains` are
    worked out where a report is made, with the `cut` that breaks them; `proofs` says by the id of a cause what a second
    audit with its changes came to, where one was made.
    `rests_on` has a sentence for everything that somebody decided: waivers, pins, what settings and baseline disable,
    change or allow, and what makes the check fail where that is not any requirement.
    """

    baseline: BaselineInfo
    snapshot: SnapshotInfo
    requirements: Mapping[str, Requirement]
    findings: tuple[Finding, ...]
    workloads: tuple[WorkloadInfo, ...] = ()
    not_implemented: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    positions: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    waivers: tuple[WaiverUse, ...] = ()
    chains: tuple[Chain, ...] = ()
    cut: Cut | None = None
    proofs: Mapping[str, ProofOf] = field(default_factory=dict)
    rests_on: tuple[str, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    sources: Mapping[Place, tuple[str, int, int]] = field(default_factory=dict)

    @property
    def summary(self) -> Mapping[Outcome, int]:
        """How many findings came out each way; every outcome is a key."""
        counted = Counter(finding.outcome for finding in self.findings)
        return {outcome: counted.get(outcome, 0) for outcome in Outcome}
