"""`auditor demo`: the whole way, from Azure's answers to the report, without an Azure."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from auditor.commands.options.audit import (
    AuditOptions,
    Terms,
    audit_options,
    audited,
    chained,
    control_option,
    pictured,
    terms_of,
    warn,
)
from auditor.commands.options.collection import progress_on, tell
from auditor.model import AuditResult, ExitCode
from auditor.picture.model import Picture
from auditor.snapshot import Snapshot

DEPLOYED_AT = {
    "reference-implementation": "2024-07-15T09:00:00Z",
    "foundry-reference-implementation": "2026-08-15T09:00:00Z",
}
"""When a deployment stood as it is served, where its world does not say so; its youngest resource is weeks older."""
WORLDS = ("reference-implementation", "compliant")
SERVED = {"openai-chat": "", "foundry-chat": "foundry-"}
"""The architectures whose deployments come with the program, and how the names of their worlds begin."""


@click.command()
@click.argument("architecture", type=click.Choice(tuple(SERVED)), default="openai-chat")
@click.option("--world", type=click.Choice(WORLDS), default=WORLDS[0], show_default=True, help="What is deployed.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write snapshot.json, result.json, result.sarif and report.html into this folder.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what passes too, with the evidence.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@audit_options
@control_option
def demo(
    architecture: str, world: str, out: Path | None, *, verbose: bool, quiet: bool, asked: AuditOptions
) -> ExitCode:
    """Audit a reference deployment of an ARCHITECTURE: serve it as Azure would, collect it, check it.

    \b
    auditor demo                          Microsoft's implementation of openai-chat, the article of 2024
    auditor demo foundry-chat             that of foundry-chat, the article of today
    auditor demo --world compliant        the same with everything put right that the article asks for

    A stand-in for Resource Manager and Entra ID runs on loopback, over TLS, for as long as this takes; the collection
    signs in there and reads it through Azure's own clients, as it would read a subscription. Nothing leaves the
    machine. Ends with 0 when the audit ran, whatever it found.
    """
    terms = terms_of(asked)
    named = f"{SERVED[architecture]}{world}"
    found = collected_from_standin(deployment(named), quiet)
    if tell(found, named) is not ExitCode.HOLDS:
        return ExitCode.BROKEN
    if out is not None:
        found = kept(found, out / "snapshot.json")
    result = chained(found, audited(found, terms), terms)
    code = reported(result, out, verbose, partial(pictured, found, result, terms), terms)
    warn(result, terms, quiet)
    return code


def deployment(world: str) -> Snapshot:
    """A deployment that comes with the program, as documents in Resource Manager's form."""
    from auditor.shipped import shipped

    held = json.loads((shipped("worlds") / f"{world}.json").read_text(encoding="utf-8"))
    return Snapshot(
        tuple(held["documents"]),
        (),
        collected_at=held.get("collectedAt") or DEPLOYED_AT[world],
        source="import",
        tenant=held["tenantId"],
        subscriptions=(held["subscriptionId"],),
    )


def collected_from_standin(served: Snapshot, quiet: bool) -> Snapshot:
    """Serve a snapshot on loopback and collect it from there, signing in as a service principal would.

    The result bears the time of what is served: it stands as it stood then, and its keys do not grow old because
    somebody looks at it later.
    """
    from auditor.collect import Target, collect
    from auditor.standin import StandIn

    with (
        StandIn(served) as standin,
        variables(standin.environment()),
        progress_on(sys.stderr, quiet) as watch,
    ):
        target = Target(subscriptions=served.subscriptions, cloud="public", arm_endpoint=standin.url)
        return replace(collect(target, watch), collected_at=served.collected_at)


def kept(found: Snapshot, path: Path) -> Snapshot:
    """Write a snapshot and read it back, so that findings can cite line and column."""
    from auditor.snapshot import read_snapshot, write_snapshot

    path.parent.mkdir(parents=True, exist_ok=True)
    write_snapshot(found, path)
    return read_snapshot(path)


def reported(
    result: AuditResult,
    out: Path | None,
    verbose: bool,
    picture: Callable[[], Picture] | None = None,
    terms: Terms | None = None,
) -> ExitCode:
    """Print the result, and write it as files where a folder is given. Only a crash of a rule counts here."""
    from auditor.commands.options.report import ReportOptions, Target, finish

    targets = [Target("terminal", None)]
    if out is not None:
        files = {"json": "result.json", "sarif": "result.sarif", "html": "report.html"}
        targets += [Target(name, out / file) for name, file in files.items()]
    options = ReportOptions(tuple(targets), verbose=verbose)
    if terms is not None:
        options = replace(options, controls=terms.controls, by_control=bool(terms.frameworks))
    code = finish(result, options, picture=picture)
    return code if code is ExitCode.BROKEN else ExitCode.HOLDS


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for as long as a `with` block lasts: azure-identity reads nothing else."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
