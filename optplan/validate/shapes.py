"""The model of a measured row: from the catalog, from the shapes that the row states, or typical of its size.

The row's own shapes win, since a file may measure a variant; what nothing tells is filled, and said.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from optplan.catalog import Catalog, Model
from optplan.errors import BadInput, Fault
from optplan.validate.read import number

# Parameters, layers, width: Brown et al. 2020, arXiv:2005.14165, table 2.1, and sizes that Megatron-LM adds.
_GPT: Final = (
    (0.125e9, 12, 768), (0.35e9, 24, 1024), (0.76e9, 24, 1536), (1.3e9, 24, 2048), (2.7e9, 32, 2560),
    (5e9, 24, 4096), (6.7e9, 32, 4096), (13e9, 40, 5140), (20e9, 44, 6144), (40e9, 48, 8192),
    (76e9, 60, 10240), (175e9, 96, 12288), (530e9, 105, 20480),
)  # fmt: skip
_PLAIN: Final = re.compile(
    r"gpt(?!-?oss)|bloom|phi-?[12]|pythia|falcon|mpt|opt-|redpajama|stablelm-base|nemotron|starcoder", re.I
)
_COLUMNS: Final = ("layers", "hidden", "heads", "kv_heads", "intermediate", "vocab")
_ACTIVE: Final = re.compile(r"-A(\d+(?:\.\d+)?)B", re.I)
# Families whose models are mixtures of experts whatever their name's ending.
_MIXTURE: Final = re.compile(
    r"moe|mixtral|\d+x\d+b|dbrx|grok|arctic|gpt-?oss|deepseek-?v[23]|deepseek-?r1(?!-distill)|kimi-?k|minimax|"
    r"glm-?[45]\.[5-9]|glm-?5|hunyuan-large|llama-?4|ling-|jamba|ernie-?4\.5-\d+b-a",
    re.I,
)
# Parts of a name that tell its training or file format and not its shapes.
_PARTS: Final = re.compile(
    r"[-_ ](?:instruct|chat|it|pt|base|hf|sft|dpo|thinking|preview|bf16|fp16|bfloat16|\d{4})(?=[-_ ]|$)", re.I
)
_VERSION: Final = re.compile(r"[-_ ]v\d+(?:\.\d+)*$", re.I)
_TYPICAL: Final = (8.0, 0.55)  # experts that a token visits, and their share of its parameters, in mixtures


def spellings(name: str) -> list[str]:
    """The name as written, then without what says nothing of shapes: training, dates, a version at the end."""
    pointed = re.sub(r"(?<=\d)[-_](?=\d)", ".", name)
    shorter = [_PARTS.sub("", text) for text in (name, pointed)]
    shorter += [_VERSION.sub("", text) for text in shorter]
    return list(dict.fromkeys(text for text in (name, pointed, *shorter) if text))


def named(name: str, catalog: Catalog) -> list[str]:
    """Models of the catalog that a name can mean, by its nearest spelling."""
    return next((found for text in spellings(name) if (found := catalog.find_model(text))), [])


def model_of(row: Mapping[str, str], catalog: Catalog) -> tuple[Model, list[str]]:
    """(model, what was assumed) of a row.

    Raises BadInput where neither name, shapes nor size tell the model.
    """
    key = tuple(row.get(c, "") for c in ("model", "params_b", "active_params_b", *_COLUMNS, "head_dim"))
    model, assumed = _model(key, catalog)
    return model, list(assumed)  # the kept answer stays as it is


@functools.lru_cache(maxsize=4096)
def _model(key: tuple[str, ...], catalog: Catalog) -> tuple[Model, list[str]]:
    names = ("model", "params_b", "active_params_b", *_COLUMNS, "head_dim")
    row = dict(zip(names, key, strict=True))
    name, params = row["model"], number(row, "params_b") * 1e9
    stated = {c: int(number(row, c)) for c in (*_COLUMNS, "head_dim") if number(row, c) > 0}
    found = named(name, catalog)
    known = catalog.models[found[0]] if len(found) == 1 else None
    if known is not None and _agrees(known, params, stated):
        return known, []
    active = number(row, "active_params_b") * 1e9
    if not params > 0:
        if known is not None and not stated:
            return known, [f"shapes of {known.name} from the catalog"]
        return _unsized(name, active, stated, catalog)
    active = active if active > 0 else _said_active(name)
    if _PLAIN.search(name) and not {"layers", "hidden"} <= set(stated):
        return _gpt_like(name, params, stated, catalog)
    return _stated(name, params, active, stated, catalog)


def _said_active(name: str) -> float:
    """Active parameters that a name tells, as in 30B-A3B; nan where it tells none.

    Raises BadInput for a mixture that tells none: it is never taken for a dense model.
    """
    said = _ACTIVE.search(name)
    if said is None and _MIXTURE.search(name):
        message = f"{name!r} is a mixture of experts that the catalog does not have"
        raise BadInput(Fault("no-active", "active_params_b", f"missing: active_params_b; {message}"))
    return float(said[1]) * 1e9 if said else math.nan


def _agrees(model: Model, params: float, stated: Mapping[str, int]) -> bool:
    """The row is not about a variant of other shapes under the same name."""
    same = all(getattr(model, c) == stated[c] for c in ("layers", "hidden") if c in stated)
    return same and not (params > 0 and abs(params / model.params_total - 1) > 0.1)


def _unsized(name: str, active: float, stated: dict[str, int], catalog: Catalog) -> tuple[Model, list[str]]:
    """A model of no stated parameter count: by all its shapes, or by the size in its name."""
    if {"layers", "hidden"} <= set(stated):
        model = catalog.model({**stated, "name": name} if name else dict(stated))
        return model, list(model.assumed)
    size = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)\s*[bB](?![a-z])", name.replace("_", ".").replace("-", " "))
    if size is None:
        return catalog.model(name), []
    active = active if active > 0 else _said_active(name)
    return _stated(name, float(size[1]) * 1e9, active, stated, catalog)


def _gpt_like(name: str, params: float, stated: dict[str, int], catalog: Catalog) -> tuple[Model, list[str]]:
    """A plain GPT: layers and width by what is stated and by the sizes of the GPT-3 paper."""
    vocab = stated.get("vocab", 51200)
    shapes = dict(stated)
    if "hidden" in shapes:
        width = shapes["hidden"]
        shapes["layers"] = max(1, round((params - vocab * width) / (12 * width**2)))
    else:
        near = min(_GPT, key=lambda entry: abs(math.log(entry[0] / params)))
        shapes["hidden"], shapes["layers"] = near[2], shapes.get("layers", near[1])
    filled = [f"{c} {shapes[c]}, as a GPT of this size" for c in ("layers", "hidden") if c not in stated]
    model, more = _stated(name, params, math.nan, shapes, catalog)
    return model, filled + more


def _stated(
    name: str, params: float, active: float, stated: dict[str, int], catalog: Catalog
) -> tuple[Model, list[str]]:
    """A model with the shapes that the row states; the rest is typical of the size."""
    plain = bool(_PLAIN.search(name))
    shapes = dict(stated)
    if {"hidden", "layers"} <= set(shapes) and plain:
        shapes.setdefault("heads", max(1, shapes["hidden"] // 128))
        shapes.setdefault("kv_heads", shapes["heads"])
        shapes.setdefault("vocab", 51200)
        shapes.setdefault("intermediate", 4 * shapes["hidden"])
    elif "heads" in shapes:
        shapes.setdefault("kv_heads", shapes["heads"])
    mixture = active > 0 and active < 0.9 * params
    asked = {"params": active if mixture else params, **shapes}
    try:
        model = catalog.model(asked)
    except BadInput:
        return catalog.model(name or "unnamed"), []
    assumed = [f"{c} {getattr(model, c)}, typical of the size" for c in _COLUMNS if c not in stated]
    gated, tied = _form(model, params, stated, plain)
    model = replace(model, name=name or model.name, gated=gated, tied_embeddings=tied)
    model = replace(model, params_total=params, params_active=active if mixture else params)
    if mixture:
        model = _mixture(model, params, active)
        assumed.append("a mixture model: experts typical of the size")
    return model, assumed


def _mixture(model: Model, params: float, active: float) -> Model:
    """The dense model of the active size with its feed-forward blocks spread over experts.

    A token visits as many as it usually does; there are as many as all the parameters leave room for.
    """
    visited, share = _TYPICAL
    each = active * share / visited  # parameters of one expert, all layers
    width = max(1, round(each / (model.layers * (2 + model.gated) * model.hidden)))
    experts = max(visited + 1, round((params - active * (1 - share)) / each))
    return replace(
        model, experts=int(experts), experts_per_token=int(visited), moe_intermediate=width, dense_layers=0,
        shared_experts=0,
    )  # fmt: skip


def _form(model: Model, params: float, stated: Mapping[str, int], plain: bool) -> tuple[bool, bool]:
    """(gated, tied) that come nearest to the parameters, where all shapes are stated."""
    edge = model.vocab * model.hidden
    if not {"layers", "hidden", "heads", "intermediate", "vocab"} <= set(stated):
        return not plain, plain or params < 2.5e9
    attention = 2 * model.hidden * model.head_dim * (model.heads + model.kv_heads)

    def off(form: tuple[bool, bool]) -> float:
        blocks = model.layers * (attention + (2 + form[0]) * model.hidden * model.intermediate)
        return abs(blocks + edge * (2 - form[1]) - params)

    choices = [(gated, tied) for gated in (True, False) for tied in (True, False)]
    best = min(choices, key=off)
    same = (not plain, best[1])
    return same if off(same) < 0.02 * params else best
