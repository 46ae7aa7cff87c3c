"""The scripts that gather with az: run against the stand-in, they bring what a collection brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli import run
from auditor.commands.gathering import ordered_rows, parents_of, powershell_script
from auditor.facts import load
from auditor.model import ArmId, ExitCode
from auditor.snapshot import Snapshot, read_snapshot
from tests import collecting
from tests.faulty import Fault, FaultyStandIn, Kind

AZ = f"""#!{sys.executable} -SE
import json, os, ssl, sys, urllib.error, urllib.request
arguments = sys.argv[1:]
with open(os.environ["ASKED"], "a") as asked:
    asked.write(" ".join(arguments) + "\\n")
url = arguments[arguments.index("--url") + 1]
request = urllib.request.Request(url, headers={{"Authorization": "Bearer " + os.environ["TOKEN"]}})
context = ssl.create_default_context(cafile=os.environ["CA"])
try:
    with urllib.request.urlopen(request, context=context) as answer:
        print(json.dumps(json.load(answer), indent=2))
except urllib.error.HTTPError as problem:
    sys.exit("ERROR: " + problem.read().decode())
"""


def gathered(folder: Path, standin: FaultyStandIn) -> int:
    """Run the printed script with an az that asks the stand-in; its exit code."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "az").write_text(AZ)
    (bin_ / "az").chmod(0o755)
    assert run(["permissions", "--format", "sh", "-o", str(folder / "gather.sh")]) == ExitCode.HOLDS
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "SUBSCRIPTION": collecting.small().subscriptions[0],
        "ARM": f"{standin.url}/",
        "TOKEN": standin.authority.grant(),
        "CA": standin.ca_file,
        "ASKED": str(folder / "asked.txt"),
    }
    command = ["sh", str(folder / "gather.sh"), str(folder / "export")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert "syntax" not in done.stderr
    return done.returncode


def imported(folder: Path) -> Snapshot:
    assert run(["import", str(folder / "export"), "--complete", "-o", str(folder / "s.json")]) == ExitCode.HOLDS
    return read_snapshot(folder / "s.json")


@pytest.mark.slow
def test_the_script_brings_what_a_collection_brings_in_pages_and_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    with collecting.serving(collecting.small(), page_size=2) as standin:
        whole = collecting.taken(standin)
        assert gathered(tmp_path, standin) == 0
        asked = (tmp_path / "asked.txt").read_text().count("\n")
        assert asked > 100
        assert gathered(tmp_path, standin) == 0
        assert (tmp_path / "asked.txt").read_text().count("\n") == asked
    tags = "microsoft.network/servicetags"
    found = imported(tmp_path)
    assert {ArmId(d["id"]) for d in found.documents if ArmId(d["id"]).type != tags} == {
        ArmId(d["id"]) for d in whole.documents if ArmId(d["id"]).type != tags
    }


@pytest.mark.slow
def test_what_could_not_be_read_is_said_and_asked_again(tmp_path: Path) -> None:
    with collecting.serving(collecting.small(), [Fault("/vaults$", Kind.FORBIDDEN, times=1)]) as standin:
        assert gathered(tmp_path, standin) == 3
        assert "vaults" in (tmp_path / "export" / "failed.txt").read_text()
        assert gathered(tmp_path, standin) == 0
    assert any(ArmId(d["id"]).type == "microsoft.keyvault/vaults" for d in imported(tmp_path).documents)


def test_every_row_comes_after_those_that_list_its_parents() -> None:
    listed: set[str] = set()
    for row in ordered_rows():
        own = row["type"].casefold()
        needed = {row["listed_by"].casefold()} if row.get("listed_by") else set(parents_of(row))
        assert needed <= listed, own
        listed.add(own)


def test_powershell_asks_for_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    script = powershell_script()
    for row in ordered_rows():
        assert f"'{row['type']}' \"$Arm" in script
        assert f"api-version={row['api_version']}" in script
    assert script.count("{") == script.count("}")
    assert all(code in script for code in load("arm-reads")["absent"])
    assert run(["permissions", "--format", "powershell"]) == ExitCode.HOLDS
    assert capsys.readouterr().out.strip() == script.strip()
