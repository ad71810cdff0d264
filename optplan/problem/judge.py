"""One YAML document -> a need, or every fault in it with line, column and cure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from optplan.errors import BadInput, Fault, nearest
from optplan.need import TASKS, AnyNeed
from optplan.problem import fields
from optplan.problem.fields import Path
from optplan.problem.tree import Node, Text, plain
from optplan.units import number

_OTHER_WORDS = {
    "gpu": "gpus", "cards": "max_cards", "card": "gpus", "provider": "providers", "region": "regions",
    "cost": "budget", "price": "budget", "time": "deadline", "hours": "deadline", "dtype": "precision",
    "seq_len": "sequence", "sequence_length": "sequence", "max_length": "sequence", "context": "sequence",
    "rps": "requests_per_second", "qps": "requests_per_second", "rate": "requests_per_second",
    "input_tokens": "prompt_tokens", "output_tokens": "answer_tokens", "ttft": "first_token",
    "tpot": "per_token", "itl": "per_token", "r": "rank", "replicas": "min_replicas", "spot": "purchase",
    "gradient_checkpointing": "recompute", "dataset": "data", "tokens": "data", "quantization": "precision",
}  # fmt: skip
_OTHER_TASKS = {
    **dict.fromkeys(("train", "training", "tune", "sft", "lora", "qlora", "pretrain"), "finetune"),
    **dict.fromkeys(("deploy", "host", "inference", "online", "chat", "service"), "serve"),
    **dict.fromkeys(("batch", "offline", "batch_inference", "generation", "label"), "generate"),
}
_SISTERS = {"deadline": "duration", "duration": "deadline"}


class Judge:
    """Judges one document; `faults` collects what is wrong.

    tasks  the kinds of need that it can be; what: what the document is called in faults
    """

    tasks: Mapping[str, type[BaseModel]] = TASKS
    what: str = "need"

    def __init__(self, root: Node, text: Text) -> None:
        self.root = root
        self.text = text
        self.faults: list[Fault] = []
        self.task = ""

    def need(self) -> AnyNeed:
        """The need. Errors: BadInput with all faults, in the order of the text."""
        if self.root.kind != "map":
            message = "a need is a mapping: lines of `key: value`"
            hint = "begin like `task: finetune` and `model: GLM-4-9B`"
            raise BadInput(self.at(self.root, "not-a-mapping", message, hint))
        self.empties(self.root, ())
        model = self.judge_task()
        return cast(AnyNeed, self.validated(model, plain(self.root) | {"task": self.task}))

    def validated(self, model: type[BaseModel], value: object) -> BaseModel:
        """The value as this model. Errors: BadInput with all faults so far, in the order of the text."""
        found: BaseModel | None = None
        try:
            found = model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self.detail(detail, model)
        if self.faults or found is None:
            raise BadInput(sorted(set(self.faults), key=line_order))
        return found

    def fault(self, path: Path, code: str, message: str, hint: str = "") -> Fault:
        """A fault at one value, such as ("limits", "gpus", 0), found after reading."""
        node, key, _ = self.find(path)
        return self.at(key if key is not None and node.kind == "map" else node, code, message, hint)

    def at(self, node: Node, code: str, message: str, hint: str = "") -> Fault:
        return self.text.fault(node.start, node.end, code, message, hint)

    def empties(self, node: Node, path: Path) -> None:
        """Keys with nothing behind them: a slip, unlike a written null."""
        for key, value in node.entries.items():
            if value.kind == "empty":
                message = f"`{key[:40]}` has no value"
                self.faults.append(
                    self.at(node.keys[key], "no-value", message, "give one, or leave the line out")
                )
            self.empties(value, (*path, key))
        for index, item in enumerate(node.items):
            if item.kind in ("empty", "null"):
                self.faults.append(
                    self.at(item, "no-value", "an entry of the list has no value", "leave it out")
                )
            self.empties(item, (*path, index))

    def judge_task(self) -> type[BaseModel]:
        """The model of the task said; with no such task, of the one that fits the other keys best."""
        node = self.root.entries.get("task")
        choices = ", ".join(self.tasks)
        if node is not None and node.kind == "text" and node.text.strip().lower() in self.tasks:
            self.task = node.text.strip().lower()
            return self.tasks[self.task]
        best = max(
            self.tasks,
            key=lambda task: sum(key in self.tasks[task].model_fields for key in self.root.entries),
        )
        self.task = best
        if node is None or node.kind in ("empty", "null"):
            hint = f"add `task:` with one of {choices}"
            if node is None or node.kind == "null":
                spot = next(iter(self.root.keys.values()), self.root)
                self.faults.append(self.at(spot, "missing-key", "the need does not say its `task`", hint))
        else:
            shown = node.text[:40] if node.kind == "text" else ""
            meant = _OTHER_TASKS.get(shown.strip().lower(), shown)
            hint = _did_you_mean(meant, list(self.tasks)) or f"the tasks are {choices}"
            message = f"there is no task {shown!r}" if shown else "a task is one word"
            message += f"; the tasks are {choices}"
            self.faults.append(self.at(node, "unknown-task", message, hint))
        return self.tasks[best]

    def find(self, path: Path) -> tuple[Node, Node | None, str]:
        """(the node at path or the nearest above it, its key's node, the name of the last key)."""
        node, key, name = self.root, None, ""
        for part in path:
            if node.kind == "map":
                said = str(part)
                if said == "lora" and said not in node.entries and "qlora" in node.entries:
                    said = "qlora"
                if said in node.entries and node.entries[said].kind not in ("null", "empty"):
                    node, key, name = node.entries[said], node.keys[said], said
            elif node.kind == "list" and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
        return node, key, name

    def detail(self, detail: ErrorDetails, model: type[BaseModel]) -> None:
        path, kind = tuple(detail["loc"]), detail["type"]
        if kind == "extra_forbidden":
            self.unknown_key(path, model)
        elif kind == "missing":
            self.missing_key(path, model)
        else:
            self.bad_value(path, detail, model)

    def unknown_key(self, path: Path, model: type[BaseModel]) -> None:
        parent, _, inside = self.find(path[:-1])
        key = str(path[-1])
        node = parent.keys.get(key, parent)
        part = fields.owner(model, path) or model
        if any(fault.place == self.at(node, "", "").place for fault in self.faults):
            return
        others = [task for task in fields.tasks_with(key, self.tasks) if task != self.task]
        if part is model and others and self.task_was_said():
            sister = _SISTERS.get(key)
            known = sister in model.model_fields if sister else False
            hint = (
                f"for {self.task}: {fields.meaning(str(sister), model.model_fields[str(sister)])}"
                if known
                else ""
            )
            message = f"`{key}` belongs to {' and '.join(others)}; this need is {self.task}"
            self.faults.append(
                self.at(node, "other-task", message, hint or "leave it out, or change the task")
            )
            return
        if part is model and others:
            return
        where = f"`{inside}`" if inside else self.whole
        hint = self.key_hint(key, part, model)
        self.faults.append(self.at(node, "unknown-key", f"{where} has no such key", hint))

    @property
    def whole(self) -> str:
        """The document as a whole, in words."""
        return f"a {self.task} {self.what}"

    def task_was_said(self) -> bool:
        node = self.root.entries.get("task")
        return node is not None and node.text.strip().lower() in self.tasks

    def key_hint(self, key: str, part: type[BaseModel], model: type[BaseModel]) -> str:
        known, everywhere = part.model_fields, fields.places(model)
        if key == "<<":
            return "merge keys are not read: write the keys out"
        other = _OTHER_WORDS.get(key.lower(), key)
        if other in known:
            return f"did you mean {fields.meaning(other, known[other])}?"
        if other in everywhere and (everywhere[other][0] or part is not model):
            section, field = everywhere[other]
            return (
                f"put it {f'under `{section}`' if section else 'at the top'}: {fields.meaning(other, field)}"
            )
        for near in nearest(key, known, 1):
            return f"did you mean {fields.meaning(near, known[near])}?"
        for near in nearest(key, everywhere, 1):
            section, field = everywhere[near]
            path = f"{section}.{near}" if section else near
            return f"did you mean {fields.meaning(path, field)}?"
        return f"the keys are {', '.join(known)}"

    def missing_key(self, path: Path, model: type[BaseModel]) -> None:
        name = str(path[-1])
        parent, key, inside = self.find(path[:-1])
        if parent.kind == "map" and name in parent.keys:
            if parent.entries[name].kind == "empty":
                return
            spot = parent.keys[name]
        else:
            spot = key or next(iter(parent.keys.values()), parent)
        part = fields.owner(model, path)
        field = part.model_fields.get(name) if part else None
        where = f"`{inside}`" if inside else f"the {self.what}"
        hint = f"add {fields.meaning(name, field)}" if field else ""
        self.faults.append(self.at(spot, "missing-key", f"{where} does not say its `{name}`", hint))

    def bad_value(self, path: Path, detail: ErrorDetails, model: type[BaseModel]) -> None:
        node, key, name = self.find(path)
        spot = node
        if node.kind in ("list", "map") and key is not None:
            spot = key
        elif node is self.root:
            spot = next(iter(node.keys.values()), node)
        named = [part for part in path if isinstance(part, str) and part == name] or [name]
        upto = path[: path.index(named[0]) + 1] if named[0] in path else path
        part = fields.owner(model, upto)
        field = part.model_fields.get(name) if part else None
        kind = fields.unit(field) if field else "value"
        code, message, hint = explain(detail, name, kind, node)
        if field and not hint:
            hint = f"{fields.meaning(name, field)}"
        self.faults.append(self.at(spot, code, message, hint))


def line_order(fault: Fault) -> tuple[int, int, str]:
    """Sorts faults as the text has them."""
    line, column = fault.place.rsplit(":", 2)[1:]
    return int(line), int(column), fault.message


def _did_you_mean(word: str, choices: list[str]) -> str:
    found = nearest(word, choices, 1)
    return f"did you mean `{found[0]}`?" if found else ""


_LIMITS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_SCALES = {"time": {3600 * 24.0: " s", 876_000.0: " h"}}
_A = {"time": "a time", "money": "money", "bytes": "an amount of bytes", "data": "an amount of data"}
_UNITS = {
    "model": "a name, a path to a config.json, a size such as 9B, or {params: 9B}",
    "part": "keys of its own: lines of `key: value` below it",
}
_KINDS = {
    "list_type": "a list, such as [H100, A100]",
    "dict_type": "a mapping, such as {efficiency: 0.4}",
    "model_type": "a part with keys of its own: lines of `key: value` below it",
    "model_attributes_type": "a part with keys of its own: lines of `key: value` below it",
    "string_type": "plain text",
    "string_too_short": "a word; it is empty",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least one name; leave the line out for no limit",
    "float_parsing": "a number, such as 0.4",
    "float_type": "a number, such as 0.4",
    "finite_number": "a finite number, such as 0.4",
    "int_parsing": "a whole number, such as 8",
    "int_type": "a whole number, such as 8",
    "int_from_float": "a whole number, such as 8",
    "int_parsing_size": "a whole number, such as 8",
    "bool_parsing": "yes or no",
    "bool_type": "yes or no",
}


def reason_of(detail: ErrorDetails) -> str:
    """What is wrong with a value that was not read from a file, none of it in pydantic's words."""
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "value_error":
        return str(context.get("error", ""))
    if kind == "literal_error":
        return f"it must be {str(context['expected']).replace(chr(39), '')}"
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return f"it must be {words} {number(float(context[key]))}"
    return f"it takes {_KINDS[kind]}" if kind in _KINDS else detail["msg"]


def explain(detail: ErrorDetails, name: str, unit: str, node: Node) -> tuple[str, str, str]:
    """(code, message, hint) for one error of pydantic, none of it in pydantic's words."""
    kind, context = detail["type"], detail.get("ctx") or {}
    said = f"{node.text[:60]!r}" if node.kind == "text" else "this"
    if kind == "value_error":
        reason = str(context.get("error", ""))
        lead = f"`{name}` is {_A[unit]}: " if unit in _A else f"`{name}`: " if name else ""
        return "bad-value", f"{lead}{reason}", ""
    if kind == "literal_error":
        choices = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        message = f"`{name}` cannot be {said}; it is one of {', '.join(choices)}"
        return "bad-choice", message, _did_you_mean(node.text, choices)
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        scale = _SCALES.get(unit, {}).get(float(context[key]), "")
        limit = number(float(context[key]))
        return "out-of-range", f"`{name}` is {said}; it must be {words} {limit}{scale}", ""
    what = _UNITS.get(unit) or _KINDS.get(kind, f"a {unit}")
    if kind in ("string_too_long", "too_short"):
        said, what = ("[]" if kind == "too_short" else said), _KINDS[kind].format(**context)
    return "bad-value", f"`{name}` cannot be {said}; it takes {what}", ""
