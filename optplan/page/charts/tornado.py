"""Which assumption moves the total most: a bar for each, from its low to its high end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from optplan.page.charts import canvas
from optplan.page.charts.canvas import BLUE, HAIR, INK, MUTED, ORANGE, Settle, Space
from optplan.page.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_PX: Final = 46
FRAME_PX: Final = 62
THICK: Final = 0.36  # of a row
LOW: Final[dict[str, Any]] = {"color": BLUE}
HIGH: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": ORANGE, "hatch": "/////"}


def tornado_chart(tornado: dict[str, Any], labels: list[str], name: str, alt: str, words: Words) -> Markup:
    """The bars of a section's JSON; labels: what each assumption is called."""
    height = FRAME_PX + ROW_PX * len(tornado["bars"])

    def draw(axes: Axes, space: Space, _: Settle) -> None:
        _draw(axes, space, tornado, labels, words)

    return canvas.figure(draw, name, alt, (height, height), words)


def _draw(axes: Axes, space: Space, tornado: dict[str, Any], labels: list[str], words: Words) -> None:
    base, bars = tornado["base_cost"], tornado["bars"]
    for row, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        for end, style in (("low", LOW), ("high", HIGH)):
            cost = bar[f"cost_{end}"]
            if cost is not None:
                axes.barh(row, cost - base, THICK, left=base, linewidth=1.2, **style)
        axes.annotate(label, (0, row), (0, 11), xycoords=("axes fraction", "data"), fontsize=12.5,
                      textcoords="offset points", color=INK, va="bottom", zorder=5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    costs = [bar[f"cost_{end}"] for bar in bars for end in ("low", "high")]
    known = [cost for cost in costs if cost is not None] + [base]
    room = 0.14 if space.wide else 0.3
    span = (max(known) - min(known)) or abs(base) or 1.0
    axes.set_xlim(min(known) - room * span, max(known) + room * span)
    axes.set_ylim(len(bars) - 0.5, -0.85)
    axes.axvline(base, color=INK, linewidth=1)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.grid(axis="x", color=HAIR, linewidth=0.8)
    canvas.money_axis(axes.xaxis, words)
    axes.set_xlabel(words.language.text("chart.cost", unit=words.currency_name(words.currency)))
    for row, bar in enumerate(bars):
        _ends(axes, row, bar, base, words)


def _ends(axes: Axes, row: int, bar: dict[str, Any], base: float, words: Words) -> None:
    """The assumption's own value at each end of its bar; of two on one side, the nearer goes to the other."""
    costs = {end: base if bar[f"cost_{end}"] is None else bar[f"cost_{end}"] for end in ("low", "high")}
    lower, upper = sorted(costs, key=lambda end: (costs[end], end == "high"))
    for end, at in ((lower, min(costs[lower], base)), (upper, max(costs[upper], base))):
        text = words.figure(bar[end], 3)
        if bar[f"cost_{end}"] is None:
            text = words.language.text("tornado.no_plan", value=text)
        left = end == lower
        axes.annotate(text, (at, row), (-5 if left else 5, 0), textcoords="offset points", fontsize=11.5,
                      ha="right" if left else "left", va="center", color=MUTED)  # fmt: skip
