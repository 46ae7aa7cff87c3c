"""From what a person types to a resource of the snapshot, or a sentence that says what was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from auditor.estate import Estate
from auditor.model import ArmId, AuditorError, Resource

_SHOWN = 5

Wanted = Callable[[Resource], bool]


def find_resource(estate: Estate, text: str, wanted: Wanted | None = None) -> Resource:
    """The resource of an ARM id, or of a name (`nic-a`, `vnet-a/subnet-b`) that only one resource has.

    `wanted` narrows which resources a name may mean. Raises `AuditorError` with the nearest names where there is none,
    with the candidates where there are several.
    """
    typed = text.strip()
    if typed.startswith("/"):
        found = estate.find(ArmId(typed))
        if found is None:
            raise AuditorError(f"{typed} is not in this snapshot", _nearest(estate, ArmId(typed).name, wanted))
        return found
    candidates = [resource for resource in estate.resources if _is_called(resource, typed)]
    fitting = [resource for resource in candidates if wanted is None or wanted(resource)]
    chosen = fitting or candidates
    # A DNS record has the name of the service it leads to; whoever types that name means the service.
    chosen = [resource for resource in chosen if "/".join(names_of(resource.id)) == typed.casefold()] or chosen
    if not chosen:
        raise AuditorError(f"no resource of this snapshot is called {typed!r}", _nearest(estate, typed, wanted))
    if len(chosen) > 1:
        raise AuditorError(f"{typed!r} is the name of {len(chosen)} resources", "say which: " + _listed(chosen))
    return chosen[0]


def _is_called(resource: Resource, typed: str) -> bool:
    """Whether the id ends with these names, the types between them left out."""
    wanted = typed.casefold().split("/")
    return names_of(resource.id)[-len(wanted) :] == wanted


def names_of(id_: ArmId) -> list[str]:
    """The names in an id without its types, lower case: `["vnet-a", "subnet-b"]`."""
    segments = id_.key.strip("/").split("/")
    starts = [n for n, part in enumerate(segments[:-1]) if part == "providers" and "." in segments[n + 1]]
    return segments[starts[-1] + 3 :: 2] if starts else segments[-1:]


def short(id_: ArmId) -> str:
    """The names in an id without their types, as Azure spells them: `vnet-a/subnet-b`."""
    return "/".join(id_.text.rstrip("/").split("/")[-2 * len(names_of(id_)) :][1::2])


def _nearest(estate: Estate, typed: str, wanted: Wanted | None) -> str:
    fitting = [resource for resource in estate.resources if wanted is None or wanted(resource)]
    by_name = {resource.name.casefold(): resource for resource in fitting}
    by_name |= {"/".join(names_of(resource.id)): resource for resource in fitting}
    close = get_close_matches(typed.casefold(), list(by_name), n=_SHOWN, cutoff=0.5)
    if not close:
        return "give the ARM id of a resource, or a name that only one resource has"
    near = dict.fromkeys(short(by_name[name].id) for name in close)
    return "did you mean " + " or ".join(list(near)[:3]) + "?"


def _listed(resources: Iterable[Resource]) -> str:
    ids = [resource.id.text for resource in resources]
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + rest
