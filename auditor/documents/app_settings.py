"""App settings and connection strings of web apps, where a document states them.

Azure shows them to nobody who may only read. Plans and exports state them: as a list within `siteConfig` of the site,
or as `config/appsettings` and `config/connectionstrings`. Values that could be a secret are redacted on the way in;
references to a vault stay (facts/redaction.json).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.model import Evidence, Resource

_REFERENCE = re.compile(r"@Microsoft\.(KeyVault|AppConfiguration)\(", re.IGNORECASE)
_SECRET = re.compile(
    r"(key|keys|secret|password|passwd|pwd|token|connectionstring|credential|credentials|sastoken|sas)$", re.IGNORECASE
)
_HARMLESS = re.compile(
    r"(instrumentationkey|applicationinsightsconnectionstring|publickey|partitionkey|rowkey|keyname|keyid)$",
    re.IGNORECASE,
)
"""Names that end like those of secrets and name none: learn.microsoft.com/azure/azure-monitor/app/connection-strings
calls neither of the first two a security token."""


@dataclass(frozen=True)
class AppSetting:
    """A setting with a value: its name, where the value stands, and whether it reads it from a vault."""

    name: str
    evidence: Evidence
    refers: bool

    @property
    def names_a_secret(self) -> bool:
        """Whether it is called as settings are that hold a key, a password or a token."""
        bare = re.sub(r"[^A-Za-z0-9]", "", self.name)
        return bool(_SECRET.search(bare)) and not _HARMLESS.search(bare)


def settings_in(site: Resource, own: Resource | None, connections: Resource | None) -> Iterator[AppSetting]:
    """What the site states of its settings; `own` and `connections` are its documents of that kind, where there are.

    A connection string is one whatever its name: only those that refer to a vault hold no secret.
    """
    for name, value in (("appSettings", "value"), ("connectionStrings", "connectionString")):
        rows = site.stated("properties", "siteConfig", name)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, Mapping) and isinstance(row.get("name"), str):
                yield from _setting(site, row["name"], ("properties", "siteConfig", name, index, value))
    for document, below in ((own, ()), (connections, ("value",))):
        stated = document.stated("properties") if document is not None else None
        if document is not None and isinstance(stated, Mapping):
            for name in stated:
                yield from _setting(document, str(name), ("properties", str(name), *below))


def _setting(resource: Resource, name: str, path: tuple[str | int, ...]) -> Iterator[AppSetting]:
    evidence = resource.shown(*path)
    if isinstance(evidence.value, str) and evidence.value:
        yield AppSetting(name, evidence, bool(_REFERENCE.search(evidence.value)))
