"""Predictions beside published figures: nothing may be wildly off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import quantities
from measured import FOLDER, median_error, serving

here = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no measurements beside the checkout ({FOLDER.name}/)")


def within_two(pairs: list[tuple[float, float]]) -> float:
    return float(np.mean([0.5 < p / m < 2 for p, m in pairs]))


@here
def test_serving_is_within_a_fifth_in_the_median() -> None:
    pairs = [(predicted, float(row["value"])) for row, _, predicted in serving()]
    assert len(pairs) > 1000
    assert median_error(pairs) < 0.2
    assert within_two(pairs) > 0.9


LORA = {"method": "lora", "lora_rank": 8.0, "asked_micro_batch": 1.0, "recompute": 1.0, "framework": "hf"}


@pytest.mark.parametrize(
    ("more", "published", "factor"),
    [
        # THUDM/GLM-4 finetune_demo: LoRA r8 on one A100 80GB, batch 1: about 21 GB
        ({"model_name": "GLM-4-9B", "card_name": "A100-SXM4-80GB", "sequence": 512.0, **LORA}, 21, 1.15),
        # THUDM/GLM-4 finetune_demo: full with ZeRO-3 on four H100, about 55 GB a card
        ({"model_name": "GLM-4-9B", "cards": 4.0, "dp": 4.0, "zero_stage": 3.0, "asked_micro_batch": 1.0,
          "recompute": 1.0, "framework": "deepspeed", "sequence": 1024.0}, 52, 1.25),
        # Dettmers et al. 2023 (QLoRA): models of this size fine-tune on one 48 GB card
        ({"model_name": "Llama-2-70b-hf", "card_name": "A100-SXM4-80GB", "method": "qlora", "recompute": 1.0,
          "asked_micro_batch": 1.0, "sequence": 512.0, "framework": "hf"}, 43, 1.15),
    ],
)  # fmt: skip
def test_well_known_memory_is_met_within_a_factor(
    more: dict[str, Any], published: float, factor: float
) -> None:
    found = quantities("finetune", **more)["memory_per_card"]
    assert published / factor < found < published * factor


def test_eight_h100_fine_tune_an_8b_model_at_5000_to_10000_tokens_a_second_each() -> None:
    q = quantities("finetune", cards=8.0, dp=8.0, zero_stage=3.0, recompute=1.0, framework="fsdp")
    assert 5000 < q["tokens_per_second"] / 8 < 10_000
    assert 0.3 < q["efficiency"] < 0.6
