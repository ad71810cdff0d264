"""The derivation as a tree: each quantity stands once, where it is nearest to the total."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Branch:
    """A node of the explanation in its place in the tree.

    index     of the node in the explanation's list
    first     this is the place where it can be found
    again     it stands elsewhere with what it is made of; here is only a reference
    """

    id: str
    index: int
    first: bool = True
    again: bool = False
    children: list[Branch] = field(default_factory=list)


def tree(explanation: dict[str, Any]) -> Branch:
    """The tree of an explanation's JSON from its root; children in the order of the edges."""
    index = {node["id"]: i for i, node in enumerate(explanation["nodes"])}
    below: dict[str, list[str]] = {}
    for parent, child in explanation["edges"]:
        below.setdefault(parent, []).append(child)
    root = Branch(explanation["root"], index[explanation["root"]])
    placed, waiting = {root.id}, deque([root])
    while waiting:
        branch = waiting.popleft()
        for child in below.get(branch.id, ()):
            again = child in placed
            grown = Branch(child, index[child], not again, again and bool(below.get(child)))
            branch.children.append(grown)
            if not again:
                placed.add(child)
                waiting.append(grown)
    return root
