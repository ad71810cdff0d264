"""One figure -> two SVGs, for a wide page and for a phone; text stays text, in the fonts of the page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from optplan.page.words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito 2008: told apart by every common form of colour blindness
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
INK, MUTED, HAIR, BAND = "#1c2024", "#5c6670", "#d9dee3", "#eef1f4"
POINTS_PER_INCH: Final = 72  # at which one unit of the SVG is one pixel of the page
TEXT_PX: Final = 13.0
SETTINGS: Final[dict[str, Any]] = {
    "svg.fonttype": "none",  # text, so that the page's own fonts show it in any language
    "font.size": TEXT_PX,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.axisbelow": True,
    "path.simplify": False,
}


@dataclass(frozen=True, slots=True)
class Space:
    """The size of a figure in pixels, and whether it is the wide one."""

    width: int
    height: int
    wide: bool


Settle = Callable[[], None]
Draw = Callable[["Axes", Space, Settle], None]
"""Draws on axes; what it calls last fixes all places, so that labels can be put by them."""


def figure(draw: Draw, name: str, alt: str, height: tuple[int, int], words: Words) -> Markup:
    """Both sizes of a figure; the page's style shows the one that suits.

    name: unique on the page; alt: what it shows, in a sentence; height: of the wide and the narrow one, px.
    """
    spaces = (Space(760, height[0], True), Space(350, height[1], False))
    return Markup("").join(_svg(draw, f"{name}-{s.width}", alt, s) for s in spaces)


def _svg(draw: Draw, name: str, alt: str, space: Space) -> Markup:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {**SETTINGS, "svg.hashsalt": name}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # the browser's fonts have the Chinese characters that matplotlib's own lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        size = (space.width / POINTS_PER_INCH, space.height / POINTS_PER_INCH)
        sheet = Figure(figsize=size, dpi=POINTS_PER_INCH, layout="constrained")
        FigureCanvasSVG(sheet)
        axes = sheet.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0, pad=6)
        draw(axes, space, lambda: _settle(sheet))
        _settle(sheet)
        text = io.StringIO()
        sheet.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(text.getvalue(), alt, space)


def _settle(sheet: Any) -> None:
    """Fix all places: a layout once made is not made again, which is most of the time that a figure takes."""
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    if not isinstance(sheet.get_layout_engine(), PlaceHolderLayoutEngine):
        sheet.draw_without_rendering()
        sheet.set_layout_engine("none")


def _inline(svg: str, alt: str, space: Space) -> Markup:
    """The SVG element alone, sized by the page, with a text for readers who do not see it."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    kind = "wide" if space.wide else "narrow"
    head = (
        f'<svg class="chart {kind}" role="img" viewBox="0 0 {space.width} {space.height}" '
        f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<title>{escape(alt)}</title>"
    )
    return Markup(head + re.sub(r"^<svg[^>]*>", "", body))


def money_axis(axis: Any, words: Words, whole: bool = False) -> None:
    """Ticks as amounts of money, at most six of them; `whole`: only where a count can be."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3, integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words.figure(value)))


def spread(places: Sequence[float], apart: float) -> list[float]:
    """The places moved as little as it takes for neighbours to be `apart`; order is kept."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for _ in range(50):
        for i in range(1, len(moved)):
            short = apart - (moved[i] - moved[i - 1])
            if short > 1e-9:
                moved[i - 1] -= short / 2
                moved[i] += short / 2
    answer = [0.0] * len(places)
    for at, i in enumerate(order):
        answer[i] = moved[at]
    return answer
