"""What would settle an unknown, in one sentence for every format: nobody grants a permission to a file."""

from __future__ import annotations

from auditor.model import AuditResult
from auditor.report.digest import FROM_AZURE, Gap
from auditor.text.sanitise import counted, line


def way_out(gap: Gap, result: AuditResult) -> str:
    """What to do about a gap; why it is one where no permission is missing."""
    decides = counted(len(gap.findings), "unknown")
    if not gap.permission:
        return f"{line(gap.because, 300)}: {decides}"
    permission = line(gap.permission, 200)
    if "/" not in gap.permission:
        # Resource Manager's operations have slashes; what has none is a permission of Microsoft Graph.
        known = f"{decides} rest on Microsoft Graph ({permission}), which no snapshot reads"
        return f"{known}: `auditor import` takes its answers, see `auditor explain RBAC-11`."
    if result.snapshot.source and result.snapshot.source != FROM_AZURE:
        return (
            f"{decides} rest on what {permission} reads, which the imported files do not hold: import that too,"
            " or take the snapshot from Azure."
        )
    return f"Grant {permission} and read again: it decides {decides}."
