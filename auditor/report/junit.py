"""The result as JUnit XML: a suite a family, a test case for each requirement on each resource.

A fail that makes the check fail is a failure, a crash an error. A recommendation that is not followed is skipped, as is
what could not be decided, and says so: JUnit has no word for either.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from auditor.model import AuditResult, Finding, Outcome, WaiverUse
from auditor.report.context import Context, spot
from auditor.report.digest import Digest, remarks_of
from auditor.report.gate import counts
from auditor.text.sanitise import (
    OUTCOME_WORDS,
    accepted_by,
    clip,
    line,
    short_name,
    value_text,
    visible_lines,
)

_SKIPPED = (Outcome.UNKNOWN, Outcome.WAIVED, Outcome.MANUAL, Outcome.NOT_APPLICABLE)


def render(result: AuditResult, context: Context | None = None) -> str:
    """Suites in the order of the baseline; a requirement without a rule is a skipped case of its own."""
    wanted = context or Context()
    root = ET.Element("testsuites", name=f"auditor {line(result.baseline.name, 80)}")
    for family in Digest(result).families:
        ids = {r.id for r in result.requirements.values() if r.family == family.key}
        cases = [_case(f, result, wanted) for f in result.findings if f.requirement in ids]
        cases += [_without_rule(id_, result) for id_ in result.not_implemented if id_ in ids]
        if cases:
            _suite(root, line(family.title, 80), cases)
    notes = [_note(use) for use in result.waivers if use.problem]
    if notes:
        _suite(root, "waivers", notes)
    remarks = [_remark(number, note) for number, note in enumerate(remarks_of(result), 1)]
    if remarks:
        _suite(root, "notes", remarks)
    if result.missing:
        case = ET.Element("testcase", classname="auditor", name="an architecture to check", time="0")
        ET.SubElement(case, "failure" if wanted.fail_on != "never" else "skipped", message=Digest(result).headline)
        _suite(root, "auditor", [case])
    _count(root, [case for suite in root for case in suite])
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, name: str, cases: Sequence[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name)
    _count(suite, cases)
    suite.extend(cases)


def _count(element: ET.Element, cases: Sequence[ET.Element]) -> None:
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", "0")


def _case(finding: Finding, result: AuditResult, context: Context) -> ET.Element:
    verdict = finding.verdict
    at = spot(finding, result, context.repository)
    case = ET.Element("testcase", classname=finding.requirement, name=_name(finding), time="0")
    if at.path:
        case.set("file", line(at.path, 300))
        case.set("line", str(at.line))
    _properties(case, finding, context)
    kind = f"{finding.level} {finding.severity}"
    if counts(finding, context.fail_on):
        child = ET.SubElement(case, "failure", message=line(verdict.message), type=kind)
        child.text = _details(finding, result)
    elif finding.outcome is Outcome.ERROR:
        child = ET.SubElement(case, "error", message=line(verdict.message), type="auditor")
        child.text = _details(finding, result)
    elif finding.outcome is Outcome.FAIL:
        child = ET.SubElement(case, "skipped", message=f"fail, which does not count here: {line(verdict.message)}")
        child.text = _details(finding, result)
    elif finding.outcome in _SKIPPED:
        ET.SubElement(case, "skipped", message=f"{OUTCOME_WORDS[finding.outcome]}: {_why(finding)}")
    return case


def _properties(case: ET.Element, finding: Finding, context: Context) -> None:
    """The controls that the requirement supports: a property for each framework."""
    supported = context.controls.of(finding.requirement).controls
    if supported:
        properties = ET.SubElement(case, "properties")
        for framework, ids in supported.items():
            ET.SubElement(
                properties, "property", name=f"control:{line(framework, 80)}", value=line(", ".join(ids), 500)
            )


def _why(finding: Finding) -> str:
    why = finding.verdict.unknown
    needs = f"; needs {line(why.permission, 200)}" if why is not None and why.permission else ""
    whose = f"{accepted_by(finding)}; " if finding.waiver is not None else ""
    return f"{whose}{line(finding.verdict.message)}{needs}"


def _remark(number: int, note: str) -> ET.Element:
    """What is otherwise than the baseline says, such as an allowance: no test, so a case that is skipped."""
    case = ET.Element("testcase", classname="notes", name=f"note {number}", time="0")
    ET.SubElement(case, "skipped", message=f"note: {line(note, 1000)}")
    return case


def _note(use: WaiverUse) -> ET.Element:
    """A waiver that somebody must look after: it expired, or covers nothing, too much, or for too long."""
    name = f"waiver of {line(use.waiver.requirement, 80)} ({line(use.waiver.where, 200)})"
    case = ET.Element("testcase", classname="waivers", name=name, time="0")
    ET.SubElement(case, "skipped", message=f"note: {line(use.says, 1000)}")
    return case


def _name(finding: Finding) -> str:
    """Unique within the requirement, and the same from run to run: test views follow a case by its name."""
    verdict = finding.verdict
    name = line(short_name(verdict.resource), 200) if verdict.resource is not None else line(finding.workload, 200)
    aspect = f" [{line(verdict.aspect, 200)}]" if verdict.aspect else ""
    return f"{finding.requirement} {name or 'the workload'}{aspect}"


def _without_rule(id_: str, result: AuditResult) -> ET.Element:
    case = ET.Element("testcase", classname=id_, name=f"{id_} (no rule yet)", time="0")
    ET.SubElement(case, "skipped", message=f"no rule decides this yet: {line(result.requirements[id_].statement)}")
    return case


def _details(finding: Finding, result: AuditResult) -> str:
    verdict = finding.verdict
    said = [
        f"requirement: {line(result.requirements[finding.requirement].statement)}",
        f"resource: {line(verdict.resource.text, 1000) if verdict.resource is not None else '-'}",
    ]
    said += [
        f"evidence: {line(e.place.document.text, 1000)}#{line(e.place.pointer, 300)} = {value_text(e.value)}"
        for e in verdict.evidence
    ]
    if verdict.witness is not None:
        said.append(f"witness: {value_text(verdict.witness)}")
    if verdict.remediation:
        said.append(f"fix: {visible_lines(clip(verdict.remediation, 2000))}")
    return "\n".join(said)
