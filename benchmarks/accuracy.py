"""Print the tables of docs/accuracy.md: errors as the constants ship, and with each source left out.

    python benchmarks/accuracy.py FOLDER > tables.md

FOLDER has the measured files that `optplan validate` reads. Takes about three minutes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from optplan.catalog import Catalog
from optplan.validate.cross import FITTERS, cross
from optplan.validate.inference_names import engine_of
from optplan.validate.predict import predict
from optplan.validate.read import Case, Predictions, read_cases
from optplan.validate.score import Score, by_groups, score

Group = Callable[[Case, int], str]
_MIXTURE = re.compile(r"a\d+b|mixtral|moe|oss|deepseek-?(?:v|r1)", re.I)
LEAST = 3  # rows below which a group is not shown


def _cell(name: str) -> Group:
    return lambda case, _: case.row.get(name, "") or "(not said)"


def _cards(case: Case, _: int) -> str:
    return "1" if case.row.get("n_gpus") == "1" else "several"


def _family(case: Case, _: int) -> str:
    return case.row.get("gpu", "").split("-")[0] or "(not said)"


def _format(row: Mapping[str, str]) -> str:
    text = row.get("precision", "").lower()
    if "fp4" in text:
        return "FP4"
    if "fp8" in text:
        return "FP8"
    if re.search("int4|awq|4-bit", text):
        return "4-bit weights"
    return "16-bit" if "16" in text else "not said, or 8-bit integers"


def _trained(case: Case, _: int) -> str:
    form = _format(case.row)
    kind = "MoE" if _MIXTURE.search(case.row["model"]) else "dense"
    return f"{kind} {form if form in ('FP4', 'FP8') else '16-bit'}"


def _model(case: Case, _: int) -> str:
    return "MoE" if _MIXTURE.search(case.row["model"]) else "dense"


def _engine(case: Case, _: int) -> str:
    return engine_of(case.row)[0]


GROUPS: dict[str, dict[str, Group]] = {
    "training_memory": {
        "method": _cell("method"), "how memory was read": _cell("memory_kind"), "cards": _cards,
    },
    "training_speed": {"method": _cell("method"), "model and precision": _trained, "card": _family},
    "inference_throughput": {
        "metric": _cell("metric"), "precision": lambda case, _: _format(case.row), "model": _model,
        "card": _family, "engine": _engine,
    },
    "inference_memory": {"quantity": _cell("quantity"), "software": _cell("engine")},
}  # fmt: skip


def main(folder: Path) -> None:
    """Print the table of files, those by regime, and that by source."""
    catalog = Catalog.load()
    files: dict[str, tuple[list[Case], Predictions, Predictions]] = {}
    print(
        "| file | rows | answered | figure | median | 90 % | bias | too low by over 10 % | in band | width |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )
    for name in ("training_memory", "training_speed", "inference_memory", "inference_throughput"):
        kind, cases = read_cases(folder / f"{name}.csv")
        found = predict(cases, catalog)
        left = cross(cases, catalog) if kind in FITTERS else found
        files[name] = (cases, found, left)
        sources = len({case.source for case in cases})
        first = f"| {name} ({sources} sources) | {len(cases)} | {len(found.case_index)} | fit |"
        print(f"{first} {_figures(score(found))} |")
        print(f"| | | | left out | {_figures(score(left))} |")
    for name, (cases, found, left) in files.items():
        print(f"\n### {name}\n")
        print(
            "| by | group | rows | median, fit | median, left out | 90 %, left out | bias, left out "
            "| too low by over 10 %, left out |\n|---|---|---|---|---|---|---|---|"
        )
        for line in _regimes(name, cases, found, left):
            print(line)
    print("\n### Each source, left out\n")
    print("| file | source | rows | median | 90 % | bias | too low by over 10 % | in band |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (cases, _, left) in files.items():
        for source, one in by_groups(left, cases, lambda case, _: case.source).items():
            print(f"| {name} | {source} | {one.answered} | {_figures(one, width=False)} |")


def _regimes(name: str, cases: list[Case], found: Predictions, left: Predictions) -> Iterator[str]:
    for by, group in GROUPS[name].items():
        unseen = by_groups(left, cases, group)
        for value, one in by_groups(found, cases, group).items():
            if one.answered >= LEAST:
                other = unseen[value]
                yield (
                    f"| {by} | {value} | {one.answered} | {one.median_abs_error:.1%} "
                    f"| {other.median_abs_error:.1%} | {other.p90_abs_error:.1%} | {other.bias:+.1%} "
                    f"| {other.under_by_10:.0%} |"
                ).replace("%", " %")


def _figures(one: Score, width: bool = True) -> str:
    text = (
        f"{one.median_abs_error:.1%} | {one.p90_abs_error:.1%} | {one.bias:+.1%} "
        f"| {one.under_by_10:.0%} | {one.inside_band:.0%}"
    ).replace("%", " %")
    return text + (f" | x {one.band_width:.2f}" if width else "")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
