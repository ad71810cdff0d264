"""Predicted against measured, log-log, one panel a file, coloured by a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from optplan.errors import BadInput, Fault
from optplan.validate.read import Case, Predictions

SUFFIXES = (".svg", ".png")
MOST_COLOURS = 9  # further values share one colour


def draw(
    files: Sequence[tuple[str, Sequence[Case], Predictions]], out: Path | str, colour_by: str = "method"
) -> None:
    """Write the figure as SVG or PNG.

    files      (title, cases, predictions) of each panel
    colour_by  a column of the file, else the quantity
    Raises BadInput for another suffix, or a path that cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in SUFFIXES:
        raise BadInput(
            Fault("bad-figure", "--figure", f"{out} is neither SVG nor PNG", "end it in .svg or .png")
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0 * len(files), 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    for number, (title, cases, found) in enumerate(files, start=1):
        _panel(figure.add_subplot(1, len(files), number), title, cases, found, colour_by)
    try:
        figure.savefig(out, dpi=150, metadata={"Date": None} if out.suffix.lower() == ".svg" else None)
    except OSError as error:
        reason = error.strerror or "not a usable path"
        raise BadInput(Fault("unwritable", "--figure", f"{out} cannot be written: {reason}")) from None


def _panel(axes: object, title: str, cases: Sequence[Case], found: Predictions, colour_by: str) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    names = np.array(
        [cases[c].row.get(colour_by) or found.quantity[i] for i, c in enumerate(found.case_index)],
        dtype=object,
    )
    shown = [name for name, _ in Counter(names.tolist()).most_common(MOST_COLOURS)]
    names = np.where(np.isin(names, shown), names, "others")
    for name in [*shown, *({"others"} & set(names.tolist()))]:
        mask = names == name
        axes.scatter(
            found.measured[mask], found.predicted[mask], s=9, alpha=0.6, label=f"{name} ({mask.sum()})"
        )
    ends = np.array([found.measured.min() / 1.2, found.measured.max() * 1.2])
    axes.plot(ends, ends, color="black", linewidth=0.8)
    axes.fill_between(ends, ends / 1.25, ends * 1.25, color="black", alpha=0.08, linewidth=0)
    axes.set(xscale="log", yscale="log", xlabel="measured", ylabel="predicted", title=title)
    axes.legend(fontsize=7, frameon=False)
