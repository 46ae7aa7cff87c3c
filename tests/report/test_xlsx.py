"""The workbook, read back by another library than the one that wrote it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from auditor.model import AuditorError, AuditResult
from auditor.report import Context
from auditor.report.csv_ import COLUMNS
from auditor.report.xlsx import render
from tests.builders.reporting_examples import CLEAN, CONTROLS, EVIL, NOTHING, RICH, hostile, many

ALL = Context(controls=CONTROLS)
pytestmark = pytest.mark.filterwarnings("ignore")


def book(result: AuditResult = RICH, context: Context = ALL) -> Any:
    return load_workbook(io.BytesIO(render(result, context)))


def rows(sheet: Any) -> list[dict[str, Any]]:
    head, *body = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


def test_it_begins_with_the_verdict_and_then_the_plan() -> None:
    found = book()
    assert found.sheetnames == ["Summary", "Action plan", "Findings", "Unknown", "Frameworks", "Controls"]
    summary = dict(found["Summary"].iter_rows(values_only=True))
    assert summary["Verdict"] == "ERROR"
    assert "2 requirements are not met" in summary["In one sentence"]
    assert summary["Findings: fail"] == "3"


def test_the_plan_has_a_row_for_what_fails_worst_first_and_room_for_who_and_when() -> None:
    sheet = book()["Action plan"]
    plan = rows(sheet)
    assert [(row["no"], row["requirement"], row["severity"]) for row in plan] == [
        (1, "PUB-07", "critical"), (2, "NSG-JMP-IN", "high"), (3, "REL-03", "low"),
    ]  # fmt: skip
    assert plan[0]["where"] == "stchatui"
    assert plan[0]["fix"].startswith("az storage account update --name stchatui")
    assert "nist-800-53-r5: AC-3, AC-4" in plan[0]["controls"]
    assert (plan[0]["owner"], plan[0]["due"], plan[0]["state"]) == (None, None, "open")
    assert plan[2]["demand"] == "recommended"
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == '"open,in work,done,accepted"'


def test_findings_have_the_columns_of_the_csv_and_a_filter() -> None:
    sheet = book()["Findings"]
    found = rows(sheet)
    assert list(found[0])[: len(COLUMNS)] == list(COLUMNS)
    assert len(found) == len(RICH.findings)
    assert found[2]["soc-2"] == "CC6.1, CC6.6"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.freeze_panes == "C2"


def test_what_is_unknown_names_what_would_settle_it() -> None:
    (gap,) = rows(book()["Unknown"])
    assert (gap["permission"], gap["findings"], gap["requirements"]) == ("Microsoft.Web/sites/read", 1, "PUB-08")


def test_frameworks_and_controls_are_summed_up() -> None:
    found = book()
    nist = next(row for row in rows(found["Frameworks"]) if row["framework"] == "nist-800-53-r5")
    assert nist["not satisfied"] > 0
    assert nist["share"].startswith("This audit can speak about")
    control = next(r for r in rows(found["Controls"]) if (r["framework"], r["control"]) == ("soc-2", "CC6.1"))
    assert (control["status"], control["not met"]) == ("not satisfied", "PUB-07, NSG-JMP-IN")


def test_the_same_result_gives_the_same_bytes() -> None:
    assert render(RICH, ALL) == render(RICH, ALL)


@pytest.mark.parametrize("evil", EVIL)
def test_no_cell_is_a_formula_or_a_link(evil: str) -> None:
    for sheet in book(hostile(evil)):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), cell.coordinate
                assert cell.hyperlink is None
                assert not isinstance(cell.value, str) or len(cell.value) <= 32_767


@pytest.mark.parametrize("result", [CLEAN, NOTHING, many(500)])
def test_whatever_the_result_it_opens(result: AuditResult) -> None:
    found = book(result, Context())
    assert len(rows(found["Findings"])) == len(result.findings)
    assert "Frameworks" not in found.sheetnames


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(AuditorError) as raised:
        render(RICH)
    assert raised.value.tip == "pip install 'azure-chat-auditor[xlsx]'"


def test_a_workbook_is_written_to_its_file(tmp_path: Path) -> None:
    from auditor.commands.options.report import Target, write_report

    write_report(Target("xlsx", tmp_path / "r.xlsx"), render(RICH))
    assert load_workbook(tmp_path / "r.xlsx").sheetnames[0] == "Summary"
