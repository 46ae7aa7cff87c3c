"""One question that was put to Azure, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Read:
    """A GET and its outcome, as the snapshot records it.

    `covers` is what the answer is complete for: a lower-case ARM type listed under `scope`. A read of one resource by
    its id has that id as `scope`. `status` is HTTP's, 0 where no answer came. `permission` is the operation that was
    missing, where that was the reason. `seconds` is wall time.

    Some reads ask what is assigned to one principal, whatever groups it is in (facts/assigned-to.json). `about` is
    that principal's object id and `shows` the ids of the assignments in the answer, which is complete for no type.

    `request_id` is Azure's name for the (first) request, by which its own logs know it, and `body_sha256` the hash of
    the bodies as they came, page after page: no verdict rests on them, and two reads of one thing differ in them.

    The document of a resource that a template would deploy has `lines`: the file that states it, then the line and
    column of the whole (`12:5`) and of its parts (`14:9 /properties/x`).
    """

    path: str
    api_version: str
    status: int
    covers: str
    scope: str
    count: int = 0
    seconds: float = 0.0
    error: str = ""
    message: str = ""
    permission: str = ""
    about: str = ""
    shows: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    request_id: str = field(default="", compare=False)
    body_sha256: str = field(default="", compare=False)

    @property
    def answered(self) -> bool:
        """Whether the answer can be relied on: it arrived whole, or the thing asked for does not exist."""
        return not self.error
