"""One row of an inference measurement, in numbers and selectors; what it leaves open is filled and said."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from optplan.catalog import Card, Catalog, Model
from optplan.errors import BadInput
from optplan.validate.columns import card_of
from optplan.validate.inference_names import (
    APART,
    POOLED,
    WEIGHTS,
    attention_of,
    before_2025,
    engine_of,
    precision_of,
    whole_bits,
)
from optplan.validate.read import Case, number
from optplan.validate.shapes import model_of, named

_QUANTISED: Final = re.compile(
    r"[-_ ](?:awq|gptq|fp8|nvfp4|fp4|mxfp4|int[48]|w\d+a\d+|4bit|8bit|bnb|gguf|aqlm|quantized|hf$).*$", re.I
)
_SUMMED: Final = ("total_memory_gib", "peak_memory_gib", "weights_gib")
# Mean tokens of an MLPerf data set, (prompt, answer): 294/294 is published, the rest our estimate.
_MLPERF: Final = (
    ("llama-?2-?70b", (294, 294)), ("mixtral", (275, 145)), ("gpt-?j", (870, 70)), ("405b", (9400, 680)),
    ("llama-?3.?1-?8b", (780, 73)), ("deepseek", (800, 3880)),
)  # fmt: skip
_LONGEST: Final = r"max[-_ ]model[-_ ]len(?:gth)?\s*[=:]?\s*(\d+)"
_AT_ONCE: Final = re.compile(
    r"(?:batch(?:[-_ ]?size)?|\bbs|concurrency|users|streams|clients|requests at once)\s*[=:x]?\s*(\d+)"
)
_DEFAULT_LENGTHS: Final = (512.0, 256.0)
_DEFAULT_CARD: Final = "H100-SXM5-80GB"


@dataclass(slots=True)
class Setting:
    """What a row says: model, card, number format, inputs and selectors; defaults taken, in words."""

    model: Model
    card: Card
    precision: str
    values: dict[str, float]
    selectors: dict[str, str]
    assumed: list[str] = field(default_factory=list)

    @property
    def answer_alone(self) -> bool:
        """Whether a published speed of output leaves out the time that the prompt takes."""
        return self.selectors["engine"] in APART and self.values.get("requests") == 1.0

    @property
    def peak(self) -> str:
        """The format that the card computes in: lone weights of 4 or 8 bits are turned into 16 bits first."""
        if self.precision == "fp4":
            return "fp4" if self.card.architecture == "blackwell" else "bf16"
        return {"w8a8": "int8", "fp8": "fp8", "fp32": "fp32"}.get(self.precision, "bf16")


def setting(case: Case, catalog: Catalog) -> Setting | str:
    """The row in numbers, or why it cannot be answered."""
    row, assumed = case.row, list[str]()
    if not row.get("model"):
        return "missing model"
    try:
        model = _model(row, catalog, assumed)
        card = _card(row, catalog, assumed)
    except BadInput as error:
        return "; ".join(fault.message for fault in error.faults)
    precision = precision_of(row, assumed)
    engine, era = engine_of(row)
    if not row.get("engine"):
        assumed.append(f"engine = {engine}")
    values = (
        _formats(row, precision, model, engine)
        | _layout(row, card)
        | _load(case, assumed)
        | _limits(row, engine, era)
    )
    selectors = {
        "precision": precision,
        "engine": engine,
        "architecture": card.architecture,
        "gpu": card.name.lower(),
    }
    selectors |= {"rules": "engineering", "task": "serve" if _online(case) else "generate"}
    if era:
        selectors["era"] = era
    if before_2025(row, engine, card):
        selectors["stack"] = "2024"
    if engine == "vllm" and not row.get("engine_version") and case.kind == "inference_memory":
        selectors["era"] = "old"
    if engine == "autoawq":  # its cache is laid out for 2,048 tokens at least, over the batch
        values["mean_tokens"] = max(values["mean_tokens"], 2048.0 / values["requests"])
    if engine == "litgpt" and model.tied_embeddings:
        values |= {"tied": 0.0, "params": model.params_total + model.vocab * model.hidden}
    if case.kind == "inference_memory":
        selectors["memory_kind"] = "allocated"
    values["pooled"] = float(engine in POOLED)
    attention = attention_of(row, engine)
    if attention:
        selectors["attention"] = attention
    return Setting(model, card, precision, values, selectors, assumed)


def _model(row: Mapping[str, str], catalog: Catalog, assumed: list[str]) -> Model:
    name = row["model"]
    short = _QUANTISED.sub("", name)
    for text in (name, short, f"{short}-Instruct"):
        found = named(text, catalog)
        if len(found) == 1:
            return catalog.models[found[0]]
        if found:
            assumed.append(f"model = {found[0]}, one of {len(found)} of that name")
            return catalog.models[found[0]]
    model, filled = model_of({**row, "model": short}, catalog)
    assumed += filled
    return model


def _card(row: Mapping[str, str], catalog: Catalog, assumed: list[str]) -> Card:
    if not row.get("gpu"):
        assumed.append(f"gpu = {_DEFAULT_CARD}")
        return catalog.cards[_DEFAULT_CARD]
    card, told = card_of(row["gpu"], catalog)
    assumed += told
    return card


def _formats(row: Mapping[str, str], precision: str, model: Model, engine: str) -> dict[str, float]:
    said = f"{row.get('precision', '')} {row.get('model', '')}".lower()
    kv = row.get("kv_dtype", "").lower()
    # Caches stay in 16 bits here unless told; those that run for speed are told (start-up logs are not).
    wide = ("transformers", "vllm", "sglang") if row.get("quantity") else ("transformers",)
    small = (
        re.search(r"8", kv)
        if kv and "16" not in kv
        else (not kv and precision in ("fp8", "fp4") and engine not in wide)
    )
    values = {
        "weight_bytes": WEIGHTS[precision],
        "compute_bytes": 4.0 if precision == "fp32" else 2.0,
        "quantised": float(WEIGHTS[precision] <= 1),
        "kv_bytes": 0.5
        if re.fullmatch(r"(?:int|fp)4", kv)
        else 1.0
        if small
        else 4.0
        if precision == "fp32"
        else 2.0,
    }
    group = re.search(r"g(\d+)\b", said)
    if group and precision == "int4":
        values["scale_bytes"] = 2.5 / float(group[1])
    if precision == "nf4":
        values["scale_bytes"] = 0.016 if "dq" in said else 0.0625
    if precision == "int2":
        values["scale_bytes"] = 0.02
    if bits := whole_bits(row):
        values |= {"weight_bytes": bits / 8, "quantised": 0.0, "scale_bytes": 0.0}
    if precision == "fp4" and ("mxfp4" in said or "gpt-oss" in said):
        values["scale_bytes"] = 0.03125
    return values


def _layout(row: Mapping[str, str], card: Card) -> dict[str, float]:
    """Cards of a replica and how they share the work; more cards than that are further replicas."""
    tp, pp, ep, cards = (number(row, c) for c in ("tp", "pp", "ep", "n_gpus"))
    pp = pp if pp > 0 else 1.0
    cards = cards if cards > 0 else (tp if tp > 0 else 1.0) * pp
    # A device map spreads layers over cards that work in turn: all of it together is as on one card.
    summed = row.get("quantity", "") in _SUMMED and not tp > 1
    if summed:
        alone = {
            "replicas": 1.0,
            "replica_cards": 1.0,
            "all_cards": 1.0,
            "attention_ranks": 1.0,
            "expert_ranks": 1.0,
        }
        return alone | {"tp": 1.0, "pp": 1.0, "cards": 1.0, "nodes": 1.0, "cards_per_node": 1.0}
    spread = not tp > 0 and ep > 1
    if not 0 < tp <= cards / pp:
        tp = cards / pp
    told = row.get("notes", "").lower()
    node = max(8.0, float(card.link_cards or 1))
    ranks = (
        tp
        if spread
        or ("attention dp" in told and re.search(r"a\d+b|moe|mixtral|oss|deepseek", row["model"], re.I))
        else 1.0
    )
    return {
        "tp": tp, "pp": pp, "cards": tp * pp, "replica_cards": tp * pp,
        "replicas": max(1.0, cards / (tp * pp)),
        "all_cards": cards, "attention_ranks": ranks,
        "expert_ranks": max(ranks, min(ep, tp) if ep > 1 else 1.0),
        "nodes": math.ceil(tp * pp / node), "cards_per_node": min(tp * pp, node),
    }  # fmt: skip


def _online(case: Case) -> bool:
    """Requests come and go at a fixed number at work; otherwise a batch starts and ends together."""
    return case.row.get("metric", "").startswith(("tpot", "itl", "ttft", "latency", "e2e"))


def _load(case: Case, assumed: list[str]) -> dict[str, float]:
    row = case.row
    asked = row.get("concurrency", "").lower()
    count = re.fullmatch(r"(\d+(?:\.\d+)?)", asked) or _AT_ONCE.search(asked)
    rate = re.search(r"(\d+(?:\.\d+)?)\s*(?:rps|req|qps|/s)|(?:rate|rps|qps)\D*(\d+(?:\.\d+)?)", asked)
    values = {"offered_rate": float(rate[1] or rate[2]) if rate and not count else math.inf}
    values["states_batch"] = float(bool(count))
    if case.kind == "inference_memory":
        return values | _context(row, float(count[1]) if count else 1.0)
    values["requests"] = float(count[1]) if count else 1e5
    if not asked:
        alone = row.get("metric", "").startswith(("ttft", "tpot")) or engine_of(row)[0] in APART
        values["requests"] = 1.0 if alone else 1e5
        assumed.append(f"concurrency = {'1' if values['requests'] == 1 else 'as much as fits'}")
    prompt, answer = number(row, "input_len"), number(row, "output_len")
    usual = _usual_lengths(row)
    if math.isnan(prompt):
        prompt = usual[0]
        assumed.append(f"input_len = {prompt:g}")
    if math.isnan(answer):
        answer = usual[1]
        assumed.append(f"output_len = {answer:g}")
    return values | {"prompt_tokens": max(prompt, 1.0), "answer_tokens": max(answer, 1.0)}


def _usual_lengths(row: Mapping[str, str]) -> tuple[float, float]:
    told = " ".join(row.get(c, "") for c in ("source_repo", "source_path", "notes")).lower()
    if "mlperf" in told or "mlcommons" in told:
        plain = row["model"].lower().replace(" ", "-").replace("_", "-")
        return next((lengths for pattern, lengths in _MLPERF if re.search(pattern, plain)), _DEFAULT_LENGTHS)
    return _DEFAULT_LENGTHS


def _context(row: Mapping[str, str], batch: float) -> dict[str, float]:
    """Prompt and answer of a batch that ends together: all of its requests are then at full length."""
    context = number(row, "context_tokens")
    told = row.get("settings", "").lower()
    longest = re.search(_LONGEST, told)
    if not context > 0:
        many = "requests" in row["quantity"] or "concurren" in row["quantity"]
        context = float(longest[1]) if longest and many else 1024.0
    split = re.search(r"input (\d+) \+ (\d+)", told)
    answer = (
        float(split[2])
        if split
        else context - 1
        if re.match(r"generat(?:e|ing) \d+|max length", told)
        else 0.0
    )
    made = re.match(r"max_new_tokens (\d+)", told)
    answer = min(answer or (float(made[1]) if made else 0.0), context - 1)
    return {
        "prompt_tokens": context - answer, "answer_tokens": answer, "mean_tokens": context,
        "requests": batch, "concurrent_requests": batch,
    }  # fmt: skip


def _limits(row: Mapping[str, str], engine: str, era: str) -> dict[str, float]:
    """Limits of the engine that a row states beside its columns."""
    told = row.get("settings", "").lower() + " " + row.get("notes", "").lower()
    values: dict[str, float] = {}
    share = re.search(r"util\w*\s*[=:]?\s*(0?\.\d+)", told) or re.search(r"free_gpu_mem\w* (0?\.\d+)", told)
    if share:
        values["fill_limit"] = float(share[1])
    total = re.search(r"total[a-z_ ]*\s*[=:]?\s*(\d+(?:\.\d+)?)\s*gi?b", told)
    if total:
        values["usable_memory"] = float(total[1])
    longest = re.search(_LONGEST, told)
    batched = re.search(r"max[-_]num[-_]batched[-_]tokens\s*[=:]?\s*(\d+)", told)
    if engine == "vllm" and era != "new" and longest and not batched:
        # Until chunked prefill a batch took the longest prompt whole; beyond 32k tokens prompts were cut.
        asked = float(longest[1])
        values["profile_tokens"] = max(2048.0, asked) if asked <= 32768 else 2048.0
    if batched:
        values["profile_tokens"] = float(batched[1])
    return values
