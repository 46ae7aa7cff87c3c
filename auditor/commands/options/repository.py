"""Where the command runs: which repository, which pipeline. The only part of reporting that looks around."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from auditor.model import AuditorError, AuditResult
from auditor.report import AzureBuild, Repository
from auditor.shipped import shipped


def repository_of(result: AuditResult, anchor: Path | None = None, folder: Path | None = None) -> Repository:
    """Which files of the repository around `folder` (default: the current one) findings can be shown at.

    Raises `AuditorError` where the anchor lies outside: dashboards refuse a whole report for one such path.
    """
    root = root_of(folder or Path.cwd())
    snapshot = Path(result.snapshot.path) if result.snapshot.path else None
    return Repository(
        snapshot=(in_repository(snapshot, root) if snapshot is not None else None) or "",
        anchor=_anchor(anchor, root),
        baseline=_baseline(result.baseline.path, root),
    )


def root_of(folder: Path) -> Path:
    """The top of the working tree that a folder is in; the folder itself where it is in none."""
    here = folder.resolve()
    # `.git` is a file in a worktree or submodule.
    return next((place for place in (here, *here.parents) if (place / ".git").exists()), here)


def in_repository(path: Path, root: Path) -> str | None:
    """The path from the root, with slashes; `None` where the file is not below it. Links are followed."""
    real = path.resolve()
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else None


def _anchor(anchor: Path | None, root: Path) -> str:
    if anchor is None:
        return ""
    inside = in_repository(anchor, root)
    if inside is None:
        raise AuditorError(f"{anchor}: lies outside the repository {root}", "name a file that the repository has")
    return inside


def _baseline(path: str, root: Path) -> str:
    """The baseline as its repository knows it: the user's own, or the one this program is made in."""
    file = Path(path)
    home = shipped("baselines").resolve()
    if file.resolve().is_relative_to(home):
        return f"baselines/{file.name}"
    return in_repository(file, root) or f"baselines/{file.name}"


def azure_build(environment: Mapping[str, str]) -> AzureBuild | None:
    """The run of Azure Pipelines that an environment describes; `None` where it does not, or not wholly.

    Names and meanings as Microsoft's own SARIF tool reads them (github.com/microsoft/sarif-sdk, AdoPipelineContext).
    """

    def first(*names: str) -> str:
        return next((environment[name].strip() for name in names if environment.get(name, "").strip()), "")

    if first("TF_BUILD").casefold() not in ("true", "1"):
        return None
    build = AzureBuild(
        organization=_organization(first("SYSTEM_COLLECTIONURI")),
        project=_guid(first("SYSTEM_TEAMPROJECTID")),
        definition_id=first("BUILD_DEFINITIONID", "SYSTEM_DEFINITIONID"),
        definition_name=first("BUILD_DEFINITIONNAME"),
        phase_id=_guid(first("SYSTEM_PHASEID")) or _guid(first("SYSTEM_JOBID")),
        phase_name=first("SYSTEM_PHASENAME", "SYSTEM_JOBNAME"),
        branch=first("BUILD_SOURCEBRANCH"),
        build_id=first("BUILD_BUILDID"),
    )
    return build if all(vars(build).values()) else None


def _organization(uri: str) -> str:
    """`contoso` of `https://dev.azure.com/contoso/` and of `https://contoso.visualstudio.com/`."""
    parts = urlsplit(uri)
    host = (parts.hostname or "").casefold()
    if host in ("dev.azure.com", "vsrm.dev.azure.com"):
        return parts.path.strip("/").split("/")[0]
    return host.split(".")[0] if host.endswith(".visualstudio.com") else ""


def _guid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""
