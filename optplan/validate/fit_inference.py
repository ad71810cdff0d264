"""The constants of inference that measurements decide, with where mechanism would put them.

Memory of inference comes from shapes but for a few factors of software that takes prompts whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from optplan.catalog import Catalog
from optplan.validate.fit import Free, Values, fit, free
from optplan.validate.inference import Table, predict_table, tabulate
from optplan.validate.read import Case

# Start, and how far mechanism lets it go. Times are those of an A100 with software of 2025.
CONSTANTS: Final[tuple[Free, ...]] = (
    free("engine_step_time", "", 3e-4, 0.7),
    free("engine_step_time", "engine=vllm", 1e-3, 0.7),
    free("engine_step_time", "engine=vllm,era=old", 4e-3, 0.7),
    free("engine_layer_time", "", 6.5e-5, 0.5),
    free("engine_layer_time", "engine=tensorrt-llm", 5.8e-5, 0.5),
    free("engine_layer_time", "engine=sglang", 1.06e-4, 0.5),
    free("engine_layer_time", "engine=lmdeploy", 6.4e-5, 0.5),
    free("engine_layer_time", "engine=vllm", 6.5e-5, 0.5),
    free("engine_request_time", "", 3e-6, 0.5),
    free("layer_time_factor", "architecture=hopper", 0.73, 0.3),
    free("layer_time_factor", "architecture=blackwell", 0.6, 0.3),
    free("layer_time_factor", "architecture=ada", 1.0, 0.3),
    free("launch_factor", "stack=2024", 1.5, 0.3),
    free("moe_layer_time", "", 4e-5, 0.5),
    free("weight_read_efficiency", "", 0.9, 0.1, 1.0),
    free("weight_read_efficiency", ("precision=fp4", "precision=mxfp4"), 0.75, 0.2, 1.0),
    free("expert_read_efficiency", "", 0.75, 0.2, 1.0),
    free("cache_read_efficiency", "", 0.75, 0.2, 1.0),
    free("decode_efficiency", "", 0.5, 0.25, 1.0),
    free("decode_efficiency", ("precision=fp4", "precision=mxfp4"), 0.35, 0.3, 1.0),
    free("prefill_efficiency", "", 0.6, 0.25, 1.0),
    free("prefill_efficiency", ("precision=fp4", "precision=mxfp4"), 0.4, 0.3, 1.0),
    free("moe_efficiency", "", 0.8, 0.25, 1.0),
    free("half_speed_expert", "", 400.0, 0.5),
    free("reduce_latency", "", 7e-6, 0.5),
    free("reduce_latency", "stack=2024", 1.5e-5, 0.5),
    free("reduce_latency_pcie", "", 5e-5, 0.5),
    free("reduce_efficiency", "", 0.44, 0.3, 1.0),
    free("prefill_share", "", 0.9, 0.1, 1.0),
)
MEMORY: Final[tuple[Free, ...]] = (
    free("prompt_mlp_values", "engine=transformers", 3.0, 0.2),
    free("prompt_logit_bytes", "engine=transformers,era=old", 6.0, 0.15),
    free("score_bytes", "attention=eager", 6.0, 0.2),
    free("profile_logit_bytes", "engine=vllm,era=old", 6700.0, 0.2),
    free("engine_memory", "memory_kind=allocated,engine=transformers,era=old", 0.35, 0.4),
)
_TRUST: Final = math.log(5.0)  # rows further off than this at the start have units or cases mixed up


def fit_inference(cases: Sequence[Case], catalog: Catalog, keep: Sequence[bool] | None = None) -> Values:
    """Constants fitted on the cases of one inference_throughput file, or on those that `keep` lets in."""
    return _fit(cases, catalog, keep, CONSTANTS)


def fit_memory(cases: Sequence[Case], catalog: Catalog, keep: Sequence[bool] | None = None) -> Values:
    """The same for one inference_memory file."""
    return _fit(cases, catalog, keep, MEMORY)


def _fit(
    cases: Sequence[Case], catalog: Catalog, keep: Sequence[bool] | None, constants: Sequence[Free]
) -> Values:
    table = tabulate(cases, catalog)
    if keep is not None:
        table = _some(cases, catalog, keep)
        cases = [case for case, kept in zip(cases, keep, strict=True) if kept]
    start = {row: c.start for c in constants for row in c.rows}
    off = np.log(predict_table(table, "expected", start) / table.measured)
    near = np.isfinite(off) & (np.abs(off) < _TRUST)
    sources = [cases[i].source for i in table.index]
    return fit(
        lambda values: predict_table(table, "expected", values), table.measured, sources, constants, near
    )


def _some(cases: Sequence[Case], catalog: Catalog, keep: Sequence[bool]) -> Table:
    return tabulate([case for case, kept in zip(cases, keep, strict=True) if kept], catalog)
