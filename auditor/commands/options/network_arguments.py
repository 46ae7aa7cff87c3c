"""What `flow` and `reach` are asked with: ends of a flow, ports, protocols, a file of service tags."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.model import AuditorError
from auditor.snapshot.text import printable

if TYPE_CHECKING:
    from auditor.network.topology.service_tags import ServiceTags
    from auditor.query.flow import End, Port
    from auditor.sets.protocol_set import Protocol

LARGEST = 64 << 20
"""Bytes of service tags that are read, unpacked; Microsoft's whole list has some five million."""
_LONGEST_PORT = 5
_LONGEST_REASON = 300
_FORMS = "write ADDRESS:PORT, [IPV6-ADDRESS]:PORT or TAG:PORT"


def _quoted(text: str) -> str:
    """What somebody gave, for a message: in quotes, short, and without characters that act on a terminal."""
    return repr(text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…")


def read_protocol(text: str) -> Protocol:
    """The protocol of one packet, in any letter case."""
    from auditor.sets.protocol_set import Protocol

    found = Protocol.__members__.get(text.strip().upper())
    if found is None or found is Protocol.OTHER:
        names = ", ".join(p.label for p in Protocol if p is not Protocol.OTHER)
        raise AuditorError(f"{_quoted(text)} is not a protocol", f"give one of {names}")
    return found


def read_port(text: str | int | None, what: str = "port") -> Port:
    """A port number, `*` for any; `None` for nothing."""
    if text is None or text == "":
        return None
    word = str(text).strip()
    if word == "*":
        return "*"
    if not (word.isascii() and word.isdigit() and len(word) <= _LONGEST_PORT and int(word) < 65536):
        said = f"{what} {_quoted(word)} is not a port number"
        raise AuditorError(said, "a port is a number from 0 to 65535, or * for any")
    return int(word)


def read_end(text: str, option: str) -> End:
    """One end of a flow: `10.0.0.4:443`, `[2001:db8::1]:443`, `Internet:443`, or without a port."""
    from auditor.query.flow import End

    typed = text.strip()
    if typed.startswith("["):
        host, closed, port = typed[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise AuditorError(f"{option} {_quoted(text)} is not an address with a port", _FORMS)
        return End(read_address(host, option), read_port(port[1:], f"{option}: port"))
    if typed.count(":") > 1:
        return End(read_address(typed, option), None)
    host, _, port = typed.partition(":")
    if not host:
        raise AuditorError(f"{option} {_quoted(text)} names no address", _FORMS)
    looks_like_address = host[0].isdigit()
    return End(read_address(host, option) if looks_like_address else host, read_port(port, f"{option}: port"))


def read_address(text: str, option: str) -> str:
    """One IPv4 or IPv6 address as text."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise AuditorError(f"{option}: {_quoted(text)} is not an IP address", _FORMS) from None


def read_tags(path: Path | None) -> ServiceTags | None:
    """The service tags of a file: the weekly download or the API's answer, gzipped or not; `None` without a file."""
    from auditor.network.topology.service_tags import ServiceTags

    return None if path is None else ServiceTags.of_document(read_tag_list(path))


def read_tag_list(path: Path) -> Mapping[str, Any]:
    """The document in a file of service tags, found to be one. Raises `AuditorError` where it is none."""
    from auditor.network.topology.service_tags import ServiceTags

    name = printable(str(path))
    tip = "take the file ServiceTags_Public_*.json that Microsoft publishes, or `az network list-service-tags`"
    try:
        raw = _unpacked(path)
        if len(raw) > LARGEST:
            raise AuditorError(f"{name}: holds more than {LARGEST >> 20} MiB, which no list of service tags does", tip)
        found: Mapping[str, Any] = json.loads(raw)
        ServiceTags.of_document(found).check()
    except (ValueError, AttributeError, EOFError, OSError, zlib.error, RecursionError) as problem:
        if isinstance(problem, OSError) and problem.strerror:
            raise AuditorError(f"{name}: {problem.strerror}", "name a file that can be read") from None
        says = printable(str(problem))[:_LONGEST_REASON]
        raise AuditorError(f"{name}: is not a list of service tags: {says}", tip) from None
    return found


def _unpacked(path: Path) -> bytes:
    """What a file holds, gzipped or not, as far as it is read: a small file may unpack to the size of a disk."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        if not packed:
            return stream.read(LARGEST + 1)
        with gzip.GzipFile(fileobj=stream) as inside:
            return inside.read(LARGEST + 1)
