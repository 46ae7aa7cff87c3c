"""What OSCAL documents have in common: names that stay the same, texts that the schemas take, properties.

Written to OSCAL 1.1.3 (pages.nist.gov/OSCAL-Reference, read 2026-11): a UUID is of version 4 or 5, a string begins and
ends with a visible character, a token begins with a letter or `_`, a time has a zone.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

from auditor import __version__
from auditor.frameworks.model import Framework
from auditor.text.sanitise import line, visible_lines

VERSION = "1.1.3"
NIST = "nist-800-53-r5"
"""The framework that has a catalog in OSCAL, and that is taken where none is asked for."""

NIST_CATALOG = (
    "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/"
    "NIST_SP-800-53_rev5_catalog.json"
)
NAMESPACE = "urn:auditor:oscal"
"""The namespace of properties that are ours."""

_NAMES = uuid.UUID("2f9d7f57-4f4b-5f0e-8d6e-7f1e8a4c4a5b")
_EPOCH = "1970-01-01T00:00:00+00:00"

Node = dict[str, Any]


def name(*parts: str) -> str:
    """A UUID that is the same for the same parts, in every run and on every machine."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return str(uuid.uuid5(_NAMES, text.encode("utf-8", "replace").decode()))


def said(text: str, limit: int = 1000) -> str:
    """One line of text, never empty, without blanks at its ends."""
    return line(text, limit).strip() or "-"


def prose(text: str, limit: int = 4000) -> str:
    """Text that may have several lines."""
    return visible_lines(text[:limit]).strip() or "-"


def prop(key: str, value: str, remarks: str = "") -> Node:
    """A property of our own."""
    made: Node = {"name": key, "ns": NAMESPACE, "value": said(value)}
    return made | {"remarks": remarks} if remarks else made


def moment(text: str) -> str:
    """A time with a zone; the beginning of 1970 where the text is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _EPOCH
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def metadata(title: str, changed: str, version: str) -> Node:
    """The head of a document. `changed` is ISO 8601: the same input gives the same bytes."""
    return {
        "title": said(title, 300),
        "last-modified": moment(changed),
        "version": said(version, 80),
        "oscal-version": VERSION,
        "props": [prop("tool-version", __version__)],
    }


def control_id(framework: Framework, control: str) -> str:
    """The id of a control as a token: NIST's own for SP 800-53 (`ac-17.3`), else with the framework before it."""
    if framework.id == NIST:
        return re.sub(r"\((\d+)\)", r".\1", control).lower()
    word = re.sub(r"[^a-z0-9._-]+", "-", control.lower()).strip("-")
    return f"{framework.id.lower()}_{word}"


def statement_id(framework: Framework, control: str) -> str:
    """The id of a control's statement, which a finding is about."""
    return f"{control_id(framework, control)}_smt"


def catalog_href(framework: Framework) -> str:
    """Where the controls of a framework are defined: NIST's catalog, else the one that is written beside."""
    return NIST_CATALOG if framework.id == NIST else "catalog.json"
