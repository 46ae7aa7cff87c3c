"""The snapshot file: written atomically, read with positions, checked for integrity."""

from auditor.snapshot.ids import id_in, with_slash
from auditor.snapshot.locate import locate, positions_of, sources_of
from auditor.snapshot.model import FORMAT, MAX_DEPTH, Position, Provenance, Snapshot, too_deep
from auditor.snapshot.read import read_snapshot
from auditor.snapshot.redact import REDACTED, redact, redact_text, redacted
from auditor.snapshot.seal import sealed
from auditor.snapshot.write import write_snapshot

__all__ = [
    "FORMAT",
    "MAX_DEPTH",
    "REDACTED",
    "Position",
    "Provenance",
    "Snapshot",
    "id_in",
    "locate",
    "positions_of",
    "read_snapshot",
    "redact",
    "redact_text",
    "redacted",
    "sealed",
    "sources_of",
    "too_deep",
    "with_slash",
    "write_snapshot",
]
