"""Dates and names of secrets as Azure writes them, and what secrets a workload keeps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.estate import build_estate
from auditor.model import NotKnown
from auditor.snapshot import Snapshot
from auditor.workload.parts import workloads
from auditor.workload.secrets import (
    as_of,
    attribute,
    host_and_name,
    keys_kept,
    parse_moment,
)
from tests import worlds
from tests.builders.estates import doc, estate_of, need


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-06-24T14:27:11.2184731Z", datetime(2024, 6, 24, 14, 27, 11, 218473, UTC)),
        ("2024-06-24T14:27:11Z", datetime(2024, 6, 24, 14, 27, 11, tzinfo=UTC)),
        ("2024-06-24T14:27:11.5+02:00", datetime(2024, 6, 24, 12, 27, 11, 500000, UTC)),
        pytest.param("2024-06-24T14:27:11.2184731", datetime(2024, 6, 24, 14, 27, 11, 218473, UTC), id="no zone: UTC"),
        ("", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_moments_as_azure_writes_them(text: object, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


def test_a_snapshot_without_a_date_knows_no_ages() -> None:
    taken = worlds.snapshot()
    undated = Snapshot(documents=taken.documents, reads=taken.reads, subscriptions=taken.subscriptions)
    with pytest.raises(NotKnown, match="does not say when it was taken"):
        as_of(workloads(build_estate(undated))[0])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://KV.vault.azure.net/secrets/Cert", ("kv", "cert")),
        ("https://kv.vault.azure.net/secrets/cert/06eef0261be2", ("kv", "cert")),
        ("https://kv.vault.azure.net/keys/cert", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_vault_and_the_name_in_a_secrets_url(url: str, found: tuple[str, str]) -> None:
    assert host_and_name(url) == found


def test_a_certificate_is_no_key_whether_its_content_type_or_the_gateway_tells() -> None:
    documents = worlds.documents()
    names = {s.name for s in keys_kept(worlds.workload(documents))}
    del worlds.named(documents, "gateway-public-cert")["properties"]["contentType"]
    assert names == {s.name for s in keys_kept(worlds.workload(documents))} == {"apiKey", "openai-key", "chatApiKey"}


@pytest.mark.parametrize("value", [10**30, "soon", [1]])
def test_an_attribute_that_is_no_date_is_unknown(value: object) -> None:
    document = doc("Microsoft.KeyVault/vaults/secrets", "kv", "s", properties={"attributes": {"exp": value}})
    with pytest.raises(NotKnown, match=r"which is no date|not a number"):
        attribute(need(estate_of([document]), document["id"]), "exp")
