"""Inference rows against the rules: what cells mean, what is refused, and how near predictions come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optplan.catalog import Catalog
from optplan.validate.inference import predict, tabulate
from optplan.validate.inference_names import engine_of, precision_of, whole_bits
from optplan.validate.read import Case, Predictions, read_cases
from optplan.validate.score import score

FOLDER = Path(__file__).parents[3] / "shared" / "measured"
here = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no measurements beside the checkout ({FOLDER.name}/)")
H100 = {"gpu": "H100-SXM5-80GB", "n_gpus": "1", "tp": "1", "precision": "BF16", "model": "Llama-3.1-8B"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def speed(catalog: Catalog, **cells: str) -> Predictions:
    usual = {
        "input_len": "1000",
        "output_len": "1000",
        "concurrency": "16",
        "engine": "vllm",
        "engine_version": "0.11",
    }
    row = {**H100, **usual, "metric": "output_tokens_per_s", "value": "1000", **cells}
    return predict([Case("a", "inference_throughput", "1", row, "s")], catalog)


def memory(catalog: Catalog, **cells: str) -> Predictions:
    row = {
        **H100,
        "context_tokens": "1024",
        "concurrency": "1",
        "quantity": "weights_gib",
        "value": "15",
        **cells,
    }
    return predict([Case("a", "inference_memory", "1", row, "s")], catalog)


def test_weights_are_the_exact_parameters_times_their_bytes(catalog: Catalog) -> None:
    assert memory(catalog).predicted[0] == pytest.approx(8_030_261_248 * 2 / 2**30, rel=1e-6)


def test_weights_of_a_replica_are_those_of_all_its_cards(catalog: Catalog) -> None:
    both = (
        memory(catalog, tp="4", n_gpus="4"),
        memory(catalog, tp="4", n_gpus="4", quantity="weights_gib_per_gpu"),
    )
    assert both[0].predicted[0] == pytest.approx(4 * both[1].predicted[0])


def test_a_batch_of_stated_length_caches_two_vectors_a_head_layer_and_token(catalog: Catalog) -> None:
    got = memory(catalog, quantity="kv_cache_gib", context_tokens="4096", concurrency="8")
    assert got.predicted[0] == pytest.approx(8 * 4096 * 131_072 / 2**30)


@pytest.mark.parametrize(
    ("precision", "model", "expected"),
    [("GPTQ-Int4", "x", "int4"), ("", "Llama-AWQ", "int4"),
     ("bnb.nf4-dq", "x", "nf4"), ("bnb.fp4", "x", "nf4"),
     ("FP4", "x", "fp4"), ("fp8", "x", "fp8"), ("INT8 w8a8", "x", "w8a8"), ("GPTQ-Int8", "x", "int8"),
     ("", "x", "bf16"), ("32-true", "x", "fp32"), ("FP8", "GPT-OSS 20B", "fp4")],
)  # fmt: skip
def test_number_formats_are_read_from_the_cell_or_the_name(precision: str, model: str, expected: str) -> None:
    assert precision_of({"precision": precision, "model": model}, []) == expected


@pytest.mark.parametrize(
    ("engine", "version", "expected"),
    [("trtllm", "1.0", ("tensorrt-llm", "new")), ("vLLM", "0.4.2", ("vllm", "old")),
     ("AutoAWQ", "", ("autoawq", "")),
     ("transformers", "4.38.2", ("transformers", "old")), ("transformers", "4.46.0", ("transformers", "new")),
     ("mystery", "", ("mystery", ""))],
)  # fmt: skip
def test_engines_are_known_by_name_and_by_age(engine: str, version: str, expected: tuple[str, str]) -> None:
    assert engine_of({"engine": engine, "engine_version": version}) == expected


def test_more_requests_at_once_give_more_tokens_a_second_and_a_longer_time_each(catalog: Catalog) -> None:
    rates = [speed(catalog, concurrency=c).predicted[0] for c in ("1", "16", "128")]
    times = [speed(catalog, concurrency=c, metric="tpot_ms").predicted[0] for c in ("1", "16", "128")]
    assert rates == sorted(rates)
    assert times == sorted(times)


def test_an_offered_rate_below_capacity_is_what_comes_out(catalog: Catalog) -> None:
    assert speed(catalog, concurrency="2 req/s").predicted[0] == pytest.approx(2000)
    flooded = speed(catalog, concurrency="900 req/s").predicted[0]
    assert flooded == pytest.approx(speed(catalog, concurrency="offline max").predicted[0], rel=0.05)


def test_a_higher_offered_rate_means_a_longer_time_for_each_token(catalog: Catalog) -> None:
    times = [speed(catalog, concurrency=f"{r} req/s", metric="tpot_ms").predicted[0] for r in (1, 5, 20)]
    assert times[0] < times[1] < times[2]


def test_per_gpu_and_total_rates_agree_with_the_output_rate(catalog: Catalog) -> None:
    two = {"n_gpus": "2", "tp": "2"}
    whole = speed(catalog, **two).predicted[0]
    assert speed(catalog, metric="output_tokens_per_s_per_gpu", **two).predicted[0] == pytest.approx(
        whole / 2
    )
    assert speed(catalog, metric="total_tokens_per_s", **two).predicted[0] == pytest.approx(2 * whole)


def test_what_a_row_leaves_open_is_filled_and_said(catalog: Catalog) -> None:
    got = speed(
        catalog,
        input_len="",
        output_len="",
        precision="",
        model="Llama-2-70B",
        notes="MLPerf v4.1",
        n_gpus="8",
        tp="",
    )
    assert got.assumed[0] == ["precision = bf16", "input_len = 294", "output_len = 294"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [({"metric": ""}, "missing metric"), ({"metric": "joules"}, "no rule predicts 'joules'"),
     ({"value": ""}, "missing value"),
     ({"model": ""}, "missing model"), ({"gpu": "Voodoo 2"}, "no card is called `Voodoo 2`")],
)  # fmt: skip
def test_rows_that_say_too_little_are_refused_with_what_is_missing(
    catalog: Catalog, cells: dict[str, str], reason: str
) -> None:
    got = speed(catalog, **cells)
    assert not got.case_index
    assert reason in got.refused[0][1]


@pytest.mark.parametrize(
    "cells", [{}, {"model": "Mixtral-8x7B", "n_gpus": "4", "tp": "4"}, {"precision": "FP8"}]
)
def test_low_and_high_enclose_the_prediction(catalog: Catalog, cells: dict[str, str]) -> None:
    for got in (speed(catalog, **cells), speed(catalog, metric="tpot_ms", **cells)):
        assert got.low[0] < got.predicted[0] < got.high[0]


@here
@pytest.mark.parametrize(
    ("name", "median", "p90"), [("inference_memory", 0.05, 0.20), ("inference_throughput", 0.12, 0.40)]
)
def test_published_measurements_are_met(catalog: Catalog, name: str, median: float, p90: float) -> None:
    _, cases = read_cases(FOLDER / f"{name}.csv")
    found = score(predict(cases, catalog))
    assert found.answered >= 0.97 * len(cases)
    assert found.median_abs_error <= median
    assert found.p90_abs_error <= p90
    assert found.inside_band >= 0.8


@here
def test_constants_given_replace_those_of_the_table(catalog: Catalog) -> None:
    _, cases = read_cases(FOLDER / "inference_throughput.csv")
    usual = predict(cases[:20], catalog)
    slow = predict(cases[:20], catalog, constants={("prefill_efficiency", ""): 0.1})
    assert np.all(slow.predicted < usual.predicted)
    assert len(tabulate(cases[:20], catalog).settings) == 20


@pytest.mark.parametrize(
    ("precision", "bits", "name"),
    [
        ("Q4_K_M", 4.89, "int4"), ("Q8_0", 8.5, "int8"), ("q4f16_1", 4.5, "int4"), ("EXL2 4.25bpw", 4.25, "int4"),
        ("AWQ", 0.0, "int4"), ("GPTQ-Int8", 0.0, "int8"), ("BF16", 0.0, "bf16"), ("MXFP4", 0.0, "fp4"),
    ],
)  # fmt: skip
def test_formats_that_quantise_all_of_a_model_tell_their_bits(precision: str, bits: float, name: str) -> None:
    row = {"precision": precision, "model": "Llama-3.1-8B"}
    assert whole_bits(row) == bits
    assert precision_of(row, []) == name


def test_a_gguf_file_holds_all_parameters_at_its_bits(catalog: Catalog) -> None:
    found = memory(catalog, precision="Q8_0", engine="llama.cpp").predicted[0]
    assert found == pytest.approx(8_030_261_248 * 8.5 / 8 / 2**30, rel=1e-6)


def test_a_model_published_in_few_bits_is_taken_so_where_nothing_is_said() -> None:
    assumed: list[str] = []
    assert precision_of({"model": "deepseek-ai/DeepSeek-R1"}, assumed) == "fp8"
    assert precision_of({"model": "DeepSeek-R1-Distill-Llama-8B"}, assumed) == "bf16"
    assert assumed == ["precision = fp8", "precision = bf16"]


def test_engines_with_a_pool_fill_what_they_may(catalog: Catalog) -> None:
    found = memory(catalog, engine="vLLM", quantity="total_memory_gib", settings="util=0.80; total=80.0GiB")
    assert found.predicted[0] == pytest.approx(64)


@pytest.mark.parametrize("said", ["batch 64", "bs=64", "64.0", "concurrency: 64"])
def test_requests_at_once_are_read_from_words(catalog: Catalog, said: str) -> None:
    assert speed(catalog, concurrency=said).predicted[0] == speed(catalog, concurrency="64").predicted[0]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-v0.1"),
        ("Qwen3-30B-A3B-Instruct-2507", "Qwen3-30B-A3B"), ("google/gemma-3-12b-pt", "Gemma-3-12b-it"),
        ("zai-org/GLM-4.6-FP8", "GLM-4.5"), ("Mistral-Nemo-Instruct-2407", "Mistral-NeMo-12B"),
    ],
)  # fmt: skip
def test_tails_of_training_and_dates_do_not_hide_a_model(catalog: Catalog, name: str, model: str) -> None:
    case = Case(
        "a", "inference_memory", "1", {**H100, "model": name, "quantity": "weights_gib", "value": "9"}, "s"
    )
    assert tabulate([case], catalog).settings[0].model.name == model


@pytest.mark.parametrize("engine", ["exllama", "llama.cpp", "Ollama"])
def test_engines_for_one_user_print_the_speed_of_the_answer_alone(catalog: Catalog, engine: str) -> None:
    cells = {"engine": engine, "engine_version": "", "input_len": "1920", "output_len": "128"}
    found = [speed(catalog, **cells, concurrency=count).predicted[0] for count in ("1", "")]
    alone = speed(catalog, **cells, concurrency="1", metric="decode_tokens_per_s").predicted[0]
    assert found == [alone, alone]
    whole = speed(catalog, **cells, concurrency="1", metric="total_tokens_per_s").predicted[0]
    assert alone > whole * 128 / 2048  # where the prompt counts, too


def test_servers_count_the_prompt_in_the_time_of_the_answer(catalog: Catalog) -> None:
    cells = {"input_len": "1920", "output_len": "128", "concurrency": "1"}
    output = speed(catalog, **cells).predicted[0]
    whole = speed(catalog, **cells, metric="total_tokens_per_s").predicted[0]
    assert output == pytest.approx(whole * 128 / 2048)
