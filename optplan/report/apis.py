"""What an API answers, as tables and words."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from optplan.plan import ApiLine, Plan
from optplan.report import words
from optplan.report.console import grid, heading


def print_apis(console: Console, plan: Plan) -> None:
    """A line for each class of requests that an API answers."""
    if not plan.apis:
        return
    heading(console, "What to have answered by an API")
    rows = [
        [
            line.model or line.offer,
            line.provider,
            *([line.traffic] if any(one.traffic for one in plan.apis) else []),
            words.figure(line.requests),
            words.percent(line.share),
            *(
                words.figure(price)
                for price in (line.input_per_mtok, line.cached_per_mtok, line.output_per_mtok)
            ),
        ]
        for line in plan.apis
    ]
    named = ["traffic"] if any(line.traffic for line in plan.apis) else []
    columns = ["model", "provider", *named, "requests", "share", "read", "cached", "written"]
    right = tuple(range(2 + len(named), len(columns)))
    console.print(grid(console, columns, rows, right=right, keep=(0,)))
    for line in plan.apis:
        batch = ", as a batch that may wait a day" if line.batch else ""
        text = f"{line.offer}, {line.currency} per million tokens, prices of {line.price_date}{batch}"
        console.print(Text(text, style="dim"))


def called(lines: list[ApiLine]) -> str:
    """The APIs in a few words: "Qwen3-8B by novita (40 % of the requests)"."""
    names: dict[str, None] = {}
    for line in lines:
        part = "" if line.share == 1 else f" ({words.percent(line.share)})"
        names[f"{line.model or line.offer} called at {line.provider}{part}"] = None
    return " + ".join(names)
