"""Need x Catalog -> a settled need: names resolved, defaults filled and listed, all in numbers.

Nothing is guessed in silence: what the need leaves open is filled from `DEFAULTS` and listed in `assumed`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from optplan.catalog import PURCHASE, Catalog, Model
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed, Finetune, Generate, Lora, Serve, Shapes, Traffic
from optplan.units import number

WEIGHT_BYTES: Final = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5}
COMPUTE_BYTES: Final = {"fp32": 4.0}  # all others compute on 16-bit activations
KV_BYTES: Final = WEIGHT_BYTES

DEFAULTS: Final[dict[str, dict[str, tuple[Any, str]]]] = {
    "finetune": {
        "precision": ("bf16", "usual for training"),
        "data_bytes": (1e9, "1 GB of text, as no data was named"),
        "epochs": (1.0, "one pass over the data"),
        "sequence": (4096, "tokens of a training sequence"),
        "batch": (64, "sequences of one optimizer step"),
        "optimizer": ("adamw", "usual for training"),
        "framework": ("fsdp", "PyTorch with sharding where it pays"),
        "deadline": (math.inf, "no deadline named"),
        "mix": ("one_type", "all cards of one training job are of one type"),
    },
    "generate": {
        "precision": ("bf16", "usual for inference"),
        "prompt_tokens": (1000.0, "tokens of a prompt"),
        "answer_tokens": (250.0, "tokens of an answer"),
        "engine": ("vllm", "most used open engine"),
        "deadline": (math.inf, "no deadline named"),
        "mix": ("any", "replicas work independently"),
    },
    "serve": {
        "precision": ("bf16", "usual for inference"),
        "requests_per_second": (0.1, "a small service, as no traffic was named"),
        "prompt_tokens": (1000.0, "tokens of a prompt"),
        "answer_tokens": (250.0, "tokens of an answer"),
        "engine": ("vllm", "most used open engine"),
        "duration": (720.0, "hours, one month"),
        "mix": ("any", "replicas work independently"),
    },
}


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many cards of these types, as the need named them."""

    name: str
    cards: tuple[str, ...]
    most: int


@dataclass(slots=True)
class Settled:
    """A need in numbers.

    quantities  inputs of origin `need` and `model`; those of a traffic class have shape (classes, 1)
    selectors   what picks the row of an assumption: task, method, precision, framework, engine, ..
    allowed     mask over the catalog's offers: which the limits let in
    assumed     every default taken, in words
    meant       family name as written -> the exact cards it stands for
    """

    need: AnyNeed
    model: Model
    currency: str
    quantities: dict[str, Any]
    selectors: dict[str, str]
    allowed: np.ndarray
    mix: str
    budget: float
    max_cards: int | None
    min_replicas: int
    quotas: tuple[Quota, ...]
    hours: float
    classes: tuple[Traffic, ...] = ()
    assumed: list[str] = field(default_factory=list)
    meant: dict[str, list[str]] = field(default_factory=dict)


def settle(need: AnyNeed, catalog: Catalog, base: Path | None = None) -> Settled:
    """Resolve names and fill defaults.

    base: folder that a relative path to a config.json starts from.
    Raises BadInput with every unknown model, GPU, provider or region at once.
    """
    return _Settler(need, catalog, base).settled()


class _Settler:
    def __init__(self, need: AnyNeed, catalog: Catalog, base: Path | None) -> None:
        self.need, self.catalog, self.base = need, catalog, base
        self.assumed: list[str] = []
        self.meant: dict[str, list[str]] = {}
        self.faults: list[Fault] = []
        self.defaults = DEFAULTS[need.task]

    def settled(self) -> Settled:
        need, limits = self.need, self.need.limits
        model = self._model()
        currency = need.currency or (limits.budget.currency if limits.budget else None)
        if currency is None:
            currency = "USD"
            self.assumed.append("currency = USD (default)")
        allowed = self._allowed()
        quotas = tuple(Quota(name, tuple(self._cards(name)), most) for name, most in limits.quota.items())
        budget = math.inf
        if limits.budget:
            budget = self._try(lambda: self.catalog.convert(limits.budget.amount, limits.budget.currency, currency))
        if self.faults or model is None or budget is None:
            raise BadInput(self.faults)
        selectors = {"task": need.task, "rules": need.rules}
        quantities = _model_quantities(model) | self._precision(selectors)
        by_task = {Finetune: self._finetune, Generate: self._generate, Serve: self._serve}
        hours, classes = by_task[type(need)](need, quantities, selectors, model)
        mix = limits.mix or self._default("mix")
        self.assumed += [f"model {model.name}: {text}" for text in model.assumed]
        return Settled(
            need, model, currency, quantities, selectors, allowed, mix, budget, limits.max_cards,
            limits.min_replicas or 1, quotas, hours, classes, self.assumed, self.meant,
        )  # fmt: skip

    def _default(self, name: str) -> Any:
        value, why = self.defaults[name]
        shown = number(value) if isinstance(value, (int, float)) else value
        self.assumed.append(f"{name} = {shown} (default: {why})")
        return value

    def _or(self, value: Any, name: str) -> Any:
        return self._default(name) if value is None else value

    def _try(self, call: Any) -> Any:
        try:
            return call()
        except BadInput as error:
            self.faults += error.faults
            return None

    def _model(self) -> Model | None:
        asked = self.need.model
        if isinstance(asked, Shapes):
            asked = asked.model_dump(exclude_none=True)  # type: ignore[assignment]
        return self._try(lambda: self.catalog.model(asked, self.base))

    def _cards(self, name: str) -> list[str]:
        found: list[str] = self._try(lambda: self.catalog.gpus(name)) or []
        if len(found) > 1 or (found and found[0] != name):
            self.meant[name] = found
        return found

    def _allowed(self) -> np.ndarray:
        limits, offers = self.need.limits, self.catalog.offers
        purchase = limits.purchase
        if purchase is None:
            purchase = ["on_demand"]
            self.assumed.append("purchase = on_demand (default: spot and buying only when asked)")
        mask = np.isin(offers.purchase, [PURCHASE.index(kind) for kind in purchase])
        if limits.gpus is not None:
            names = {card for gpu in limits.gpus for card in self._cards(gpu)}
            mask &= self._one_of(offers.card, offers.cards, names)
        avoided = {card for gpu in limits.avoid_gpus for card in self._cards(gpu)}
        if avoided:
            mask &= ~self._one_of(offers.card, offers.cards, avoided)
        return mask & self._providers() & self._regions()

    def _one_of(self, codes: np.ndarray, vocabulary: Sequence[str], names: set[str]) -> np.ndarray:
        wanted = [i for i, name in enumerate(vocabulary) if name in names]
        return np.isin(codes, wanted)

    def _providers(self) -> np.ndarray:
        limits, offers = self.need.limits, self.catalog.offers
        known = {name.lower(): name for name in offers.providers}
        for name in [*(limits.providers or []), *limits.avoid_providers]:
            if name.lower() not in known:
                self._unknown("provider", name, offers.providers)
        if limits.providers is not None:
            names = {known.get(name.lower(), name) for name in limits.providers}
        else:
            names = {p for p in offers.providers if not self.catalog.provider_info(p).by_name_only}
        names -= {known.get(name.lower(), name) for name in limits.avoid_providers}
        return self._one_of(offers.provider, offers.providers, names)

    def _regions(self) -> np.ndarray:
        limits, offers = self.need.limits, self.catalog.offers
        if limits.regions is None:
            return np.ones(len(offers), dtype=bool)
        names: set[str] = set()
        for asked in limits.regions:
            found = [r for r in offers.regions if r.lower() == asked.lower() or r.lower().startswith(asked.lower() + "-")]
            if not found:
                self._unknown("region", asked, offers.regions)
            names.update(found)
        return self._one_of(offers.region, offers.regions, names)

    def _unknown(self, what: str, name: str, choices: Sequence[str]) -> None:
        close = nearest(name, choices)
        hint = f"did you mean {', '.join(close)}?" if close else f"{what}s: {', '.join(list(choices)[:20])}"
        self.faults.append(Fault(f"unknown-{what}", f"limits.{what}s", f"no offer of a {what} {name!r}", hint))

    def _precision(self, selectors: dict[str, str]) -> dict[str, Any]:
        precision = self._or(self.need.precision, "precision")
        selectors["precision"] = precision
        return {
            "weight_bytes": WEIGHT_BYTES[precision],
            "compute_bytes": COMPUTE_BYTES.get(precision, 2.0),
            "quantised": float(WEIGHT_BYTES[precision] <= 1),
        }

    def _kv(self, need: Generate | Serve, quantities: dict[str, Any], selectors: dict[str, str]) -> None:
        if need.kv_precision is None:
            self.assumed.append("kv_precision = 16 bit (default: engines keep the cache in 16 bit unless told)")
        quantities["kv_bytes"] = KV_BYTES[need.kv_precision or "bf16"]
        selectors["kv_precision"] = need.kv_precision or "bf16"
        selectors["engine"] = self._or(need.engine, "engine").lower()

    def _finetune(
        self, need: Finetune, quantities: dict[str, Any], selectors: dict[str, str], model: Model
    ) -> tuple[float, tuple[Traffic, ...]]:
        method = need.method
        if "method" not in need.model_fields_set:
            self.assumed.append("method = full (default: all weights are trained)")
        selectors |= {
            "method": method.kind,
            "optimizer": self._or(need.optimizer, "optimizer"),
            "framework": self._or(need.framework, "framework"),
        }
        data = need.data
        samples = data is not None and data.samples is not None
        sequence = need.sequence or min(self._default("sequence"), model.max_context or math.inf)
        quantities |= {
            "data_bytes": self._default("data_bytes") if data is None else (data.bytes or 0.0),
            "data_tokens": 0.0 if data is None else _tokens(data, self),
            "epochs": self._or(need.epochs, "epochs"),
            "sequence": float(sequence),
            "batch": float(self._or(need.batch, "batch")),
            "asked_micro_batch": float(need.micro_batch or 0),
            "deadline_hours": self._or(need.deadline, "deadline"),
        }
        del samples
        for kind in ("full", "lora", "qlora"):
            quantities[f"is_{kind}"] = float(method.kind == kind)
        if method.kind != "full" and "lora" not in method.model_fields_set:
            self.assumed.append("lora rank = 16 on all linear layers (default)")
        quantities |= _adapters(method.lora, method.kind != "full")
        if method.kind == "qlora":
            quantities |= {"weight_bytes": 0.5, "quantised": 1.0}
        return quantities["deadline_hours"], ()

    def _generate(
        self, need: Generate, quantities: dict[str, Any], selectors: dict[str, str], model: Model
    ) -> tuple[float, tuple[Traffic, ...]]:
        self._kv(need, quantities, selectors)
        if need.traffic is not None:
            prompt = self._said(need.traffic, "prompt_tokens")
            answer = self._said(need.traffic, "answer_tokens")
            requests = need.traffic.requests
        else:
            assert need.data is not None  # the need's own check
            prompt, answer = self._default("prompt_tokens"), self._default("answer_tokens")
            requests = _tokens(need.data, self) / answer
        quantities |= {
            "requests": requests,
            "prompt_tokens": prompt,
            "answer_tokens": answer,
            "deadline_hours": self._or(need.deadline, "deadline"),
        }
        return quantities["deadline_hours"], ()

    def _said(self, part: Any, name: str) -> float:
        return float(getattr(part, name) if name in part.model_fields_set else self._default(name))

    def _serve(
        self, need: Serve, quantities: dict[str, Any], selectors: dict[str, str], model: Model
    ) -> tuple[float, tuple[Traffic, ...]]:
        self._kv(need, quantities, selectors)
        classes = tuple(need.traffic or (Traffic(requests_per_second=self._default("requests_per_second")),))
        lengths = {n: [self._said(c, n) for c in classes] for n in ("prompt_tokens", "answer_tokens")}
        rates = [c.requests_per_second for c in classes]
        columns = {"requests_per_second": rates, **lengths}
        quantities |= {name: np.array(values, dtype=float)[:, None] for name, values in columns.items()}
        quantities |= {
            "per_token_limit": need.latency.per_token or math.inf,
            "first_token_limit": need.latency.first_token or math.inf,
            "duration_hours": self._or(need.duration, "duration"),
        }
        return quantities["duration_hours"], classes


def _tokens(data: Any, settler: _Settler) -> float:
    if data.samples is not None:
        if data.tokens is None:
            settler.assumed.append("512 tokens a sample (default)")
        return float(data.samples * (data.tokens or 512.0))
    if data.tokens is not None:
        return float(data.tokens)
    return 0.0


def _adapters(lora: Lora, used: bool) -> dict[str, float]:
    targets = {target.removesuffix("_proj") for target in lora.targets}
    names = ("q", "k", "v", "o", "gate", "up", "down")
    on = {f"lora_{n}": float(used and ("all" in targets or n in targets)) for n in names}
    return {"lora_rank": float(lora.rank if used else 0), **on}


def _model_quantities(model: Model) -> Mapping[str, float]:
    same = ("params_total params_active layers hidden heads kv_heads head_dim intermediate moe_intermediate vocab "
            "experts experts_per_token shared_experts dense_layers q_lora_rank kv_lora_rank qk_nope qk_rope "
            "v_head full_attention_layers linear_attention_layers max_context gated")  # fmt: skip
    values = {name: float(getattr(model, name)) for name in same.split()}
    values["params"] = values.pop("params_total")
    values["tied"] = float(model.tied_embeddings)
    values["sliding_window"] = float(model.sliding_window or math.inf)
    values["max_context"] = values["max_context"] or math.inf
    values["sliding_layers"] = values["layers"] - values["full_attention_layers"] - values["linear_attention_layers"]
    return values
