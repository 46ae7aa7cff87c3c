"""Functions whose value follows from their arguments, by name."""

from auditor.arm.functions import cidr, dates, lists, numbers, texts
from auditor.arm.functions.table import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "cidr", "dates", "lists", "numbers", "texts"]
