"""What a run is of, beside its output: `OUT.run.json` says from which inputs, catalog and settings OUT comes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

from optplan.batch.inputs import Inputs
from optplan.batch.work import Settings
from optplan.catalog.schema import DATA
from optplan.errors import BadInput, Fault

MOST_LISTED: Final = 1000  # files; of more, only the fingerprint of all is kept
State = Literal["running", "assembling", "complete"]


@dataclass(slots=True)
class Journal:
    """The content of OUT.run.json.

    identity  inputs, catalog, settings, version: what must be the same to go on
    today     the day from which the age of prices counts, of the first start
    counts    rows by status, once all are there
    """

    path: Path
    identity: dict[str, Any]
    today: date
    state: State = "running"
    counts: dict[str, int] = field(default_factory=dict)

    def save(self) -> None:
        """Write it, whole or not at all."""
        content = {
            "state": self.state,
            "today": self.today.isoformat(),
            "rows": self.counts,
            **self.identity,
        }
        new = self.path.with_name(self.path.name + ".new")
        new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(new, self.path)

    def check(self, identity: Mapping[str, Any]) -> None:
        """Raises BadInput that names what is no longer as it was when the run began."""
        changes = [_change(name, self.identity.get(name), now) for name, now in identity.items()]
        changed = [text for text in changes if text]
        if changed:
            hint = "--overwrite begins again, and replaces the output when the new one is complete"
            message = f"this run cannot be taken up again: {'; '.join(changed)}"
            raise BadInput(Fault("changed", str(self.path), message, hint))


def journal_path(out: Path) -> Path:
    """Where the journal of an output is."""
    return out.with_name(out.name + ".run.json")


def load(out: Path) -> Journal | None:
    """The journal of an output, None where there is none. Raises BadInput for one that cannot be read."""
    path = journal_path(out)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        identity = {name: content[name] for name in ("version", "inputs", "catalog", "settings")}
        today = date.fromisoformat(content["today"])
        return Journal(path, identity, today, content["state"], content["rows"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"is no journal of a batch: {type(error).__name__}"
        raise BadInput(Fault("journal", str(path), message, "--overwrite begins again")) from None


def identity_of(inputs: Inputs, settings: Settings, catalogs: Iterable[str], out: Path) -> dict[str, Any]:
    """What the rows of a run rest on; equal identity, equal rows."""
    listed = [[file.name, file.size, file.digest] for file in inputs.files]
    if len(listed) > MOST_LISTED:
        text = json.dumps(listed).encode()
        listed = [[f"{len(listed):,} files", inputs.size, hashlib.sha256(text).hexdigest()]]
    own = settings.rules if settings.rules and settings.rules.endswith(".py") else None
    return {
        "version": version("optplan"),
        "inputs": listed,
        "catalog": _digest([DATA, *map(Path, catalogs)]),
        "settings": {
            "rules": settings.rules,
            "rules_sha256": hashlib.sha256(Path(own).read_bytes()).hexdigest() if own else None,
            "confidence": settings.confidence,
            "set": {**settings.fixed, **settings.times},
            "detail": settings.detail,
            "output": out.suffix.lower(),
        },
    }


def _digest(directories: Iterable[Path]) -> str:
    """SHA-256 of all tables of the catalog, in the order in which they are laid over each other."""
    digest = hashlib.sha256()
    for directory in directories:
        for path in sorted(directory.glob("*.csv")):
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _change(name: str, then: Any, now: Any) -> str:
    """What differs, in words; "" where nothing does."""
    if then == now:
        return ""
    if name == "inputs":
        before = {row[0]: row[1:] for row in then}
        after = {row[0]: row[1:] for row in now}
        parts = {
            "changed": [n for n in after if n in before and before[n] != after[n]],
            "new": [n for n in after if n not in before],
            "gone": [n for n in before if n not in after],
        }
        words = [f"{what} input {', '.join(names[:3])}" for what, names in parts.items() if names]
        return " and ".join(words) or "the inputs come in another order"
    if name == "settings":
        names = [key for key in now if then.get(key) != now[key]]
        return f"other settings ({', '.join(names)})"
    if name == "version":
        return f"it was begun by version {then}"
    return f"the {name} has changed"
