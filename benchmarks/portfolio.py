"""A portfolio of 100 needs over 36 months: time, memory and proven gap.

python benchmarks/portfolio.py            100 needs x 36 months, until a gap of 0.5 % or 60 s; prints what it took
python benchmarks/portfolio.py --short    12 needs x 6 months: checks the answer (limits, demand, bound), not clocks
python benchmarks/portfolio.py --seed 3   other needs
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np

from optplan.catalog import Catalog
from optplan.portfolio import PortfolioPlan, solve_portfolio
from optplan.portfolio_need import Portfolio

MODELS = ("Llama-3.1-8B", "Qwen2.5-7B", "Qwen2.5-14B", "Qwen2.5-32B", "Llama-3.1-70B", "GLM-4-9B")
GPUS = [
    "H100-SXM5-80GB",
    "H100-PCIe-80GB",
    "A100-SXM4-80GB",
    "A100-PCIe-80GB",
    "L40S",
    "L4",
    "RTX-4090",
    "A10G",
]


def portfolio(needs: int, months: int, seed: int) -> Portfolio:
    """Services that grow, shrink or come later, and a training job among every ten needs."""
    rng = np.random.default_rng(seed)
    entries = []
    for n in range(needs):
        model = MODELS[int(rng.integers(len(MODELS)))]
        limits = {"gpus": GPUS}
        if n % 10 == 9:
            runs = rng.integers(0, 3, months).tolist()
            entries.append(
                {
                    "name": f"tune-{n}", "task": "finetune", "model": MODELS[n % 3], "method": "lora",
                    "data": "200M tokens", "deadline": "72h", "limits": limits, "demand": runs,
                }
            )  # fmt: skip
            continue
        rate = float(np.round(rng.lognormal(1.0, 1.0), 2))
        growth = float(rng.uniform(-0.02, 0.06))
        wave = 1 + 0.2 * np.sin(2 * np.pi * (np.arange(months) / 12 + rng.uniform()))
        start = int(rng.integers(1, months // 3 + 1)) if n % 4 == 0 else 1
        demand = np.round(rate * (1 + growth) ** np.arange(months) * wave, 3).tolist()[start - 1 :]
        entries.append(
            {
                "name": f"serve-{n}", "task": "serve", "model": model, "limits": limits,
                "traffic": {
                    "requests_per_second": rate,
                    "prompt_tokens": int(rng.integers(3, 30)) * 100,
                    "answer_tokens": int(rng.integers(1, 10)) * 50,
                },
                "demand": {"by_month": demand, "start": start},
                "purchase": ["buy"] if n % 25 == 7 else ["on_demand", "reserved_1y", "reserved_3y", "buy"],
            }
        )  # fmt: skip
    return Portfolio.model_validate(
        {"task": "portfolio", "name": f"{needs}x{months}", "months": months, "currency": "USD",
         "discount_rate": "8%", "needs": entries}
    )  # fmt: skip


def check(plan: PortfolioPlan, asked: Portfolio) -> None:
    """The answer holds together; raises AssertionError where not."""
    assert plan.feasible, plan.reasons
    assert plan.bound <= plan.npv * (1 + 1e-9)
    assert abs(sum(term.amount for term in plan.terms) - plan.total_cost) <= 1e-6 * plan.total_cost
    assert abs(sum(month.cost for month in plan.months_total) - plan.total_cost) <= 1e-6 * plan.total_cost
    for need in plan.needs:
        assert sum(part.share for part in need.carried) >= 1 - 1e-6
    for held in plan.holdings:
        assert held.cards_used <= held.cards
    house = {entry.name for entry in asked.needs if entry.purchase == ["buy"]}
    for need in plan.needs:
        if need.need in house:
            assert need.rented == need.reserved == need.hired == need.api_tokens == 0


def main() -> None:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="a small portfolio, answers checked")
    parser.add_argument("--seed", type=int, default=0, help="which needs")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds")
    chosen = parser.parse_args()
    asked = portfolio(12, 6, chosen.seed) if chosen.short else portfolio(100, 36, chosen.seed)
    catalog, begin = Catalog.load(), time.perf_counter()

    def say(step: str, cost: float, bound: float) -> None:
        print(
            f"{time.perf_counter() - begin:6.1f} s  {step:20s} {cost:16,.0f} {bound:16,.0f}", file=sys.stderr
        )

    plan = solve_portfolio(asked, catalog, time_limit=chosen.limit, progress=say)
    seconds = time.perf_counter() - begin
    check(plan, asked)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = f"net present value {plan.npv:,.0f} {plan.currency}, gap {plan.gap:.2%}"
    print(f"{plan.name} seed {chosen.seed}: {plan.status}, {plan.method}, {found}")
    if not chosen.short:
        print(f"{seconds:.1f} s, {memory:.0f} MiB")


if __name__ == "__main__":
    main()
