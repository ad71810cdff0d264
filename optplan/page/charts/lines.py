"""Money paid by month, a line for each way of having the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from optplan.page.charts import canvas
from optplan.page.charts.canvas import BLUE, GREEN, HAIR, INK, MUTED, ORANGE, PURPLE, VERMILION, Settle, Space
from optplan.page.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT: Final = (360, 330)
APART_PX: Final = 17.0  # between two labels
NAME_SHARE: Final = {True: 0.14, False: 0.3}  # of the width, for the names at the right
LOOKS: Final[dict[str, tuple[str, Any, str]]] = {
    "rent": (BLUE, "-", "o"),
    "reserved": (GREEN, (0, (6, 2)), "s"),
    "spot": (ORANGE, (0, (1.5, 1.5)), "^"),
    "buy": (VERMILION, (0, (7, 2, 1.5, 2)), "D"),
    "api": (PURPLE, (0, (10, 3)), "v"),
}
"""Colour, dashes and marker of each way: any one of them tells the ways apart."""


def lines_chart(ways: list[dict[str, Any]], name: str, alt: str, words: Words) -> Markup:
    """The cumulative payments of each way that has a plan; its name stands at the end of its line."""

    def draw(axes: Axes, space: Space, settle: Settle) -> None:
        for way in ways:
            _line(axes, way)
        _frame(axes, space, ways, words)
        settle()
        _names(axes, [(way["way"], len(way["cumulative"]) - 1, way["cumulative"][-1]) for way in ways], words)

    return canvas.figure(draw, name, alt, HEIGHT, words)


def _line(axes: Axes, way: dict[str, Any]) -> None:
    colour, dashes, marker = LOOKS[way["way"]]
    paid = way["cumulative"]
    axes.plot(range(len(paid)), paid, color=colour, linestyle=dashes, linewidth=2, marker=marker, markersize=6,
              markerfacecolor="white", markeredgewidth=1.5, markevery=max(1, len(paid) // 6), zorder=3,
              gid=f"way-{way['way']}")  # fmt: skip


def _frame(axes: Axes, space: Space, ways: list[dict[str, Any]], words: Words) -> None:
    from matplotlib.ticker import MaxNLocator

    last = max(len(way["cumulative"]) for way in ways) - 1
    most = max(max(way["cumulative"]) for way in ways)
    axes.set_xlim(0, last / (1 - NAME_SHARE[space.wide]))
    axes.set_ylim(min(0.0, *(min(way["cumulative"]) for way in ways)), 1.06 * most or 1.0)
    axes.grid(axis="y", color=HAIR, linewidth=0.8)
    steps = [1, 1.5, 2, 3, 6, 10] if last <= 60 else None
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8 if space.wide else 5, integer=True, steps=steps))
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= last])
    canvas.money_axis(axes.yaxis, words)
    axes.set_xlabel(words.language.text("chart.end_of_month"))
    title = words.language.text("chart.paid_until", unit=words.currency_name(words.currency))
    axes.set_title(title, loc="left", fontsize=canvas.TEXT_PX, color=MUTED, pad=10)


def volume_chart(report: dict[str, Any], name: str, alt: str, words: Words) -> Markup:
    """The present value of each way at each volume that was solved, and where the need stands."""
    known = [way["way"] for way in report["ways"] if way.get("npv") is not None]
    curves = {way: [(p["value"], p["npv"].get(way)) for p in report["points"]] for way in known}

    def draw(axes: Axes, space: Space, settle: Settle) -> None:
        ends = []
        for way, curve in curves.items():
            points = [(x, y) for x, y in curve if y]
            if points:
                colour, dashes, marker = LOOKS[way]
                axes.plot(*zip(*points, strict=True), color=colour, linestyle=dashes, linewidth=1.8, marker=marker,
                          markersize=5, markerfacecolor="white", markeredgewidth=1.4, zorder=3)  # fmt: skip
                ends.append((way, *points[-1]))
        _volumes(axes, space, report, words)
        settle()
        _names(axes, ends, words)

    return canvas.figure(draw, name, alt, HEIGHT, words)


def _volumes(axes: Axes, space: Space, report: dict[str, Any], words: Words) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    values = [point["value"] for point in report["points"]]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(values[0], values[-1] * (values[-1] / values[0]) ** (NAME_SHARE[space.wide] * 1.2))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if space.wide else (1, 3), numticks=30))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: words.compact(value)))
    axes.grid(axis="y", color=HAIR, linewidth=0.8)
    axes.set_xticks([tick for tick in axes.get_xticks() if values[0] <= tick <= values[-1]])
    axes.axvline(report["volume"], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(words.language.text("curve.here"), (report["volume"], 1), (5, -2), color=MUTED, fontsize=12,
                  xycoords=("data", "axes fraction"), textcoords="offset points", va="top")  # fmt: skip
    unit = words.unit(report["unit"])
    axes.set_xlabel(words.language.text("chart.volume", unit=unit))
    title = words.language.text("chart.npv", unit=words.currency_name(words.currency))
    axes.set_title(title, loc="left", fontsize=canvas.TEXT_PX, color=MUTED, pad=10)


def _names(axes: Axes, ends: list[tuple[str, float, float]], words: Words) -> None:
    """Names at the ends of the lines, moved apart where they would touch, each with a thread to its line."""
    pixels = [axes.transData.transform(end[1:]) for end in ends]
    heights = canvas.spread([float(at[1]) for at in pixels], APART_PX)
    for (way, *end), at, height in zip(ends, pixels, heights, strict=True):
        axes.annotate(words.language.text(f"way.{way}"), (end[0], end[1]), (12, height - at[1]), fontsize=12.5,
                      textcoords="offset points", va="center", color=INK, annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": LOOKS[way][0], "linewidth": 1, "shrinkB": 2})  # fmt: skip
