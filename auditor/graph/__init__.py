"""The estate: typed resources and typed relations, made of a snapshot. networkx lives here and nowhere else."""

from auditor.graph.build import build_estate
from auditor.graph.estate import Estate
from auditor.graph.references import Relation

__all__ = ["Estate", "Relation", "build_estate"]
