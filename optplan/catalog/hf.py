"""A Hugging Face config.json on disk -> the shapes of the model. Nothing is downloaded."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from optplan.catalog.count import count_parameters
from optplan.catalog.hf_kinds import KEYS, KINDS, METHODS, SAME, Kind
from optplan.catalog.values import Model
from optplan.errors import BadInput, Fault, nearest

_LARGEST_FILE = 5_000_000


class _Config:
    """The file's keys, with the place for messages and a list of what was filled in."""

    def __init__(self, path: Path, keys: Mapping[str, Any], kind: Kind) -> None:
        self.path, self.keys, self.kind = path, keys, kind
        self.faults: list[Fault] = []
        self.filled: list[str] = []

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number of the file; default if it is absent or null; a fault if there is no default."""
        names = KEYS.get(name, (name,))
        for key in names:
            if self.keys.get(key) is not None:
                return self._whole(key, self.keys[key])
        for key in names:
            if key in self.kind.default:
                self.filled.append(f"{key} {self.kind.default[key]}, the default of the class")
                return int(self.kind.default[key])
        if default is None:
            message = f"has none of {', '.join(names)}"
            self.faults.append(
                Fault("missing-key", str(self.path), message, "give the model's own config.json")
            )
            return 1
        return default

    def _whole(self, key: str, value: Any) -> int:
        if isinstance(value, list) and value and all(v == value[0] for v in value):
            value = value[0]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value != value
            or value % 1
            or value < 0
        ):
            message = f"`{key}` is {value!r}, not a whole number"
            self.faults.append(Fault("wrong-type", str(self.path), message))
            return 1
        return int(value)


def read_config(path: Path) -> Model:
    """The model that a config.json describes; its parameters are counted from the shapes.

    BadInput: unreadable or no JSON object; `unknown-model-type` for an architecture that this reader does
    not know (it is never guessed to be dense); `missing-key`, `wrong-type` for single keys.
    """
    keys = _load(path)
    stem = path.resolve().parent.name if path.stem == "config" else path.stem
    outer, name = keys, str(keys.get("_name_or_path") or stem)
    if isinstance(keys.get("text_config"), dict):
        keys = {"tie_word_embeddings": outer.get("tie_word_embeddings"), **keys["text_config"]}
        keys.setdefault("model_type", outer.get("model_type"))
    kind_name = _kind_name(path, keys.get("model_type") or outer.get("model_type"))
    config = _Config(path, keys, KINDS[kind_name])
    model = _model(config, kind_name, name)
    if config.faults:
        raise BadInput(config.faults)
    total, active = count_parameters(model)
    model = replace(model, params_total=total, params_active=active, assumed=tuple(config.filled))
    return _published(model, outer.get("quantization_config") or keys.get("quantization_config"))


def _published(model: Model, quantized: object) -> Model:
    """The model with the precision that the file says its weights have, blank where the method does not tell it."""
    said = quantized if isinstance(quantized, dict) else {}
    if "quant_method" not in said:
        return model
    method = str(said["quant_method"])
    precision = METHODS.get(method) or METHODS.get(f"{method} {said.get('bits')}", "")
    return replace(model, published_precision=precision, note=f"the file says its weights are {method}")


def _load(path: Path) -> dict[str, Any]:
    place = str(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(
                Fault("file-too-large", place, "is too large for a config.json", "give the right file")
            )
        keys = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "give the path of a config.json, relative to the need"
        raise BadInput(Fault("unreadable-file", place, f"cannot be read: {error.strerror}", hint)) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(Fault("not-json", place, f"is no JSON: {error}", "give a config.json")) from None
    if not isinstance(keys, dict):
        raise BadInput(Fault("not-json", place, "holds no JSON object", "give a config.json"))
    return keys


def _kind_name(path: Path, said: object) -> str:
    name = SAME.get(str(said), str(said))
    if name not in KINDS:
        near = nearest(str(said), KINDS, 1) if said else []
        hint = f"nearest known is `{near[0]}`; " if near else ""
        hint += "give the shapes instead: model: {params: 9B, layers: 40, hidden: 4096, ..}"
        what = f"model_type `{said}` is not known to this reader" if said else "has no model_type"
        raise BadInput(Fault("unknown-model-type", str(path), what, hint))
    return name


def _model(config: _Config, kind_name: str, name: str) -> Model:
    model = replace(_dense(config, kind_name), name=name, family=kind_name, source=str(config.path))
    if config.kind.latent:
        latent = _latent(config)
        model = replace(model, **latent, head_dim=latent["qk_nope"] + latent["qk_rope"])
    experts = config.number("experts", 0)
    if experts > 1 and not config.kind.moe:
        message = f"has {experts} experts, which model_type `{kind_name}` does not"
        fault = Fault("unknown-model-type", str(config.path), message, "give the shapes instead")
        config.faults.append(fault)
    elif experts > 1:
        model = replace(model, **_experts(config, model.layers))
    return model


_NO_EXPERTS = dict.fromkeys(
    ("moe_intermediate", "experts", "experts_per_token", "shared_experts", "dense_layers"), 0
)
_NO_LATENT = dict.fromkeys(("q_lora_rank", "kv_lora_rank", "qk_nope", "qk_rope", "v_head"), 0)


def _dense(config: _Config, kind_name: str) -> Model:
    """The shapes that every model has; experts and latent attention are left at none."""
    layers, hidden, heads = (config.number(name) for name in ("layers", "hidden", "heads"))
    max_context = config.number("max_context")
    window, full, linear = _attention(config, layers, max_context)
    tied = config.keys.get("tie_word_embeddings")
    shapes: dict[str, Any] = {
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": _kv_heads(config, kind_name, heads),
        "head_dim": config.number("head_dim", max(1, hidden // max(1, heads))),
        "intermediate": _intermediate(config, kind_name, hidden),
        "vocab": config.number("vocab"),
        "tied_embeddings": config.kind.tied if tied is None else bool(tied),
        "gated": config.kind.gated,
        "sliding_window": window,
        "full_attention_layers": full,
        "linear_attention_layers": linear,
        "max_context": max_context,
        "other_params": _other(config, kind_name, layers, hidden),
    }
    blank = dict.fromkeys(("name", "family", "license", "source", "note"), "")
    today = datetime.date.today().isoformat()
    none = _NO_EXPERTS | _NO_LATENT | {"params_total": 0, "params_active": 0}
    values: dict[str, Any] = {**shapes, **blank, **none, "date": today, "origin": "config"}
    return Model(**values)


def _latent(config: _Config) -> dict[str, Any]:
    return {
        "q_lora_rank": config.number("q_lora_rank", 0),
        "kv_lora_rank": config.number("kv_lora_rank"),
        "qk_nope": config.number("qk_nope_head_dim"),
        "qk_rope": config.number("qk_rope_head_dim"),
        "v_head": config.number("v_head_dim"),
    }


def _kv_heads(config: _Config, kind_name: str, heads: int) -> int:
    keys = config.keys
    if kind_name == "falcon" and not keys.get("new_decoder_architecture"):
        return 1 if keys.get("multi_query", True) else heads
    if kind_name == "chatglm":
        return config.number("multi_query_group_num") if keys.get("multi_query_attention") else heads
    if kind_name == "mpt":
        return int((keys.get("attn_config") or {}).get("kv_n_heads") or heads)
    return heads if config.kind.latent else config.number("kv_heads", heads)


def _intermediate(config: _Config, kind_name: str, hidden: int) -> int:
    if kind_name == "qwen":  # the first Qwen states both halves of its gate together
        return config.number("intermediate") // 2
    if kind_name == "llama4_text":
        return config.number("intermediate_size_mlp")
    if kind_name == "mpt":
        return config.number("expansion_ratio", 4) * hidden
    plain = kind_name in ("falcon", "bloom", "phi")
    return config.number("intermediate", 4 * hidden if plain else None)


def _experts(config: _Config, layers: int) -> dict[str, Any]:
    keys = config.keys
    width = config.number("moe_intermediate_size", config.number("intermediate", 0))
    shared = config.number("n_shared_experts", 0)
    if keys.get("shared_expert_intermediate_size"):
        shared = math.ceil(config.number("shared_expert_intermediate_size") / max(1, width))
    dense = config.number("first_k_dense_replace", 0) + len(keys.get("mlp_only_layers") or ())
    step = config.number("decoder_sparse_step", 1)
    if "intermediate_size_mlp" in keys:  # Llama 4: one shared expert, every n-th layer with experts
        step, shared = config.number("interleave_moe_layer_step", 1), 1
    if step > 1:
        dense += layers - layers // step
    return {
        "experts": config.number("experts"),
        "experts_per_token": config.number("experts_per_token"),
        "shared_experts": shared,
        "dense_layers": min(dense, layers),
        "moe_intermediate": width,
    }


def _attention(config: _Config, layers: int, max_context: int) -> tuple[int, int, int]:
    """The window, and how many layers see everything, and how many keep no cache."""
    keys, rule = config.keys, config.kind.window
    window = config.number("sliding_window", config.number("attention_chunk_size", 0))
    types = keys.get("layer_types")
    if isinstance(types, list) and len(types) == layers:
        linear = types.count("linear_attention")
        full = types.count("full_attention")
        return (window if full + linear < layers else 0), full, linear
    interval = config.number("full_attention_interval", 0)
    if interval:
        return 0, layers // interval, layers - layers // interval
    if isinstance(rule, int) and window:
        pattern = config.number("sliding_window_pattern", rule)
        return window, layers // max(1, pattern), 0
    if rule == "switch" and window and keys.get("use_sliding_window"):
        full = min(layers, config.number("max_window_layers", layers))
        return (window if full < layers else 0), full, 0
    if rule == "all" and 0 < window < max_context:
        return window, 0, 0
    return 0, layers, 0


def _other(config: _Config, kind_name: str, layers: int, hidden: int) -> float:
    """Parameters that the shapes do not tell: learned positions, the indexer of sparse attention."""
    if kind_name == "opt":
        return (config.number("max_context") + 2) * hidden
    heads = config.number("index_n_heads", 0)
    if not heads:
        return 0.0
    size = config.number("index_head_dim")
    layer = config.number("q_lora_rank") * heads * size + hidden * (size + heads) + 2 * size
    return float(layers * layer)
