"""Need x Catalog -> a settled need: names resolved, defaults filled and listed, all in numbers.

Nothing is guessed in silence: what the need leaves open is filled from `DEFAULTS` and listed in `assumed`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from optplan.catalog import Catalog, Model
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed, Data, Finetune, Generate, Serve, Shapes, Traffic
from optplan.rules import base_of
from optplan.settle.defaults import COUNTRY, DEFAULTS, defaults
from optplan.settle.offers import allowed_offers
from optplan.settle.own import capacities, only_measured, own_catalog
from optplan.settle.quantities import KV_BYTES, adapter_quantities, model_quantities, precision_quantities
from optplan.settle.values import Capacity, Quota, Settled
from optplan.units import number

T = TypeVar("T")
# How assumptions begin that only predictions of capacity read.
PREDICTED = ("precision =", "kv_precision =", "engine =", "prompt_tokens =", "answer_tokens =", "model ")


@functools.lru_cache(maxsize=8)
def engines(catalog: Catalog) -> frozenset[str]:
    """Engines that some assumption knows, and the default."""
    keys = (key for table in catalog.assumptions.values() for key in table)
    parts = (part.split("=", 1) for key in keys for part in key.split(",") if part)
    return frozenset({value for name, value in parts if name == "engine"} | {DEFAULTS["serve"]["engine"][0]})


def countries(catalog: Catalog) -> set[str]:
    """Countries that some assumption knows, and those of the default."""
    keys = (key for table in catalog.assumptions.values() for key in table)
    parts = (part.split("=", 1) for key in keys for part in key.split(",") if part)
    return {value for name, value in parts if name == "country"} | set(COUNTRY.values())


@functools.lru_cache(maxsize=256)
def _taken(name: str, value: Any, why: str) -> str:
    """A default in words."""
    shown = number(value) if isinstance(value, (int, float)) else value
    return f"{name} = {shown} (default: {why})"


def settle(need: AnyNeed, catalog: Catalog, base: Path | None = None) -> Settled:
    """Resolve names and fill defaults.

    base: folder that a relative path to a config.json starts from.
    Raises BadInput with every unknown model, GPU, provider or region at once.
    """
    return _Settler(need, catalog, base).settled()


class _Settler:
    def __init__(self, need: AnyNeed, catalog: Catalog, base: Path | None) -> None:
        self.need, self.catalog, self.base = need, own_catalog(need, catalog), base
        self.assumed: list[str] = []
        self.meant: dict[str, list[str]] = {}
        self.faults: list[Fault] = []
        self.model = self._model()
        self.defaults = defaults(need.task, self.model)

    def settled(self) -> Settled:
        need, limits, model = self.need, self.need.limits, self.model
        currency = self._currency()
        if limits.purchase is None:
            self.assumed.append("purchase = on_demand (default: spot and buying only when asked)")
        if "api" in (limits.purchase or ()) and need.task == "finetune":
            message = "no API of the catalog trains a model: it sells tokens of finished ones"
            self.faults.append(Fault("no-api", "limits.purchase", message, "leave `api` out"))
        if limits.min_replicas is not None and need.task == "finetune":
            message = "a training job has no copies: `min_replicas` belongs to generate and serve"
            self.faults.append(
                Fault("other-task", "limits.min_replicas", message, "leave `min_replicas` out")
            )
        allowed = allowed_offers(limits, self.catalog, self._cards, self.faults)
        quotas = tuple(Quota(name, tuple(self._cards(name)), most) for name, most in limits.quota.items())
        budget, country = self._budget(currency), self._country(currency)
        measured = capacities(need, self._cards)
        if self.faults or model is None:
            raise BadInput(self.faults)
        selectors = {"task": need.task, "rules": base_of(need.rules), "country": country}
        selectors["precision"] = self._or(need.precision, "precision")
        quantities: dict[str, Any] = {
            **model_quantities(model),
            **precision_quantities(selectors["precision"]),
        }
        hours, classes = self._of_task(quantities, selectors, model)
        mix = limits.mix or self._default("mix")
        if model.assumed:
            self.assumed.append(f"model {model.name}: {'; '.join(model.assumed)}")
        return Settled(
            need, model, currency, quantities, selectors, allowed, mix, budget, limits.max_cards,
            limits.min_replicas or 1, quotas, hours, classes, self._told(allowed, measured), self.meant,
            measured,
        )  # fmt: skip

    def _told(self, allowed: np.ndarray, measured: tuple[Capacity, ...]) -> list[str]:
        """What was assumed, once each; where all is measured, without what only predictions would read."""
        told = dict.fromkeys(self.assumed)
        if not only_measured(self.catalog.offers, allowed, measured):
            return list(told)
        return [text for text in told if not text.startswith(PREDICTED)]

    def _currency(self) -> str:
        limit = self.need.limits.budget
        if self.need.currency or limit:
            return self.need.currency or (limit.currency if limit else "USD")
        self.assumed.append("currency = USD (default)")
        return "USD"

    def _country(self, currency: str) -> str:
        """Where bought cards stand, which picks rows of the assumptions: as asked, else by the currency."""
        asked = self.need.country
        if asked is None:
            found = COUNTRY.get(currency, COUNTRY["USD"])
            if "buy" in (self.need.limits.purchase or ()):
                self.assumed.append(
                    f"country = {found} (default: by the currency; what running bought cards costs)"
                )
            return found
        known = sorted(countries(self.catalog))
        if asked.upper() not in known:
            hint = f"known are {', '.join(known)}; rows of assumptions.csv with the key country={asked.upper()} add one"
            self.faults.append(Fault("unknown-country", "country", f"nothing is known of {asked!r}", hint))
        return asked.upper()

    def _budget(self, currency: str) -> float:
        limit = self.need.limits.budget
        if limit is None:
            return math.inf
        found = self._try(lambda: self.catalog.convert(limit.amount, limit.currency, currency))
        return math.inf if found is None else found

    def _of_task(
        self, quantities: dict[str, Any], selectors: dict[str, str], model: Model
    ) -> tuple[float, tuple[Traffic, ...]]:
        """What the task adds; returns its hours (deadline or duration) and its traffic classes."""
        if isinstance(self.need, Finetune):
            return self._finetune(self.need, quantities, selectors, model), ()
        if isinstance(self.need, Generate):
            return self._generate(self.need, quantities, selectors), ()
        return self._serve(self.need, quantities, selectors)

    def _default(self, name: str) -> Any:
        value, why = self.defaults[name]
        self.assumed.append(_taken(name, value, why))
        return value

    def _or(self, value: Any, name: str) -> Any:
        return self._default(name) if value is None else value

    def _try(self, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except BadInput as error:
            self.faults += error.faults
            return None

    def _model(self) -> Model | None:
        said = self.need.model
        asked: str | Mapping[str, Any] = (
            said.model_dump(exclude_none=True) if isinstance(said, Shapes) else said
        )
        return self._try(lambda: self.catalog.model(asked, self.base))

    def _cards(self, name: str) -> list[str]:
        found: list[str] = self._try(lambda: self.catalog.gpus(name)) or []
        if name not in self.meant and (len(found) > 1 or (found and found[0] != name)):
            self.meant[name] = found
            self.assumed.append(f"{name} means {', '.join(found)}")
        return found

    def _kv(self, need: Generate | Serve, quantities: dict[str, Any], selectors: dict[str, str]) -> None:
        if need.kv_precision is None:
            self.assumed.append(
                "kv_precision = 16 bit (default: engines keep the cache in 16 bit unless told)"
            )
        quantities["kv_bytes"] = KV_BYTES[need.kv_precision or "bf16"]
        selectors["kv_precision"] = need.kv_precision or "bf16"
        selectors["engine"] = self._engine(self._or(need.engine, "engine").lower())

    def _engine(self, asked: str) -> str:
        known = sorted(engines(self.catalog))
        if asked not in known:
            close = nearest(asked, known)
            hint = f"did you mean {close[0]}?" if close else f"engines: {', '.join(known)}"
            raise BadInput(
                Fault("unknown-engine", "engine", f"nothing is known of an engine {asked!r}", hint)
            )
        return asked

    def _finetune(
        self, need: Finetune, quantities: dict[str, Any], selectors: dict[str, str], model: Model
    ) -> float:
        method = need.method
        if "method" not in need.model_fields_set:
            self.assumed.append("method = full (default: all weights are trained)")
        selectors |= {
            "method": method.kind,
            "optimizer": self._or(need.optimizer, "optimizer"),
            "framework": self._or(need.framework, "framework"),
        }
        sequence = need.sequence or min(self._default("sequence"), model.max_context or math.inf)
        quantities |= {
            "data_bytes": self._default("data_bytes") if need.data is None else (need.data.bytes or 0.0),
            "data_tokens": self._tokens(need.data),
            "epochs": self._or(need.epochs, "epochs"),
            "sequence": float(sequence),
            "batch": float(self._or(need.batch, "batch")),
            "asked_micro_batch": float(need.micro_batch or 0),
            "deadline_hours": self._or(need.deadline, "deadline"),
            "trained_edges": 0.0,
            "offloaded_weights": 0.0,
            "offloaded_states": 0.0,
            "offloaded_activations": 0.0,
        }
        quantities |= {f"is_{kind}": float(method.kind == kind) for kind in ("full", "lora", "qlora")}
        if method.kind != "full" and "lora" not in method.model_fields_set:
            self.assumed.append("lora rank = 16 on all linear layers (default)")
        quantities |= adapter_quantities(method.lora, method.kind != "full")
        if method.kind == "qlora":
            quantities |= {"weight_bytes": 0.5, "quantised": 1.0}
        return float(quantities["deadline_hours"])

    def _tokens(self, data: Data | None) -> float:
        """Tokens of the data set, 0 where it is given in bytes."""
        if data is None:
            return 0.0
        if data.samples is None:
            return float(data.tokens or 0.0)
        if data.tokens is None:
            self.assumed.append("512 tokens a sample (default)")
        return float(data.samples * (data.tokens or 512.0))

    def _generate(self, need: Generate, quantities: dict[str, Any], selectors: dict[str, str]) -> float:
        self._kv(need, quantities, selectors)
        if need.traffic is not None:
            prompt = self._said(need.traffic, "prompt_tokens")
            answer = self._said(need.traffic, "answer_tokens")
            requests = need.traffic.requests
        else:
            prompt, answer = self._default("prompt_tokens"), self._default("answer_tokens")
            requests = self._tokens(need.data) / answer
        quantities |= {
            "requests": requests,
            "prompt_tokens": prompt,
            "answer_tokens": answer,
            "deadline_hours": self._or(need.deadline, "deadline"),
        }
        return float(quantities["deadline_hours"])

    def _said(self, part: Any, name: str) -> float:
        return float(getattr(part, name) if name in part.model_fields_set else self._default(name))

    def _serve(
        self, need: Serve, quantities: dict[str, Any], selectors: dict[str, str]
    ) -> tuple[float, tuple[Traffic, ...]]:
        self._kv(need, quantities, selectors)
        classes = tuple(need.traffic or (Traffic(requests_per_second=self._default("requests_per_second")),))
        lengths = {n: [self._said(c, n) for c in classes] for n in ("prompt_tokens", "answer_tokens")}
        columns = {"requests_per_second": [c.requests_per_second for c in classes], **lengths}
        quantities |= {name: np.array(values, dtype=float)[:, None] for name, values in columns.items()}
        quantities |= {
            "per_token_limit": need.latency.per_token or math.inf,
            "first_token_limit": need.latency.first_token or math.inf,
            "duration_hours": self._or(need.duration, "duration"),
        }
        return float(quantities["duration_hours"]), classes
