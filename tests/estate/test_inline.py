"""The configuration of a site that its own document states."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.estate import Estate, build_estate
from auditor.model import ArmId, NotKnown, Read, Resource
from auditor.snapshot import Snapshot
from auditor.snapshot.model import FORETOLD
from tests.builders.snapshots import G, S

SITE = f"{G}/providers/Microsoft.Web/sites/app"
CONFIG = f"{SITE}/config/web"
TYPE = "microsoft.web/sites"


def site(**config: Any) -> dict[str, Any]:
    return {"id": SITE, "name": "app", "properties": {"siteConfig": config or None}}


def config(**properties: Any) -> dict[str, Any]:
    return {"id": CONFIG, "name": "web", "properties": properties}


def estate(*documents: dict[str, Any], planned: tuple[str, ...] = (), reads: tuple[Read, ...] = ()) -> Estate:
    foretold = tuple(Read(FORETOLD, "", 200, ArmId(id_).type, id_, 1) for id_ in planned)
    source = "what-if" if planned else "import"
    return build_estate(Snapshot(documents, (*foretold, *reads), source=source))


def of(found: Estate) -> Resource:
    parent = found.find(ArmId(SITE))
    assert parent is not None
    child = found.child(parent, "config", "web")
    assert child is not None
    return child


def test_a_plan_lies_over_what_runs_setting_by_setting() -> None:
    found = of(estate(site(minTlsVersion="1.0"), config(minTlsVersion="1.2", ftpsState="Disabled"), planned=(SITE,)))
    newer, older = (found.at("properties", key) for key in ("minTlsVersion", "ftpsState"))
    assert (newer.value, newer.place.document.text) == ("1.0", SITE)
    assert newer.place.pointer == "/properties/siteConfig/minTlsVersion"
    assert (older.value, older.place.document.text) == ("Disabled", CONFIG)


def test_what_a_plan_alone_does_not_state_is_unknown_until_deployed() -> None:
    found = of(estate(site(minTlsVersion="1.0"), planned=(SITE,)))
    assert found.get("properties", "minTlsVersion") == "1.0"
    with pytest.raises(NotKnown) as gap:
        found.get("properties", "ftpsState")
    assert gap.value.unknown.absent


def test_what_a_plan_deploys_as_a_configuration_comes_after_its_site() -> None:
    found = of(estate(site(minTlsVersion="1.0"), config(minTlsVersion="1.2"), planned=(SITE, CONFIG)))
    assert found.get("properties", "minTlsVersion") == "1.2"


def test_azures_own_configuration_wins_over_the_site() -> None:
    found = of(estate(site(minTlsVersion="1.0"), config(minTlsVersion="1.2")))
    assert found.get("properties", "minTlsVersion") == "1.2"


def test_an_export_that_shows_it_in_the_site_is_read_there() -> None:
    found = of(estate(site(minTlsVersion="1.0", ftpsState=None)))
    assert found.get("properties", "minTlsVersion") == "1.0"
    with pytest.raises(NotKnown, match=r"not in this snapshot"):
        found.get("properties", "ftpsState")


def test_a_read_that_failed_says_more() -> None:
    refused = Read(CONFIG, "", 403, f"{TYPE}/config", CONFIG, error="AuthorizationFailed")
    found = estate(site(minTlsVersion="1.0"), reads=(refused, Read("x", "", 200, "*", S)))
    parent = found.find(ArmId(SITE))
    assert parent is not None
    with pytest.raises(NotKnown, match="permission was refused"):
        found.child(parent, "config", "web")


def test_what_the_running_configuration_repeats_of_its_site_is_older_than_the_plan() -> None:
    """One switch that Azure shows twice: a plan that opens the site is not closed by what still runs."""
    for inside in ({}, {"minTlsVersion": "1.2"}):
        opened = site(**inside)
        opened["properties"]["publicNetworkAccess"] = "Enabled"
        runs = config(publicNetworkAccess="Disabled", ftpsState="Disabled")
        found = of(estate(opened, runs, planned=(SITE,))).at("properties", "publicNetworkAccess")
        assert (found.value, found.place.pointer) == ("Enabled", "/properties/publicNetworkAccess")
        assert of(estate(opened, runs)).get("properties", "publicNetworkAccess") == "Disabled"
    opened["properties"]["siteConfig"] = {"publicNetworkAccess": "Disabled"}
    stated = of(estate(opened, runs, planned=(SITE,))).at("properties", "publicNetworkAccess")
    assert (stated.value, stated.place.pointer) == ("Disabled", "/properties/siteConfig/publicNetworkAccess")
