"""`make proof-check`: certify the worlds and check the certificates; with `--mutants N` wrong ones too."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click

from auditor.cli import run
from auditor.snapshot import write_snapshot
from tests import worlds
from tests.proofs.checking import CHECKER, answers
from tests.proofs.mutate import mutants

WORLDS = ("reference-implementation", "compliant", "foundry-reference-implementation", "foundry-compliant")


def main() -> int:
    """0 where every certificate is accepted and every mutant refused."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("out/proofs"))
    options.add_argument("--mutants", type=int, default=0, help="so many wrong certificates, shared among the worlds")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for name in WORLDS:
        snapshot, proofs = asked.out / f"{name}.json", asked.out / f"{name}.proofs.json"
        write_snapshot(worlds.snapshot(name=name), snapshot)
        report = asked.out / f"{name}.result.json"
        run(["check", str(snapshot), "--quiet", "--format", "json", "-o", str(report), "--proofs", str(proofs)])
        click.echo(f"{name}: {proofs.stat().st_size:,} bytes of certificates")
        wrong += subprocess.run(["node", str(CHECKER), str(snapshot), str(proofs)], check=False).returncode
        wrong += _mutants(snapshot, proofs, asked.mutants // len(WORLDS), asked.seed)
    return 1 if wrong else 0


def _mutants(snapshot: Path, proofs: Path, count: int, seed: int) -> int:
    """How many wrong certificates the checker accepts."""
    if not count:
        return 0
    made = list(mutants(json.loads(proofs.read_text("ascii")), count, seed))
    told = answers(snapshot, (mutant for _, mutant in made))
    accepted = Counter(name for (name, _), said in zip(made, told, strict=True) if said == "accepted")
    click.echo(
        f"{count - accepted.total()} of {count} mutants refused" + "".join(f"\n  accepted: {n}" for n in accepted)
    )
    return accepted.total()


if __name__ == "__main__":
    sys.exit(main())
