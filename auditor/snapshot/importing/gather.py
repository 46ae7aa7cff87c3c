"""Files to one snapshot, honest about what they do not show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auditor.model import ArmId, AuditorError, Read
from auditor.snapshot.importing.bicep import ENDINGS as BICEP
from auditor.snapshot.importing.files import Input, changed_at, text_of
from auditor.snapshot.importing.lists import lacking, whole_lists
from auditor.snapshot.importing.merge import laid_over, merged, overlaid
from auditor.snapshot.importing.origin import Found
from auditor.snapshot.importing.shapes import Gathering, OpenList
from auditor.snapshot.importing.templates import Target, recorded
from auditor.snapshot.model import FORETOLD, MAX_DEPTH, NOT_PREDICTED, PLANNED, Snapshot, too_deep
from auditor.snapshot.redact import redacted
from auditor.snapshot.seal import sealed

IMPORT = "import"


INHERITED = (
    "microsoft.authorization/denyassignments",
    "microsoft.authorization/policyassignments",
    "microsoft.authorization/roleassignments",
    "microsoft.authorization/roleassignmentscheduleinstances",
    "microsoft.authorization/roledefinitions",
    "microsoft.authorization/roleeligibilityscheduleinstances",
    "microsoft.management/managementgroups",
)
"""What a subscription's lists hold although it lives above it: a whole subscription is whole in these as well."""


@dataclass(frozen=True)
class Imported:
    """A snapshot made of files, and what a person should hear about it."""

    snapshot: Snapshot
    types: int
    files: int
    redacted: int
    whole: tuple[str, ...]
    """Subscriptions that are taken to be complete."""
    lists: tuple[Read, ...]
    """Lists that are taken to be whole for their type: the answer of a command that lists."""
    not_held: tuple[str, ...]
    """Types that Resource Graph does not hold, or was not asked for, where it is what the import is made of."""
    unproven: tuple[str, ...]
    """Subscriptions of which nothing says that they are whole: no statement, and no snapshot with its own reads."""
    remade: bool
    """Whether everything came from snapshots."""
    warnings: tuple[str, ...]


def gather(
    inputs: Sequence[Input],
    complete: bool = False,
    as_of: str = "",
    progress: Callable[[int, Input], None] | None = None,
    target: Target | None = None,
) -> Imported:
    """Read the files and make one snapshot of them.

    `complete` states that they hold everything of the subscriptions they mention; without it, and but for worlds and
    snapshots, which state it themselves, no absence is believed. `as_of` (UTC, ISO 8601) is when the resources were
    read; by default the time of the newest file, or that of a snapshot. `target` says where templates are deployed.
    Raises `AuditorError` for whatever is wrong.
    """
    all_ = Gathering()
    for number, file in enumerate(inputs):
        if progress:
            progress(number, file)
        if file.path is not None and file.path.suffix.casefold() in BICEP:
            all_.take_bicep(file.path, file.name, file.name in (target or Target()).parameters)
        else:
            all_.take_text(text_of(file))
    all_.expand(target or Target())
    found = _with_plans(all_)
    _refuse_bombs(found)
    missing = _missing(all_, found)
    mentioned = _subscriptions(found) if complete else set[str]()
    whole = sorted({each.casefold() for each in all_.declared} | mentioned)
    # What a world shows is there, whatever a plan beside it foretells.
    deployed = {each.casefold() for each in all_.declared} if all_.foretold else set(whole)
    stated = _statements(found, whole, deployed)
    not_held = lacking(found)
    lists = whole_lists(all_.listed, found) if not all_.foretold else ()
    reads = dict.fromkeys((*all_.reads, *(read for read, _ in missing), *not_held, *_foretold(all_), *lists, *stated))
    if not found and not reads:
        if all_.foretold:
            notes = "".join(f"; {note}" for note in all_.notes[:3])
            sentence = f"{inputs[0].name}: this plan leaves no resource of its own{notes}"
            raise AuditorError(sentence, "import it together with a snapshot of what runs")
        sentence = f"{inputs[0].name}: there is no resource to import"
        raise AuditorError(sentence, "check that the command which wrote it found something")
    cleaned = [redacted(each.document) for each in found]
    snapshot = Snapshot(
        documents=tuple(document for document, _ in cleaned),
        reads=tuple(reads),
        collected_at=as_of or _collected_at(all_, inputs),
        subscriptions=tuple(_subscriptions(each for each in found if not each.kept).union(whole, *_scopes(all_))),
        **_origins(all_, bool(missing)),
    )
    return Imported(
        snapshot=sealed(snapshot),
        types=len({each.id.type for each in found}),
        files=len(inputs),
        redacted=sum(count for _, count in cleaned),
        whole=tuple(whole),
        lists=tuple(lists),
        not_held=tuple(dict.fromkeys(read.covers for read in not_held)),
        unproven=tuple(_unproven(all_, found, whole)),
        remade=all(each.kept for each in found),
        warnings=tuple(dict.fromkeys((*all_.notes, *_deployed_again(all_), *(warning for _, warning in missing)))),
    )


def _with_plans(all_: Gathering) -> list[Found]:
    """Every id once; what a deployment would leave stands in the place of what is there.

    Of what it leaves alone, what Azure itself says is better: a plan shows less of it.
    """
    planned = _planned(all_)
    gone = {each.id for each in planned}
    there = merged(all_.found)
    before = {each.id: each for each in there}
    planned = [
        replace(each, document=overlaid(before[each.id].document, each.document))
        if each.partial and each.id in before
        else each
        for each in planned
    ]
    present = (each for each in there if each.id not in gone)
    return [*planned, *(each for each in present if not any(each.id.is_within(id_) for id_ in all_.deleted))]


def _planned(all_: Gathering) -> list[Found]:
    """What only a plan shows, or shows otherwise than it is now."""
    there = {each.id for each in all_.found}
    found, all_.again = laid_over([*all_.planned, *(each for each in all_.unchanged if each.id not in there)])
    return found


def _deployed_again(all_: Gathering) -> Iterable[str]:
    for each in all_.again:
        says = "the plan deploys it more than once: what stands here is laid over what came before"
        yield f"{each.origin}: {each.id.text}: {says}"


def _refuse_bombs(found: Iterable[Found]) -> None:
    """Bringing a document back to the form of Resource Manager may have made it deeper than it was."""
    for each in found:
        if too_deep(each.document):
            raise each.origin.fault(f"this resource nests deeper than {MAX_DEPTH} levels", "this is no ARM answer")


def _subscriptions(found: Iterable[Found]) -> set[str]:
    return {each.id.subscription for each in found} - {""}


def _scopes(all_: Gathering) -> list[tuple[str, ...]]:
    return [snapshot.subscriptions for snapshot in all_.snapshots]


def _unproven(all_: Gathering, found: Iterable[Found], whole: Sequence[str]) -> list[str]:
    collected = {each.casefold() for subscriptions in _scopes(all_) for each in subscriptions}
    return sorted(_subscriptions(each for each in found if not each.kept) - collected - set(whole))


def _foretold(all_: Gathering) -> Iterable[Read]:
    """Which documents are a plan's: of them only what a template states is known."""
    ids = sorted({each.id for each in _planned(all_)})
    return (Read(FORETOLD, "", 200, id_.type, id_.text, 1, lines=recorded(all_.lines, id_)) for id_ in ids)


def _statements(found: Sequence[Found], whole: Sequence[str], deployed: set[str]) -> Iterable[Read]:
    """What the import says it is complete for: everything of a whole subscription, and nothing of any other.

    `deployed` are the whole subscriptions that are known from what is there, and not from a plan alone.
    """
    counts = Counter(each.id.subscription for each in found)
    for subscription in whole:
        path = IMPORT if subscription in deployed else FORETOLD
        yield Read(path, "", 200, "*", f"/subscriptions/{subscription}", counts[subscription])
    for subscription in sorted(_subscriptions(each for each in found if not each.kept) - set(whole)):
        yield Read(IMPORT, "", 200, "", f"/subscriptions/{subscription}", counts[subscription])
    if whole:
        kinds = Counter(each.id.type for each in found)
        path = IMPORT if deployed.issuperset(whole) else FORETOLD
        yield from (Read(path, "", 200, type_, "/", kinds[type_]) for type_ in INHERITED)


def _missing(all_: Gathering, found: Sequence[Found]) -> list[tuple[Read, str]]:
    """What the files show to exist and do not hold: the rest of lists, and settings of entries without any."""
    known = {each.id for each in found}
    return [*_unread_rest(all_, known), *_unread_settings(all_, known), *_unstated(all_, known)]


def _unread_rest(all_: Gathering, known: set[ArmId]) -> Iterable[tuple[Read, str]]:
    for each in all_.open_lists:
        if _is_closed(each, all_.closed_lists):
            continue
        sentence = f"the list of {each.type} goes on at its nextLink, which is not among the files"
        kinds = [each.type]
        if each.scope not in known and each.type.startswith(f"{each.scope.type}/"):
            # Where the parent is not shown either, nobody can tell what it embeds.
            kinds.append(each.scope.type)
        for kind in kinds:
            read = Read(each.scope.text, "", 200, kind, each.scope.text, error="ListGoesOn", message=sentence)
            yield read, f"{each.origin}: {sentence}"


def _is_closed(each: OpenList, closed: Iterable[Sequence[ArmId]]) -> bool:
    """Whether the last page is among the files: a list of the same that says it ends."""
    return any(id_.type == each.type and id_.is_within(each.scope) for ids in closed for id_ in ids)


def _unread_settings(all_: Gathering, known: set[ArmId]) -> Iterable[tuple[Read, str]]:
    bare = {each.id: each for each in all_.index if each.id not in known}
    sentence = "only its entry in a list of all resources is there, without its properties"
    for id_, each in bare.items():
        read = Read(id_.text, "", 200, id_.type, id_.text, error="NoProperties", message=sentence)
        yield read, f"{each.origin}: {id_.text}: {sentence}; read it with `az resource show --ids`"


def _unstated(all_: Gathering, known: set[ArmId]) -> Iterable[tuple[Read, str]]:
    """What a plan takes to be there: it exists, whatever is said to be complete, and its settings are not known."""
    sentence = "the plan takes it to be there and does not state it"
    missing = {id_: name for id_, name in all_.existing if id_ not in known and "/" in id_.type}
    for id_, name in missing.items():
        if id_.type.startswith("microsoft.resources/"):
            continue
        read = Read(id_.text, "", 200, id_.type, id_.text, error=NOT_PREDICTED, message=sentence)
        yield read, f"{name}: {id_.text}: {sentence}: import it as well to know its settings"


def _collected_at(all_: Gathering, inputs: Sequence[Input]) -> str:
    """The oldest of the snapshots, for nothing in the whole is surely newer; else the newest of the files."""
    stated = [snapshot.collected_at for snapshot in all_.snapshots if snapshot.collected_at]
    return min(stated) if stated else timestamp(max(changed_at(file) for file in inputs))


def timestamp(moment: datetime) -> str:
    """A time in UTC as snapshots write it, to the second."""
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _origins(all_: Gathering, lacking: bool) -> dict[str, Any]:
    """Where it all comes from: what the snapshots among the files say, as far as they agree."""
    old = all_.snapshots
    stated = [*all_.tenants, *(each.tenant for each in old if each.tenant)]
    tenants = {tenant.casefold(): tenant for tenant in sorted(stated)}
    clouds = {each.cloud for each in old}
    if len(clouds) > 1:
        raise AuditorError(f"the snapshots are of different clouds: {', '.join(sorted(clouds))}", "import them apart")
    sources = {each.source for each in old}
    alone = len(sources) == 1 and all(each.kept for each in (*all_.found, *all_.planned, *all_.unchanged))
    return {
        "source": PLANNED if all_.foretold or PLANNED in sources else sources.pop() if alone else IMPORT,
        "tenant": next(iter(tenants.values())) if len(tenants) == 1 else "",
        "resource_groups": tuple(group for each in old for group in each.resource_groups) if alone else (),
        "complete": all(each.complete for each in old) and not lacking,
        **({"cloud": clouds.pop()} if clouds else {}),
    }
