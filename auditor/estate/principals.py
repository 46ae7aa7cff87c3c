"""Identities of a plan: whom its role assignments mean, before Azure has made their principals.

A template assigns a role to `reference(ID).principalId`. Where the identity runs already its document says the object
id; where it is yet to be made, a name stands for what Azure will give it, the same in the identity and in every
assignment: that the two are one principal is certain, whatever its object id will be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor.model import ArmId

YET_TO_BE_MADE = "principal of "
"""What the name of a principal begins with that Azure has not made yet; the id of its identity follows."""

_USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"
_ASSIGNMENT = "microsoft.authorization/roleassignments"
_REFERENCE = re.compile(r"\[reference\('([^']+)'[^()]*\)\.(?:outputs\.)?(identity\.)?principalId\]", re.IGNORECASE)


class Principals:
    """Puts principals into the documents of a plan; `documents` are all there are, by id."""

    def __init__(self, documents: Mapping[ArmId, Mapping[str, Any]]) -> None:
        self._documents = documents

    def told(self, id_: ArmId, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The planned document of this id with every principal that can be told; itself where there is none."""
        if id_.type == _USER_ASSIGNED:
            return _with(body, "properties", self._of(id_))
        if id_.type == _ASSIGNMENT:
            return self._assigned(body)
        return self._of_system(id_, body)

    def _of_system(self, id_: ArmId, body: Mapping[str, Any]) -> Mapping[str, Any]:
        identity = body.get("identity")
        kind = identity.get("type") if isinstance(identity, Mapping) else None
        if not isinstance(kind, str) or "systemassigned" not in kind.casefold():
            return body
        return _with(body, "identity", self._of(id_))

    def _assigned(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        properties = body.get("properties")
        stated = properties.get("principalId") if isinstance(properties, Mapping) else None
        found = _REFERENCE.fullmatch(stated) if isinstance(stated, str) else None
        if found is None or not isinstance(properties, Mapping):
            return body
        id_ = ArmId(found[1])
        if not id_.type or bool(found[2]) is (id_.type == _USER_ASSIGNED):
            return body
        return {**body, "properties": {**properties, "principalId": self._of(id_)}}

    def _of(self, id_: ArmId) -> str:
        """The object id of an identity where a document says it, else the name that stands for it."""
        body = self._documents.get(id_, {})
        part = body.get("properties" if id_.type == _USER_ASSIGNED else "identity")
        stated = part.get("principalId") if isinstance(part, Mapping) else None
        if isinstance(stated, str) and stated and not stated.startswith("["):
            return stated
        return f"{YET_TO_BE_MADE}{id_.key}"


def _with(body: Mapping[str, Any], part: str, principal: str) -> Mapping[str, Any]:
    inside = body.get(part)
    inside = inside if isinstance(inside, Mapping) else {}
    stated = inside.get("principalId")
    if isinstance(stated, str) and stated and not stated.startswith("["):
        return body
    return {**body, part: {**inside, "principalId": principal}}
