"""The only room that talks to Azure, and the only one that imports its SDK."""

from auditor.collect.run import Progress, collect, collect_apart
from auditor.collect.target import CLOUDS, Target

__all__ = ["CLOUDS", "Progress", "Target", "collect", "collect_apart"]
