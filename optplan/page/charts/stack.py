"""Bars over months, stacked by what they are made of: cards by how they are had, money by what it is paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from optplan.page.charts import canvas
from optplan.page.charts.canvas import HAIR, INK, MUTED, Settle, Space
from optplan.page.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT: Final = (300, 280)
LOOKS: Final[tuple[tuple[str, str], ...]] = (
    ("#0072b2", ""),
    ("#e69f00", "////"),
    ("#009e73", "...."),
    ("#d55e00", "\\\\\\\\"),
    ("#56b4e9", "xxxx"),
    ("#cc79a7", "----"),
)
"""Fill and hatch of each layer: told apart by hatch where there is no colour. The page's keys are alike."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the bars: which look it has, and its value in each month."""

    look: int
    values: Sequence[float]


def stack_chart(layers: Sequence[Layer], title: str, name: str, alt: str, words: Words) -> Markup:
    """A bar for each month from 1 on. What is below zero hangs below the axis."""

    def draw(axes: Axes, space: Space, _: Settle) -> None:
        _draw(axes, space, layers, title, words)

    return canvas.figure(draw, name, alt, HEIGHT, words)


def _draw(axes: Axes, space: Space, layers: Sequence[Layer], title: str, words: Words) -> None:
    from matplotlib.ticker import MaxNLocator

    months = range(1, len(layers[0].values) + 1)
    up, down = ([0.0] * len(months) for _ in range(2))
    for layer in layers:
        bottoms = [up[i] if v >= 0 else down[i] for i, v in enumerate(layer.values)]
        axes.bar(months, list(layer.values), 0.86, bottom=bottoms, **_look(layer.look))
        for i, value in enumerate(layer.values):
            (up if value >= 0 else down)[i] += value
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.grid(axis="y", color=HAIR, linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0.4, len(months) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12 if space.wide else 6, integer=True))
    axes.set_xlabel(words.language.text("chart.month"))
    counts = all(float(value).is_integer() for layer in layers for value in layer.values)
    canvas.money_axis(axes.yaxis, words, whole=counts)
    axes.set_title(title, loc="left", fontsize=canvas.TEXT_PX, color=MUTED, pad=10)


def _look(number: int) -> dict[str, Any]:
    colour, hatch = LOOKS[number]
    if not hatch:
        return {"facecolor": colour, "edgecolor": colour, "linewidth": 0.6}
    return {"facecolor": "white", "edgecolor": colour, "hatch": hatch, "linewidth": 0.8}
