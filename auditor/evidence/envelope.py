"""DSSE envelopes signed with Ed25519 (github.com/secure-systems-lab/dsse): made and verified without a network."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auditor.evidence.statement import PAYLOAD_TYPE, TYPE, encoded, sha256
from auditor.model import AuditorError

LARGEST = 1 << 20
"""Bytes of an envelope or a key that are read."""
_MAKE = (
    "`openssl genpkey -algorithm ed25519 -out key.pem` makes one, `openssl pkey -in key.pem -pubout` its public half"
)


class Private:
    """A key that signs."""

    def __init__(self, path: Path) -> None:
        """Read a PEM file (PKCS 8, without a password). Raises `AuditorError` where it holds no Ed25519 key."""
        try:
            key = serialization.load_pem_private_key(read_small(path), password=None)
        except (ValueError, TypeError) as problem:
            raise AuditorError(f"{path}: holds no private key that can be used: {_first(problem)}", _MAKE) from problem
        if not isinstance(key, Ed25519PrivateKey):
            raise AuditorError(f"{path}: this key is not one of Ed25519", _MAKE)
        self._key = key

    def sign(self, statement: Mapping[str, Any]) -> str:
        """The statement in an envelope, as the text of a file."""
        payload = encoded(statement)
        envelope = {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode("ascii"),
            "signatures": [
                {
                    "keyid": keyid(self._key.public_key()),
                    "sig": base64.b64encode(self._key.sign(_message(PAYLOAD_TYPE, payload))).decode("ascii"),
                }
            ],
        }
        return json.dumps(envelope, indent=2) + "\n"


class Public:
    """A key that verifies."""

    def __init__(self, path: Path) -> None:
        """Read a PEM file. Raises `AuditorError` where it holds no public key of Ed25519."""
        try:
            key = serialization.load_pem_public_key(read_small(path))
        except ValueError as problem:
            raise AuditorError(f"{path}: holds no public key: {_first(problem)}", _MAKE) from problem
        if not isinstance(key, Ed25519PublicKey):
            raise AuditorError(f"{path}: this key is not one of Ed25519", _MAKE)
        self._key = key
        self.keyid = keyid(key)

    def opened(self, path: Path) -> dict[str, Any]:
        """The statement of an envelope that this key signed. Raises `AuditorError` for every other."""
        text = read_small(path)
        try:
            envelope = json.loads(text, object_pairs_hook=_once)
            kind, payload = str(envelope["payloadType"]), base64.b64decode(envelope["payload"], validate=True)
            signatures = [base64.b64decode(each["sig"], validate=True) for each in envelope["signatures"]]
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as problem:
            raise AuditorError(f"{path}: is no signed statement", "sign it again: auditor sign") from problem
        if not any(self._signed(kind, payload, signature) for signature in signatures):
            raise AuditorError(
                f"{path}: the key {self.keyid[:16]} did not sign this",
                "ask for the key of whoever signed it; what does not verify proves nothing",
            )
        return statement_of(payload, kind, path)

    def _signed(self, kind: str, payload: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, _message(kind, payload))
        except InvalidSignature:
            return False
        return True


def statement_of(payload: bytes, kind: str, path: Path) -> dict[str, Any]:
    """The statement in a payload whose signature is known to be right. Raises `AuditorError` where it is none."""
    try:
        found = json.loads(payload, object_pairs_hook=_once)
        sound = kind == PAYLOAD_TYPE and found["_type"] == TYPE and isinstance(found["predicate"], dict)
        subjects = [str(each["digest"]["sha256"]) for each in found["subject"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        sound, subjects = False, []
    if not sound or not subjects:
        raise AuditorError(f"{path}: what was signed is no statement about a file", "sign it again: auditor sign")
    assert isinstance(found, dict)
    return found


def keyid(key: Ed25519PublicKey) -> str:
    """SHA-256 of the public key (DER, SubjectPublicKeyInfo), in hexadecimal."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(key.public_bytes(serialization.Encoding.DER, form))


def _message(kind: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding, which says how long each part is."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def read_small(path: Path) -> bytes:
    """The bytes of a key or an envelope. Raises `AuditorError` where it cannot be read, or is larger than any is."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as problem:
        raise AuditorError(f"{path}: cannot be read: {problem.strerror}", "check the path") from problem
    if len(data) > LARGEST:
        raise AuditorError(f"{path}: is larger than any key or signature", "check that this is the right file")
    return data


def _first(problem: Exception) -> str:
    return str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
