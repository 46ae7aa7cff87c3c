"""What must be true after every round, whatever went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.model import ArmId, AuditResult, ExitCode, Outcome
from auditor.snapshot import Snapshot
from tests.collecting import by_id, comparable, failed
from tests.faulty import FaultyStandIn
from tests.soak.plan import Round, faultless

_BASELINE = read_baseline("openai-chat")
_WHEN = "2024-07-15T09:00:00+00:00"


def judged(found: Snapshot, code: int, each: Round) -> Iterator[str]:
    """What is wrong with a snapshot and the exit code that came with it."""
    whole = faultless(each.world)
    lacking = bool(failed(found)) or not found.complete
    if code != (ExitCode.INCOMPLETE if lacking else ExitCode.HOLDS):
        yield f"exit code {code}, although {len(failed(found))} reads failed and complete is {found.complete}"
    # What a list shows and its own path denies is missed as well as what time or a signal cut off.
    missed = [read for read in found.reads if read.error in ("Interrupted", "Vanished")]
    if found.complete == bool(missed):
        yield f"complete is {found.complete} with {len(missed)} reads cut off or vanished"
    there, wanted = by_id(found), by_id(_as_it_was(whole, found, each))
    odd = [id_ for id_, document in there.items() if not _same(wanted.get(id_), document, lacking=lacking)]
    if odd:
        yield f"documents that differ from what Azure holds: {odd[:3]}"
    if not lacking and there.keys() != wanted.keys():
        yield f"not marked incomplete, but lacks {sorted(wanted.keys() - there.keys())[:3]}"
    yield from _misjudged(found, _as_it_was(whole, found, each))


def _as_it_was(whole: Snapshot, found: Snapshot, each: Round) -> Snapshot:
    """What Azure held: without the resource that vanished, where the run came to know of it."""
    gone = ArmId(each.vanished or "/")
    if not each.vanished or gone.key in by_id(found):
        return whole
    noticed = any(read.status == 404 and read.answered and ArmId(read.path).is_within(gone) for read in found.reads)
    if not noticed:
        return whole
    return replace(whole, documents=tuple(d for d in whole.documents if not ArmId(d["id"]).is_within(gone)))


def _same(held: object, read: object, *, lacking: bool) -> bool:
    """Whether a document is as Azure holds it; where its own answer is lost, the list that named it may say less."""
    if held == read or not lacking or not isinstance(held, dict) or not isinstance(read, dict):
        return held == read
    return all(key in held and _same(held[key], value, lacking=True) for key, value in read.items())


def _misjudged(found: Snapshot, whole: Snapshot) -> Iterator[str]:
    """Verdicts that are neither those of the whole truth nor unknown."""
    audited = _audited(whole)
    if not audited.workloads:
        return  # what has not this architecture has no verdicts to lose
    truth = _outcomes(audited)
    for (requirement, resource), outcomes in _outcomes(audit(replace(found, collected_at=_WHEN), _BASELINE)).items():
        wrong = outcomes - truth.get((requirement, resource), set()) - {Outcome.UNKNOWN}
        if wrong:
            yield f"{requirement} on {resource or 'the deployment'} is {', '.join(sorted(wrong))}"


_KNOWN: dict[tuple[str, ...], AuditResult] = {}


def _audited(whole: Snapshot) -> AuditResult:
    key = tuple(sorted(by_id(whole)))
    if key not in _KNOWN:
        while len(_KNOWN) > 16:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[key] = audit(replace(whole, collected_at=_WHEN), _BASELINE)
    return _KNOWN[key]


def _outcomes(result: AuditResult) -> dict[tuple[str, str], set[Outcome]]:
    found: dict[tuple[str, str], set[Outcome]] = {}
    for finding in result.findings:
        resource = finding.verdict.resource
        key = finding.requirement, "" if resource is None else resource.key
        found.setdefault(key, set()).add(finding.outcome)
    return found


def resumed_well(found: Snapshot, code: int, each: Round) -> Iterator[str]:
    """What is wrong with a run that was continued when Azure was kind again."""
    whole = faultless(each.world)
    if code != ExitCode.HOLDS:
        yield f"exit code {code} of a run that was resumed without faults"
    if comparable(found) != comparable(whole):
        yield "what was resumed is not what an undisturbed run reads"


def sent_only_reads(standin: FaultyStandIn) -> Iterator[str]:
    """What was sent that is neither a GET nor a request for a token."""
    for request in standin.requests:
        if request.method != "GET" and not request.path.endswith("/oauth2/v2.0/token"):
            yield f"{request.method} {request.path}"
