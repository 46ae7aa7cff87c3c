"""Templates of Resource Manager, expanded offline.

A room of its own: it knows templates and nothing of audits, and imports nothing of the rest.
"""

from auditor.arm.expand import expand, value_of, without_nulls
from auditor.arm.frame import values_of
from auditor.arm.hashes import guid, unique_string
from auditor.arm.result import Deployed, Expansion, Fault, Gap, Source
from auditor.arm.scope import Scope, kind_of_schema
from auditor.arm.syntax import with_last_argument
from auditor.arm.values import Open, Unknown, Value, has_unknown

__all__ = [
    "Deployed",
    "Expansion",
    "Fault",
    "Gap",
    "Open",
    "Scope",
    "Source",
    "Unknown",
    "Value",
    "expand",
    "guid",
    "has_unknown",
    "kind_of_schema",
    "unique_string",
    "value_of",
    "values_of",
    "with_last_argument",
    "without_nulls",
]
