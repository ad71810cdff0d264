"""What a need says of its model -> exact shapes; what it leaves open is filled, and said."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from optplan.catalog.count import count_parameters
from optplan.catalog.names import ModelNames
from optplan.catalog.values import Model
from optplan.errors import BadInput, Fault, nearest
from optplan.units import count

_SIZE = re.compile(
    r"[\d.,_]+(?:e[+-]?\d+)?\s*(?:[kmbgt]n?|million|billion|trillion|千|万|亿)?\s*(?:params|parameters|参数)?$",
    re.IGNORECASE,
)
_SMALLEST, _LARGEST = 1e7, 5e12
_HEAD = 128
Line = tuple[float, float, float]  # mean of the logarithms of the sizes, mean of those of a shape, slope
_TIED_BELOW = 2.5e9
_SHAPES = {
    f.name: f.type
    for f in fields(Model)
    if f.name
    not in (
        *("name", "source", "date", "note", "assumed", "origin", "license", "params_total", "family"),
        "published_precision",
    )
}
_NOTHING = {name: 0 for name, kind in _SHAPES.items() if kind == "int"}


class Known:
    """The models of a catalog, what they are called, and what models of a size look like."""

    def __init__(self, models: Mapping[str, Model], names: ModelNames) -> None:
        self.models, self.names = models, names

    @cached_property
    def typical(self) -> tuple[Line, Line, int]:
        """The width and the layers of typical models by their size, and their median vocabulary."""
        peers = _peers(self.models)
        vocab = sorted(m.vocab for m in peers)[len(peers) // 2]
        return _line(peers, "hidden"), _line(peers, "layers"), vocab


def resolve(asked: str | float | Mapping[str, Any], known: Known, base: Path | None) -> Model:
    """See `Catalog.model`."""
    if isinstance(asked, Mapping):
        return _from_shapes(asked, known, base)
    if isinstance(asked, bool) or not isinstance(asked, str | int | float):
        fault = Fault("unknown-model", "model", f"{asked!r} is no model", "give a name, a size or shapes")
        raise BadInput(fault)
    if not isinstance(asked, str):
        return sized(float(asked), known)
    text = asked.strip()
    if _SIZE.match(text):
        return sized(_params(text), known)
    if text.endswith(".json") or (not known.names.find(text) and _is_directory(text, base)):
        from optplan.catalog.hf import read_config  # few models come as a file

        return read_config(_path(text, base))
    return known.models[known.names.one(text)]


def _path(text: str, base: Path | None) -> Path:
    path = Path(text).expanduser()
    path = path if path.is_absolute() or base is None else base / path
    return path / "config.json" if path.is_dir() else path


def _is_directory(text: str, base: Path | None) -> bool:
    return ("/" in text or "\\" in text) and (_path(text, base)).is_file()


def _params(value: Any, place: str = "model") -> float:
    try:
        return count(
            re.sub(r"\s*(?:params|parameters|参数)$", "", value) if isinstance(value, str) else value
        )
    except ValueError as error:
        raise BadInput(Fault("bad-size", place, str(error), "write a size like `9B`")) from None


def sized(params: float, known: Known) -> Model:
    """A dense model of this many parameters with the shapes that models of its size have.

    Layers and width follow the catalog's dense grouped-query models (least squares in logarithms); the
    feed-forward width is then set so that the shapes add up to params. All of it is listed in `assumed`.
    """
    if not math.isfinite(params) or not _SMALLEST <= params <= _LARGEST:
        message = f"a model of {params:g} parameters is not one that this tool knows the shapes of"
        raise BadInput(Fault("bad-size", "model", message, "sizes from 10M to 5T will do"))
    hidden_line, layers_line, vocab = known.typical
    width = _at(hidden_line, params)
    step = _HEAD * next(n for limit, n in ((1024, 1), (2048, 2), (8192, 4), (math.inf, 8)) if width < limit)
    hidden = max(step, _near(width, step))
    layers = max(1, round(_at(layers_line, params)))
    heads = hidden // _HEAD
    model = _blank(
        params,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=max(k for k in (1, 2, 4, 8) if heads % k == 0 and (k < heads or k == 1)),
        head_dim=_HEAD,
        vocab=vocab,
        tied_embeddings=params < _TIED_BELOW,
        full_attention_layers=layers,
    )
    intermediate = _filling(model, params)
    shapes = f"{layers} layers, hidden {hidden}, {heads} heads of {_HEAD}, {model.kv_heads} key heads"
    shapes += f", feed-forward {intermediate}, vocabulary {vocab}"
    said = f"shapes typical of dense models of {params:.3g} parameters: {shapes}, context {model.max_context}"
    return replace(model, intermediate=intermediate, assumed=(said,))


def _blank(params: float, **shapes: Any) -> Model:
    """A gated model of this size; shapes that are not given are 0."""
    return Model(
        **{
            **_NOTHING,
            "name": f"{_short(params)} (typical)",
            "family": "typical",
            "params_total": params,
            "params_active": params,
            "gated": True,
            "max_context": 131072,
            "license": "",
            "source": "interpolated from the dense grouped-query models of the catalog",
            "date": datetime.date.today().isoformat(),
            "note": "",
            "origin": "size",
            **shapes,
        }
    )


def _short(params: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if params >= size:
            return f"{params / size:.4g}{letter}"
    return f"{params:g}"


def _peers(models: Mapping[str, Model]) -> list[Model]:
    """Dense, gated, grouped-query models with plain attention, one for each set of shapes."""
    found: dict[tuple[float, int, int], Model] = {}
    for m in models.values():
        plain = not (m.experts or m.kv_lora_rank or m.linear_attention_layers)
        if plain and m.gated and m.kv_heads < m.heads and m.full_attention_layers == m.layers:
            found.setdefault((m.params_total, m.layers, m.hidden), m)
    return list(found.values())


def _line(peers: list[Model], shape: str) -> Line:
    """The line of least squares through the peers in logarithms."""
    points = [(math.log(m.params_total), math.log(getattr(m, shape))) for m in peers]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    slope = above / sum((x - mean_x) ** 2 for x, _ in points)
    return mean_x, mean_y, slope


def _at(line: Line, params: float) -> float:
    mean_x, mean_y, slope = line
    return math.exp(mean_y + slope * (math.log(params) - mean_x))


def _near(value: float, step: int) -> int:
    return round(value / step) * step


def _filling(model: Model, params: float) -> int:
    """The feed-forward width with which the shapes add up to params, in steps of 128; at least hidden."""
    without = count_parameters(replace(model, intermediate=0) if model.intermediate else model)[0]
    matrices = 3 if model.gated else 2
    width = (params - without) / (matrices * model.hidden * model.layers)
    return max(model.hidden, _near(width, _HEAD))


def _from_shapes(asked: Mapping[str, Any], known: Known, base: Path | None) -> Model:
    """A mapping {params, layers, ..}: what it gives, over a typical model of its size."""
    given = _read_shapes(asked)
    if "like" in asked:
        start = resolve(str(asked["like"]), known, base)
    elif "params" in asked:
        start = sized(_params(asked["params"], "model.params"), known)
    else:
        start = _sized_by_shapes(given, known)
    model = replace(start, **given) if given else start
    if "layers" in given and "full_attention_layers" not in given:
        linear = given.get("linear_attention_layers", 0)
        full = 0 if model.sliding_window else model.layers - linear
        model = replace(model, full_attention_layers=full, linear_attention_layers=linear)
    if "head_dim" not in given and not model.kv_lora_rank and {"hidden", "heads"} & set(given):
        heads = model.heads if "heads" in given else max(1, model.hidden // _HEAD)
        model = replace(model, heads=heads, head_dim=max(1, model.hidden // heads))
    if "kv_heads" not in given and model.kv_heads > model.heads:
        model = replace(model, kv_heads=model.heads)
    refill = "params" in asked and not {"intermediate", "experts"} & set(given)
    if refill and (given or "like" in asked):  # a typical model has been filled already
        model = replace(model, intermediate=_filling(model, start.params_total))
    total, active = count_parameters(model)
    if "params" in asked:
        total = start.params_total
        active = total if not model.experts else min(total, active)
    return replace(
        model,
        name=str(asked.get("name", "given shapes")),
        origin="shapes",
        note="",
        params_total=total,
        params_active=float(given.get("params_active", active)),
        source="the need",
        published_precision="",
        assumed=_open(asked, given, model, total),
    )


def _open(asked: Mapping[str, Any], given: Mapping[str, Any], model: Model, total: float) -> tuple[str, ...]:
    """What was filled in, in words. total: all parameters."""
    filled = ("layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocab", "max_context")
    shapes = ", ".join(f"{name} {getattr(model, name)}" for name in filled if name not in given)
    after = f"as {asked['like']}" if "like" in asked else "typical of the size"
    lines = [f"shapes {after}: {shapes}"] if shapes else []
    if "params" not in asked:
        lines.append(f"params {total:.4g}, counted from the shapes")
    if "tied_embeddings" not in given:
        lines.append(f"embeddings {'tied' if model.tied_embeddings else 'not tied'}")
    return tuple(lines)


def _read_shapes(asked: Mapping[str, Any]) -> dict[str, Any]:
    known = {*_SHAPES, "params", "name", "like"}
    faults: list[Fault] = []
    given: dict[str, Any] = {}
    for key, value in asked.items():
        if key not in known:
            near = nearest(str(key), known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"shapes are {', '.join(sorted(known))}"
            faults.append(Fault("unknown-key", "model", f"a model has no shape called `{key}`", hint))
        elif key in _SHAPES:
            try:
                given[key] = _shape(key, value)
            except ValueError as error:
                faults.append(Fault("bad-shape", f"model.{key}", str(error), "give a whole number"))
    if "params" not in asked and "like" not in asked:
        missing = [name for name in ("layers", "hidden") if name not in given]
        if missing and not faults:
            hint = "give `params: 9B`, or at least layers and hidden"
            faults.append(Fault("missing-key", "model", "the shapes do not tell the size of the model", hint))
    if faults:
        raise BadInput(faults)
    return given


def _shape(key: str, value: Any) -> Any:
    if _SHAPES[key] == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")
        return value
    number = count(value)
    least = 1 if key in ("layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocab") else 0
    if not least <= number <= _LARGEST or (_SHAPES[key] == "int" and number != int(number)):
        raise ValueError(f"{value!r} is no number that {key} can have")
    return int(number) if _SHAPES[key] == "int" else number


def _sized_by_shapes(given: Mapping[str, Any], known: Known) -> Model:
    """The typical model whose layers and width are nearest to those given."""
    guess = 12.0 * float(given["layers"]) * float(given["hidden"]) ** 2
    return sized(min(max(guess, _SMALLEST), _LARGEST), known)
