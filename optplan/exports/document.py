"""What an export is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from optplan.errors import BadInput, Fault


@dataclass(frozen=True, slots=True)
class Document:
    """One file for another tool. about: what it starts, in a line."""

    about: str
    text: str


class _Dumper(yaml.SafeDumper):
    """Several lines of shell as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(value: Any) -> str:
    """YAML with the keys in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=110)
    return text


def refuse(to: str, why: str, cure: str = "") -> BadInput:
    """That this plan cannot be exported so, why, and what can be done."""
    return BadInput(Fault("no-export", f"--to {to}", why, cure))
