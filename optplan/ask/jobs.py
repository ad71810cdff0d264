"""Pieces of meaning -> the fields of a fine-tune, of offline generation, of a service."""

from __future__ import annotations

import re

from optplan.ask.pieces import WORDS
from optplan.ask.requests import Requests
from optplan.ask.scan import Item
from optplan.ask.vocab.meaning import TOKENS_A_WORD
from optplan.units import Money

MONTH_S = 2592000.0
TOKENS_A_BYTE = 0.25  # of text, in English and in Chinese
TOKENS_A_CHARACTER = 3 * TOKENS_A_BYTE  # of Chinese: three bytes
TUNE_ONLY = ("method", "rank", "epochs", "recompute", "optimizer", "batch", "micro_batch", "framework")
_MAKES = re.compile("generat|synthe|produc|生成|合成")
_GIVEN = re.compile("prompt|request|quer|question|row|doc|input|record|提示|请求|问题|文")
_SAME_LENGTH = re.compile("translat|rewrit|翻译|改写")
DATA_ONLY = ("samples", "sample_tokens", "data_bytes", "data_tokens", "data_words", "data_letters")


class Jobs(Requests):
    """What belongs to one task only."""

    def times(self, kind: str, task: str) -> float | None:
        """Seconds of the deadline or the duration; a bare time is taken as the one the task has."""
        other = {"deadline": "duration", "duration": "deadline"}[kind]
        for item in self.of(other):
            if item.value >= 60:
                self._misplaced_time(item, kind, task)
        found = self.one(kind, "time")
        short = [item for item in self.of("deadline", "duration", "time") if item.value < 60]
        if any(item.value == 0 for item in short):
            self.wrong(short, "out-of-range", "a time must be above 0", "write it like 48h")
        elif short:
            hint = "write `under 30 ms per token`, `first token within 1s`, or a longer time"
            self.wrong(short, "which-time", "a wait of what? So short a time is no deadline", hint)
        return found if found is None or not short else None

    def _misplaced_time(self, item: Item, kind: str, task: str) -> None:
        if kind == "duration":
            hint = "say how long it runs (`for 3 months`), or ask for a job with an end (fine-tune, generate)"
            self.wrong([item], "other-task", "a service has no deadline", hint)
        else:
            hint = "write the deadline as `within 48h`"
            self.wrong([item], "other-task", f"{task} has a deadline, not a time that it runs for", hint)

    def deadline(self, task: str) -> None:
        seconds = self.times("deadline", task)
        if seconds is not None:
            self.need["deadline"] = f"{seconds / 3600:.12g}h"
            for item in self.of("deadline"):
                if not any(c.isdigit() for c in self.said(item)):
                    self.notes.append(f"{self.said(item)!r} is taken as {seconds / 3600:g} h from the start")
        for item in self.of("budget_rate"):
            self.wrong(
                [item],
                "not-expressible",
                f"{task} is paid once: a price per time is no limit of it",
                "give the budget of the whole job",
            )

    def not_for(self, task: str, *kinds: str) -> None:
        homes = {"rate": "serve", "min_replicas": "serve", "first_token": "serve", "per_token": "serve"}
        for item in self.of(*kinds):
            home = homes.get(item.kind, "serve" if item.kind in ("engine", "kv_precision") else "finetune")
            said = WORDS.get(item.kind, item.kind)
            self.wrong([item], "other-task", f"{said} belongs to {home}; this is {task}", "leave it out")

    def finetune(self) -> None:
        self._words()
        self.not_for(
            "finetune",
            "rate",
            "min_replicas",
            "first_token",
            "per_token",
            "lengths",
            "prompt",
            "answer",
            "engine",
            "kv_precision",
        )
        self._method()
        self._data()
        if any("zero" in self.said(item).lower() for item in self.of("framework")):
            self.notes.append("which parts ZeRO shards (its stage) is chosen by the plan")
        for kind in ("epochs", "batch", "micro_batch", "recompute", "optimizer", "framework"):
            if self.of(kind):
                self.need[kind] = self.one(kind)
        if self.of("sequence"):
            self.need["sequence"] = self._context(self.of("sequence")[0], self.one("sequence"))
        self.deadline("a fine-tune")

    def _context(self, item: Item, value: float) -> float:
        """Context lengths are powers of two: "4k" is 4096."""
        thousands = value / 1000
        if self.said(item).lower().find("k") >= 0 and thousands in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
            self.notes.append(f"a length of {thousands:g}k is taken as {thousands * 1024:g} tokens")
            return thousands * 1024
        return value

    def _method(self) -> None:
        found = self.of("method")
        kinds = {item.value for item in found}
        if kinds == {"lora", "qlora"} and len(found) == 2:
            pass
        kind = self.one("method")
        rank = self.one("rank")
        if rank is not None and kind in (None, "lora", "qlora"):
            self.need["method"] = {kind or "lora": {"rank": rank}}
            if kind is None and "lora" not in self.said(self.of("rank")[0]).lower():
                self.notes.append("a rank is said, so the method is LoRA")
        elif rank is not None:
            self.wrong(
                [*found, *self.of("rank")],
                "contradiction",
                "full fine-tuning has no rank",
                "say LoRA, or leave it out",
            )
        elif kind:
            self.need["method"] = kind
        else:
            self.need["method"] = "full"
            self.notes.append(
                "no method is said, so all weights are trained (full); LoRA and QLoRA are cheaper"
            )
        if kind == "qlora" and self.need.get("precision") == "int4":
            del self.need["precision"]
            self.notes.append("QLoRA keeps the frozen weights in 4 bits anyway")

    def _data(self) -> None:
        ways = self.of("data_bytes", "data_tokens", "samples")
        each = self.one("sample_tokens")
        if len({(item.kind, item.value) for item in ways}) > 1:
            self.wrong(ways[:2], "contradiction", "the data is said twice, and differently", "keep one")
        elif ways and ways[0].kind == "data_bytes":
            self.need["data"] = {"bytes": f"{ways[0].value!r} B"}
        elif ways and ways[0].kind == "data_tokens":
            self.need["data"] = {"tokens": ways[0].value}
        elif ways:
            samples, tokens = ways[0].value[0], (ways[0].value[1] if len(ways[0].value) > 1 else each)
            if tokens is None:
                tokens = 512.0
                self.notes.append("the length of a sample is not said: 512 tokens each are taken")
            self.need["data"] = {"samples": samples, "tokens": tokens}
        if each is not None and not (ways and ways[0].kind == "samples"):
            self.wrong(
                self.of("sample_tokens"),
                "not-understood",
                "tokens of each of what?",
                "say `50k samples of 512 tokens`",
            )

    def _words(self) -> None:
        """Words and Chinese characters as tokens."""
        for kind, each in (("data_words", TOKENS_A_WORD), ("data_letters", TOKENS_A_CHARACTER)):
            for item in self.of(kind):
                tokens = float(round(item.value * each))
                samples = [sample for sample in self.of("samples") if len(sample.value) == 1]
                self.items.append(Item("sample_tokens" if samples else "data_tokens", tokens, *item.span))
                self.notes.append(f"{self.said(item)!r} is taken as {tokens:,.0f} tokens")
        for item in self.of("samples"):
            if re.search("image|picture|photo|图|照片", self.said(item).lower()):
                self.notes.append("an image counts as the tokens that it becomes; its encoder is not planned")

    def _writes(self) -> bool:
        """Whether an offline job writes its data ("generate 1B tokens"), or reads it ("summarise 1 GB")."""
        said = [self.said(item).lower() for item in self.of("task")]
        read = any(item.value == ("generate", 2) for item in self.of("task"))
        read |= any(re.search("process|处理", word) for word in said)
        return not read or any(_MAKES.search(word) for word in said)

    def _each(self, samples: Item) -> str:
        """Whether the length of each is that of an answer ("generate 5M examples of 300 tokens") or of a prompt."""
        made = [self.said(item).lower() for item in self.of("task")]
        if not self._writes() or not any(_MAKES.search(word) for word in made):
            return "prompt_tokens"
        return "prompt_tokens" if _GIVEN.search(self.said(samples).lower()) else "answer_tokens"

    def _warn_of_length(self, lengths: dict[str, float]) -> None:
        """A translation is as long as its source: what is taken for an answer may be far from it."""
        prompt = lengths.get("prompt_tokens")
        same = any(_SAME_LENGTH.match(self.said(item).lower()) for item in self.of("task"))
        if same and prompt is not None and "answer_tokens" not in lengths:
            self.notes.append(
                f"what is translated or rewritten is about as long as before: say `{prompt:g} out`"
            )

    def _offline_data(self, lengths: dict[str, float]) -> None:
        """Data of an offline job -> what it writes, or requests as long as is said."""
        writes = self._writes()
        side = "answer_tokens" if writes else "prompt_tokens"
        self._data()
        if "data" not in self.need or (writes and side not in lengths):
            return
        data = self.need.pop("data")
        tokens = data.get("tokens") or float(data["bytes"].split()[0]) * TOKENS_A_BYTE
        each = lengths.get(side, 1000.0)
        requests = max(1.0, round(tokens / each))
        lengths = {**lengths, side: each}
        self.need["traffic"] = {"requests": requests, **lengths}
        done, parts = ("writes", "answers") if writes else ("reads", "prompts")
        said = self.said(self.of("data_tokens", "data_bytes")[0])
        self.notes.append(f"{said!r} is what it {done}: {requests:,.0f} {parts} of {each:,.0f} tokens")
        self.note_lengths(lengths)
        self._warn_of_length(lengths)

    def generate(self) -> None:
        self.not_for("generate", "rate", "min_replicas", "first_token", "per_token", *TUNE_ONLY, "sequence")
        self._engine()
        self._words()
        for item in self.of("answer") if not self.of("samples") else ():
            if self.said(item).startswith("生成"):  # an amount, where no requests have answers
                self.items[self.items.index(item)] = Item("data_tokens", item.value, *item.span)
        lengths = self.lengths()
        samples = self.of("samples")
        if samples:
            value = self.one("samples")
            each = value[1] if len(value) > 1 else self.one("sample_tokens")
            if each is not None:
                lengths.setdefault(self._each(samples[0]), each)
            self.need["traffic"] = {"requests": value[0], **lengths}
            self.note_lengths(lengths)
            self._warn_of_length(lengths)
            if self.of("data_tokens", "data_bytes"):
                self.wrong(
                    [samples[0], *self.of("data_tokens", "data_bytes")],
                    "contradiction",
                    "the amount is said twice",
                    "keep one",
                )
        elif self.of("data_tokens", "data_bytes"):
            self._offline_data(lengths)
        elif lengths:
            self.wrong(
                self.of("lengths", "prompt", "answer"),
                "no-amount",
                "how many requests are to be answered?",
                "say `2M requests, 600 in 150 out`",
            )
        else:
            hint = "say `1 billion tokens`, or `2M requests, 600 in 150 out`"
            self.wrong(self.of("task"), "no-amount", "how much is to be generated?", hint)
        self.deadline("offline generation")

    def _engine(self) -> None:
        for kind in ("engine", "kv_precision"):
            if self.of(kind):
                self.need[kind] = self.one(kind)

    def serve(self) -> None:
        self.not_for("serve", *TUNE_ONLY, *DATA_ONLY)
        for item in self.of("sequence"):
            hint = "say how long prompts and answers are: `31k in 1k out`"
            self.wrong(
                [item], "other-task", "a service has prompts and answers, not one sequence length", hint
            )
        self._engine()
        self.requests()
        latency = {k: f"{self.one(k)!r}s" for k in ("first_token", "per_token") if self.of(k)}
        if latency:
            self.need["latency"] = latency
        if self.of("min_replicas"):
            self.limits["min_replicas"] = self.one("min_replicas")
        seconds = self.times("duration", "a service")
        self._budget_rate(seconds)

    def _budget_rate(self, seconds: float | None) -> None:
        rates = self.of("budget_rate")
        if rates:
            money, period = self.one("budget_rate")
            if self.of("budget"):
                self.wrong(
                    [rates[0], self.of("budget")[0]], "contradiction", "the budget is said twice", "keep one"
                )
            if seconds is None:
                seconds = max(period, MONTH_S) if period <= MONTH_S else period
                self.notes.append(
                    f"no time that it runs for is said: {seconds / 3600:g} h are taken for the budget"
                )
            self.limits["budget"] = Money(money.amount * seconds / period, money.currency)
            self.notes.append(
                f"the budget is {money} for each {period / 3600:g} h, over {seconds / 3600:g} h"
            )
        if seconds is not None:
            self.need["duration"] = f"{seconds / 3600:.12g}h"
