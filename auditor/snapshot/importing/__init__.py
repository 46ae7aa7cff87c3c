"""Snapshots out of files: what az, Resource Manager, Resource Graph, what-if and Bicep print."""

from auditor.snapshot.importing.gather import Imported, gather

__all__ = ["Imported", "gather"]
