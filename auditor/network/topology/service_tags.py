"""Service tags: exact prefixes where a release is at hand, else symbols with the containments that are known.

The release that this program carries (facts/service-tags.txt.gz) stands in where a snapshot brought none and an answer
may rest on an assumption that it states: see `Estate.as_likely`. It is read when a tag is asked for, not before.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from auditor.estate import Estate
from auditor.estate.kept import once_an_estate
from auditor.facts import load
from auditor.model import Unknown
from auditor.sets.address_set import AddressSet
from auditor.sets.symbolic_addresses import Addresses
from auditor.sets.symbols import Symbol

VIRTUAL_NETWORK, INTERNET, LOAD_BALANCER = "VirtualNetwork", "Internet", "AzureLoadBalancer"

LIST_TAGS = "Microsoft.Network/locations/serviceTags/read"
"""The operation that lists the service tags of a region."""

_PUBLIC_CLOUD = "azurepubliccloud"

DOCUMENT = "microsoft.network/servicetags"
"""The type of the document that a list of service tags is kept as."""


@cache
def _platform() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("platform-addresses")
    return found


@cache
def _relations() -> Mapping[str, Any]:
    found: Mapping[str, Any] = load("service-tag-relations")
    return found


@cache
def _spellings() -> Mapping[str, str]:
    """Every tag by lower-case spelling, the classic ones included."""
    facts = _relations()
    known = {name.casefold(): name for name in facts["tags"]}
    return known | {classic.casefold(): name for classic, name in facts["classic"].items()}


@cache
def never_internet() -> AddressSet:
    """The addresses that the Internet tag has always left out, private ones first of all."""
    facts = _platform()["internet"]
    return AddressSet.of(*facts["never"]) | (AddressSet.of("::/0") - AddressSet.of(facts["public_ipv6"]))


@cache
def maybe_internet() -> AddressSet:
    """The addresses of which only Azure knows whether its Internet tag covers them."""
    facts = _platform()["internet"]
    return AddressSet.of(*facts["doubtful"])


@cache
def never_in_service_tags() -> AddressSet:
    """Addresses that are in no service tag: the host's own, and those for documentation, which nobody has."""
    return platform_addresses("virtual_network") | AddressSet.of(*_platform()["documentation"]["addresses"])


@cache
def platform_addresses(kind: str) -> AddressSet:
    """The fixed addresses of `load_balancer` or `virtual_network`."""
    return AddressSet.of(*_platform()[kind])


@cache
def _internet(at_least: AddressSet) -> Symbol:
    public = ~never_internet()
    why = Unknown(
        "the Internet tag leaves out some public ranges that look like Microsoft's own,"
        " and only Azure knows the list of the day"
    )
    return Symbol(INTERNET, (public - maybe_internet()) | at_least, public, why, named=True)


class ServiceTags:
    """What the names of service tags stand for. `release` says which data it is made of; empty where there is none."""

    def __init__(self, prefixes: Mapping[str, Iterable[str]] | None = None, release: str = "") -> None:
        self._prefixes = {name.casefold(): tuple(found) for name, found in (prefixes or {}).items()}
        self._names = {name.casefold(): name for name in prefixes or {}}
        self.release = release
        self._found: dict[str, Addresses] = {}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ServiceTags:
        """Read what the API's list or the weekly download holds; raises `ValueError` where it is neither."""
        values = document.get("values")
        if not isinstance(values, list):
            raise ValueError("a list of service tags has its tags under `values`; this document has none there")  # noqa: TRY004 - the text is wrong, not the call
        prefixes: dict[str, tuple[str, ...]] = {}
        for value in values:
            properties = value.get("properties") if isinstance(value, Mapping) else None
            found = properties.get("addressPrefixes") if isinstance(properties, Mapping) else None
            if isinstance(found, list):
                prefixes[str(value.get("name"))] = tuple(str(prefix) for prefix in found)
        return cls(prefixes, f"release {document.get('changeNumber', 'without a number')}")

    @classmethod
    def of_estate(cls, estate: Estate) -> ServiceTags:
        """The tags that the snapshot itself brought along; opaque ones where it brought none. Read once an estate."""
        return _of_estate(estate)

    @classmethod
    def shipped(cls) -> ServiceTags:
        """Those of the release that this program carries, for the public cloud."""
        return _Shipped({}, release().says)

    @classmethod
    def _read(cls, estate: Estate) -> ServiceTags:
        documents = [resource.body for resource in estate.seen(DOCUMENT)]
        lists = [cls.of_document(document) for document in documents if isinstance(document.get("values"), list)]
        prefixes: dict[str, tuple[str, ...]] = {}
        for tags in lists:
            for key, found in tags._prefixes.items():
                prefixes[tags._names[key]] = tuple(dict.fromkeys((*prefixes.get(tags._names[key], ()), *found)))
        if estate.is_likely and not lists and estate.snapshot.cloud.casefold() == _PUBLIC_CLOUD:
            return cls.shipped()
        return cls(prefixes, ", ".join(sorted({tags.release for tags in lists})))

    def exact(self, name: str) -> AddressSet | None:
        """The prefixes of this tag, `None` where they are not at hand; raises `ValueError` on a malformed prefix."""
        prefixes = self._prefixes.get(name.casefold())
        return None if prefixes is None else AddressSet.of(*prefixes)

    def check(self) -> None:
        """Raise `ValueError` where some tag has a malformed prefix."""
        for name, prefixes in self._prefixes.items():
            try:
                AddressSet.of(*prefixes)
            except ValueError as problem:
                raise ValueError(f"{self._names[name]}: {problem}") from None

    @cached_property
    def internet(self) -> Symbol:
        """The Internet tag before a network's own space is taken out. Public tags of the release are surely in it."""
        public = AddressSet.of(*(prefix for found in self._prefixes.values() for prefix in found))
        return _internet(public - never_internet())

    def find(self, name: str) -> Addresses:
        """The addresses of a tag by any spelling; of a name that nobody knows too, as Azure accepted it.

        `VirtualNetwork` and `Internet` mean something else in every network: ask a `NetworkView` for these.
        """
        key = name.casefold()
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._look_up(canonical(name))
        return found

    def _look_up(self, name: str) -> Addresses:
        if name == LOAD_BALANCER:
            return Addresses.known(platform_addresses("load_balancer"))
        if name in _platform()["platform_tags"]:
            return Addresses.of(*_platform()["platform_tags"][name]["addresses"])
        exact = self.exact(name)
        if exact is not None:
            return Addresses.known(exact)
        return Addresses.symbol(self._symbol(name))

    def _symbol(self, name: str) -> Symbol:
        """A tag without prefixes, inside what is known to hold it."""
        where = f" in the {self.release} of service tags" if self.release else ""
        near = "" if is_tag(name) else _nearest(name)
        why = Unknown(
            f"the prefixes of service tag {name} are not at hand{where}{near};"
            " give a list of service tags with --service-tags FILE",
            permission=LIST_TAGS,
        )
        holder = _holder(name)
        inside = self.internet if holder == INTERNET else None
        exact = None if inside else self.exact(holder)
        if inside is None and exact is None:
            inside = self._symbol(holder)
        within = exact if inside is None and exact is not None else self.internet.at_most
        within -= never_in_service_tags()
        return Symbol(name, AddressSet.none(), within, why, inside=inside, named=True, v4_named=_is_global(name))


@dataclass(frozen=True)
class Release:
    """A release of Microsoft's public list, with the prefixes of each tag by lower-case name."""

    number: str
    date: str
    prefixes: Mapping[str, str]

    @property
    def says(self) -> str:
        """The release in words."""
        return f"release {self.number} of {self.date}"


@cache
def release() -> Release:
    """The release that this program carries: its source, change number and date stand in the file."""
    raw = files("auditor.facts").joinpath("service-tags.txt.gz").read_bytes()
    head: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for line in gzip.decompress(raw).decode("ascii").splitlines():
        key, _, rest = line.removeprefix("# ").partition(": ")
        if line.startswith("#"):
            head[key] = rest
        else:
            name, _, found = line.partition(" ")
            prefixes[name.casefold()] = found
    return Release(head["change number"], head["date"], prefixes)


class _Shipped(ServiceTags):
    """The tags of the release that this program carries, each read when it is asked for."""

    def exact(self, name: str) -> AddressSet | None:
        found = release().prefixes.get(name.casefold())
        return None if found is None else AddressSet.of(*found.split())


@once_an_estate
def _of_estate(estate: Estate) -> ServiceTags:
    return ServiceTags._read(estate)


def _is_global(name: str) -> bool:
    """Whether a tag is none of a region: in the release each of those has IPv4 prefixes, not each regional one."""
    return name.casefold() in {known.casefold() for known in load("service-tag-relations")["tags"]}


def canonical(name: str) -> str:
    """A tag's name as Azure documents it; unchanged where it is none we know."""
    known = _spellings().get(name.casefold())
    if known is not None:
        return known
    head, dot, region = name.partition(".")
    return f"{_spellings().get(head.casefold(), head)}.{region}" if dot else name


def is_tag(name: str) -> bool:
    """Whether this is a tag, or a regional form of one, that we know by name."""
    return name.casefold() in _spellings() or name.partition(".")[0].casefold() in _spellings()


def _holder(name: str) -> str:
    """The smallest tag that is known to contain this one."""
    inside: Mapping[str, str] = _relations()["inside"]
    found = inside.get(name)
    if found is not None:
        return found
    head, dot, _ = name.partition(".")
    return canonical(head) if dot and head.casefold() in _spellings() else INTERNET


def _nearest(name: str) -> str:
    close = get_close_matches(name.casefold(), list(_spellings()), n=1)
    return f" and it is not a tag we know (did you mean {_spellings()[close[0]]}?)" if close else ""
