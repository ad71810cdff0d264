"""`optplan fit` on the command line: exit codes, width, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optplan.cli import run
from optplan.planner import solve
from optplan.problem import read

Capture = pytest.CaptureFixture[str]
H100 = "H100-SXM5-80GB"
PROBLEMS = Path(__file__).parents[2] / "problems"


def test_exit_code_says_whether_it_fits(capsys: Capture) -> None:
    assert run(["fit", "GLM-4-9B", H100]) == 0
    assert "GLM-4-9B fits on 1 x H100-SXM5-80GB for inference" in capsys.readouterr().out
    assert run(["fit", "GLM-4-9B", "T4", "--method", "full"]) == 1
    assert "does not fit on 1 x T4" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-model", H100],
        ["GLM-4-9B", "no-such-card"],
        ["GLM-4-9B", H100, "--cards", "0"],
        ["GLM-4-9B", H100, "--cards", "2000"],
        ["GLM-4-9B", H100, "--context", "lots"],
        ["GLM-4-9B", H100, "--context", "1.5"],
        ["GLM-4-9B", H100, "--batch", "-1"],
        ["GLM-4-9B", H100, "--method", "magic"],
        ["GLM-4-9B", H100, "--precision", "int3"],
        ["GLM-4-9B", H100, "--set", "no_such_quantity=1"],
        ["GLM-4-9B", H100, "--set", "sequence=100"],
        ["GLM-4-9B", H100, "--method", "full", "--framework", "abacus"],
        ["1e30", H100],
        ["missing/config.json", H100],
    ],
)
def test_bad_input_ends_in_exit_code_2_and_a_message(arguments: list[str], capsys: Capture) -> None:
    assert run(["fit", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["GLM-4-9B", H100],
        ["GLM-4-9B", "H100"],
        ["GLM-4-9B", "V100", "--method", "lora"],
        ["DeepSeek-V3", "H200", "--cards", "8", "--precision", "fp8"],
        ["Llama-3.1-70B", H100, "--cards", "8", "--method", "full", "--context", "8k"],
        ["70B", "RTX-4090", "--method", "qlora"],
    ],
)
def test_lines_are_at_most_80_wide(
    arguments: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["fit", *arguments]) in (0, 1)
    said = capsys.readouterr().out
    assert max(len(line) for line in said.splitlines()) <= 80
    assert "\x1b" not in said


def test_a_table_of_training_comes_without_a_method(capsys: Capture) -> None:
    assert run(["fit", "GLM-4-9B", H100]) == 0
    said = capsys.readouterr().out
    for method in ("full fine-tuning", "LoRA", "QLoRA"):
        assert sum(line.startswith(f"{method} ") for line in said.splitlines()) == 7
    assert "* does not fit" in said
    assert run(["fit", "GLM-4-9B", H100, "--method", "infer"]) == 0
    assert "micro-batch" not in capsys.readouterr().out


def test_a_family_shows_every_card(capsys: Capture) -> None:
    assert run(["fit", "GLM-4-9B", "A100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(["fit", "GLM-4-9B", "A100"]) == 0
    said = capsys.readouterr().out
    assert len(found["meant"]) > 1
    assert all(gpu in said for gpu in found["meant"])


def test_json_says_the_same_as_the_page(capsys: Capture) -> None:
    arguments = ["fit", "GLM-4-9B", H100, "--method", "lora", "--context", "2k"]
    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    memory = found["cards"][0]["answer"]["memory_gib"]
    assert run(arguments) == 0
    total = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("together"))
    assert total.split()[1:] == [f"{memory[end]:.2f}" for end in ("low", "expected", "high")]


def test_a_model_is_read_from_its_config(tmp_path: Path, capsys: Capture) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "tie_word_embeddings": False,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    assert run(["fit", str(path), "L4", "--method", "infer", "--json"]) == 0
    own = json.loads(capsys.readouterr().out)["cards"][0]["answer"]
    assert run(["fit", "Llama-3.1-8B", "L4", "--method", "infer", "--json"]) == 0
    named = json.loads(capsys.readouterr().out)["cards"][0]["answer"]
    assert own["memory_gib"]["expected"] == pytest.approx(named["memory_gib"]["expected"], rel=0.005)


@pytest.mark.parametrize(("name", "published"), [("lora-9b-one-card", 21.0), ("full-9b-four-h100", 51.0)])
def test_the_headline_problems_show_low_expected_and_high(
    name: str, published: float, capsys: Capture
) -> None:
    path = PROBLEMS / f"{name}.yaml"
    plan = solve(read(path)[0].need, explore=False)
    band = plan.quantities["memory_per_card"]
    assert band.low < published < band.high
    assert band.value == pytest.approx(published, rel=0.15)
    assert run(["solve", str(path)]) == 0
    said = capsys.readouterr().out
    assert "What it rests on" in said
    line = next(line for line in said.splitlines() if line.startswith("memory needed on each card"))
    low, expected, high, unit = line.removeprefix("memory needed on each card").split()
    assert unit == "GiB"
    assert float(low) < float(expected) < float(high)
    assert float(expected) == pytest.approx(band.value, rel=1e-3)
