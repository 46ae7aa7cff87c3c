"""Earlier audits, kept in one SQLite file: written by one run at a time, read by whoever wants to see how it went."""

from auditor.history.record import record
from auditor.history.store import usable
from auditor.history.trends import trend_of, trends

__all__ = ["record", "trend_of", "trends", "usable"]
