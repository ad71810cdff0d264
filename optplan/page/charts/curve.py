"""Cost against the deadline of a job, the traffic of a service, or the time that it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from optplan.page.charts import canvas
from optplan.page.charts.canvas import BAND, BLUE, HAIR, INK, MUTED, VERMILION, Settle, Space
from optplan.page.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = (340, 320)
FACTOR = 20.0  # ends further apart than this want a logarithmic axis
LABEL_PX = 12.0
MOST = {True: 6, False: 3}  # labels on a wide figure, and on a phone
STEP_PX = 5.0
LETTER = 0.58  # mean width of a letter of the page's fonts, in heights
Label = tuple[float, float, str]
FORM = re.compile(r"-(SXM\d*|PCIe|NVL)(?=-|$)")


def curve_chart(curve: dict[str, Any], name: str, alt: str, words: Words) -> Markup:
    """The curve of a section's JSON; a label wherever other cards take over."""

    def draw(axes: Axes, space: Space, settle: Settle) -> None:
        _draw(axes, space, curve, words)
        settle()
        _changes(axes, space, curve)

    return canvas.figure(draw, name, alt, HEIGHT, words)


def what_text(plan: dict[str, Any], short: bool = False) -> str:
    """2 × H100-SXM5-80GB + Qwen3-8B API, of a plan's `cards` and `apis`; short: "2 × H100 80GB"."""
    counts: dict[str, int] = {}
    for card in plan["cards"]:
        name = FORM.sub("", card["gpu"]).replace("-", " ") if short else card["gpu"]
        counts[name] = counts.get(name, 0) + card["count"]
    apis = dict.fromkeys(f"{api['model'] or api['offer']} API" for api in plan["apis"])
    return " + ".join([*(f"{count} × {gpu}" for gpu, count in counts.items()), *apis])


def _draw(axes: Axes, space: Space, curve: dict[str, Any], words: Words) -> None:
    known = [p for p in curve["points"] if p["total_cost"] is not None]
    xs, ys = [p["value"] for p in known], [p["total_cost"] for p in known]
    ends = [p["value"] for p in curve["points"]]
    if min(ends) > 0 and max(ends) / min(ends) > FACTOR:
        axes.set_xscale("log")
    axes.grid(axis="y", color=HAIR, linewidth=0.8)
    axes.plot(xs, ys, color=BLUE, linewidth=2, marker="o", markersize=5, markerfacecolor="white",
              markeredgewidth=1.6, clip_on=False, zorder=3, gid="curve-line")  # fmt: skip
    axes.set_ylim(0, max(ys) * 1.18 or 1.0)
    axes.set_xlim(min(ends), max(ends))
    _no_plan(axes, curve, words)
    _here(axes, curve, words)
    _ticks(axes, curve, space, words)


def _ticks(axes: Axes, curve: dict[str, Any], space: Space, words: Words) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if axes.get_xscale() == "log":
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if space.wide else (1, 5), numticks=20))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8 if space.wide else 5))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: words.figure(v, 3)))
    canvas.money_axis(axes.yaxis, words)
    axes.set_xlabel(words.language.text(f"curve.axis.{curve['over']}"))
    axes.set_title(words.language.text("chart.cost", unit=words.currency_name(words.currency)),
                   loc="left", fontsize=canvas.TEXT_PX, color=MUTED, pad=10)  # fmt: skip


def _no_plan(axes: Axes, curve: dict[str, Any], words: Words) -> None:
    """A band where nothing in the catalog does it."""
    points = curve["points"]
    for i, point in enumerate(points):
        if point["total_cost"] is None and i + 1 < len(points):
            axes.axvspan(point["value"], points[i + 1]["value"], color=BAND, zorder=0, linewidth=0)
    if points[0]["total_cost"] is None:
        axes.annotate(words.language.text("curve.no_plan"), (points[0]["value"], 0), (6, 8), rotation=90,
                      textcoords="offset points", color=MUTED, fontsize=12, va="bottom")  # fmt: skip


def _here(axes: Axes, curve: dict[str, Any], words: Words) -> None:
    """A line at what was asked."""
    low, high = axes.get_xlim()
    here = curve["here"]
    if here is None or not low <= here <= high:
        return
    axes.axvline(here, color=VERMILION, linewidth=1.4, linestyle=(0, (4, 3)), zorder=1)
    right = axes.transAxes.inverted().transform(axes.transData.transform((here, 0)))[0] > 0.75
    axes.annotate(words.language.text("curve.here"), (here, 1), (-6 if right else 6, -2), color=VERMILION,
                  xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=12,
                  ha="right" if right else "left", va="top")  # fmt: skip


def _changes(axes: Axes, space: Space, curve: dict[str, Any]) -> None:
    """Names of the cards where they change, on the side where the curve leaves room."""
    known = [p for p in curve["points"] if p["total_cost"] is not None]
    before, labels = "", []
    for point in known:
        now = what_text(point, short=True)
        if now != before:
            labels.append((point["value"], point["total_cost"], now))
        before = now
    falling = known[-1]["total_cost"] <= known[0]["total_cost"]
    path = axes.transData.transform([(p["value"], p["total_cost"]) for p in known])
    boxes: list[Box] = []
    for x, y, text in _even(labels, MOST[space.wide]):
        place = axes.transData.transform((x, y))
        box = _free(place, text, falling, boxes, path, axes.get_window_extent())
        if box is None:
            continue
        boxes.append(box)
        axes.annotate(text, (x, y), (box.left - place[0], box.bottom - place[1]), color=INK,
                      textcoords="offset points", fontsize=LABEL_PX, zorder=4,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85})  # fmt: skip


def _even(labels: list[Label], most: int) -> list[Label]:
    """At most so many of the labels, spread evenly, the first and the last among them."""
    if len(labels) <= most:
        return labels
    return [labels[round(i * (len(labels) - 1) / (most - 1))] for i in range(most)]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a label stands, in pixels from the lower left."""

    left: float
    bottom: float
    width: float

    def meets(self, other: Box) -> bool:
        """Whether two labels touch."""
        apart = self.left + self.width < other.left or other.left + other.width < self.left
        return not apart and abs(self.bottom - other.bottom) < LABEL_PX + 2

    def covers(self, path: Any) -> bool:
        """Whether a label lies on a line, given by its corners from left to right."""
        import numpy as np

        xs = np.arange(self.left, self.left + self.width, STEP_PX)
        ys = np.interp(xs, path[:, 0], path[:, 1], left=-np.inf, right=-np.inf)
        return bool(np.any((ys > self.bottom - 3) & (ys < self.bottom + LABEL_PX)))


def _free(place: Any, text: str, falling: bool, taken: list[Box], path: Any, frame: Any) -> Box | None:
    """The nearest place above a point where a label touches neither another nor the curve; None for none."""
    width = LETTER * LABEL_PX * len(text)
    if width > frame.width - 8:
        return None
    left = place[0] + 5 if falling else place[0] - 5 - width
    left = float(min(max(left, frame.x0 + 4), frame.x1 - width))
    for rise in (7, 21, 35, 49):
        box = Box(left, float(place[1]) + rise, width)
        if box.bottom + LABEL_PX < frame.y1 and not box.covers(path) and not any(map(box.meets, taken)):
            return box
    return None
