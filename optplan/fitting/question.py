"""The question -> a need and its context of rules, one for each method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.evaluate import check_names
from optplan.inputs import INPUTS
from optplan.need import AnyNeed, Finetune, Serve
from optplan.planner import prepare
from optplan.planner.context import Context
from optplan.problem.judge import reason_of
from optplan.rules import pack

TRAINING: Final = ("full", "lora", "qlora")
METHODS: Final = (*TRAINING, "infer")
SEQUENCE: Final = 4096  # tokens of a training sequence where none is named
PROMPT_AND_ANSWER: Final = 1250  # tokens, as plans take where none are named
MOST_CARDS: Final = 1024
# What the question itself varies: a fixed value would make every answer the same.
VARIED: Final = {
    "sequence": "--context",
    "prompt_tokens": "--context",
    "answer_tokens": "--context",
    "request_tokens": "--context",
    "mean_tokens": "--context",
    "batch": "--batch",
    "rank_batch": "--batch",
    "asked_micro_batch": "--batch",
    "largest_micro_batch": "--batch",
    "micro_batch": "--batch",
    "concurrent_requests": "--batch",
    "cards": "--cards",
    "nodes": "--cards",
    "cards_per_node": "--cards",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    model    name of the catalog, path of a config.json, or a size
    gpu      a card or a family
    method   full, lora, qlora or infer; None asks for inference and for the table of training
    context  tokens of a training sequence, or of prompt and answer
    batch    micro-batch of a card, or sequences at once
    fixed    quantities and assumptions by name; those of a layout (tp, zero_stage, recompute) pick layouts
    """

    model: str
    gpu: str
    cards: int = 1
    method: str | None = None
    precision: str | None = None
    context: int | None = None
    batch: int | None = None
    framework: str | None = None
    engine: str | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Raises BadInput for amounts out of range and for fixed values of what the question varies."""
        faults = [
            Fault("varied", f"--set {name}", "is what the question varies", f"use {VARIED[name]}")
            for name in self.fixed
            if name in VARIED
        ]
        for option, amount, most in (
            ("--cards", self.cards, MOST_CARDS),
            ("--context", self.context, 10**8),
            ("--batch", self.batch, 10**6),
        ):
            if amount is not None and not 1 <= amount <= most:
                faults.append(Fault("out-of-range", option, f"{amount} is not between 1 and {most:,}"))
        if self.method is not None and self.method not in METHODS:
            hint = f"methods are {', '.join(METHODS)}"
            faults.append(Fault("method", "--method", f"{self.method!r} is no method", hint))
        if faults:
            raise BadInput(faults)


def contexts(question: Question, catalog: Catalog, base: Path | None = None) -> dict[str, Context]:
    """Method -> context, the method that is answered first.

    Raises BadInput for a model, precision or fixed value that means nothing.
    """
    methods = ["infer", *TRAINING] if question.method is None else [question.method]
    methods += [m for m in TRAINING if question.method in TRAINING and m != question.method]
    tasks = {method: "serve" if method == "infer" else "finetune" for method in methods}
    known = {task: _known(task, question.fixed, catalog) for task in dict.fromkeys(tasks.values())}
    nowhere = [name for name in question.fixed if not any(name in found for found in known.values())]
    check_names(nowhere, pack("engineering", tasks[methods[0]]), catalog.assumptions, "--set")
    return {
        method: prepare(_need(question, method), catalog, fixed=known[tasks[method]], base=base)
        for method in methods
    }


def _known(task: str, fixed: Mapping[str, float], catalog: Catalog) -> dict[str, float]:
    rules = pack("engineering", task).rules
    return {n: v for n, v in fixed.items() if n in rules or n in INPUTS or n in catalog.assumptions}


def _need(question: Question, method: str) -> AnyNeed:
    said: dict[str, Any] = {"model": question.model, "precision": question.precision}
    try:
        if method == "infer":
            traffic = {"requests_per_second": 1.0, "prompt_tokens": 1000, "answer_tokens": 250}
            return Serve.model_validate(
                {"task": "serve", "traffic": traffic, "engine": question.engine, **said}
            )
        return Finetune.model_validate(
            {"task": "finetune", "method": method, "framework": question.framework, **said}
        )
    except ValidationError as error:
        raise BadInput([_fault(str(e["loc"][0]), reason_of(e)) for e in error.errors()]) from None


def _fault(name: str, message: str) -> Fault:
    place = name if name == "model" else f"--{name}"
    return Fault(name, place, message)


def usual_context(context: Context) -> int:
    """Tokens of a sequence where the question names none: never more than the model was made for."""
    usual = SEQUENCE if context.settled.need.task == "finetune" else PROMPT_AND_ANSWER
    return int(min(usual, context.settled.model.max_context or usual))
