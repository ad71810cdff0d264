"""The explanation as a tree of text: every quantity once, sources numbered below."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from optplan.explain import Explanation, Node
from optplan.report import words
from optplan.report.console import grid, heading, table_console

DEPTH: Final = 5  # levels shown unless asked for more: a whole tree has hundreds of lines
WIDE: Final = 120  # columns from which on assumptions are listed with what they are
NARROWEST: Final = 24  # columns that are left for text, however deep the tree


def print_tree(explanation: Explanation, depth: int = DEPTH) -> None:
    """The graph from its root down; where it is cut, what lies underneath. depth: levels, 0 for all."""
    _Printer(explanation, depth).run()


class _Printer:
    def __init__(self, explanation: Explanation, depth: int) -> None:
        self.explanation, self.depth = explanation, depth
        self.console: Console = table_console()
        self.sources: dict[str, int] = {}
        self.done: set[str] = set()
        self.cut = False

    def run(self) -> None:
        self._branch(self.explanation.root, "", "", 1)
        if self.cut:
            self._assumptions()
            self._inputs()
        heading(self.console, "Sources")
        for source, number in self.sources.items():
            self._print(Text(f"[{number}] {source}", style="dim"), "", "    ")

    def _branch(self, name: str, first: str, rest: str, level: int) -> None:
        """A node and what it was computed from; a node already shown is named, not repeated."""
        node, children = self.explanation.node(name), self.explanation.children(name)
        if name in self.done:
            again = " (see above)" if children else ""
            self._print(Text(f"{name} = {self._value(node)}{again}", style="dim"), first, rest)
            return
        self.done.add(name)
        self._print(self._head(node), first, rest)
        guide = "│ " if children else "  "
        for formula in self._formulas(node):
            self._print(Text(f"= {formula}", style="cyan"), rest + guide, rest + guide + "  ")
        if self.depth and level > self.depth and children:
            self.cut = True
            below = f"... made of {len(children)} more: --term {node.name}, or --depth 0 for all"
            self._print(Text(below, style="dim"), f"{rest}└ ", f"{rest}  ")
            return
        for child in children:
            last = child == children[-1]
            self._branch(child, rest + ("└ " if last else "├ "), rest + ("  " if last else "│ "), level + 1)

    def _print(self, text: Text, first: str, rest: str) -> None:
        width = max(NARROWEST, self.console.width - len(rest))
        for i, line in enumerate(text.wrap(self.console, width)):
            line.rstrip()
            self.console.print(Text.assemble((first if i == 0 else rest, "dim"), line), soft_wrap=True)

    def _head(self, node: Node) -> Text:
        text = Text(f"{node.id} = {self._value(node)}", style="bold")
        text.append(f"  {node.label}{_ends(node)}", style="not bold")
        text.append(f"  {self._status(node)} [{self._number(node.source)}]", style="not bold dim")
        return text

    def _formulas(self, node: Node) -> list[str]:
        return list(dict.fromkeys(text for text in (node.formula, node.with_numbers) if text))

    def _value(self, node: Node) -> str:
        if node.kind == "requirement":
            return "holds" if node.value else "does not hold"
        return words.value(node.value, node.unit, self.explanation.plan.currency)

    def _status(self, node: Node, said: str = "median error") -> str:
        """How well a quantity is known; of a fitted one also the error on what it was fitted on."""
        error = self.explanation.error(node.id)
        return node.status if error is None else f"{node.status}, {said} {error:.1%}"

    def _number(self, source: str) -> int:
        return self.sources.setdefault(source, len(self.sources) + 1)

    def _assumptions(self) -> None:
        """A line for each assumption anywhere in the graph."""
        nodes = [node for node in self.explanation.nodes() if node.kind in ("assumption", "fixed")]
        if not nodes:
            return
        heading(self.console, "Assumptions underneath, any of which --set can change")
        rows = [
            [
                node.id,
                self._value(node),
                _ends(node)[2:],
                f"{self._status(node, 'off')} [{self._number(node.source)}]",
                node.label,
            ]
            for node in sorted(nodes, key=lambda node: node.id)
        ]
        columns = ["name", "value", "range", "from", "what it is"]
        drop = () if self.console.width >= WIDE else ("what it is",)
        self.console.print(grid(self.console, columns, rows, right=(1,), keep=(0, 2, 3), drop=drop))

    def _inputs(self) -> None:
        """What need, model, card, layout and offer give, by source; what is nothing is only counted."""
        groups: dict[tuple[str, str], list[Node]] = {}
        for node in self.explanation.nodes():
            if node.kind in ("input", "price", "rate") and not node.parameters:
                groups.setdefault((node.source, node.status), []).append(node)
        heading(self.console, "Given by need, model, card, layout and offer")
        for (source, status), nodes in groups.items():
            said = [f"{node.id} = {self._value(node)}" for node in nodes if node.value]
            zeros = len(nodes) - len(said)
            said += [f"{zeros} more that {'is' if zeros == 1 else 'are'} 0"] if zeros else []
            text = Text(f"{status} [{self._number(source)}]: ", style="dim")
            self._print(text + Text("; ".join(said)), "- ", "  ")


def _ends(node: Node) -> str:
    """The low and high end of an assumption."""
    if node.low is None or node.high is None or node.low == node.high:
        return ""
    return f", {words.figure(node.low)} to {words.figure(node.high)}"
