"""Whether a model fits: the same numbers as the rules give, and the edges of what fits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from optplan.candidates import Table
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.fitting import METHODS, Answer, Question, fit
from optplan.need import Finetune, Serve
from optplan.planner import prepare

H100, MODEL = "H100-SXM5-80GB", "GLM-4-9B"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def answer(catalog: Catalog, question: Question) -> Answer:
    return fit(question, catalog).cards[0].answer


def row(catalog: Catalog, gpu: str, cards: int, **layout: int) -> Table:
    """One row of a table, laid out by hand."""
    tp, pp = layout.get("tp", 1), layout.get("pp", 1)
    code = list(catalog.cards).index(gpu)
    numbers = (code, cards, cards, tp, pp, cards // (tp * pp))
    rest = (layout.get("zero_stage", 0), layout.get("recompute", 0))
    return Table(list(catalog.cards.values()), *(np.array([n]) for n in (*numbers, *rest)))


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_training_table_is_what_the_rules_give_directly(catalog: Catalog, method: str) -> None:
    cells = [c for c in fit(Question(MODEL, H100), catalog).cards[0].table if c.method == method]
    assert len(cells) == 28
    for cell in cells[::5]:
        need = Finetune.model_validate(
            {
                "task": "finetune",
                "model": MODEL,
                "method": method,
                "sequence": cell.sequence,
                "batch": cell.micro_batch,
                "micro_batch": cell.micro_batch,
            }
        )
        context = prepare(need, catalog)
        direct = [context.assess(row(catalog, H100, 1, recompute=again)) for again in (0, 1)]
        least = min(direct, key=lambda found: found.at("memory_per_card", 0))
        assert cell.memory == pytest.approx(least.at("memory_per_card", 0), rel=1e-12)
        assert cell.fits == bool(least.holds(1)[0])


def test_inference_memory_is_what_the_rules_give_for_the_batch_they_choose(catalog: Catalog) -> None:
    traffic = {"requests_per_second": 1, "prompt_tokens": 1000, "answer_tokens": 250}
    context = prepare(Serve.model_validate({"task": "serve", "model": MODEL, "traffic": traffic}), catalog)
    direct = context.assess(row(catalog, H100, 1))
    batch = int(direct.at("concurrent_requests", 0))
    found = answer(catalog, Question(MODEL, H100, method="infer", batch=batch, context=1250))
    assert found.memory[1] == pytest.approx(direct.at("memory_per_card", 0), rel=1e-12)
    assert found.largest_batch.value == batch


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cards", [1, 4])
@pytest.mark.parametrize("model", [MODEL, "Qwen3-30B-A3B", "Gemma-2-9B"])
def test_terms_add_up_to_the_memory_in_every_scenario(
    catalog: Catalog, method: str, cards: int, model: str
) -> None:
    found = answer(catalog, Question(model, H100, cards, method))
    for end, total in zip(("low", "expected", "high"), found.memory, strict=True):
        assert sum(getattr(term, end) for term in found.terms) == pytest.approx(total, abs=1e-9)
    assert found.memory[0] <= found.memory[1] <= found.memory[2]
    assert all(term.label for term in found.terms)


def test_what_a_fixed_quantity_leaves_over_is_a_term_of_its_own(catalog: Catalog) -> None:
    found = answer(catalog, Question(MODEL, H100, method="infer", fixed={"memory_per_card": 50.0}))
    assert found.memory == (50.0, 50.0, 50.0)
    assert found.terms[-1].name == "memory_per_card"
    assert sum(term.expected for term in found.terms) == pytest.approx(50.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("gpu", "cards"), [("RTX-4090", 1), ("A100-SXM4-80GB", 2), (H100, 8)])
def test_the_most_that_fits_fits_and_one_more_does_not(
    catalog: Catalog, method: str, gpu: str, cards: int
) -> None:
    asked = Question("Llama-3.1-8B", gpu, cards, method, context=1024)
    found = answer(catalog, asked)
    for name, most in (("context", found.longest_context), ("batch", found.largest_batch)):
        if most.value is None:
            assert not answer(catalog, replace(asked, **{name: 1})).fits
        else:
            assert answer(catalog, replace(asked, **{name: most.value})).fits
            beyond = answer(catalog, replace(asked, **{name: most.value + 1}))
            assert not beyond.fits
            assert {r.requirement for r in beyond.refused} == set(most.stopped_by)


@pytest.mark.parametrize(
    ("model", "gpu", "method"),
    [
        ("Llama-3.1-70B", "A100-SXM4-80GB", "full"),
        ("Llama-3.1-70B", "RTX-4090", "qlora"),
        ("Llama-3.1-70B", "RTX-4090", "infer"),
        (MODEL, "L4", "full"),
    ],
)
def test_one_card_less_than_the_smallest_count_does_not_fit(
    catalog: Catalog, model: str, gpu: str, method: str
) -> None:
    asked = Question(model, gpu, 1, method)
    fewest = answer(catalog, asked).smallest_cards
    assert fewest.value is not None
    assert fewest.value > 1
    assert answer(catalog, replace(asked, cards=fewest.value)).fits
    for fewer in range(1, fewest.value):
        assert not answer(catalog, replace(asked, cards=fewer)).fits
    assert "fits_in_memory" in fewest.stopped_by


def test_a_model_that_64_cards_cannot_hold_has_no_smallest_count(catalog: Catalog) -> None:
    found = answer(catalog, Question("DeepSeek-V3", "T4", method="full", precision="fp16"))
    assert not found.fits
    assert found.smallest_cards.value is None
    assert "fits_in_memory" in found.smallest_cards.stopped_by


@pytest.mark.parametrize("method", METHODS)
def test_memory_grows_with_context_and_with_batch(catalog: Catalog, method: str) -> None:
    asked = Question(MODEL, H100, method=method)
    by_context = [
        answer(catalog, replace(asked, context=n)).memory[1] for n in (1, 2, 7, 512, 513, 4096, 8192, 10**6)
    ]
    by_batch = [answer(catalog, replace(asked, batch=n)).memory[1] for n in (1, 2, 3, 8, 100)]
    assert by_context == sorted(by_context)
    assert by_batch == sorted(by_batch)
    assert by_context[-1] > by_context[0]
    assert by_batch[-1] > by_batch[0]


def test_a_larger_batch_never_allows_a_longer_context(catalog: Catalog) -> None:
    found = [
        answer(catalog, Question(MODEL, H100, method="lora", batch=n)).longest_context.by_memory
        for n in (1, 2, 4, 8)
    ]
    assert found == sorted(found, key=lambda n: -(n or 0))


def test_lora_of_a_9b_model_needs_what_was_published(catalog: Catalog) -> None:
    asked = Question(
        MODEL, H100, method="lora", framework="hf", context=512, batch=1, fixed={"lora_rank": 8.0}
    )
    found = answer(catalog, asked)
    assert found.memory[1] == pytest.approx(21.0, rel=0.15)
    assert found.memory[0] < 21.0 < found.memory[2]


def test_full_training_on_four_h100_needs_what_was_published(catalog: Catalog) -> None:
    asked = Question(
        MODEL, H100, 4, "full", framework="deepspeed", context=512, batch=1, fixed={"zero_stage": 3.0}
    )
    found = answer(catalog, asked)
    assert "ZeRO-3" in found.layout
    assert found.memory[1] == pytest.approx(51.0, rel=0.12)
    assert found.memory[0] < 51.0 < found.memory[2]


@pytest.mark.parametrize(
    ("context", "published"), [(1_000, 19.0), (8_000, 21.0), (32_000, 28.0), (128_000, 58.0)]
)
def test_inference_with_transformers_needs_what_was_published(
    catalog: Catalog, context: int, published: float
) -> None:
    asked = Question("GLM-4-9B-Chat", H100, method="infer", engine="transformers", context=context)
    found = answer(catalog, asked)
    assert found.fits
    assert found.memory[1] == pytest.approx(published, rel=0.1)


def test_fixed_parts_of_the_sum_leave_terms_that_still_add_up(catalog: Catalog) -> None:
    for name in ("static_memory", "gradients", "activation_memory", "memory_spread", "step_temporary"):
        found = answer(catalog, Question(MODEL, H100, method="full", fixed={name: 2.0}))
        assert sum(term.expected for term in found.terms) == pytest.approx(found.memory[1], abs=1e-9)


def test_fixed_layouts_are_picked_and_impossible_ones_refused(catalog: Catalog) -> None:
    asked = Question(MODEL, H100, 4, "full", framework="megatron", fixed={"tp": 2.0, "recompute": 1.0})
    layouts = answer(catalog, asked).layouts
    assert layouts
    assert all("tensor parallel 2" in one.text and "recompute" in one.text for one in layouts)
    with pytest.raises(BadInput, match="no-layout"):
        fit(replace(asked, fixed={"tp": 3.0}), catalog)


def test_layouts_are_sorted_by_memory_and_the_first_is_the_answer(catalog: Catalog) -> None:
    found = answer(catalog, Question(MODEL, H100, 8, "full", framework="megatron"))
    amounts = [layout.memory for layout in found.layouts]
    assert len(amounts) > 10
    assert amounts == sorted(amounts)
    assert (found.layouts[0].text, amounts[0]) == (found.layout, found.memory[1])


def test_layouts_that_the_framework_does_not_have_are_left_out_or_refused(catalog: Catalog) -> None:
    plain = answer(catalog, Question(MODEL, H100, 8, "full"))
    assert len(plain.layouts) == 6  # plain, ZeRO-2 and ZeRO-3, each with and without recompute
    assert not any("tensor" in one.text or "pipeline" in one.text for one in plain.layouts)
    asked = Question(MODEL, H100, 8, "full", fixed={"tp": 2.0, "pp": 1.0})
    (refused,) = answer(catalog, asked).refused
    assert (refused.requirement, refused.needs, refused.has) == ("framework_splits_model", 2.0, 1.0)


def test_a_card_that_lacks_the_precision_is_refused_for_that(catalog: Catalog) -> None:
    found = answer(catalog, Question("Llama-3.2-1B", "V100-SXM2-32GB", method="infer", precision="bf16"))
    assert [r.requirement for r in found.refused] == ["computes_in_precision"]


def test_what_no_number_of_cards_mends_is_told_apart_from_memory(catalog: Catalog) -> None:
    fewest = answer(catalog, Question(MODEL, "L4", method="infer", batch=300)).smallest_cards
    assert fewest.value is None
    assert fewest.stopped_by == ("max_sequences",)
    assert fewest.by_memory is not None
    assert fewest.by_memory > 1


def test_every_card_of_a_family_is_answered(catalog: Catalog) -> None:
    found = fit(Question(MODEL, "H100"), catalog)
    assert [card.gpu for card in found.cards] == found.meant == catalog.gpus("H100")
    assert len(found.meant) > 1


def test_all_faults_are_told_at_once(catalog: Catalog) -> None:
    asked = Question("no-such-model", "no-such-card", cards=0, fixed={"sequence": 5.0})
    with pytest.raises(BadInput) as caught:
        fit(asked, catalog)
    codes = {fault.code for fault in caught.value.faults}
    assert {"unknown-gpu", "unknown-model", "varied", "out-of-range"} <= codes


def test_json_has_no_number_that_json_lacks(catalog: Catalog) -> None:
    found = fit(Question(MODEL, H100), catalog).json()
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["fits"] is True
    said = again["cards"][0]["answer"]
    assert set(said["memory_gib"]) == {"low", "expected", "high"}
    assert said["longest_context"] == {
        "value": 8192,
        "stopped_by": ["fits_context"],
        "by_memory": said["longest_context"]["by_memory"],
    }
    assert len(again["cards"][0]["table"]) == 84
