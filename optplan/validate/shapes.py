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
from optplan.errors import BadInput
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
    found = catalog.find_model(name) if name else []
    known = catalog.models[found[0]] if len(found) == 1 else None
    if known is not None and _agrees(known, params, stated):
        return known, []
    if not params > 0:
        if known is not None:
            return known, [f"shapes of {known.name} from the catalog"]
        return _by_name(name, catalog)
    if _PLAIN.search(name) and not {"layers", "hidden"} <= set(stated):
        return _gpt_like(name, params, stated, catalog)
    return _stated(name, params, number(row, "active_params_b") * 1e9, stated, catalog)


def _agrees(model: Model, params: float, stated: Mapping[str, int]) -> bool:
    """The row is not about a variant of other shapes under the same name."""
    same = all(getattr(model, c) == stated[c] for c in ("layers", "hidden") if c in stated)
    return same and not (params > 0 and abs(params / model.params_total - 1) > 0.1)


def _by_name(name: str, catalog: Catalog) -> tuple[Model, list[str]]:
    size = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)\s*[bB](?![a-z])", name.replace("_", ".").replace("-", " "))
    if size is None:
        return catalog.model(name), []
    return _stated(name, float(size[1]) * 1e9, math.nan, {}, catalog)


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
        model = replace(model, experts=64, experts_per_token=1, moe_intermediate=model.intermediate)
        assumed.append("a mixture model: experts typical of the size")
    return model, assumed


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
