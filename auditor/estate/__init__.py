"""The estate: typed resources and typed relations, made of a snapshot. networkx lives here and nowhere else."""

from auditor.estate.build import build_estate
from auditor.estate.estate import Estate
from auditor.estate.references import Relation

__all__ = ["Estate", "Relation", "build_estate"]
