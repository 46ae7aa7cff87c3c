"""Nothing of an audit outlives it: a program that audits again and again stays small."""

import gc

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.estate import Estate
from tests.worlds import snapshot


def alive() -> int:
    gc.collect()
    return sum(isinstance(each, Estate) for each in gc.get_objects())


def test_an_estate_goes_with_its_audit() -> None:
    before = alive()
    result = audit(snapshot(name="compliant"), read_baseline("openai-chat"))
    assert result.findings
    del result
    assert alive() == before
