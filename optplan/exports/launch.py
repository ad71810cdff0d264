"""What is run on each machine, whichever tool starts the machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from optplan.errors import BadInput, Fault
from optplan.exports import torchrun, vllm
from optplan.exports.document import Document, refuse
from optplan.exports.unit import DATA, REQUESTS, SCRIPT, Unit, slug, units_of
from optplan.plan import CardLine, Plan

VLLM_PACKAGES: Final = "vllm"
TRAINING_PACKAGES: Final = "torch 'transformers>=5' datasets peft accelerate"


@dataclass(frozen=True, slots=True)
class Nodes:
    """How a tool tells a machine about the others: shell words for their number, its rank, the first one's address."""

    count: str
    rank: str
    first: str


def launchable(plan: Plan, to: str) -> list[Unit]:
    """The lines of a plan that a tool can start. Raises BadInput for what neither vLLM nor torchrun can run."""
    if plan.task == "finetune":
        return torchrun.trainable(plan, to)
    vllm.serving(plan, to)
    return units_of(plan, to)


def documents(plan: Plan, to: str, write: Callable[[Unit, str], str]) -> list[Document]:
    """A document for each line that a tool can get; those that it cannot are told at the top of each.

    write: a line and its name -> the text; it raises BadInput for a line that the tool cannot get. Raises BadInput
    where that is so of all of them.
    """
    units = launchable(plan, to)
    done: list[Document] = []
    lost: list[str] = []
    faults: list[Fault] = []
    for number, unit in enumerate(units, 1):
        try:
            done.append(Document(unit.about, write(unit, slug(plan, number if len(units) > 1 else 0))))
        except BadInput as error:
            faults += error.faults
            lost += [f"# not here: {unit.about}: {fault.message}\n" for fault in error.faults]
    if not done:
        raise BadInput(faults)
    return [replace(document, text="".join(lost) + document.text) for document in done]


def provider_of(card: CardLine, to: str, tool: str, kind: str, names: Mapping[str, str]) -> str:
    """The tool's name of who rents the cards; the house's own are on Kubernetes. Raises BadInput where it has none."""
    if card.purchase == "buy":
        raise refuse(
            to, f"{card.gpu} is bought; {tool} rents", "--to vllm or --to torchrun write what runs on it"
        )
    name = "kubernetes" if card.purchase == "owned" else names.get(card.provider)
    if name is None:
        cure = f"limits: {{providers: [{', '.join(sorted(names))}]}} keeps to its {kind}s"
        raise refuse(to, f"{tool} has no {kind} called {card.provider}", cure)
    return name


def files(unit: Unit) -> list[str]:
    """Files that must lie beside the document, for the machines to get them."""
    return {"finetune": [SCRIPT, DATA], "generate": [REQUESTS]}.get(unit.plan.task, [])


def about(unit: Unit) -> list[str]:
    """What must be known before it is started, and before the machines are let go; a line each."""
    if unit.plan.task == "finetune":
        beside = f"{SCRIPT} (--to torchrun writes it) and {DATA}, lines with a field text"
        return [f"beside this file: {beside}", f"the weights are in OUT (out/) on the first machine{_GOES}"]
    found = vllm.cautions(unit)
    if unit.plan.task == "generate":
        beside = f"{REQUESTS}, as the OpenAI batch API has them"
        written = f"the answers are in ANSWERS (answers.jsonl) on each machine{_GOES}"
        return [f"beside this file: {beside}", written, *found]
    return found


_GOES: Final = " and go with it: fetch them in time, or put them into a mounted bucket"


def setup(unit: Unit) -> str:
    """The shell command that installs what is run."""
    if unit.plan.task != "finetune":
        return f"pip install {VLLM_PACKAGES}" + (" 'ray[default]'" if unit.spans > 1 else "")
    more = " bitsandbytes" if torchrun.needs_bitsandbytes(unit.plan) else ""
    return f"pip install {TRAINING_PACKAGES}{more}"


def command(unit: Unit, nodes: Nodes) -> str:
    """The shell command of one machine."""
    if unit.plan.task == "finetune":
        return torchrun.command(unit, nodes.count, nodes.rank, nodes.first, SCRIPT)
    first, *rest = vllm.arguments(unit)
    serve = " \\\n  ".join([first, *rest])
    if unit.spans == 1:
        return serve
    head = f"if [ {nodes.rank} = 0 ]; then\n  ray start --head --port 6379\n"
    wait = f"  until [ $(ray status | grep -c node_) -ge {unit.spans} ]; do sleep 5; done\n"
    others = f"else\n  sleep 10; ray start --address {nodes.first}:6379 --block\nfi"
    return head + wait + "  " + serve.replace("\n", "\n  ") + "\n" + others
