"""Certificates beside the report: what somebody else needs to check the verdicts (docs/proofs.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.model import AuditResult

if TYPE_CHECKING:
    from auditor.commands.options.audit import Terms
    from auditor.proofs.write import Judged
    from auditor.snapshot import Snapshot

proofs_option: Callable[..., Callable[..., object]] = click.option(
    "--proofs",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a certificate for each verdict of the families NSG, SEG, NET, PL, PUB, RBAC, IDN, MVN, EGR and CF as"
    " JSON, for proof-checker/check.js to check.",
)


def write_proofs(path: Path, snapshot: Snapshot, result: AuditResult, terms: Terms) -> None:
    """Write the certificates of a result. Raises `AuditorError` where the file cannot be written."""
    from auditor.proofs.write import proofs_of
    from auditor.snapshot.atomic import replace_file

    made = proofs_of(result, snapshot, judged(snapshot, result, terms))
    text = json.dumps(made, separators=(",", ":"), ensure_ascii=True)
    replace_file(path, iter([text.encode("ascii"), b"\n"]))


def judged(snapshot: Snapshot, result: AuditResult, terms: Terms) -> Iterator[Judged]:
    """The workloads of a result, each with the baseline that it was judged by."""
    from auditor.baseline import read_baseline
    from auditor.proofs.write import Judged
    from auditor.workload.parts import workloads
    from auditor.workload.pins import pins_of

    estate = terms.estate(snapshot)
    names = dict.fromkeys(info.architecture for info in result.workloads)
    for name in names:
        baseline = terms.baseline if name in ("", terms.baseline.info.name) else read_baseline(name)
        anchors = {info.anchor for info in result.workloads if info.architecture == name}
        prefix = f"{name}/" if any(f.requirement.startswith(f"{name}/") for f in result.findings) else ""
        pins = pins_of(estate, terms.pins, baseline.architecture)
        for workload in workloads(estate, pins, baseline.architecture):
            if (workload.anchor.id.text if workload.anchor is not None else "") in anchors:
                yield Judged(workload, baseline, prefix)
