"""Evaluation ends with a value, an unknown or a fault, whatever it is given, and with the same one each time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.arm import Fault, Scope, expand, value_of
from auditor.arm.evaluate import _SPECIAL
from auditor.arm.functions import FUNCTIONS
from tests.arm.test_vectors import plain

SCOPE = Scope(subscription="a1a1a1a1-1111-4111-8111-111111111111", group="rg", location="westeurope")
NAMES = sorted({*FUNCTIONS, *_SPECIAL, "reference", "listKeys", "newGuid", "utcNow", "other.name"})

leaves = st.one_of(
    st.integers(-3, 70).map(str),
    st.sampled_from(
        ["'a'", "''", "'10.0.0.0/24'", "'P1D'", "'{0}'", "'2024-01-01T00:00:00Z'", "'Microsoft.Web/sites'"]
    ),
    st.text(max_size=5).map(lambda text: "'" + text.replace("'", "''") + "'"),
    st.sampled_from(["parameters('p')", "lambdaVariables('x')", "true()", "null()", "reference('x').y", "copyIndex()"]),
)


def calls(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inside, max_size=4).map(", ".join)
    call = st.tuples(st.sampled_from(NAMES), arguments).map(lambda pair: f"{pair[0]}({pair[1]})")
    apply = inside.map(lambda body: f"lambda('x', {body})")
    return st.one_of(
        call,
        apply,
        st.tuples(call, inside).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        call.map(lambda each: f"{each}.a"),
    )


expressions = st.recursive(leaves, calls, max_leaves=12).map(lambda text: f"[{text}]")


def shown(expression: str) -> str:
    found = value_of(expression, {"p": {"a": [1, "b", None]}}, SCOPE)
    if isinstance(found, Fault):
        return repr(found)
    return "a function" if callable(found) else json.dumps(plain(found), default=str)


@settings(max_examples=100, deadline=None)
@given(expressions)
def test_an_expression_has_one_outcome(expression: str) -> None:
    assert shown(expression) == shown(expression)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="[]()'.,ab1 -{}/", max_size=30))
def test_a_text_has_one_outcome(text: str) -> None:
    assert shown(f"[{text}]") == shown(f"[{text}]")


@pytest.mark.fuzz
@settings(max_examples=3_000, deadline=None)
@given(expressions)
def test_every_expression_has_one_outcome(expression: str) -> None:
    assert shown(expression) == shown(expression)


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 900), expressions, st.text(max_size=6)),
    lambda inside: st.lists(inside, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "name", "properties", "copy", "count", "input", "resources", "condition", "scope", "template",
             "parameters", "value", "defaultValue", "templateLink", "outputs", "variables", "functions", "members",
             "namespace", "existing", "subscriptionId", "resourceGroup", "$ref", "definitions", "items"]
        ),
        inside,
        max_size=4,
    ),
    max_leaves=14,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("resources", "parameters", "variables", "outputs", "functions", "definitions"), documents
        ),
    )
)
def test_any_template_has_one_outcome(template: dict[str, object]) -> None:
    one, other = (expand(template, {}, SCOPE) for _ in range(2))
    assert repr(one.resources) == repr(other.resources)
    assert one.faults == other.faults
