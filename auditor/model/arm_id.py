"""The id of a resource in Azure Resource Manager."""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering

from auditor.model.lazily import lazily


@total_ordering
@dataclass(frozen=True, eq=False)
class ArmId:
    """An ARM id: shown as Azure sent it, compared without letter case and trailing slash.

    Azure answers the same id in different letter case (docs/azure/collection.md, section 9), so two
    spellings are one id. `type` is lower case for the same reason.
    """

    text: str

    @lazily
    def key(self) -> str:
        """The spelling that all spellings of this id share."""
        return self.text.rstrip("/").casefold()

    @lazily
    def _segments(self) -> tuple[str, ...]:
        return tuple(part for part in self.text.split("/") if part)

    @lazily
    def _provider_at(self) -> int | None:
        """Where the last `/providers/Namespace` begins; an extension resource has two of them."""
        lowered = [part.casefold() for part in self._segments]
        # A namespace has a dot; a resource that happens to be *named* "providers" is not followed by one.
        places = [n for n, part in enumerate(lowered[:-1]) if part == "providers" and "." in lowered[n + 1]]
        return places[-1] if places else None

    @lazily
    def type(self) -> str:
        """`microsoft.network/virtualnetworks/subnets`, `microsoft.resources/resourcegroups`, or empty."""
        at = self._provider_at
        if at is not None:
            rest = self._segments[at + 1 :]
            return "/".join((rest[0], *rest[1::2])).casefold()
        kinds = [part.casefold() for part in self._segments[::2]]
        known = {
            ("subscriptions",): "microsoft.resources/subscriptions",
            ("subscriptions", "resourcegroups"): "microsoft.resources/resourcegroups",
        }
        return known.get(tuple(kinds), "")

    @property
    def name(self) -> str:
        """The last segment."""
        return self._segments[-1] if self._segments else ""

    @lazily
    def subscription(self) -> str:
        """The subscription's id in lower case, or empty for tenant and management group ids."""
        parts = self._segments
        return parts[1].casefold() if len(parts) > 1 and parts[0].casefold() == "subscriptions" else ""

    @lazily
    def resource_group(self) -> str:
        """The resource group's name in lower case, or empty."""
        parts = self._segments
        inside = len(parts) > 3 and parts[2].casefold() == "resourcegroups"
        return parts[3].casefold() if inside else ""

    @lazily
    def parent(self) -> ArmId | None:
        """What this hangs under: the parent resource, the extended resource, the group, the subscription."""
        at = self._provider_at
        parts = self._segments
        if at is not None and len(parts) - at > 4:
            return ArmId("/" + "/".join(parts[:-2]))
        if at is not None:
            return ArmId("/" + "/".join(parts[:at])) if at else None
        return ArmId("/" + "/".join(parts[:-2])) if len(parts) > 2 else None

    @property
    def extends(self) -> ArmId | None:
        """The resource that an extension resource (role assignment, diagnostic setting) hangs on."""
        at = self._provider_at
        return ArmId("/" + "/".join(self._segments[:at])) if at else None

    def is_within(self, scope: ArmId) -> bool:
        """Whether this id is the scope or lies below it. The root `/` contains everything."""
        return self.key == scope.key or self.key.startswith(scope.key + "/")

    def child(self, *segments: str) -> ArmId:
        """The id below this one, e.g. `vnet.child("subnets", "a")`."""
        return ArmId("/".join((self.text.rstrip("/"), *segments)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArmId) and self.key == other.key

    def __lt__(self, other: ArmId) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text
