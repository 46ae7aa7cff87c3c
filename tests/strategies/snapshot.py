"""JSON values, documents and snapshots as hypothesis draws them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from auditor.model import Read
from auditor.snapshot import Snapshot

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["é€😀", "\ud800", "\u2028", "a/b", "~", '"', "\\", "\x1b[0m", "@Microsoft.KeyVault(SecretUri=x)"]),
)

keys = st.one_of(
    st.text(max_size=5), st.sampled_from(["a/b", "~1", "", "0", "properties", "password", "credentials", "tags", "id"])
)

values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Documents with ids that differ without letter case."""
    names = draw(st.lists(st.text("abcXYZé", min_size=1, max_size=4), max_size=5, unique_by=str.casefold))
    bodies = [draw(st.dictionaries(keys, values, max_size=4)) for _ in names]
    return [{**body, "id": f"/subscriptions/{name}"} for name, body in zip(names, bodies, strict=True)]


words = st.text(max_size=6)
reads = st.builds(
    Read,
    path=words,
    api_version=words,
    status=st.integers(0, 599),
    covers=words,
    scope=words,
    count=st.integers(0, 10**6),
    seconds=st.floats(0, 1e6),
    error=words,
    message=words,
    permission=words,
    about=words,
    shows=st.lists(words, max_size=2).map(tuple),
)

snapshots = st.builds(
    Snapshot,
    documents=documents().map(tuple),
    reads=st.lists(reads, max_size=3).map(tuple),
    collected_at=st.sampled_from(["", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.123456+00:00"]),
    source=words,
    cloud=words,
    tenant=words,
    subscriptions=st.lists(words, max_size=3).map(tuple),
    resource_groups=st.lists(words, max_size=3).map(tuple),
    complete=st.booleans(),
)
