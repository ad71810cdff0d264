"""YAML text -> needs. Every fault at once, each with its place, the line, a reason and a cure.

read(Path("problems/chat.yaml"))  -> [Source(need, place, base), ..]
read_text(text, "chat.yaml")      -> the same, from text
read_all(Path("problems/all.yaml")) -> needs and portfolios, in the order of the file
dump(need)                        -> YAML that reads back as the same need
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from optplan.errors import BadInput, Fault
from optplan.need import AnyNeed
from optplan.problem.write import dump

if TYPE_CHECKING:
    from optplan.portfolio_need import Portfolio
    from optplan.problem.judge import Judge
    from optplan.problem.many import PortfolioJudge

__all__ = ["MAX_BYTES", "PortfolioSource", "Source", "dump", "read", "read_all", "read_text"]

MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """One need and where it was written.

    place  "chat.yaml#2" for the second document; without #n when it is the only one
    base   the folder that relative paths in it start from
    """

    need: AnyNeed
    place: str
    base: Path
    judge: Judge = field(repr=False, compare=False)

    def check_names(self, gpus: Callable[[str], object], model: Callable[[str], object]) -> None:
        """Look up every GPU and model that the need names.

        gpus and model raise BadInput for a name that they do not know. Errors: BadInput with the same
        faults, at their line and column.
        """
        faults: list[Fault] = []
        limits = self.need.limits
        for key, names in (
            ("gpus", limits.gpus or []),
            ("avoid_gpus", limits.avoid_gpus),
            ("quota", limits.quota),
        ):
            for index, name in enumerate(names):
                path = ("limits", key, name if key == "quota" else index)
                faults += self._looked_up(path, gpus, name)
        for index, row in enumerate(getattr(self.need, "capacity", None) or ()):
            faults += self._looked_up(("capacity", index, "gpu"), gpus, row.gpu)
        if isinstance(self.need.model, str) and not self.need.model.endswith(".json"):
            faults += self._looked_up(("model",), model, self.need.model)
        if faults:
            raise BadInput(faults)

    def _looked_up(
        self, path: tuple[str | int, ...], find: Callable[[str], object], name: str
    ) -> Iterable[Fault]:
        try:
            find(name)
        except BadInput as error:
            return [self.judge.fault(path, f.code, f.message, f.hint) for f in error.faults]
        return []


@dataclass(frozen=True, slots=True)
class PortfolioSource:
    """One portfolio and where it was written; place and base as those of a need's `Source`."""

    portfolio: Portfolio
    place: str
    base: Path
    judge: PortfolioJudge = field(repr=False, compare=False)


def read(path: Path) -> list[Source]:
    """The needs in a YAML file, in order.

    Errors: BadInput with every fault of the file: it is missing, a directory, over 1 MB (told by its
    size, before it is opened), not text, empty, not YAML, or not a need; a portfolio is told apart.
    """
    return _needs_only(read_all(path))


def read_all(path: Path) -> list[Source | PortfolioSource]:
    """The needs and portfolios in a YAML file, in order. Errors: as `read`, portfolios are welcome."""
    return read_all_text(_content(path), str(path), path.parent)


def _needs_only(found: list[Source | PortfolioSource]) -> list[Source]:
    faults = [
        source.judge.fault(
            (), "portfolio", "this is a portfolio, not one need", "`optplan solve FILE` plans it"
        )
        for source in found
        if isinstance(source, PortfolioSource)
    ]
    if faults:
        raise BadInput(faults)
    return [source for source in found if isinstance(source, Source)]


def _content(path: Path) -> str:
    """The text of a file. Errors: BadInput that says why it cannot be read."""
    name = str(path)
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise BadInput(Fault("directory", name, "this is a directory", "name a YAML file in it"))
        if not stat.S_ISREG(info.st_mode):
            raise BadInput(Fault("not-a-file", name, "this is not a regular file", "name a YAML file"))
        if info.st_size > MAX_BYTES:
            message = f"the file has {info.st_size / 1e6:,.1f} MB; a need may have {MAX_BYTES / 1e6:.0f} MB"
            raise BadInput(
                Fault("too-large", name, message, "is it the right file? Split many needs into several")
            )
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(Fault("missing-file", name, "there is no such file", _siblings(path))) from None
    except PermissionError:
        raise BadInput(
            Fault("unreadable", name, "the file may not be read", "check its permissions")
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise BadInput(Fault("unreadable", name[:200], f"the file cannot be read: {reason}")) from None
    return _decoded(content, name)


def read_text(text: str, name: str, base: Path = Path()) -> list[Source]:
    """The needs in a YAML text, in order; name stands for the file in faults.

    Errors: BadInput with every fault of every document.
    """
    return _needs_only(read_all_text(text, name, base))


def read_all_text(text: str, name: str, base: Path = Path()) -> list[Source | PortfolioSource]:
    """The needs and portfolios in a YAML text, in order. Errors: as `read_text`."""
    from optplan.problem.judge import Judge  # with the YAML reader: what only writes a need does without
    from optplan.problem.tree import documents, is_portfolio

    roots, shown, faults = documents(text.removeprefix("\ufeff"), name)
    roots = [root for root in roots if root.kind not in ("empty", "null")]
    if not roots and not faults:
        hint = "begin like `task: finetune` and `model: GLM-4-9B`"
        raise BadInput(Fault("empty", name, "there is no need in it", hint))
    found: list[Source | PortfolioSource] = []
    for index, root in enumerate(roots, start=1):
        place = f"{name}#{index}" if len(roots) > 1 else name
        try:
            if is_portfolio(root):
                from optplan.problem.many import PortfolioJudge  # its models are built for portfolios alone

                many = PortfolioJudge(root, shown)
                found.append(PortfolioSource(many.portfolio(), place, base, many))
            else:
                judge = Judge(root, shown)
                found.append(Source(judge.need(), place, base, judge))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return found


def _siblings(path: Path) -> str:
    """The YAML files beside a path that does not exist, if any."""
    from optplan.errors import nearest

    folder = path.parent
    names = sorted(p.name for p in folder.glob("*.yaml"))[:200] if folder.is_dir() else []
    close = nearest(path.name, names)
    if not close:
        return "name a YAML file that is there; a sentence goes to `optplan ask`, in quotes"
    return f"did you mean {' or '.join(str(folder / n) for n in close)}?"


def _decoded(content: bytes, name: str) -> str:
    """The text of a file. Errors: BadInput when it is binary or not UTF-8."""
    if b"\0" in content[:8192] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(Fault("binary", name, "this is a binary file, not YAML", "name a YAML file"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"the text is not UTF-8: byte {content[error.start]:#04x} in line {line}"
        raise BadInput(Fault("encoding", f"{name}:{line}", message, "save the file as UTF-8")) from None
