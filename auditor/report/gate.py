"""Which findings make a check fail: one answer for the exit code, the word of the verdict and the failed tests."""

from __future__ import annotations

from auditor.model import Finding, Outcome, Severity

DEFAULT = "must"
"""What counts where nothing else is asked for: requirements, and no recommendation."""


def counts(finding: Finding, fail_on: str = DEFAULT) -> bool:
    """Whether a finding makes the check fail; a waived one never does, since its outcome is another.

    `fail_on` is `must`, `should`, `never`, or the least severity that counts.
    """
    if finding.outcome is not Outcome.FAIL or fail_on == "never":
        return False
    if fail_on == "must":
        return finding.level != "should"
    return fail_on == "should" or Severity(finding.severity).rank <= Severity(fail_on).rank
