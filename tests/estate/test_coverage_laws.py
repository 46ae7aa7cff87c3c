"""Looking reads up by their place finds what going through all of them finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.estate.coverage import Coverage
from auditor.model import ArmId, Read, Unknown

LIST = "t/lists"
# Names of which one begins another, and one that sorts right behind the slash.
places = st.lists(st.sampled_from(["a", "b", "ab", "a0", "A"]), max_size=4).map(lambda names: "/" + "/".join(names))


def said(reads: list[Read], under: ArmId) -> str | None:
    gap: Unknown | None = Coverage(reads).gap(LIST, under)
    return gap.read if gap is not None else None


@settings(max_examples=300, deadline=None)
@given(st.lists(places, min_size=1, max_size=8), places)
def test_the_first_failed_read_about_a_place_is_told(scopes: list[str], place: str) -> None:
    under = ArmId(place)
    reads = [Read(f"read {n}", "", 403, LIST, scope, error="AuthorizationFailed") for n, scope in enumerate(scopes)]
    about = [r.path for r in reads if under.is_within(ArmId(r.scope)) or ArmId(r.scope).is_within(under)]
    assert said(reads, under) == (about[0] if about else None)
