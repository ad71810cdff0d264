"""Long searches: with progress, a time limit or an interrupt that keep the best solution, and prices of rows.

These go to HiGHS directly: handing a large program over through PuLP takes longer than some of the searches here.
Status, bound and solution are HiGHS' own; solutions are rechecked against the rows outside of it.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

import highspy
import numpy as np

from optplan.program import Program
from optplan.solve import FEASIBLE, Solution

Progress = Callable[[float, float], None]  # cost of the best solution (inf: none yet), bound
ROW_TOLERANCE = 1e-6  # of rows scaled to 1, after whole numbers were rounded
POLL = 0.05  # seconds between looks at an ongoing search
BETWEEN = 0.5  # seconds between two reports of progress
STOPPED = (highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt)


@dataclass
class Stop:
    """When to end: at a time, or when asked to.

    until  on the clock of time.monotonic
    """

    until: float = math.inf
    asked: bool = False
    heard: list[str] = field(default_factory=list)

    @classmethod
    def after(cls, seconds: float | None) -> Stop:
        """Ends after so many seconds; None: only when asked."""
        return cls(math.inf if seconds is None else time.monotonic() + seconds)

    @property
    def now(self) -> bool:
        """Is it time to end?"""
        return self.asked or time.monotonic() >= self.until

    @property
    def left(self) -> float:
        """Seconds left, at least 0."""
        return 0.0 if self.asked else max(0.0, self.until - time.monotonic())

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Ctrl-C (SIGINT) asks to end instead of breaking off; a second one breaks off. Main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def ask(number: int, frame: FrameType | None) -> None:
            self.asked = True
            signal.signal(signal.SIGINT, signal.default_int_handler)

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def search(
    program: Program,
    stop: Stop,
    *,
    gap: float = 0.0,
    target: float | None = None,
    start: Mapping[int, float] | None = None,
    progress: Progress | None = None,
    seconds: float = math.inf,
    presolve: bool = True,
) -> Solution:
    """The cheapest solution, until it is proven, good enough, or time to stop.

    gap      stop at this relative gap; target: stop at a solution of this cost
    start    a solution to begin with, or part of one; seconds: the most to spend here, besides `stop`
    """
    begin = time.perf_counter()
    if not program.variables:
        return Solution("optimal", {}, 0.0, 0.0, 0.0, 0)
    scale = program.scale
    highs = _highs({"mip_rel_gap": gap, "mip_abs_gap": 0.0})
    highs.passModel(_model(program, scale))
    if target is not None:
        highs.setOptionValue("objective_target", target * scale)
    if not presolve:
        highs.setOptionValue("presolve", "off")
    if start:
        index = np.array(sorted(start), dtype=np.int32)
        highs.setSolution(len(index), index, np.array([start[i] for i in index.tolist()]))
    least = min(stop.left, seconds)
    if math.isfinite(least):
        highs.setOptionValue("time_limit", least)
    _run(highs, stop, progress, scale)
    return _solution(program, highs, scale, time.perf_counter() - begin)


def fixed(program: Program, values: Mapping[int, float]) -> Solution:
    """The cheapest solution with these whole numbers: a corner of what is left, so that whole flows are whole."""
    begin = time.perf_counter()
    scale = program.scale
    highs = _highs({"solver": "simplex"})
    model = _model(program, scale)
    lower, upper = np.array(model.col_lower_), np.array(model.col_upper_)
    for i, variable in enumerate(program.variables):
        if variable.integer:
            lower[i] = upper[i] = round(values.get(i, 0.0))
    model.col_lower_, model.col_upper_ = lower, upper
    model.integrality_ = []
    highs.passModel(model)
    highs.run()
    found = _solution(program, highs, scale, time.perf_counter() - begin)
    return Solution(found.status, found.values, found.cost, -math.inf, found.seconds, 0)


class Relaxed:
    """A linear program that grows by columns: its solution, its prices, and as whole numbers where asked."""

    def __init__(self, program: Program) -> None:
        self.scale = program.scale
        self.highs = _highs({})
        model = _model(program, self.scale)
        self.integers = [i for i, v in enumerate(program.variables) if v.integer]
        model.integrality_ = []
        self.highs.passModel(model)
        self.rows = len(program.rows)

    def add_rows(self, low: float, high: float, count: int) -> int:
        """Empty rows low <= sum <= high, which columns then enter; returns the first one's index."""
        first = self.highs.getNumRow()
        none, starts = np.zeros(0), np.zeros(count, np.int32)
        sides = (np.full(count, low), np.full(count, high))
        self.highs.addRows(count, *sides, 0, starts, none.astype(np.int32), none)
        return int(first)

    def add_columns(
        self, costs: Sequence[float], columns: Sequence[Sequence[tuple[int, float]]], upper: float = math.inf
    ) -> int:
        """Columns >= 0 of (row, coefficient) pairs; returns the first one's index."""
        first, count = self.highs.getNumCol(), len(costs)
        if not count:
            return int(first)
        starts = np.cumsum([0, *(len(column) for column in columns)])[:-1].astype(np.int32)
        pairs = [pair for column in columns for pair in column]
        index = np.array([row for row, _ in pairs], dtype=np.int32)
        value = np.array([coefficient for _, coefficient in pairs], dtype=float)
        scaled = np.array(costs, dtype=float) * self.scale
        ends = (np.zeros(count), np.full(count, upper))
        self.highs.addCols(count, scaled, *ends, len(pairs), starts, index, value)
        return int(first)

    def solve(self, stop: Stop) -> tuple[float, np.ndarray, np.ndarray, np.ndarray] | None:
        """(cost, columns, prices of rows, reduced costs); None where stopped or without a solution."""
        if math.isfinite(stop.left):
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + stop.left)
        self.highs.run()  # fractions of a second: not worth a thread, and callbacks would slow it
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = self.highs.getSolution()
        duals = np.array(found.row_dual) / self.scale
        reduced = np.array(found.col_dual) / self.scale
        cost = self.highs.getInfo().objective_function_value / self.scale
        return float(cost), np.array(found.col_value), duals, reduced

    @property
    def infeasible(self) -> bool:
        """Was it proven that there is no solution?"""
        return bool(self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible)

    def whole(
        self, stop: Stop, *, seconds: float, gap: float, target: float | None = None
    ) -> tuple[float, float, np.ndarray] | None:
        """(cost, bound, columns) with the program's own integers whole, columns added later not; None without one."""
        kinds = np.full(self.highs.getNumCol(), highspy.HighsVarType.kContinuous)
        for i in self.integers:
            kinds[i] = highspy.HighsVarType.kInteger
        model = self.highs.getLp()
        model.integrality_ = list(kinds)
        highs = _highs({"mip_rel_gap": gap, "mip_abs_gap": 0.0})
        highs.passModel(model)
        if target is not None:
            highs.setOptionValue("objective_target", target * self.scale)
        highs.setOptionValue("time_limit", min(stop.left, seconds))
        _run(highs, stop, None, self.scale, min(stop.left, seconds))
        info = highs.getInfo()
        if info.primal_solution_status != FEASIBLE:
            return None
        cost, bound = info.objective_function_value / self.scale, info.mip_dual_bound / self.scale
        return float(cost), float(bound), np.array(highs.getSolution().col_value)


def _highs(options: Mapping[str, Any]) -> Any:
    highs: Any = cast(Any, highspy.Highs)()  # its class is not typed
    every = {"output_flag": False, "threads": 1, "random_seed": 0, **options}
    for name, value in every.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise ValueError(f"HiGHS has no option {name} = {value}")
    return highs


def _model(program: Program, scale: float) -> Any:
    """The program as HiGHS holds it, rows as they come."""
    model = highspy.HighsLp()
    variables, rows = program.variables, program.rows
    model.num_col_, model.num_row_ = len(variables), len(rows)
    model.col_cost_ = np.array([v.cost for v in variables]) * scale
    model.col_lower_ = np.zeros(len(variables))
    model.col_upper_ = np.array([v.upper for v in variables], dtype=float)
    model.row_lower_ = np.array([row.low for row in rows], dtype=float)
    model.row_upper_ = np.array([row.high for row in rows], dtype=float)
    kinds = {True: highspy.HighsVarType.kInteger, False: highspy.HighsVarType.kContinuous}
    model.integrality_ = [kinds[v.integer] for v in variables]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(row.coefficients) for row in rows)]).astype(np.int32)
    model.a_matrix_.index_ = np.array([i for row in rows for i in row.coefficients], dtype=np.int32)
    model.a_matrix_.value_ = np.array([c for row in rows for c in row.coefficients.values()], dtype=float)
    return model


def _run(highs: Any, stop: Stop, progress: Progress | None, scale: float, seconds: float = math.inf) -> None:
    """Solve in a thread, looking up now and then to report and to see whether to stop.

    seconds: the most, kept to inside of linear programs, too, which HiGHS' own limit is slow to look into.
    Not by highspy's own startSolve: all its models share one lock, so that no two could be searched at once.
    """
    best = [math.inf, -math.inf]

    def look(event: Any) -> None:
        if stop.asked:
            event.interrupt()
        if progress is not None:
            best[0], best[1] = event.data_out.mip_primal_bound / scale, event.data_out.mip_dual_bound / scale

    def look_within(event: Any) -> None:
        if stop.asked or time.monotonic() >= until:
            event.interrupt()

    until = time.monotonic() + seconds
    highs.cbMipInterrupt.subscribe(look)
    if math.isfinite(seconds):
        highs.cbMipInterrupt.subscribe(look_within)
        highs.cbSimplexInterrupt.subscribe(look_within)
    solver = threading.Thread(target=highs.run, daemon=True)
    solver.start()
    said = time.monotonic()
    while solver.is_alive():
        solver.join(POLL)
        if progress is not None and time.monotonic() - said >= BETWEEN:
            said = time.monotonic()
            progress(best[0], best[1])
    highs.cbMipInterrupt.clear()
    highs.cbSimplexInterrupt.clear()


def _solution(program: Program, highs: Any, scale: float, seconds: float) -> Solution:
    info, status = highs.getInfo(), highs.getModelStatus()
    if info.primal_solution_status != FEASIBLE:
        proven = status == highspy.HighsModelStatus.kInfeasible
        searched = status in STOPPED and any(v.integer for v in program.variables)
        bound = info.mip_dual_bound / scale if searched else -math.inf
        return Solution(
            "infeasible" if proven else "unknown", {}, math.inf, math.inf if proven else bound, seconds, 0
        )
    values = {}
    for i, (spec, value) in enumerate(zip(program.variables, highs.getSolution().col_value, strict=True)):
        amount = float(round(value)) if spec.integer else max(0.0, float(value))
        if amount > (0.0 if spec.integer else 1e-11):
            values[i] = amount
    cost = program.cost(values)
    whole = any(v.integer for v in program.variables) and len(highs.getLp().integrality_) > 0
    bound = (info.mip_dual_bound if whole else info.objective_function_value) / scale
    if status != highspy.HighsModelStatus.kOptimal and not whole:
        bound = -math.inf
    if program.broken(values, ROW_TOLERANCE):
        return Solution("unknown", {}, math.inf, bound, seconds, 0)
    proven = status == highspy.HighsModelStatus.kOptimal and cost - bound <= 1e-7 * abs(cost) + 1e-9
    return Solution(
        "optimal" if proven else "feasible", values, cost, min(bound, cost), seconds, int(info.mip_node_count)
    )
