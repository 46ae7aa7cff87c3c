"""YAML to a typed baseline; all mistakes of a file at once, with line and column."""

from auditor.baseline.mistakes import BaselineError, Mistake
from auditor.baseline.model import Baseline
from auditor.baseline.read import DEFAULT, baseline_names, read_baseline

__all__ = ["DEFAULT", "Baseline", "BaselineError", "Mistake", "baseline_names", "read_baseline"]
