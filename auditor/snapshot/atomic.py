"""A file appears whole or not at all, and the one it replaces stays until then."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from auditor.model import AuditorError
from auditor.snapshot.text import printable

_OPEN_FILES = Path("/proc/self/fd")


def replace_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Write the chunks to a new file beside `path`, make them durable, then let it take the place of `path`.

    An interrupted run leaves the old file as it was and nothing half-written. The new file has the old one's mode: who
    could not read the one cannot read the other. A link is followed; a device or pipe (`/dev/stdout`) is written to as
    it is. Raises `AuditorError` where the system refuses.
    """
    try:
        target = _target(path)
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                stream.writelines(chunks)
        else:
            _replace(target, chunks)
    except OSError as problem:
        raise _refused(path, problem) from problem


def _target(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except ValueError as problem:
        raise OSError(0, str(problem)) from problem


def _replace(target: Path, chunks: Iterable[bytes]) -> None:
    temporary = target.with_name(f".auditor-{secrets.token_hex(8)}.tmp")
    try:
        _write(temporary, chunks, _rights_of(target))
        temporary.replace(target)
    except BaseException:
        # Ctrl-C included: whatever ended this, nothing half-written stays.
        temporary.unlink(missing_ok=True)
        raise
    _make_durable(target.parent)


def _rights_of(target: Path) -> int | None:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None


def _write(temporary: Path, chunks: Iterable[bytes], rights: int | None) -> None:
    """Write and sync the file; it gets its name last where the system can do that, so that no kill leaves it behind."""
    unnamed = _open_unnamed(temporary.parent)
    descriptor = _open_named(temporary) if unnamed is None else unnamed
    with os.fdopen(descriptor, "wb", buffering=1 << 20) as stream:
        if rights is not None and hasattr(os, "fchmod"):
            os.fchmod(descriptor, rights)
        stream.writelines(chunks)
        stream.flush()
        os.fsync(descriptor)
        if unnamed is not None:
            _name(descriptor, temporary)


def _name(descriptor: int, temporary: Path) -> None:
    folder = os.open(temporary.parent, os.O_PATH)
    try:
        # Only where folders are given does Python ask for the link to be followed (linkat, AT_SYMLINK_FOLLOW).
        os.link(_OPEN_FILES / str(descriptor), temporary.name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _open_named(temporary: Path) -> int:
    return os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)


def _open_unnamed(folder: Path) -> int | None:
    """A file without a name in this folder; `None` where the system or the file system does not know such files."""
    if not hasattr(os, "O_TMPFILE") or not _OPEN_FILES.exists():
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError:
        # Whatever is really wrong with the folder is told when the named file is opened.
        return None


def _make_durable(folder: Path) -> None:
    """The new name survives a power cut only once its folder is written.

    Windows cannot open folders, and a folder may be writable and not readable: then the system decides when.
    """
    if os.name == "posix" and os.access(folder, os.R_OK):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refused(path: Path, problem: OSError) -> AuditorError:
    name = printable(str(path))
    if isinstance(problem, FileNotFoundError):
        return AuditorError(f"{name}: cannot be written: its folder does not exist", "make it first")
    if isinstance(problem, IsADirectoryError):
        return AuditorError(f"{name}: cannot be written: it is a folder", "name a file in it")
    reason = problem.strerror or str(problem)
    return AuditorError(f"{name}: cannot be written: {reason}", "choose another place, or free this one")
