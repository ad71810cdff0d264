"""Writing a page: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from optplan.errors import BadInput, Fault

PLACE = "--output"


def check_writable(path: Path) -> None:
    """Raises BadInput for a path that cannot become the page, before any work is done."""
    target = path.resolve()
    if target.is_dir():
        hint = f"give the file a name, as in {path / 'report.html'}"
        raise BadInput(Fault("unwritable", PLACE, f"{path} is a directory", hint))
    if not target.parent.is_dir():
        raise BadInput(
            Fault("unwritable", PLACE, f"{path} cannot be written: there is no directory {path.parent}")
        )
    place = target if target.exists() and not target.is_file() else target.parent
    if not os.access(place, os.W_OK):
        raise BadInput(Fault("unwritable", PLACE, f"{path} cannot be written: {place} does not let you"))


def write(text: str, path: Path) -> None:
    """The text as a file; one that was there is replaced in one step, links stay links.

    Raises BadInput where the disk refuses.
    """
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")  # a pipe or device: nothing to replace
            return
        _replace(text, target)
    except OSError as error:
        reason = error.strerror or "not a usable path"
        raise BadInput(Fault("unwritable", PLACE, f"{path} cannot be written: {reason}")) from None


def _replace(text: str, target: Path) -> None:
    mode = target.stat().st_mode if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, mode & 0o777)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
