"""The picture of a plan: what Azure writes only once it is deployed leaves a gap, and no hole in the picture."""

from __future__ import annotations

import pytest

from auditor.audit.audit import audit
from auditor.baseline import read_baseline
from auditor.cli import run
from auditor.model import ExitCode
from auditor.picture.build.picture import picture
from auditor.picture.model import Picture, State
from auditor.snapshot import read_snapshot
from tests.goldens import FOLDER, ROOT

EXAMPLES = ROOT / FOLDER


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The picture of the example's template, whose public address has no number yet."""
    kept = tmp_path_factory.mktemp("plan") / "s.json"
    given = [
        "--parameters",
        str(EXAMPLES / "open.parameters.json"),
        "--subscription",
        "0" * 8 + "-0000-0000-0000-" + "0" * 12,
    ]
    where = ["--resource-group", "rg-example", "--location", "westeurope", "--complete", "-o", str(kept)]
    assert run(["import", str(EXAMPLES / "main.json"), *given, *where]) == ExitCode.HOLDS
    snapshot, baseline = read_snapshot(kept), read_baseline(EXAMPLES / "example.yaml")
    return picture(snapshot, audit(snapshot, baseline), architectures=[baseline.architecture])


def test_an_address_without_a_number_is_drawn(planned: Picture) -> None:
    assert [(item.name, item.note) for item in planned.addresses] == [("pip-jump", "")]
    assert [network.item.name for network in planned.networks] == ["vnet-example"]


def test_what_the_internet_reaches_is_still_known(planned: Picture) -> None:
    names = {item.key: item.name for item in planned.items()}
    links = {(names[x.source], names[x.target]): x.state for x in planned.links}
    assert links["Internet", "stexample"] is State.OPEN
    assert links["Internet", "pip-jump"] is State.UNKNOWN


def test_only_a_workspace_has_a_managed_network(planned: Picture) -> None:
    assert planned.managed == ()
