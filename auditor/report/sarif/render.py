"""SARIF 2.1.0 as GitHub code scanning and Azure DevOps take it.

What they demand, ignore and refuse is in docs.github.com "SARIF support for code scanning" and "SARIF results exceed
one or more limits" (read 2026-11): only the first location counts and it must be physical and relative; severity is a
string; `suppressions` and `kind` are ignored, so a pass or a waived result written here would show as an open alert.
"""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from auditor import __version__
from auditor.causes.cause import Cause
from auditor.model import AuditResult, Finding, Outcome
from auditor.model.chain import Chain
from auditor.report.cause_text import cause_entry, texts
from auditor.report.chain_text import chain_title, cut_entry
from auditor.report.context import Context, spot
from auditor.report.digest import Digest, missing_sentence
from auditor.report.json_ import json_text
from auditor.report.sarif.notifications import NOTICES, notifications
from auditor.report.sarif.rules import NOTHING_FOUND, level_of, nothing_found_rule, rule_entry, sentence
from auditor.report.sarif.taxonomies import Taxonomies
from auditor.text.sanitise import (
    accepted_by,
    address,
    clip,
    line,
    one_line,
    short_name,
    value_text,
)

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5000
"""GitHub keeps the worst 5,000 of a run and drops the others without a word."""

_MAX_RELATED = 20
_MAX_VALUE = 2000

_KINDS: Mapping[Outcome, str] = {
    Outcome.FAIL: "fail",
    Outcome.WAIVED: "fail",
    Outcome.PASS: "pass",
    Outcome.UNKNOWN: "open",
    Outcome.NOT_APPLICABLE: "notApplicable",
    Outcome.MANUAL: "review",
}

Node = dict[str, Any]


def render(result: AuditResult, context: Context | None = None) -> str:
    """One run. Fails only, unless `context.sarif_include` names other outcomes; unknowns are always notifications."""
    run = _Run(result, context or Context())
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run.node]}
    return json_text(document, indent=2, lossless=False) + "\n"


@dataclass(frozen=True)
class _Run:
    result: AuditResult
    context: Context

    @cached_property
    def wanted(self) -> tuple[Finding, ...]:
        outcomes = {Outcome.FAIL, *(Outcome(name) for name in self.context.sarif_include)}
        return tuple(finding for finding in self.result.findings if finding.outcome in outcomes)

    @cached_property
    def shown(self) -> tuple[Finding, ...]:
        """The worst `MAX_RESULTS` of them, in the order of the baseline."""
        if len(self.wanted) <= MAX_RESULTS:
            return self.wanted
        worst = sorted(range(len(self.wanted)), key=lambda n: (_importance(self.wanted[n]), n))[:MAX_RESULTS]
        return tuple(self.wanted[n] for n in sorted(worst))

    @cached_property
    def rules(self) -> Mapping[str, int]:
        """Requirement id to index: everything that was decided or tried, so that every reference resolves."""
        said = {finding.requirement for finding in (*self.result.findings, *self.shown)}
        return {id_: n for n, id_ in enumerate(id_ for id_ in self.result.requirements if id_ in said)}

    @cached_property
    def taxonomies(self) -> Taxonomies:
        """The controls of frameworks that these rules support."""
        return Taxonomies(self.context.controls, self.rules)

    @property
    def node(self) -> Node:
        return {
            "tool": {"driver": self._driver()},
            "automationDetails": self._automation(),
            "columnKind": "unicodeCodePoints",
            "invocations": [self._invocation()],
            **self.taxonomies.run_part(),
            "results": [
                *([self._nothing_found()] if self.result.missing else []),
                *(self._result(finding) for finding in self.shown),
            ],
            "properties": {
                "baseline": {"name": self.result.baseline.name, "version": self.result.baseline.version},
                "snapshot": {
                    "sha256": self.result.snapshot.sha256,
                    "collectedAt": line(self.result.snapshot.collected_at),
                },
                "summary": {outcome.value: number for outcome, number in self.result.summary.items()},
                "causes": self._causes(),
                "doFirst": [cause.id for cause in self._digest.first],
                "chains": [_chain(chain) for chain in self.result.chains],
                "cut": cut_entry(self.result),
            },
        }

    def _driver(self) -> Node:
        by_requirement: dict[str, list[Finding]] = {}
        for finding in self.result.findings:
            by_requirement.setdefault(finding.requirement, []).append(finding)
        driver: Node = {
            "name": "auditor",
            "fullName": f"auditor {__version__}",
            "version": __version__,
            "semanticVersion": __version__,
        }
        if link := address(self.result.baseline.source):
            driver["informationUri"] = link
        return driver | {
            **self.taxonomies.driver_part(),
            "rules": [
                *([nothing_found_rule()] if self.result.missing else []),
                *(
                    rule_entry(
                        self.result.requirements[id_],
                        by_requirement[id_],
                        self.result.baseline,
                        self.context.explanations.get(id_, ""),
                        title=self.context.titles.get(id_, ""),
                        former_names=self.context.former_names.get(id_, ()),
                    )
                    | self.taxonomies.rule_part(id_)
                    for id_ in self.rules
                ),
            ],
            "notifications": list(NOTICES),
        }

    def _automation(self) -> Node:
        build = self.context.azure_build
        if build is None:
            return {"id": automation_id(self.result)}
        return {"id": build.automation_id, "properties": build.properties}

    def _invocation(self) -> Node:
        dropped = len(self.wanted) - len(self.shown)
        return {
            "executionSuccessful": not self.result.summary[Outcome.ERROR],
            "toolExecutionNotifications": notifications(self.result, self.rules, dropped),
        }

    def _nothing_found(self) -> Node:
        """The one result of a snapshot without a workload: the check failed, and an empty list would not say so."""
        repository = self.context.repository
        path = repository.snapshot or repository.anchor or repository.baseline
        return {
            "ruleId": NOTHING_FOUND,
            "ruleIndex": 0,
            "kind": "fail",
            "level": "error",
            "message": {"text": missing_sentence(self.result)},
            "locations": [{"physicalLocation": _physical(path, 1, 1)}],
            "partialFingerprints": {"auditor/v1": hashlib.sha256(NOTHING_FOUND.encode()).hexdigest()},
        }

    def _result(self, finding: Finding) -> Node:
        verdict = finding.verdict
        at = spot(finding, self.result, self.context.repository)
        location: Node = {"physicalLocation": _physical(at.path, at.line, at.column)}
        if verdict.resource is not None:
            location["logicalLocations"] = [_logical(finding)]
        node: Node = {
            "ruleId": finding.requirement,
            "ruleIndex": self.rules[finding.requirement],
            "kind": _KINDS[finding.outcome],
            "level": level_of(finding.severity, finding.level) if _is_alert(finding) else "none",
            "message": {"text": _message(finding)},
            "locations": [location],
            "partialFingerprints": {
                "auditor/v1": finding.fingerprint,
                # The form of GitHub's own: a hash and a counter. Ours stays when lines of the snapshot move.
                "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",
            },
        }
        if finding.outcome is Outcome.WAIVED:
            node["suppressions"] = [
                {
                    "kind": "external",
                    "status": "accepted",
                    "justification": accepted_by(finding) or line(verdict.message, 1000),
                }
            ]
        if related := self._related(finding):
            node["relatedLocations"] = related
        node["properties"] = self._properties(finding)
        return node

    def _related(self, finding: Finding) -> list[Node]:
        """The other deciding values; only where the snapshot is in the repository, since each must be physical."""
        path = self.context.repository.snapshot
        if not path:
            return []
        related: list[Node] = []
        for evidence in finding.verdict.evidence[:_MAX_RELATED]:
            if evidence.place not in self.result.positions:
                continue
            at = self.result.positions[evidence.place]
            name = f"{line(short_name(evidence.place.document), 80)}{line(evidence.place.pointer, 200)}"
            text = sentence(f"{name} is {value_text(evidence.value, 200)}")
            related.append(
                {"id": len(related) + 1, "physicalLocation": _physical(path, *at), "message": {"text": text}}
            )
        return related

    def _properties(self, finding: Finding) -> Node:
        verdict = finding.verdict
        return {
            "outcome": finding.outcome.value,
            "level": finding.level,
            "severity": finding.severity,
            "severityReason": line(finding.severity_reason, _MAX_VALUE) or None,
            "rule": finding.rule,
            "workload": line(finding.workload, 200),
            "part": line(verdict.part, 200),
            "resource": clip(verdict.resource.text, _MAX_VALUE) if verdict.resource is not None else None,
            "evidence": [
                {
                    "resource": clip(evidence.place.document.text, _MAX_VALUE),
                    "pointer": clip(evidence.place.pointer, _MAX_VALUE),
                    "value": _bounded(evidence.value),
                }
                for evidence in verdict.evidence[:_MAX_RELATED]
            ],
            "witness": _bounded(verdict.witness),
            "remediation": clip(verdict.remediation, _MAX_VALUE),
            **self._cause(finding),
        }

    def _cause(self, finding: Finding) -> Node:
        """The cause of a failing finding, by its id: one may close thousands of findings, so it stands at the run."""
        cause = self._digest.cause_of.get(finding.fingerprint) if finding.outcome is Outcome.FAIL else None
        return {"cause": {"id": cause.id, "title": line(cause.title, _MAX_VALUE)}} if cause is not None else {}

    def _causes(self) -> list[Node]:
        """Each cause of a result with all that it closes and its fix."""
        shown = {finding.fingerprint for finding in self.shown}
        return [
            self._cause_entry(cause)
            for cause in self._digest.causes
            if any(finding.fingerprint in shown for finding in cause.findings)
        ]

    def _cause_entry(self, cause: Cause) -> Node:
        told = cause_entry(cause, self.result, languages=False)
        told = {key: told[key] for key in ("id", "title", "severity", "exposure", "closes", "proof")}
        fix = {language: clip(text, _MAX_VALUE) for language, text in texts(cause).items()}
        return {**told, "title": line(cause.title, _MAX_VALUE), "fix": fix}

    @cached_property
    def _digest(self) -> Digest:
        return Digest(self.result, self.context.fail_on)


def _chain(chain: Chain) -> Node:
    return {
        "id": chain.id,
        "title": chain_title(chain),
        "severity": chain.severity,
        "brokenBy": sorted(chain.cuts),
        "findings": list(chain.findings),
    }


def automation_id(result: AuditResult) -> str:
    """The category that tells one workload's uploads from another's: `openai-chat/<subscription>/`.

    A later upload of one category closes the alerts that it does not repeat, so the id must not change between runs
    over the same subscriptions. The slash at the end leaves the run's own part empty (SARIF 2.1.0, 3.17.2).
    """
    subscriptions = sorted({subscription.casefold() for subscription in result.snapshot.subscriptions})
    if len(subscriptions) > 1:
        digest = hashlib.sha256("\n".join(subscriptions).encode("utf-8", "surrogatepass")).hexdigest()
        scope = f"{len(subscriptions)}-subscriptions-{digest[:12]}"
    else:
        scope = line(subscriptions[0], 80).replace("/", "-") if subscriptions else "no-subscription"
    return f"{line(result.baseline.name, 80)}/{scope}/"


def _is_alert(finding: Finding) -> bool:
    return _KINDS[finding.outcome] == "fail"


def _importance(finding: Finding) -> tuple[bool, int]:
    severities: Sequence[str] = ("critical", "high", "medium", "low")
    return not _is_alert(finding), severities.index(finding.severity)


def _message(finding: Finding) -> str:
    """The finding in one line, with its remedy: GitHub shows this text and the rule's help, nothing else of ours."""
    said = sentence(line(finding.verdict.message, 1000))
    remedy = line(one_line(finding.verdict.remediation), 500)
    if not remedy or not _is_alert(finding):
        return said
    # A full stop would become part of the command that somebody copies.
    return f"{said} Fix: {sentence(f'`{remedy}`' if remedy.startswith('az ') else remedy)}"


def _physical(path: str, start: int, column: int) -> Node:
    return {
        "artifactLocation": {"uri": urllib.parse.quote(path.encode("utf-8", "replace")), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": start, "startColumn": column},
    }


def _logical(finding: Finding) -> Node:
    resource = finding.verdict.resource
    assert resource is not None
    return {
        "name": line(resource.name, 200),
        "fullyQualifiedName": line(resource.text, _MAX_VALUE),
        "kind": "resource",
    }


def _bounded(value: Any) -> Any:
    """The value, or the beginning of its text where it would swell the file past what dashboards take."""
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _MAX_VALUE else clip(text, _MAX_VALUE)
