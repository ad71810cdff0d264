"""Needs in files, for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from plans import BAD, CHAT, NONE, TUNE


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Paths of needs, by name; `two` holds two of them."""
    texts = {"tune": TUNE, "chat": CHAT, "none": NONE, "two": f"{TUNE}---{CHAT}", "bad": BAD}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return {name: str(tmp_path / f"{name}.yaml") for name in texts}
