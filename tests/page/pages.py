"""Pages that the tests look at: needs of every task, each solved and drawn once."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from optplan.page import Findings, Together, find, page_of
from optplan.page.language import Code
from optplan.plan import SolverReport, Status, Term
from optplan.planner import load_catalog
from optplan.portfolio.plan import Acquisition, MonthTotal, NeedTotal, PortfolioPlan, SharedUse
from optplan.problem import read_text

NEEDS = {
    "finetune": """
name: tune-9b
task: finetune
model: GLM-4-9B
data: 1GB
deadline: 48h
currency: CNY
limits: {max_cards: 16, gpus: [H100, A100, RTX 4090, T4]}
""",
    "generate": """
name: batch-14b
task: generate
model: Qwen2.5-14B
traffic: {requests: 2M, prompt_tokens: 600, answer_tokens: 150}
deadline: 12h
limits: {gpus: [H100, A100, L40S]}
""",
    "serve": """
name: chat-8b
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 8, prompt_tokens: 2000, answer_tokens: 500}
latency: {first_token: 1s, per_token: 30ms}
duration: 8760h
limits: {gpus: [H100, A100, L40S], purchase: [on_demand, buy]}
""",
    "lesson": """
name: lesson-9b
task: finetune
model: 9B
data: 1GB
rules: lesson
currency: CNY
limits: {providers: [lesson], gpus: [A100 80G]}
""",
    "none": """
name: <b>impossible</b>
task: finetune
model: Llama-3.1-70B
data: 10GB
deadline: 1h
limits: {budget: 5 USD, max_cards: 2}
""",
}
MARK = re.compile(r'<span class="n" data-path="([^"]*)" data-value="([^"]*)">([^<]*)</span>')


@functools.cache
def found(name: str) -> Findings:
    """What is known of one of the needs above."""
    source = read_text(NEEDS[name], f"{name}.yaml")[0]
    return find(source.need, load_catalog(), place=source.place)


@functools.cache
def html(name: str, language: Code = "en") -> str:
    """The page of one need; "all" has every one of them and a portfolio."""
    if name == "all":
        return page_of([*map(found, NEEDS), Together("many.yaml", portfolio())], language)
    return page_of([found(name)], language)


def portfolio(status: Status = "feasible") -> PortfolioPlan:
    """Three months: four cards are bought and sold, two more rented in the second, an API answers the rest."""
    months = [
        MonthTotal(1, 4, 0, 0, 0, 0.0, 1, 1000.0, {"purchase": 900.0, "energy": 100.0}),
        MonthTotal(2, 4, 0, 2, 0, 5e6, 0, 180.0, {"energy": 100.0, "rent": 60.0, "api_input": 20.0}),
        MonthTotal(3, 4, 0, 0, 1, 0.0, 0, -290.0, {"energy": 100.0, "rent": 10.0, "resale": -400.0}),
    ]
    terms = [Term("purchase", 900.0), Term("resale", -400.0), Term("rent", 70.0), Term("energy", 300.0),
             Term("api_input", 20.0)]  # fmt: skip
    return PortfolioPlan(
        name="three-months",
        status=status,
        currency="USD",
        months=3,
        discount_rate=0.08,
        total_cost=890.0,
        npv=895.5,
        bound=890.25,
        gap=0.005862646566164154,
        method="flat",
        stopped="",
        acquisitions=[Acquisition(1, 3, "buy", "L40S", 4, 1, "amazon", "US", "amazon/L40S/US/buy", 500.0)],
        holdings=[],
        months_total=months,
        needs_total=[NeedTotal("chat", "serve", "requests/s", 12.0, 890.0, {"owned": 0.75, "api": 0.25})],
        needs=[],
        terms=terms,
        npv_terms=[Term(term.name, 0.99 * term.amount) for term in terms],
        limits=[SharedUse("quota:L40S", 1, 4.0, 4.0, "cards", True, 3)],
        solver=SolverReport("HiGHS", 1.5, 3, 7),
        labels={term.name: term.name for term in terms},
        catalog_day="2026-08-03",
        offers=2132,
    )


def document(page: str) -> Any:
    """The JSON inside a page."""
    text = page.partition('<script type="application/json" id="report">')[2].partition("</script>")[0]
    return json.loads(text)


def at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
