"""Snippets parse: Bicep by the grammar that editors use, Terraform by somebody else's reader of HCL."""

from __future__ import annotations

from functools import cache

import hcl2
import pytest
import tree_sitter_bicep
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.causes.cause import Cause, causes_of
from auditor.causes.render import rendered
from auditor.model import ArmId
from auditor.model.change import create, set_to
from tests import worlds

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
SITE = ArmId(f"{GROUP}/providers/Microsoft.Web/sites/app")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3),
    max_leaves=6,
)


@cache
def causes() -> tuple[Cause, ...]:
    result = audit(worlds.snapshot(), read_baseline("openai-chat"))
    return tuple(cause for cause in causes_of(result) if cause.changes)


def faults(node: Node) -> list[str]:
    """What the grammar could not read."""
    if node.is_error or node.is_missing:
        return [(node.text or b"").decode()]
    return [fault for child in node.children for fault in faults(child)]


def bicep(text: str) -> list[str]:
    return faults(Parser(Language(tree_sitter_bicep.language())).parse(text.encode()).root_node)


@pytest.mark.parametrize("n", range(8))
def test_every_fix_of_the_reference_deployment_parses(n: int) -> None:
    for cause in causes()[n::8]:
        text = rendered(cause.changes, "bicep")
        assert not bicep(text), text
        hcl2.loads(rendered(cause.changes, "terraform") + "\n")


@settings(deadline=None, max_examples=30)
@given(VALUES)
@example("it's ${x} %{y} \\ \"q\" ''' */ //")
@example({"a-b": [{"": {}}, []]})
def test_whatever_the_value_is_it_stays_a_value(value: object) -> None:
    changes = [set_to(SITE, "properties/x", value), create(ArmId(f"{SITE.text}-2"), {"properties": {"y": value}})]
    text = rendered(changes, "bicep")
    assert not bicep(text), text
    found = hcl2.loads(rendered(changes, "terraform") + "\n")
    assert [next(iter(each)).strip('"') for each in found["resource"]] == ["azapi_update_resource", "azapi_resource"]


def test_the_readers_refuse_what_is_wrong() -> None:
    assert bicep("resource a 'x' = {")
    assert bicep("resource = }")
    with pytest.raises(Exception, match="token"):
        hcl2.loads("resource {{\n")
