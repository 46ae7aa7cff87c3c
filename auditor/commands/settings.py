"""`auditor settings`: have a settings file checked, or print its form for an editor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.commands.options.audit import AuditOptions, terms_of
from auditor.commands.options.output import (
    output_option,
    page_options,
    page_width,
    wrapped,
    write_json,
    write_page,
)
from auditor.model import ExitCode
from auditor.text.sanitise import counted, joined, line


@click.group()
def settings() -> None:
    """Check a settings file, or print the JSON schema by which an editor completes and checks it."""


@settings.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@page_options
def validate(file: Path, format: str, output: Path | None) -> ExitCode:
    """Check a settings FILE and the files that it names; name every mistake with its line and column."""
    from auditor.baseline import BaselineError

    try:
        said = list(_contents(file))
    except BaselineError as problem:
        if format == "text":
            raise
        write_json({"format": "auditor-settings-check/1", "valid": False, "mistakes": problem.mistakes}, output)
        return ExitCode.USAGE
    if format == "json":
        write_json({"format": "auditor-settings-check/1", "valid": True, "mistakes": [], "settings": said}, output)
    else:
        write_page((row for each in (f"{line(str(file))}: no mistakes", *said) for row in _rows(each, output)), output)
    return ExitCode.HOLDS


def _contents(file: Path) -> Iterator[str]:
    """What the file comes to, in sentences."""
    terms = terms_of(AuditOptions(settings=file))
    assert terms.settings is not None
    yield f"baseline {line(terms.baseline.info.name)}, {counted(len(terms.baseline.requirements), 'requirement')}"
    pinned = dict.fromkeys(f"{'subnet ' if pin.subnet else ''}{pin.part}" for pin in terms.settings.pins)
    if pinned:
        yield f"pins {joined(list(pinned))}"
    yield from (line(remark) for remark in (*terms.baseline.remarks, *terms.remarks))
    if terms.waivers:
        yield f"{counted(len(terms.waivers), 'waiver')} in {line(str(terms.settings.waivers))}"


def _rows(sentence: str, output: Path | None) -> Iterator[str]:
    yield from wrapped(sentence, page_width(output))


@settings.command()
@output_option
def schema(output: Path | None) -> None:
    """Print the JSON schema of settings files.

    Name it in the first line of the file, and editors with a YAML language server complete and check what you write:

    \b
    # yaml-language-server: $schema=auditor.schema.json
    """
    from auditor.settings.schema import schema_text

    text = schema_text()
    if output is None:
        click.echo(text, nl=False)
        return
    from auditor.snapshot.atomic import replace_file

    replace_file(output, (text.encode("utf-8"),))
