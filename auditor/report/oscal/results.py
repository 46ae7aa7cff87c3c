"""An audit as OSCAL assessment results.

Every finding is an observation with its evidence and its subject, whatever its outcome. Each control that came out is a
finding with a target status; a control that could not be determined has observations and no finding. A fail is a risk;
where a waiver accepts it, one whose deviation is approved until a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditor.frameworks.rollup import ControlView, FrameworkView, Status, framework_views
from auditor.model import AuditResult, Finding, Outcome
from auditor.report.context import Context
from auditor.report.digest import missing_sentence
from auditor.report.json_ import json_text
from auditor.report.oscal.parts import (
    NIST,
    Node,
    control_id,
    metadata,
    moment,
    name,
    prop,
    prose,
    said,
    statement_id,
)
from auditor.text.sanitise import short_name, value_text

_BROKEN = (Outcome.FAIL, Outcome.WAIVED)
_MAX_EVIDENCE = 20


def render(result: AuditResult, context: Context | None = None) -> str:
    """One document with one result, for the frameworks that were asked for; SP 800-53 where none was."""
    made = _Results(result, context or Context())
    return json_text({"assessment-results": made.node}, indent=2, lossless=False) + "\n"


@dataclass(frozen=True)
class _Results:
    result: AuditResult
    context: Context

    @cached_property
    def views(self) -> tuple[FrameworkView, ...]:
        found = framework_views(self.result, self.context.controls)
        return found if self.context.by_control else tuple(view for view in found if view.framework.id == NIST)

    @cached_property
    def seed(self) -> str:
        """What tells this audit from another."""
        snapshot = self.result.snapshot
        return f"{self.result.baseline.name} {snapshot.sha256} {snapshot.collected_at}"

    @property
    def taken(self) -> str:
        return moment(self.result.snapshot.collected_at or self.context.as_of)

    @property
    def node(self) -> Node:
        baseline = self.result.baseline
        title = f"Audit against {baseline.name} {baseline.version}"
        return {
            "uuid": name("assessment-results", self.seed),
            "metadata": metadata(title, self.taken, baseline.version),
            "import-ap": {"href": f"#{name('plan', baseline.name, baseline.version)}"},
            "results": [self._result(title)],
            "back-matter": {"resources": [*self._resources()]},
        }

    def _resources(self) -> Iterator[Node]:
        baseline, snapshot = self.result.baseline, self.result.snapshot
        yield {
            "uuid": name("plan", baseline.name, baseline.version),
            "title": "What was assessed, and how",
            "description": said(
                f"Every requirement of the baseline {baseline.name} {baseline.version}, each decided by the rule that"
                f" the baseline names for it. Source: {baseline.source}"
            ),
        }
        yield {
            "uuid": self._snapshot,
            "title": "Snapshot",
            "description": said(
                f"The documents that the audit was made from: {snapshot.documents} of them, file"
                f" {snapshot.path or '(none)'}, SHA-256 {snapshot.sha256 or '(not sealed)'}"
            ),
        }

    @property
    def _snapshot(self) -> str:
        return name("snapshot", self.result.snapshot.sha256, self.result.snapshot.collected_at)

    def _result(self, title: str) -> Node:
        made: Node = {
            "uuid": name("result", self.seed),
            "title": said(title),
            "description": prose(" ".join(view.share for view in self.views) or "No framework was asked for."),
            "start": self.taken,
            "props": [
                prop("snapshot-sha256", self.result.snapshot.sha256),
                prop("snapshot-complete", str(self.result.snapshot.complete).lower()),
            ],
            "local-definitions": self._definitions(),
            "reviewed-controls": self._reviewed(),
        }
        lists = {
            "observations": [self._observation(finding) for finding in self.result.findings],
            "risks": [self._risk(finding) for finding in self.result.findings if finding.outcome in _BROKEN],
            "findings": [*self._findings()],
        }
        # OSCAL allows no empty list.
        made |= {key: found for key, found in lists.items() if found}
        notes = [*([missing_sentence(self.result)] if self.result.missing else []), *self.result.notes]
        return made | {"remarks": prose("\n\n".join(said(note) for note in notes), 20_000)} if notes else made

    def _definitions(self) -> Node:
        resources = {f.verdict.resource.key: f.verdict.resource for f in self.result.findings if f.verdict.resource}
        tool = {
            "uuid": _TOOL,
            "type": "software",
            "title": "auditor",
            "description": "Audits a snapshot of Azure's configuration against a reference architecture.",
            "status": {"state": "operational"},
        }
        workloads = sorted({finding.workload for finding in self.result.findings} or {""})
        made: Node = {
            "components": [
                {
                    "uuid": _workload(workload),
                    "type": "this-system",
                    "title": said(workload or "the workload", 200),
                    "description": said(f"A workload of the architecture {self.result.baseline.name}"),
                    "status": {"state": "operational"},
                }
                for workload in workloads
            ],
            "assessment-assets": {
                "components": [tool],
                "assessment-platforms": [{"uuid": name("platform"), "title": "auditor"}],
            },
        }
        items = [
            {
                "uuid": name("resource", id_.key),
                "description": said(short_name(id_), 300),
                "props": [prop("resource-id", id_.text), prop("resource-type", id_.type)],
            }
            for _, id_ in sorted(resources.items())
        ]
        return made | {"inventory-items": items} if items else made

    def _reviewed(self) -> Node:
        ids = [
            control_id(view.framework, control.id)
            for view in self.views
            for control in view.controls
            if control.status is not Status.NOT_COVERED
        ]
        if not ids:
            text = "Every requirement of the baseline; none of them is mapped to a control of a framework."
            return {"control-selections": [{"description": text, "include-all": {}}]}
        return {"control-selections": [{"include-controls": [{"control-id": id_} for id_ in dict.fromkeys(ids)]}]}

    @cached_property
    def _names(self) -> Mapping[int, str]:
        """By the identity of a finding: the UUID of its observation, the same in every audit of the same resource.

        Findings of one fingerprint in one workload are told apart by their order.
        """
        made: dict[int, str] = {}
        seen: Counter[tuple[str, str]] = Counter()
        for finding in self.result.findings:
            key = (finding.fingerprint, finding.workload)
            made[id(finding)] = name("observation", *key, str(seen[key]))
            seen[key] += 1
        return made

    def observation(self, finding: Finding) -> str:
        """The UUID of a finding's observation."""
        return self._names[id(finding)]

    def _observation(self, finding: Finding) -> Node:
        verdict = finding.verdict
        about = {"subject-uuid": _workload(finding.workload), "type": "component"}
        if verdict.resource is not None:
            about = {"subject-uuid": name("resource", verdict.resource.key), "type": "inventory-item"}
        made: Node = {
            "uuid": self.observation(finding),
            "title": said(f"{finding.requirement}: {self.result.requirements[finding.requirement].statement}", 300),
            "description": prose(verdict.message),
            "props": [*_props(finding)],
            "methods": ["EXAMINE" if finding.outcome is Outcome.MANUAL else "TEST"],
            "types": ["finding"],
            "origins": [_ORIGIN],
            "subjects": [about],
        }
        if evidence := [*self._evidence(finding)]:
            made["relevant-evidence"] = evidence
        made["collected"] = self.taken
        if verdict.unknown is not None:
            needs = f"; needs {verdict.unknown.permission}" if verdict.unknown.permission else ""
            made["remarks"] = prose(f"could not be determined: {verdict.unknown.because}{needs}")
        return made

    def _evidence(self, finding: Finding) -> Iterator[Node]:
        for evidence in finding.verdict.evidence[:_MAX_EVIDENCE]:
            place = evidence.place
            at = self.result.positions.get(place)
            props = [prop("resource-id", place.document.text), prop("pointer", place.pointer)]
            if at is not None:
                props += [prop("line", str(at[0])), prop("column", str(at[1]))]
            shown = said(f"{short_name(place.document)}{place.pointer} is {value_text(evidence.value)}", 1500)
            yield {"href": f"#{self._snapshot}", "description": shown, "props": props}
        if finding.verdict.witness is not None:
            yield {"description": said(f"witness: {value_text(finding.verdict.witness, 1500)}", 2000)}

    def _risk(self, finding: Finding) -> Node:
        verdict, requirement = finding.verdict, self.result.requirements[finding.requirement]
        made: Node = {
            "uuid": self.risk(finding),
            "title": said(f"{finding.requirement} is not met", 300),
            "description": prose(verdict.message),
            "statement": prose(f"The architecture asks: {requirement.statement}"),
            "props": [prop("severity", finding.severity), prop("level", finding.level)],
            "status": "open",
            "origins": [_ORIGIN],
        }
        if verdict.remediation:
            made["remediations"] = [
                {
                    "uuid": name("remediation", self.observation(finding)),
                    "lifecycle": "recommendation",
                    "title": "Fix",
                    "description": prose(verdict.remediation),
                }
            ]
        if finding.waiver is not None:
            waiver = finding.waiver
            made["status"] = "deviation-approved"
            made["deadline"] = f"{waiver.expires.isoformat()}T23:59:59+00:00"
            made["props"] += [prop("accepted-by", waiver.owner), prop("accepted-until", waiver.expires.isoformat())]
            made["risk-log"] = {
                "entries": [
                    {
                        "uuid": name("deviation", self.observation(finding)),
                        "title": "Accepted by a waiver",
                        "description": prose(waiver.reason),
                        "start": self.taken,
                        "status-change": "deviation-approved",
                    }
                ]
            }
        return made | {"related-observations": [{"observation-uuid": self.observation(finding)}]}

    def risk(self, finding: Finding) -> str:
        """The UUID of a fail's risk."""
        return name("risk", self.observation(finding))

    def _findings(self) -> Iterator[Node]:
        for view in self.views:
            for control in view.controls:
                if control.status in (Status.SATISFIED, Status.NOT_SATISFIED):
                    yield self._finding(view, control)

    def _finding(self, view: FrameworkView, control: ControlView) -> Node:
        holds = control.status is Status.SATISFIED
        broken = list(dict.fromkeys(f.requirement for f in control.findings if f.outcome in _BROKEN))
        text = f"Not met: {', '.join(broken)}." if broken else f"Met: {', '.join(control.requirements)}."
        status: Node = {"state": "satisfied" if holds else "not-satisfied", "reason": "pass" if holds else "fail"}
        decides = (Outcome.PASS,) if holds else _BROKEN
        made: Node = {
            "uuid": name("finding", self.seed, view.framework.id, control.id),
            "title": said(f"{view.framework.name} {control.id}: {control.title}", 300),
            "description": prose(f"{text} {_PROMISE}"),
            "origins": [_ORIGIN],
            "target": {
                "type": "statement-id",
                "target-id": statement_id(view.framework, control.id),
                "status": status,
            },
            "related-observations": [
                {"observation-uuid": self.observation(f)} for f in control.findings if f.outcome in decides
            ],
        }
        if control.accepted:
            made["target"]["status"]["remarks"] = "every fail is accepted by a waiver"
        risks = [{"risk-uuid": self.risk(f)} for f in control.findings if f.outcome in _BROKEN]
        return made | {"related-risks": risks} if risks else made


_PROMISE = "A requirement that holds supports a control; it does not show that the control is met as a whole."
_TOOL = name("component", "auditor")
_ORIGIN: Mapping[str, object] = {"actors": [{"type": "tool", "actor-uuid": _TOOL}]}


def _workload(workload: str) -> str:
    return name("workload", workload)


def _props(finding: Finding) -> Iterator[Node]:
    yield prop("requirement", finding.requirement)
    yield prop("outcome", finding.outcome.value)
    yield prop("level", finding.level)
    yield prop("severity", finding.severity)
    yield prop("fingerprint", finding.fingerprint)
    if finding.rule:
        yield prop("rule", finding.rule)
    if finding.verdict.aspect:
        yield prop("aspect", finding.verdict.aspect)
