"""Children that a parent's document states in part: the configuration of a web app, within the app.

Templates state the configuration of a site as `siteConfig` of the site, and so does `az webapp show`. Azure itself
answers most of it as null there and whole at `config/web`. What a plan states so is laid over the configuration that
runs, setting by setting, for a deployment changes those that it names and leaves the others
(learn.microsoft.com/azure/templates/microsoft.web/sites; learn.microsoft.com/azure/app-service/configure-common).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.model import JSON, ArmId, Place, Resource, Unknown

SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
"""Types whose documents state their own `config/web` in part."""

_INSIDE = ("properties", "siteConfig")
_MIRRORED = ("publicNetworkAccess",)
"""Settings of a site that its `config/web` repeats (learn.microsoft.com/azure/app-service/app-service-ip-restrictions:
one switch, which both show)."""

Gap = Callable[[ArmId], Unknown | None]
"""Why a child of this id could not be read, or would not be listed; `None` where it would be."""


def inline_in(parent: Resource, known: Mapping[ArmId, Resource], gap: Gap) -> Iterator[Resource]:
    """The configuration of a site that its own document states, with what else is known of it beneath or above.

    What stands in a plan's site wins over what runs; a configuration with a document of its own wins otherwise.
    """
    if parent.type not in SITES:
        return
    id_ = parent.id.child("config", "web")
    own = known.get(id_)
    inside = parent.stated(*_INSIDE)
    stated = {**_mirrored(parent, own), **(inside if isinstance(inside, Mapping) else {})}
    if all(value is None for value in stated.values()):
        return
    if own is not None and (parent.plan is None or own.plan is not None):
        return  # Azure's own answer says all, and what a plan deploys at `config/web` comes after its site
    why = gap(id_)
    if own is None and parent.plan is None and why is not None and why.read:
        return  # its own read was tried and failed, which says more
    yield _Stated(parent, id_, stated, own, why)


def _mirrored(parent: Resource, own: Resource | None) -> Mapping[str, Any]:
    """What a plan states of a site and its running configuration repeats: the repetition is older than the plan."""
    if parent.plan is None or own is None or own.plan is not None:
        return {}
    return {name: parent.stated("properties", name) for name in _MIRRORED}


class _Stated(Resource):
    """The `config/web` of a site as the site states it; what it is silent about is `beneath`, or unknown."""

    def __init__(
        self, parent: Resource, id_: ArmId, stated: Mapping[str, Any], beneath: Resource | None, why: Unknown | None
    ) -> None:
        own = {key: value for key, value in stated.items() if value is not None}
        properties = {**(beneath.properties if beneath is not None else {}), **own}
        super().__init__(
            id_,
            {"id": id_.text, "name": "web", "properties": properties},
            parent.document,
            parent.pointer,
            _Silence(parent, frozenset(own), beneath, why),
            beneath.odd if beneath is not None else None,
        )
        object.__setattr__(self, "_own", frozenset(own))
        object.__setattr__(self, "_beneath", beneath)
        inside = parent.stated(*_INSIDE)
        object.__setattr__(self, "_inside", frozenset(inside if isinstance(inside, Mapping) else ()))

    def place(self, *path: str | int) -> Place:
        """As `Resource.place`, in the document that states the value: the site's, or that of what runs."""
        own: frozenset[str] = self.__dict__["_own"]
        beneath: Resource | None = self.__dict__["_beneath"]
        if beneath is not None and not (len(path) > 1 and path[0] == "properties" and path[1] in own):
            return beneath.place(*path)
        inside: frozenset[str] = self.__dict__["_inside"]
        if len(path) > 1 and path[1] in _MIRRORED and path[1] not in inside:
            return super().place(*path)
        steps = (*_INSIDE, *path[1:]) if path[:1] == ("properties",) else path
        return super().place(*steps)


class _Silence:
    """What a site does not tell of its configuration: all that it does not state, where nothing is beneath."""

    def __init__(self, parent: Resource, own: frozenset[str], beneath: Resource | None, why: Unknown | None) -> None:
        self._parent, self._own, self._beneath, self._why = parent, own, beneath, why

    def gap(self, resource: Resource, path: tuple[str | int, ...], value: JSON) -> Unknown | None:
        """Why the value does not tell what is or will be; `None` where it does."""
        if path[:1] != ("properties",) or len(path) < 2 or path[1] in self._own:
            return self._parent.plan.gap(resource, path, value) if self._parent.plan is not None else None
        if self._beneath is not None:
            return None
        where = "/".join(map(str, path[1:]))
        if self._why is not None and self._parent.plan is None:
            return self._why
        says = f"siteConfig of {self._parent.name} does not state {where}, and its config/web is not in this snapshot"
        return Unknown(says, permission="Microsoft.Web/sites/config/read", absent=True)
