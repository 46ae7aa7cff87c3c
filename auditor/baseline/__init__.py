"""YAML to a typed baseline; all mistakes of a file at once, with line and column."""

from auditor.baseline.model import Baseline
from auditor.baseline.read import DEFAULT, baseline_names, read_baseline
from auditor.yaml_tree.mistakes import BaselineError, Mistake

__all__ = ["DEFAULT", "Baseline", "BaselineError", "Mistake", "baseline_names", "read_baseline"]
