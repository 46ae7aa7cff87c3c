"""`guid` and `uniqueString` as Azure works them out.

`guid`: UUID version 5 (RFC 4122) in a namespace of Resource Manager's own, of the arguments joined with a hyphen.
`uniqueString`: a MurmurHash of 64 bits over two lanes of 32, written with 32 characters. Both are checked by pairs that
Azure's own engine gave (tests/fixtures/arm: the tests of Azure/bicep, and logs of deployments); the product of the
second lane is plain and unsigned.
"""

from __future__ import annotations

import hashlib
import uuid

_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MASK = 0xFFFFFFFF
_C1, _C2 = 0x239B961B, 0xAB0E9789


def guid(parts: list[str]) -> str:
    """The GUID of these texts."""
    digest = hashlib.sha1(_NAMESPACE.bytes + "-".join(parts).encode(), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def unique_string(parts: list[str]) -> str:
    """The 13 characters of these texts."""
    rest = _murmur("-".join(parts).encode())
    found = []
    for _ in range(13):
        found.append(_ALPHABET[rest >> 59])
        rest = (rest << 5) & 0xFFFFFFFFFFFFFFFF
    return "".join(found)


def _murmur(data: bytes) -> int:
    one = two = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        first = _first(int.from_bytes(data[at : at + 4], "little"))
        one = (_rotate(one ^ first, 19) + two) & _MASK
        one = (one * 5 + 0x561CCD1B) & _MASK
        second = _second(int.from_bytes(data[at + 4 : at + 8], "little"))
        two = (_rotate(two ^ second, 13) + one) & _MASK
        two = (two * 5 + 0x0BCAA747) & _MASK
    tail = data[whole:]
    if tail:
        one ^= _first(int.from_bytes(tail[:4], "little"))
        if len(tail) > 4:
            two ^= _second(int.from_bytes(tail[4:], "little"))
    one, two = one ^ len(data), two ^ len(data)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    one, two = _mixed(one), _mixed(two)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    return two << 32 | one


def _first(lane: int) -> int:
    return _rotate(lane * _C1 & _MASK, 15) * _C2 & _MASK


def _second(lane: int) -> int:
    return _rotate(lane * _C2 & _MASK, 17) * _C1 & _MASK


def _mixed(lane: int) -> int:
    lane = (lane ^ lane >> 16) * 0x85EBCA6B & _MASK
    lane = (lane ^ lane >> 13) * 0xC2B2AE35 & _MASK
    return lane ^ lane >> 16


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> (32 - by)) & _MASK
