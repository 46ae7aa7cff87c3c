"""The only room that talks to Azure, and the only one that imports its SDK."""

from auditor.collect.connection.target import CLOUDS, Target
from auditor.collect.run import Progress, collect, collect_apart

__all__ = ["CLOUDS", "Progress", "Target", "collect", "collect_apart"]
