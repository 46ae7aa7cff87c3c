"""Hosts in addresses of every form, and models by their names."""

from __future__ import annotations

import pytest

from auditor.model import Unknown
from auditor.workload.load_spreading import host_of
from auditor.workload.model_deployments import takes_chat
from tests.builders.estates import doc, estate_of, need


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://OAI.openai.azure.com/openai?x=1", "oai.openai.azure.com"),
        ("oai.openai.azure.com", "oai.openai.azure.com"),
        ("oai.openai.azure.com:443/path", "oai.openai.azure.com"),
        pytest.param("https://[x", "", id="no address at all"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_host_in_an_address(address: object, host: str) -> None:
    assert host_of(address) == host


@pytest.mark.parametrize(
    ("model", "capabilities", "answer"),
    [
        ("gpt-35-turbo", {}, True),
        ("gpt-35-turbo-0613.ft-3b1f", {}, True),
        ("GPT-4o", {}, True),
        pytest.param("gpt-35-turbo-instruct", {}, False, id="the longest beginning wins"),
        ("text-embedding-ada-002", {}, False),
        pytest.param("gpt-35-turbo", {"chatCompletion": "false"}, False, id="its own word counts most"),
        pytest.param("future-one", {"chatCompletion": "true"}, True, id="its own word, of a model nobody knows"),
        ("future-one", {}, None),
        ("", {}, None),
    ],
)
def test_which_deployments_take_chat(model: str, capabilities: dict[str, str], answer: bool | None) -> None:
    properties = {"model": {"name": model}, "capabilities": capabilities}
    document = doc("Microsoft.CognitiveServices/accounts/deployments", "oai", "d", properties=properties)
    found = takes_chat(need(estate_of([document]), document["id"]))
    assert found is answer if answer is not None else isinstance(found, Unknown)
