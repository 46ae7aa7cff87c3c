"""Laws of route selection, against a walk over every route."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Unknown
from auditor.network.routing.routes import (
    Hop,
    NextHop,
    Route,
    RouteSet,
    Source,
)
from auditor.sets.address_set import AddressSet

# Few bits, so that prefixes nest and collide: 10.0.0.0/24 and its parts, and a little IPv6.
PREFIXES = st.one_of(
    st.tuples(st.integers(0, 255), st.integers(24, 32)).map(lambda p: str(ip_network(f"10.0.0.{p[0]}/{p[1]}", False))),
    st.tuples(st.integers(0, 15), st.integers(124, 128)).map(
        lambda p: str(ip_network(f"fd00::{p[0]:x}/{p[1]}", False))
    ),
    st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "::/0"]),
)
ROUTES = st.lists(
    st.builds(
        Route,
        prefix=PREFIXES,
        hop=st.sampled_from(list(Hop)),
        source=st.sampled_from(list(Source)),
        name=st.sampled_from(["a", "b", "c"]),
        rank=st.integers(0, 2),
    ),
    max_size=12,
)
ADDRESSES = st.one_of(
    st.integers(0, 255).map(lambda n: f"10.0.0.{n}"),
    st.integers(0, 15).map(lambda n: f"fd00::{n:x}"),
    st.just("9.9.9.9"),
)


def walk(routes: list[Route], address: str) -> Route | None:
    """Read every route; keep the longest, then the better source, rank and name."""
    matching = [r for r in routes if ip_address(address) in ip_network(r.prefix)]
    key = lambda r: (-ip_network(r.prefix).prefixlen, r.source, r.rank, r.name)  # noqa: E731
    return min(matching, key=key, default=None)


@given(ROUTES, ADDRESSES)
@settings(max_examples=300, deadline=None)
def test_the_longest_prefix_wins_then_the_better_source(routes: list[Route], address: str) -> None:
    expected = walk(routes, address)
    found = RouteSet(tuple(routes)).next_hop(address)
    if expected is None:
        assert isinstance(found, Unknown)
        return
    assert isinstance(found, NextHop)
    assert (found.route.prefix, found.hop, found.route.source) == (expected.prefix, expected.hop, expected.source)


@given(ROUTES)
@settings(max_examples=150, deadline=None)
def test_shares_part_exactly_what_the_routes_cover(routes: list[Route]) -> None:
    found = RouteSet(tuple(routes))
    together, size = AddressSet.none(), 0
    for share, route in found.shares:
        together |= share
        size += share.size
        assert found.route_for(share.witness()) == route
    assert together == AddressSet.of(*(route.prefix for route in routes))
    assert together.size == size


@given(ROUTES, st.randoms(use_true_random=False), ADDRESSES)
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_routes_are_stated_does_not_matter(
    routes: list[Route], random: object, address: str
) -> None:
    # Names make an order total; two routes that differ in nothing else lead elsewhere only by their own mistake.
    unique = list({(r.prefix, r.source, r.rank, r.name): r for r in routes}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert RouteSet(tuple(unique)).route_for(address) == RouteSet(tuple(shuffled)).route_for(address)
