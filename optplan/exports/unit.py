"""One line of a plan as other tools need it: machines, layout and the model, read off the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from optplan.exports.document import refuse
from optplan.plan import CardLine, Line, Plan

PORT: Final = 8000  # where an inference server listens, as vLLM has it by default
SCRIPT: Final = "train.py"  # what the training script is called where another file starts it
DATA: Final = "train.jsonl"  # what the training script reads: JSON lines with a field "text"
REQUESTS: Final = "requests.jsonl"  # what a batch answers: requests as the OpenAI batch API has them
WEIGHTS: Final = "MODEL"  # the environment variable that says where the weights are


@dataclass(frozen=True, slots=True)
class Unit:
    """One line of a plan.

    nodes     machines in all, of so many cards each
    gang      cards that work on one replica, or on the job
    spans     machines of one replica, or of the job
    replicas  on one machine (1 where one takes several)
    """

    plan: Plan
    card: CardLine
    line: Line
    nodes: int
    cards: int
    gang: int
    tp: int
    pp: int
    dp: int
    spans: int
    replicas: int

    @property
    def about(self) -> str:
        """ "3 x (8 x H100-SXM5-80GB) of aws/p5.48xlarge/us-east-1/on_demand"."""
        text = f"{self.nodes} x ({self.cards} x {self.card.gpu}) of {self.card.offer}"
        return " ".join(text.split())  # one line, whatever a price list calls its machines

    def whole(self, name: str) -> int:
        """A quantity of the line as a whole number."""
        return int(self.line.values[name])


def units_of(plan: Plan, to: str) -> list[Unit]:
    """The lines of a plan. Raises BadInput where there is no plan, or nothing but APIs in it."""
    if not plan.feasible:
        raise refuse(to, f"{plan.name} has no plan", "`optplan solve` says why, and the ways out")
    if not plan.lines:
        raise refuse(to, "the plan rents no cards: an API answers everything", "there is nothing to start")
    return [_unit(plan, card, line) for card, line in zip(plan.cards, plan.lines, strict=True)]


def _unit(plan: Plan, card: CardLine, line: Line) -> Unit:
    values = line.values
    tp, pp, dp = (int(values.get(name, 1)) for name in ("tp", "pp", "dp"))
    cards = card.count // card.units
    gang = card.count if plan.task == "finetune" else int(values.get("cards", tp * pp))
    spans = -(-gang // cards)
    return Unit(plan, card, line, card.units, cards, gang, tp, pp, dp, spans, max(1, cards // gang))


def besides(plan: Plan) -> list[str]:
    """What the plan has beside the machines, a line each: requests that an API answers."""
    return [
        f"besides: {line.offer} answers {line.share:.1%} of {line.traffic or 'the requests'}"
        for line in plan.apis
    ]


def header(unit: Unit, *more: str) -> str:
    """What a file starts, as comments at its top."""
    return "".join(f"# {line}\n" for line in (unit.about, *besides(unit.plan), *more))


def weights(plan: Plan) -> str | None:
    """Where the weights are, if the need says so: a repository ("owner/name"); None where it only names a model."""
    said = plan.settled.need.model
    if isinstance(said, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", said) and not said.endswith(".json"):
        return said
    return None


def weights_word(plan: Plan) -> str:
    """A shell word for the weights; where the need does not say, the shell asks for them."""
    found = weights(plan)
    missing = f"set {WEIGHTS} to the weights of {plan.settled.model.name}, a repository or a directory"
    return f'"${{{WEIGHTS}:-{found}}}"' if found else f'"${{{WEIGHTS}:?{missing}}}"'


def slug(plan: Plan, number: int = 0) -> str:
    """The plan's name as other tools take it: lower case letters, digits and dashes, beginning with a letter."""
    text = re.sub(r"[^a-z0-9]+", "-", plan.name.lower()).strip("-")[:35].strip("-") or plan.task
    text = text if text[0].isalpha() else f"plan-{text}"
    return f"{text}-{number}" if number else text
