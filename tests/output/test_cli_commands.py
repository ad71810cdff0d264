"""Every command and option is documented, and none ends in a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from optplan.cli import run
from optplan.cli.app import build

Capture = pytest.CaptureFixture[str]


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command with the words that call it."""

    def walk(words: str, group: TyperGroup) -> Iterator[tuple[str, TyperCommand]]:
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                yield from walk(f"{words} {name}".strip(), command)
            elif isinstance(command, TyperCommand):
                yield f"{words} {name}".strip(), command

    root = get_command(build())
    assert isinstance(root, TyperGroup)
    yield from walk("", root)


def test_all_the_documented_commands_are_there() -> None:
    expected = {
        *("solve", "ask", "explain", "why-not", "compare", "what-if", "fit", "validate", "version"),
        *("batch", "export", "import", "report"),
        *("rules list", "rules show", "rules diff", "rules check"),
        *("catalog show", "catalog check", "catalog import", "models show"),
        *("schema need", "schema plan", "schema portfolio"),
    }
    assert {words for words, _ in commands()} == expected


def test_every_command_appears_in_the_help_of_its_group(capsys: Capture) -> None:
    for words, _ in commands():
        *group, name = words.split()
        assert run([*group, "--help"]) == 0
        assert f"  {name} " in capsys.readouterr().out


def test_every_option_has_help() -> None:
    for words, command in commands():
        assert command.help, words
        for parameter in command.params:
            assert getattr(parameter, "help", ""), f"{words}: {parameter.name}"


def test_every_command_ends_in_a_message_whatever_goes_wrong() -> None:
    for words, one in commands():
        function: Any = one.callback
        homes = []
        while function is not None:
            homes.append(Path(function.__code__.co_filename).name)
            function = getattr(function, "__wrapped__", None)
        assert "guard.py" in homes, words


def test_help_lines_are_at_most_80_wide(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words, _ in commands():
        assert run([*words.split(), "--help"]) == 0
        for line in capsys.readouterr().out.splitlines():
            assert len(line) <= 80, line
