"""How good predictions are: errors as fractions, in all and by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from optplan.validate.read import Case, Predictions

NEAR = 0.25
UNDER = 0.10


@dataclass(slots=True)
class Score:
    """One file, or one group of its rows.

    rows, answered     counts; refused: reason -> rows
    median_abs_error, p90_abs_error   of |predicted / measured - 1|
    bias               median of predicted / measured - 1
    within_25          share of answered rows at most 25 % off
    under_by_10        share predicted more than 10 % below the measurement
    inside_band        share of measurements in low..high
    band_width         median of high / low
    """

    rows: int
    answered: int
    median_abs_error: float
    p90_abs_error: float
    bias: float
    within_25: float
    under_by_10: float
    inside_band: float
    band_width: float
    refused: dict[str, int] = field(default_factory=dict)


def errors(predictions: Predictions) -> np.ndarray:
    """Signed errors, predicted / measured - 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(predictions.predicted / predictions.measured - 1)


def score(predictions: Predictions, rows: int | None = None, mask: np.ndarray | None = None) -> Score:
    """The score of all answered rows, or of those in the mask; nan where none is answered."""
    keep = np.ones(len(predictions.measured), dtype=bool) if mask is None else mask
    off = errors(predictions)[keep]
    count = int(keep.sum())
    if mask is None:
        refused = dict(Counter(reason for _, reason in predictions.refused))
        total = count + len(predictions.refused) if rows is None else rows
    else:
        refused, total = {}, count if rows is None else rows
    if not count:
        nan = float("nan")
        return Score(total, 0, nan, nan, nan, nan, nan, nan, nan, refused)
    measured, low, high = (a[keep] for a in (predictions.measured, predictions.low, predictions.high))
    absolute = np.abs(off)
    return Score(
        rows=total,
        answered=count,
        median_abs_error=float(np.median(absolute)),
        p90_abs_error=float(np.quantile(absolute, 0.9)),
        bias=float(np.median(off)),
        within_25=float(np.mean(absolute <= NEAR)),
        under_by_10=float(np.mean(off < -UNDER)),
        inside_band=float(np.mean((measured >= low) & (measured <= high))),
        band_width=float(np.median(high / low)),
        refused=refused,
    )


def by_groups(
    predictions: Predictions, cases: Sequence[Case], key: Callable[[Case, int], str]
) -> dict[str, Score]:
    """A score for each value of key(case, position in predictions), largest group first."""
    names = np.array([key(cases[c], i) for i, c in enumerate(predictions.case_index)], dtype=object)
    order = [name for name, _ in Counter(names.tolist()).most_common()]
    return {name: score(predictions, mask=names == name) for name in order}


def worst(predictions: Predictions, count: int) -> list[int]:
    """Positions of the answered rows that are furthest off, in logarithms, worst first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(np.log(predictions.predicted / predictions.measured))
    return [int(i) for i in np.argsort(-np.nan_to_num(off, nan=np.inf), kind="stable")[:count]]


def join(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of disjoint cases as one."""
    return Predictions(
        case_index=[i for part in parts for i in part.case_index],
        quantity=[q for part in parts for q in part.quantity],
        unit=[u for part in parts for u in part.unit],
        measured=np.concatenate([part.measured for part in parts]),
        predicted=np.concatenate([part.predicted for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
        assumed=[a for part in parts for a in part.assumed],
        refused=[r for part in parts for r in part.refused],
    )


def only(predictions: Predictions, cases: set[int]) -> Predictions:
    """The part of predictions that is about these cases."""
    keep = [i for i, case in enumerate(predictions.case_index) if case in cases]
    return Predictions(
        case_index=[predictions.case_index[i] for i in keep],
        quantity=[predictions.quantity[i] for i in keep],
        unit=[predictions.unit[i] for i in keep],
        measured=predictions.measured[keep],
        predicted=predictions.predicted[keep],
        low=predictions.low[keep],
        high=predictions.high[keep],
        assumed=[predictions.assumed[i] for i in keep],
        refused=[r for r in predictions.refused if r[0] in cases],
    )
