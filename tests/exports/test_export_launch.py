"""What starts a plan: every value is the plan's, and a plan that a tool cannot start is told."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from optplan import problem
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.exports import FORMATS, export
from optplan.plan import ApiLine, Plan
from optplan.planner import solve
from optplan.planner.main import load_catalog

CHAT = "name: Chat 8B!\ntask: serve\nmodel: meta-llama/Llama-3.1-8B\ntraffic: {requests_per_second: 12}\n"
LAMBDA = "limits: {providers: [lambda], gpus: [H100], purchase: [on_demand]}\n"
TUNE = "name: tune\ntask: finetune\nmodel: Llama-3.1-8B\ndata: 200M tokens\n"
BATCH = "name: batch\ntask: generate\nmodel: Qwen2.5-7B\ntraffic: {requests: 2M}\ndeadline: 12h\n"


def planned(text: str, catalog: Catalog | None = None) -> Plan:
    (source,) = problem.read_text(text, "x.yaml")
    return solve(source.need, catalog or load_catalog())


def options(text: str) -> dict[str, str]:
    """--name value of a command."""
    return dict(re.findall(r"--([a-z-]+) (\S+)", text))


def loaded(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def test_the_vllm_command_says_what_the_plan_says() -> None:
    plan = planned(CHAT + LAMBDA)
    (document,) = export(plan, "vllm")
    found, values = options(document.text), plan.lines[0].values
    assert found["tensor-parallel-size"] == f"{values['tp']:.0f}"
    assert found["max-num-seqs"] == f"{values['concurrent_requests']:.0f}"
    assert float(found["gpu-memory-utilization"]) == pytest.approx(values["fill_limit"], rel=1e-3)
    assert (found["max-model-len"], found["dtype"], found["kv-cache-dtype"]) == ("1250", "bfloat16", "auto")
    assert '"${MODEL:-meta-llama/Llama-3.1-8B}"' in document.text
    assert document.text.startswith(f"# {plan.cards[0].units} x (")


def test_precisions_become_options_or_a_note() -> None:
    eight = export(planned(CHAT + LAMBDA + "precision: fp8\nkv_precision: fp8\n"), "vllm")[0].text
    assert (options(eight)["quantization"], options(eight)["kv-cache-dtype"]) == ("fp8", "fp8")
    four = export(planned(CHAT + LAMBDA + "precision: int4\n"), "vllm")[0].text
    assert "quantization" not in options(four)
    assert "# int4: give weights quantised to 4 bits" in four
    with pytest.raises(BadInput, match="no int8 cache"):
        export(planned(CHAT + LAMBDA + "kv_precision: int8\n"), "vllm")


def test_replicas_beside_one_another_on_a_machine_are_data_parallel() -> None:
    plan = planned(CHAT.replace("12", "400") + LAMBDA)
    for document, card, line in zip(export(plan, "vllm"), plan.cards, plan.lines, strict=True):
        beside = card.count // card.units // int(line.values["tp"])
        assert options(document.text).get("data-parallel-size", "1") == str(beside)


def test_a_batch_is_run_from_a_file() -> None:
    (document, *_) = export(planned(BATCH), "vllm")
    assert "vllm run-batch -i" in document.text
    assert "--port" not in document.text
    assert "set MODEL to the weights of Qwen2.5-7B" in document.text


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize("text", [CHAT + LAMBDA, BATCH, CHAT + "limits: {purchase: [spot]}\n"])
def test_commands_are_sound_shell(text: str) -> None:
    documents = export(planned(text), "vllm")
    assert documents
    for document in documents:
        done = subprocess.run(["bash", "-n"], input=document.text, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")


def script_values(text: str) -> dict[str, Any]:
    """The constants of a script."""
    found = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                found[statement.targets[0].id] = ast.literal_eval(statement.value)
            except ValueError:
                continue
    return found


def test_the_training_script_compiles_and_has_the_plans_numbers() -> None:
    text = TUNE + "method: {lora: {rank: 32, targets: [q, v]}}\nsequence: 2048\nepochs: 2\nbatch: 32\n"
    plan = planned(text + "limits: {gpus: [L40S], max_cards: 1}\n")
    (document,) = export(plan, "torchrun")
    compile(document.text, "train.py", "exec")
    found, values = script_values(document.text), plan.lines[0].values
    assert (found["LORA_RANK"], found["LORA_TARGETS"]) == (32, ["q_proj", "v_proj"])
    assert (found["SEQUENCE"], found["EPOCHS"]) == (2048, 2.0)
    assert (found["MICRO_BATCH"], found["ACCUMULATION"]) == (values["micro_batch"], values["accumulation"])
    assert found["RECOMPUTE"] == bool(values["recompute"])
    assert found["HELD"] == "bfloat16"
    assert f"--nproc-per-node {plan.cards[0].count // plan.cards[0].units}" in document.text


def test_sharding_and_quantisation_follow_the_plan() -> None:
    plan = planned(TUNE + "method: full\ndeadline: 12h\nlimits: {providers: [lambda], gpus: [H100]}\n")
    found = script_values(export(plan, "torchrun")[0].text)
    stage = int(plan.lines[0].values["zero_stage"])
    assert (found["SHARD"], found["RESHARD"]) == (stage > 0, stage == 3)
    assert (found["METHOD"], found["HELD"], found["LORA_RANK"]) == ("full", "float32", 0)
    small = export(planned(TUNE + "method: qlora\n"), "torchrun")[0].text
    assert script_values(small)["METHOD"] == "qlora"
    assert "load_in_4bit=True" in small


@pytest.mark.parametrize(
    ("text", "to", "why"),
    [
        (TUNE, "vllm", "vLLM does not"),
        (CHAT + LAMBDA, "torchrun", "not to train"),
        (TUNE + "framework: deepspeed\n", "torchrun", "made for deepspeed"),
        (TUNE + "rules: lesson\n", "torchrun", "say nothing of micro-batches"),
        (CHAT + "engine: sglang\n" + LAMBDA, "vllm", "made for sglang"),
        (CHAT + "limits: {purchase: [buy], gpus: [H100]}\n", "skypilot", "is bought"),
        (CHAT + "limits: {purchase: [buy], gpus: [H100]}\n", "dstack", "is bought"),
        (CHAT + "limits: {providers: [alibaba]}\n", "skypilot", "no cloud called alibaba"),
        (CHAT + "limits: {providers: [alibaba]}\n", "dstack", "no backend called alibaba"),
        (CHAT + "limits: {max_cards: 1, gpus: [T4]}\nlatency: {per_token: 1ms}\n", "csv", "has no plan"),
    ],
)
def test_a_plan_that_a_tool_cannot_start_is_told_with_a_cure(text: str, to: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        export(planned(text), to)
    assert caught.value.faults[0].place == f"--to {to}"
    assert caught.value.faults[0].hint


def test_bought_cards_still_get_their_command() -> None:
    (document, *_) = export(planned(CHAT + "limits: {purchase: [buy], gpus: [H100]}\n"), "vllm")
    assert "vllm serve" in document.text


def test_a_skypilot_task_asks_for_the_machines_of_the_plan() -> None:
    plan = planned(CHAT + LAMBDA)
    (document,) = export(plan, "skypilot")
    task, card = loaded(document.text), plan.cards[0]
    assert task["name"] == "chat-8b"
    assert task["resources"]["infra"] == f"lambda/{card.region}"
    assert task["resources"]["instance_type"] == card.instance
    assert task["resources"]["accelerators"] == f"H100:{card.count // card.units}"
    assert task["resources"]["use_spot"] is False
    assert task["service"]["replicas"] == card.units
    assert task["envs"] == {"MODEL": "meta-llama/Llama-3.1-8B"}
    assert "vllm serve" in task["run"]


def test_a_dstack_service_asks_for_the_machines_of_the_plan() -> None:
    plan = planned(CHAT + LAMBDA)
    (document,) = export(plan, "dstack")
    run, card = loaded(document.text), plan.cards[0]
    assert (run["type"], run["replicas"], run["backends"]) == ("service", card.units, ["lambda"])
    assert run["resources"]["gpu"] == {"name": "H100", "count": card.count // card.units, "memory": "80GB"}
    assert run["regions"] == [card.region]


def test_several_kinds_of_machines_are_several_documents_with_names_of_their_own() -> None:
    limits = "limits: {providers: [aws, gcp, azure, lambda], purchase: [on_demand, spot]}\n"
    plan = next(
        found
        for rate in range(20, 60)
        if len((found := planned(CHAT.replace("12", str(rate)) + limits)).cards) > 1
        and all(int(line.values["pp"]) == 1 for line in found.lines)
    )
    documents = export(plan, "skypilot")
    assert len(documents) == len(plan.cards)
    assert [loaded(d.text)["name"] for d in documents] == [f"chat-8b-{i + 1}" for i in range(len(documents))]


def test_owned_cards_are_started_on_kubernetes(tmp_path: Path) -> None:
    head = "provider,region,instance,card,gpus,nodes,date,source\n"
    (tmp_path / "owned.csv").write_text(head + "ours,fra,dgx,H100-SXM5-80GB,8,2,2026-11-22,kubectl\n")
    plan = planned(CHAT, Catalog.load([tmp_path]))
    resources = loaded(export(plan, "skypilot")[0].text)["resources"]
    assert resources["infra"] == "kubernetes"
    assert "instance_type" not in resources
    assert loaded(export(plan, "dstack")[0].text)["backends"] == ["kubernetes"]


def test_what_an_api_answers_besides_is_said() -> None:
    plan = planned(CHAT + LAMBDA)
    prices = {"input_per_mtok": 0.1, "cached_per_mtok": 0.1, "output_per_mtok": 0.2, "batch": False}
    line = ApiLine(
        offer="acme/x", provider="acme", model="x", traffic="", share=0.25, requests=1.0, currency="USD",
        price_date="2026-01-01", source="test", **prices,
    )  # fmt: skip
    for to in ("vllm", "skypilot", "dstack"):
        (document,) = export(replace(plan, apis=[line]), to)
        assert "# besides: acme/x answers 25.0% of the requests" in document.text


def test_skypilot_itself_takes_the_tasks() -> None:
    pytest.importorskip("sky", reason="SkyPilot is not installed")
    from sky.utils import common_utils, schemas

    for text in (CHAT + LAMBDA, TUNE + LAMBDA, BATCH + LAMBDA):
        for document in export(planned(text), "skypilot"):
            task = loaded(document.text)
            assert task["resources"]["accelerators"]
            common_utils.validate_schema(task, schemas.get_task_schema(), "")


def test_dstack_itself_takes_the_configurations() -> None:
    pytest.importorskip("dstack", reason="dstack is not installed")
    from dstack._internal.core.models.configurations import parse_run_configuration

    for text in (CHAT + LAMBDA, TUNE + LAMBDA, BATCH + LAMBDA):
        for document in export(planned(text), "dstack"):
            run = loaded(document.text)
            assert parse_run_configuration(run).name == run["name"]


def test_every_format_is_exported_or_told() -> None:
    plan = planned(CHAT + LAMBDA)
    for to in FORMATS:
        if to == "torchrun":
            with pytest.raises(BadInput):
                export(plan, to)
        else:
            assert all(document.text.endswith("\n") for document in export(plan, to))


def test_a_line_that_the_tool_cannot_get_is_named_in_the_documents_of_the_others() -> None:
    text = (
        CHAT + "limits: {gpus: [L4, box], providers: [gcp, own], max_cards: 12}\nassume: {utilisation: 1}\n"
    )
    box = "{gpu: box, cards: 8, requests_per_second: 11, price: 1 USD}"
    rows = f"capacity: [{{gpu: L4, requests_per_second: 1}}, {box}]\n"
    plan = planned(text + rows)
    assert sorted(card.provider for card in plan.cards) == ["gcp", "own"]
    (document,) = export(plan, "skypilot")
    assert document.text.startswith("# not here: 1 x (8 x box) of own/")
    assert loaded(document.text)["resources"]["infra"].startswith("gcp/")
