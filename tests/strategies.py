"""Hypothesis strategies: needs as people could say them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from optplan.need import TASKS, AnyNeed

PRECISIONS = ["fp32", "bf16", "fp16", "fp8", "int8", "int4"]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip()) and text == text.strip()
)
AMOUNTS = st.floats(1e-3, 1e6) | st.integers(1, 10**6).map(float)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A dict with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


def given_list(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """A list of one to three names without commas."""
    return st.lists(names.filter(lambda name: "," not in name), min_size=1, max_size=3)


def times(unit: str) -> st.SearchStrategy[str]:
    """A time as text."""
    return st.floats(1e-2, 1e3).map(lambda value: f"{value!r} {unit}")


MONEY = st.tuples(st.floats(0.01, 1e9), st.sampled_from(["USD", "CNY", "EUR"])).map(
    lambda m: f"{m[0]!r} {m[1]}"
)
LIMITS = maybe(
    budget=MONEY,
    max_cards=st.integers(1, 1000),
    min_replicas=st.integers(1, 9),
    gpus=given_list(NAMES),
    avoid_gpus=given_list(NAMES),
    providers=given_list(NAMES),
    regions=given_list(NAMES),
    purchase=st.lists(st.sampled_from(["on_demand", "spot", "buy"]), min_size=1, max_size=3, unique=True),
    quota=st.dictionaries(NAMES, st.integers(0, 99), max_size=2),
    mix=st.sampled_from(["one_type", "any"]),
)
MODELS = st.sampled_from(["GLM-4-9B", "9B", "350M", "models/config.json"]) | maybe(
    layers=st.integers(1, 99), vocab=st.integers(1, 200_000)
).map(lambda shapes: {"params": 7e9, **shapes})
SHARED = {
    "name": NAMES,
    "precision": st.sampled_from(PRECISIONS),
    "currency": st.sampled_from(["USD", "CNY", "EUR"]),
    "limits": LIMITS,
    "assume": st.dictionaries(NAMES, st.floats(-1e6, 1e6), max_size=2),
    "confidence": st.sampled_from(["expected", "high"]),
}
LORA = maybe(rank=st.integers(1, 512), targets=st.lists(st.sampled_from(["q", "k", "v", "o"]), min_size=1))
METHODS = st.sampled_from(["full", "lora", "qlora"]) | st.sampled_from(["lora", "qlora"]).flatmap(
    lambda kind: LORA.map(lambda options: {kind: options})
)
DATA = (
    AMOUNTS.map(lambda tokens: {"tokens": tokens})
    | AMOUNTS.map(lambda size: {"bytes": f"{size!r} MB"})
    | st.tuples(st.integers(1, 10**7), AMOUNTS).map(lambda d: {"samples": d[0], "tokens": d[1]})
)
LENGTHS = {"prompt_tokens": st.floats(1, 1e5), "answer_tokens": st.floats(1, 1e4)}


def _with(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {**base, **more}


FINETUNE = maybe(
    method=METHODS,
    data=DATA,
    epochs=st.floats(0.1, 100),
    sequence=st.integers(1, 10**6),
    recompute=st.booleans(),
    optimizer=st.sampled_from(["adamw", "sgd"]),
    deadline=times("h") | times("days"),
    **SHARED,
)
TRAFFIC = st.builds(
    _with, st.fixed_dictionaries({"requests_per_second": st.floats(1e-3, 1e4)}), maybe(**LENGTHS)
)
SERVE = maybe(
    traffic=TRAFFIC | st.lists(TRAFFIC, min_size=1, max_size=3),
    latency=maybe(first_token=times("s"), per_token=times("ms")),
    engine=NAMES,
    duration=times("h") | times("months").filter(lambda text: float(text.split()[0]) < 900),
    **SHARED,
)
BATCH = st.builds(_with, st.fixed_dictionaries({"requests": st.integers(1, 10**9)}), maybe(**LENGTHS))
GENERATE = st.builds(
    _with,
    BATCH.map(lambda traffic: {"traffic": traffic}) | DATA.map(lambda data: {"data": data}),
    maybe(kv_precision=st.sampled_from(PRECISIONS), deadline=times("h"), **SHARED),
)


def _need(task: str, fields: dict[str, Any], model: Any) -> AnyNeed:
    return TASKS[task].model_validate({"task": task, "model": model, **fields})


NEEDS: st.SearchStrategy[AnyNeed] = st.one_of(
    st.builds(_need, st.just("finetune"), FINETUNE, MODELS),
    st.builds(_need, st.just("serve"), SERVE, MODELS),
    st.builds(_need, st.just("generate"), GENERATE, MODELS),
)
