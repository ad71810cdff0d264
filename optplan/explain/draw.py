"""The graph as text that other programs draw: Graphviz DOT and Mermaid."""

from __future__ import annotations

from typing import Final

from optplan.explain.graph import Explanation, Node, shown

COLOURS: Final = {
    "total": "#f9d5a7",
    "requirement": "#f4b6b6",
    "limit": "#f4b6b6",
    "chosen": "#cfe8cf",
    "assumption": "#fff3b0",
    "fixed": "#fff3b0",
    "input": "#e6e6e6",
    "price": "#e6e6e6",
    "rate": "#e6e6e6",
}
PLAIN: Final = "#ffffff"


def dot(explanation: Explanation) -> str:
    """The graph in Graphviz' language: `optplan explain NEED --format dot | dot -Tsvg`."""
    lines = [
        "digraph plan {",
        "  rankdir=LR;",
        '  node [shape=box, style="filled,rounded", fontname="sans-serif"];',
    ]
    for node in explanation.nodes():
        label = "\\n".join(_dot_text(line) for line in _lines(node))
        tip = _dot_text(f"{node.source} [{node.status}]")
        colour = COLOURS.get(node.kind, PLAIN)
        lines.append(f'  "{_dot_text(node.id)}" [label="{label}", tooltip="{tip}", fillcolor="{colour}"];')
    lines += [f'  "{_dot_text(a)}" -> "{_dot_text(b)}";' for a, b in explanation.graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(explanation: Explanation) -> str:
    """The graph in Mermaid's language, as Markdown pages show it."""
    number = {node.id: f"n{i}" for i, node in enumerate(explanation.nodes())}
    lines = ["flowchart LR"]
    for node in explanation.nodes():
        label = "<br/>".join(_mermaid_text(line) for line in _lines(node))
        lines.append(f'  {number[node.id]}["{label}"]')
    lines += [f"  {number[a]} --> {number[b]}" for a, b in explanation.graph.edges]
    for kind, colour in COLOURS.items():
        members = [number[node.id] for node in explanation.nodes() if node.kind == kind]
        if members:
            lines += [f"  classDef {kind}_ fill:{colour}", f"  class {','.join(members)} {kind}_"]
    return "\n".join(lines) + "\n"


def _lines(node: Node) -> list[str]:
    lines = [node.label, f"{node.id} = {shown(node.value)} {node.unit}".removesuffix(" 1")]
    if node.formula:
        lines.append(f"= {node.formula}")
    if node.low is not None and node.high is not None:
        lines.append(f"{shown(node.low)} to {shown(node.high)}")
    return lines


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _mermaid_text(text: str) -> str:
    """Mermaid reads entities with # in place of &."""
    pairs = (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("\n", " "))
    for plain, safe in pairs:
        text = text.replace(plain, safe)
    return text
