"""Whether a model fits on a card, as a page: the verdict, memory by term, and the most that fits."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from optplan.fitting import Answer, CardFit, Cell, Fit, Most
from optplan.report import words
from optplan.report.console import bullet, grid, heading, table_console

METHODS: Final = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA", "infer": "inference"}
TERMS: Final = {
    "frozen_weights": "weights, frozen",
    "trained_weights": "weights, trained",
    "gradients": "gradients",
    "optimizer_states": "optimizer states",
    "trained_edges_memory": "embedding and head, trained too",
    "runtime": "CUDA context and communicators",
    "activation_memory": "activations and logits",
    "communication_buffers": "communication buffers",
    "step_temporary": "working space of the optimizer step",
    "memory_spread": "margin, as measurements spread",
    "weight_memory": "weights",
    "engine_activation": "working space of the engine",
    "engine_runtime": "CUDA context, graphs, communicators",
    "request_bytes": "cache of the sequences at once",
    "memory_per_card": "the rest, fixed by --set",
}
STOPS: Final = {
    "fits_in_memory": "memory",
    "sequence_fits_context": "the model's context",
    "fits_context": "the model's context",
    "max_sequences": "the engine's limit",
    "heads_split_evenly": "heads that do not divide",
    "stages_have_layers": "too few layers",
    "framework_splits_model": "the framework",
    "computes_in_precision": "the card's precisions",
    "batch_covers_ranks": "the batch",
}
LAYOUTS: Final = 6
MEMORY: Final = "fits_in_memory"


def print_fit(found: Fit) -> None:
    """The whole answer: one card in full, or a line for each card of a family."""
    console = table_console()
    if len(found.cards) > 1:
        _family(console, found)
    else:
        _card(console, found, found.cards[0])
    if found.assumed:
        heading(console, "Assumed, as the question does not say")
        for text in found.assumed:
            bullet(console, text)


def headline(found: Fit, card: CardFit) -> str:
    """The verdict in one sentence."""
    answer = card.answer
    verdict = "fits on" if answer.fits else "does not fit on"
    amounts = f"{words.figure(answer.memory[1], 3)} of {words.figure(answer.usable, 3)} GiB a card"
    head = f"{found.model} {verdict} {answer.cards} x {card.gpu} for {METHODS[answer.method]}"
    return f"{head}: {amounts}, {words.percent(answer.fill)} full"


def _card(console: Console, found: Fit, card: CardFit) -> None:
    answer = card.answer
    console.print(Text(headline(found, card), style="bold green" if answer.fits else "bold red"))
    if card.gpu != found.asked:
        console.print(Text(f"{found.asked} means {card.gpu}"))
    console.print(Text(f"{_case(answer)}; {answer.precision}; {answer.layout}", style="dim"))
    for broken in answer.refused:
        miss = words.shortfall(broken.needs, broken.has, broken.unit, "")
        bullet(console, f"{broken.label}: {miss}", "red")
    if answer.fits and not answer.fits_at_worst:
        high, usable = words.figure(answer.memory[2], 3), words.figure(answer.usable, 3)
        bullet(console, f"it may not: at the high end it needs {high} of {usable} GiB", "yellow")
    _terms(console, answer)
    _backwards(console, answer)
    _layouts(console, answer)
    _table(console, card.table, answer.cards)


def _case(answer: Answer) -> str:
    if answer.method == "infer":
        many = "1 sequence" if answer.batch == 1 else f"{answer.batch:,} sequences at once"
        return f"{many} of {answer.context:,} tokens, prompt and answer"
    return f"sequences of {answer.context:,} tokens, micro-batch {answer.batch:,}"


def _terms(console: Console, answer: Answer) -> None:
    heading(console, "Memory of the fullest card, GiB")
    rows = [[TERMS[t.name], *(f"{v:.2f}" for v in (t.low, t.expected, t.high))] for t in answer.terms]
    total = ["together", *(f"{value:.2f}" for value in answer.memory)]
    columns = ["term", "low", "expected", "high"]
    console.print(grid(console, columns, rows, right=(1, 2, 3), total=total))
    console.print(Text(f"a plan fills at most {words.figure(answer.fillable, 3)} GiB of it", style="dim"))


def _backwards(console: Console, answer: Answer) -> None:
    heading(console, "The most that fits, all else the same, in the layout that suits it")
    many = "most sequences at once" if answer.method == "infer" else "largest micro-batch"
    rows = []
    for name, most in (
        ("longest context", answer.longest_context),
        (many, answer.largest_batch),
        ("fewest cards, in one node", answer.smallest_cards),
    ):
        rows.append([name, _most(most), _stop(most), _most_by_memory(most)])
    console.print(grid(console, ["", "", "stopped by", "by memory alone"], rows, right=(1, 3)))


def _most(most: Most) -> str:
    return "none" if most.value is None else f"{most.value:,}"


def _most_by_memory(most: Most) -> str:
    if most.by_memory == most.value:
        return ""
    return "none" if most.by_memory is None else f"{most.by_memory:,}"


def _stop(most: Most) -> str:
    return ", ".join(STOPS.get(name, name.replace("_", " ")) for name in most.stopped_by)


def _layouts(console: Console, answer: Answer) -> None:
    if len(answer.layouts) < 2:
        return
    heading(console, "Layouts, the one that needs least memory first")
    rows = []
    for layout in answer.layouts[:LAYOUTS]:
        speed = "" if layout.tokens_per_second is None else words.figure(layout.tokens_per_second, 3)
        fits = "fits" if layout.fits else "does not"
        rows.append([layout.text, words.figure(layout.memory, 3), fits, speed])
    console.print(grid(console, ["layout", "GiB a card", "", "tokens/s"], rows, right=(1, 3)))
    if len(answer.layouts) > LAYOUTS:
        console.print(Text(f"and {len(answer.layouts) - LAYOUTS} more", style="dim"))


def _table(console: Console, cells: list[Cell], cards: int) -> None:
    if not cells:
        return
    many = "1 card" if cards == 1 else f"{cards} cards"
    heading(console, f"Training on {many}: GiB a card by sequence length and micro-batch")
    batches = list(dict.fromkeys(cell.micro_batch for cell in cells))
    lines: dict[tuple[str, int], list[str | Text]] = {}
    for cell in cells:
        start: list[str | Text] = [METHODS[cell.method], f"{cell.sequence:,}"]
        lines.setdefault((cell.method, cell.sequence), start).append(_mark(cell))
    columns = ["method", "sequence", *(f"micro-batch {b}" if b == 1 else str(b) for b in batches)]
    console.print(grid(console, columns, list(lines.values()), right=range(1, len(columns))))
    console.print(Text("* does not fit", style="dim"))
    others = dict.fromkeys(name for cell in cells if _memory_would_do(cell) for name in cell.refused)
    if others:
        why = ", ".join(STOPS.get(name, name) for name in others)
        console.print(Text(f"~ memory would do, but not {why}", style="dim"))


def _memory_would_do(cell: Cell) -> bool:
    return not cell.fits and MEMORY not in cell.refused


def _mark(cell: Cell) -> Text:
    text = f"{cell.memory:.1f}" if cell.memory < 1000 else f"{cell.memory:.0f}"
    if cell.fits:
        return Text(f"{text}  ", style="green")
    return Text(f"{text} ~", style="yellow") if _memory_would_do(cell) else Text(f"{text} *", style="red")


def _family(console: Console, found: Fit) -> None:
    first = found.cards[0].answer
    fit = sum(card.answer.fits for card in found.cards)
    count = f"{fit} of the {len(found.cards)} cards that {found.asked} means"
    head = f"{found.model}, {METHODS[first.method]}: it fits on {count}"
    console.print(Text(head, style="bold green" if fit else "bold red"))
    console.print(Text(f"{_case(first)}; {first.precision}; {first.cards} x each card", style="dim"))
    console.print()
    rows = []
    for card in found.cards:
        answer = card.answer
        needs, has = (words.figure(value, 3) for value in (answer.memory[1], answer.usable))
        most = [_most(m) for m in (answer.longest_context, answer.largest_batch, answer.smallest_cards)]
        verdict = "fits" if answer.fits else "does not"
        rows.append([card.gpu, needs, has, words.percent(answer.fill), verdict, *most])
    columns = ["card", "needs", "GiB", "full", "", "context", "batch", "cards"]
    console.print(grid(console, columns, rows, right=(1, 2, 3, 5, 6, 7), keep=(0, 4), drop=("GiB", "full")))
    refusals: dict[str, list[str]] = {}
    for card in found.cards:
        for broken in (r for r in card.answer.refused if r.requirement != MEMORY):
            refusals.setdefault(broken.label, []).append(card.gpu)
    for label, gpus in refusals.items():
        bullet(console, f"not so: {label} ({', '.join(gpus)})", "red")
    last = "context: the longest; batch: the largest; cards: the fewest that do it"
    console.print(Text(last, style="dim"))
    console.print()
    one = f"optplan fit {found.model} {found.cards[0].gpu}"
    console.print(Text(f"Memory by term, and the table of training, of one card: {one}", style="dim"))
