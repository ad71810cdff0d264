"""`benchmarks/measure_gpu.py` writes rows that validation reads; without a card it is tried on the CPU."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.validate.predict import predict
from optplan.validate.read import KINDS, Case, kind_of, number, read_cases

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MISSING = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
ADAPTERS = importlib.util.find_spec("peft") is not None


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("measure_gpu")


def setups(script: ModuleType, *models: str) -> list[object]:
    shapes = [Catalog.load().model(name) for name in models]
    return [
        script.Setup(model, method, recompute, sequence, 1)
        for model in shapes
        for method in ("full", "lora", "qlora")
        for recompute in ("none", "full")
        for sequence in (512, 2048)
    ]


def as_cases(script: ModuleType, kind: str, given: list[object]) -> list[Case]:
    measured = {"training_memory": "peak_memory_gib_per_gpu", "training_speed": "tokens_per_s_per_gpu"}[kind]
    rows = [script.row_of(setup, "A100-SXM4-80GB", "") | {measured: 10} for setup in given]
    return [Case("own", kind, r["case_id"], {k: str(v) for k, v in r.items()}, "own") for r in rows]


@pytest.mark.parametrize("kind", ["training_memory", "training_speed"])
def test_rows_of_every_setup_are_answered_with_the_catalogs_own_shapes(script: ModuleType, kind: str) -> None:
    given = setups(script, *script.MODELS)
    found = predict(as_cases(script, kind, given), Catalog.load())
    assert found.refused == []
    assert len(found.case_index) == len(given)
    assert (found.predicted > 0).all()
    shapes = {"layers", "hidden", "heads", "kv_heads", "intermediate", "vocab"}
    assert not [words for words in found.assumed for word in words if word.split()[0] in shapes]


def test_columns_are_those_of_the_two_kinds_of_file(script: ModuleType) -> None:
    assert kind_of(script.MEMORY, "memory") == "training_memory"
    assert kind_of(script.SPEED, "speed") == "training_speed"
    row = set(script.row_of(setups(script, "Llama-3.2-1B")[0], "L40S", ""))
    assert row <= {*script.MEMORY, *script.SPEED}


def test_setups_that_do_not_fit_are_not_chosen_and_every_method_is(script: ModuleType) -> None:
    given = setups(script, *script.MODELS)
    memory = script.predicted_gib(given, "RTX-4090", Catalog.load())
    picked = script.chosen(given, memory, 20.0, 24)
    assert len(picked) == len(set(picked)) == 24
    assert max(memory[i] for i in picked) <= 20.0 < max(memory)
    assert {(given[i].method, given[i].recompute) for i in picked} == {
        (method, recompute) for method in ("full", "lora", "qlora") for recompute in ("none", "full")
    }
    sizes = {given[i].model.params_total > 5e9 for i in picked}
    assert sizes == {True, False}


def test_by_default_twenty_configurations_of_1b_to_9b_fit_a_large_card(script: ModuleType) -> None:
    asked = script.parsed([])
    catalog = Catalog.load()
    sizes = [catalog.model(name).params_total for name in script.words(asked.models)]
    assert (min(sizes) > 0.9e9, max(sizes) < 9.9e9) == (True, True)
    given = setups(script, *script.words(asked.models))
    memory = script.predicted_gib(given, "A100-SXM4-80GB", catalog)
    assert len(script.chosen(given, memory, 70.0, asked.count)) == asked.count >= 20


@pytest.mark.parametrize(
    ("said", "gb", "name"),
    [
        ("NVIDIA H200", 150.1, "H200-SXM-141GB"),
        ("NVIDIA H100 80GB HBM3", 85.0, "H100-SXM5-80GB"),
        ("NVIDIA GeForce RTX 4090", 25.3, "RTX-4090"),
        ("Tesla V100-SXM2-32GB", 34.1, "V100-SXM2-32GB"),
    ],
)
def test_a_drivers_name_is_a_card_of_the_catalog(script: ModuleType, said: str, gb: float, name: str) -> None:
    assert script.card_named(said, gb, Catalog.load()) == name


def test_out_of_memory_is_an_answer(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = importlib.import_module("gpu_steps")
    full = type("OutOfMemoryError", (RuntimeError,), {})

    def measure(*_: object) -> None:
        raise full("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(steps, "measure", measure)
    torch = SimpleNamespace(OutOfMemoryError=full)
    assert steps.attempt(torch, None, "cpu", 1) == ("out of memory", "CUDA out of memory", None)


def test_another_fault_of_a_step_is_not_taken_for_want_of_memory(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = importlib.import_module("gpu_steps")

    def measure(*_: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(steps, "measure", measure)
    torch = SimpleNamespace(OutOfMemoryError=type("OutOfMemoryError", (RuntimeError,), {}))
    with pytest.raises(RuntimeError, match="shapes"):
        steps.attempt(torch, None, "cpu", 1)


def test_a_mixture_model_is_refused(script: ModuleType) -> None:
    steps = importlib.import_module("gpu_steps")
    with pytest.raises(BadInput) as fault:
        steps.check_dense(Catalog.load().model("Mixtral-8x7B-v0.1"))
    assert fault.value.faults[0].code == "not-llama-like"


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_steps_of_a_tiny_model_run_on_the_cpu_and_are_read_back(tmp_path: Path) -> None:
    methods = "full,lora" if ADAPTERS else "full"
    command = [
        sys.executable, str(BENCHMARKS / "measure_gpu.py"), "--device", "cpu", "--tiny", "--steps", "1",
        "--micro-batches", "1", "--methods", methods, "--out", str(tmp_path),
    ]  # fmt: skip
    paths = {"PYTHONPATH": str(BENCHMARKS.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **paths}, timeout=300
    )
    assert done.returncode == 0, done.stderr
    kind, cases = read_cases(tmp_path / "training_speed.csv")
    assert kind == "training_speed"
    assert len(cases) == 2 * len(methods.split(","))
    for case in cases:
        assert number(case.row, "tokens_per_s_per_gpu") > 0
        assert "no card: CPU" in case.row["notes"]
        assert "torch" in case.row["notes"]
        assert "measured=" in case.row["notes"]
    head, *rows = (tmp_path / "training_memory.csv").read_text().splitlines()
    assert set(KINDS["training_memory"]) <= set(head.split(","))
    assert rows == []  # a CPU has no memory of a card to tell
    log = (tmp_path / "log.csv").read_text()
    assert log.count(",measured,") == len(cases)


@pytest.mark.skipif(not MISSING, reason="PyTorch and transformers are installed")
def test_without_pytorch_the_script_says_what_to_install() -> None:
    command = [sys.executable, str(BENCHMARKS / "measure_gpu.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "optplan[measure]" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
