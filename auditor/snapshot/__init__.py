"""The snapshot file: written atomically, read with positions, checked for integrity."""

from auditor.snapshot.model import Position, Snapshot

__all__ = ["Position", "Snapshot"]
