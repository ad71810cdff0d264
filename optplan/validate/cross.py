"""The honest figure: constants refitted without one source at a time, errors on the source left out."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from optplan.catalog import Assumption, Catalog
from optplan.errors import BadInput, Fault
from optplan.validate.fit import Values, band
from optplan.validate.predict import predict
from optplan.validate.read import Case, Predictions
from optplan.validate.score import join, only

# Kind of file -> module and function (cases, catalog, keep) -> constants fitted where keep holds.
FITTERS: Final = {
    "training_memory": ("optplan.validate.fit_training", "fit_training"),
    "training_speed": ("optplan.validate.fit_training", "fit_training"),
    "inference_throughput": ("optplan.validate.fit_inference", "fit_inference"),
    "inference_memory": ("optplan.validate.fit_inference", "fit_memory"),
}
# Kind of file -> the assumption whose ends are the band.
SPREAD: Final = {"training_memory": "memory_spread", "training_speed": "speed_spread"}


def cross(cases: Sequence[Case], catalog: Catalog) -> Predictions:
    """Predictions of every case by constants that were fitted on the other sources.

    Raises BadInput where there is only one source, where nothing of the kind is fitted, or without scipy.
    """
    fitted = fitter(cases[0].kind, cases[0].file)
    sources = sorted({case.source for case in cases})
    if len(sources) < 2:
        message = "all rows are of one source: none can be left out"
        raise BadInput(
            Fault("one-source", cases[0].file, message, "a column `source_repo` tells sources apart")
        )
    parts = []
    for source in sources:
        values = fitted(cases, catalog, [case.source != source for case in cases])
        found = predict(cases, catalog, constants=values)
        parts.append(only(found, {i for i, case in enumerate(cases) if case.source == source}))
    whole = join(parts)
    if cases[0].kind in SPREAD:
        _bands(whole, cases, catalog.assumptions[SPREAD[cases[0].kind]][""])
    return whole


def _bands(found: Predictions, cases: Sequence[Case], shipped: Assumption) -> None:
    """Give each source the band that the other sources, each left out of its own fit, would have set.

    The shipped band has seen all of them; its ends are moved to where those of the others alone would be.
    """
    sources = np.array([cases[i].source for i in found.case_index], dtype=object)
    ratio = found.measured / found.predicted * shipped.expected
    for source in sorted(set(sources)):
        own = sources == source
        low, high = band(ratio[~own], sources[~own].tolist())
        found.low[own] = found.low[own] * low / shipped.low
        found.high[own] = found.high[own] * high / shipped.high


def fitter(kind: str, place: str) -> Callable[..., Values]:
    """The function that fits the constants of a kind of file."""
    module, name = FITTERS.get(kind, ("", ""))
    if not module or importlib.util.find_spec(module) is None:
        raise BadInput(Fault("not-fitted", place, f"no constants are fitted on files of kind {kind}"))
    if importlib.util.find_spec("scipy") is None:
        raise BadInput(Fault("no-scipy", "--cross", "fitting needs scipy", "pip install 'optplan[fit]'"))
    found: Callable[..., Values] = getattr(importlib.import_module(module), name)
    return found
