"""The constants of the training rules that measurements decide, with where mechanism would put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from optplan.catalog import Catalog
from optplan.validate.cross import SPREAD
from optplan.validate.fit import Free, Values, fit, free
from optplan.validate.read import Case
from optplan.validate.training import Training

# Software that runs norms, activations and dropout as kernels of their own.
_EAGER: Final = (
    "framework=hf",
    "framework=deepspeed",
    "framework=llamafactory",
    "framework=megatron-deepspeed",
)
_LORA: Final = tuple(
    f"{compiled}method={kind}" for compiled in ("", "compiled=yes,") for kind in ("lora", "qlora")
)
CONSTANTS: Final[dict[str, tuple[Free, ...]]] = {
    "training_memory": (
        free("logit_bytes", "framework=deepspeed", 10, 0.15),
        free("logit_bytes", "framework=hf", 16, 0.1),
        free("hidden_values", "", 8.9, 0.15),
        free("hidden_values_plain", "", 6.7, 0.15),
        free("hidden_values", ("method=qlora", "compiled=yes,method=qlora"), 18, 0.2),
        free("mlp_values", _LORA, 3, 0.15),
        free("runtime_memory", "", 1.4, 0.3),
        free("fragmentation", "", 0.1, 0.5),
        free("fragmentation", ("lengths=variable", "lengths=variable,memory_kind=reserved"), 0.35, 0.15),
        free("optimizer_bytes", "framework=megatron-deepspeed", 20, 0.1),
    ),
    "training_speed": (
        free("matmul_efficiency", "", 0.65, 0.15, 0.95),
        free("power_exponent", "", 0.4, 0.25, 1.0),
        free("low_precision_efficiency", "precision=fp8", 0.7, 0.2),
        free("low_precision_efficiency", "framework=megatron,precision=fp8", 0.9, 0.2),
        free("low_precision_efficiency", "framework=megatron,precision=fp4", 0.65, 0.2),
        free("half_speed_tokens", "", 385, 0.3),
        free("half_speed_width", "", 565, 0.3),
        free("attention_efficiency", "", 0.4, 0.25),
        free("elementwise_passes", _EAGER, 7.8, 0.3),
        free("elementwise_passes", "framework=fsdp", 2.9, 0.3),
        free("elementwise_passes", ("framework=megatron", "framework=torchtune"), 2.7, 0.3),
        free("tensor_exposed", "framework=megatron-deepspeed", 1.3, 0.3),
        free("optimizer_passes", "framework=deepspeed", 40, 0.6),
        free("network_efficiency", "", 0.5, 0.3),
        free("dequantise_efficiency", "", 0.15, 0.4),
        free("length_share", "lengths=variable", 0.33, 0.3),
    ),
}
# A plan that runs out of memory is worse than one that leaves some: predictions too low count for more.
LEAN: Final = {"training_memory": 1.5, "training_speed": 1.0}


def unspread(rows: Training, values: Mapping[tuple[str, str], float]) -> np.ndarray:
    """Predictions without the margin that the spread between sources asks for."""
    return rows.predicted("expected", {**values, (SPREAD[rows.kind], ""): 1.0})


def fit_training(cases: Sequence[Case], catalog: Catalog, keep: Sequence[bool] | None = None) -> Values:
    """Constants fitted on the cases of one kind of training file, or on those that `keep` lets in."""
    return fit_rows(Training(cases, catalog), cases, keep)


def fit_rows(rows: Training, cases: Sequence[Case], keep: Sequence[bool] | None = None) -> Values:
    """The same for rows that were prepared before."""
    mask = np.array([keep is None or keep[row.index] for row in rows.rows], dtype=bool)
    return fit(
        lambda values: unspread(rows, values),
        rows.measured,
        [cases[row.index].source for row in rows.rows],
        CONSTANTS[rows.kind],
        mask,
        LEAN[rows.kind],
    )
