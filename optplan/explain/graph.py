"""Nodes of the explanation and the graph they make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import networkx as nx

from optplan.errors import BadInput, Fault, nearest
from optplan.plan import Plan
from optplan.units import number


@dataclass(frozen=True, slots=True)
class Node:
    """One quantity of the graph.

    id            the quantity's name; "#2" behind it where it belongs to the second line of a plan
    formula       what it was computed by, in names; "" for what is given
    with_numbers  the same with the numbers in it
    status        exact, measured, fitted or assumed as its rule or row says; else given by the need, from
                  the catalog, chosen by the integer program, or fixed by the user
    kind          total, term, rule, requirement, limit, chosen, price, rate, input, assumption or fixed
    parameters    ids of the nodes that the formula reads, in order
    low, expected, high   of an assumption
    error         median error on the measurements that a fitted assumption was fitted on, as a fraction
    """

    id: str
    label: str
    value: float
    unit: str
    formula: str = ""
    with_numbers: str = ""
    source: str = ""
    status: str = ""
    kind: str = ""
    parameters: tuple[str, ...] = ()
    low: float | None = None
    expected: float | None = None
    high: float | None = None
    error: float | None = None

    @property
    def name(self) -> str:
        """The quantity's name, whatever line it belongs to."""
        return self.id.partition("#")[0]

    def json(self) -> dict[str, Any]:
        """All fields; a number that is not finite is null."""
        fields = asdict(self) | {"parameters": list(self.parameters)}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The graph of a plan, seen from one node. Node attribute `node` holds the Node."""

    plan: Plan
    graph: nx.DiGraph[str]
    root: str

    def node(self, name: str) -> Node:
        """The node of this id."""
        found: Node = self.graph.nodes[name]["node"]
        return found

    def children(self, name: str) -> list[str]:
        """Ids of what a node was computed from, in the order of its formula."""
        return list(self.graph.successors(name))

    def nodes(self) -> Iterator[Node]:
        """All nodes, each after those that read it."""
        for name in nx.topological_sort(self.graph):
            yield self.node(name)

    def error(self, name: str) -> float | None:
        """Median error of a fitted quantity: its own, else the largest of what it was computed from."""
        node = self.node(name)
        if node.status != "fitted" or node.error is not None:
            return node.error
        below = (self.node(n).error for n in nx.descendants(self.graph, name))
        return max((error for error in below if error is not None), default=None)

    def at(self, term: str) -> Explanation:
        """The part below one quantity, named by id or name. Raises BadInput with the nearest names."""
        names = [n for n in self.graph if n == term] or [n for n in self.graph if self.node(n).name == term]
        if not names:
            close = nearest(term, {self.node(n).name for n in self.graph})
            hint = (
                f"did you mean {', '.join(close)}?" if close else "see `optplan explain NEED --format json`"
            )
            raise BadInput(
                Fault("unknown-term", "--term", f"{term[:60]!r} is not in the graph of this plan", hint)
            )
        below = nx.descendants(self.graph, names[0]) | {names[0]}
        return Explanation(self.plan, nx.DiGraph(self.graph.subgraph(below)), names[0])

    def json(self) -> dict[str, Any]:
        """{root, nodes, edges}; an edge leads from a quantity to what it reads."""
        nodes = [node.json() for node in self.nodes()]
        return {
            "plan": self.plan.name,
            "root": self.root,
            "nodes": nodes,
            "edges": [list(e) for e in self.graph.edges],
        }


def shown(value: float) -> str:
    """A number inside a formula: no thousands commas, 6.74e9 for large ones."""
    if math.isfinite(value) and (abs(value) >= 1e7 or 0 < abs(value) < 1e-4):
        mantissa, _, exponent = f"{value:.4e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return number(value, 5).replace(",", "")
