"""Cards, clouds and files as SkyPilot and dstack call them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from optplan import problem
from optplan.errors import BadInput
from optplan.exports import export
from optplan.plan import Plan
from optplan.planner import solve
from optplan.planner.main import load_catalog

SERVE = "name: chat\ntask: serve\nmodel: Llama-3.1-8B\ntraffic: {requests_per_second: 2}\n"
TUNE = "name: tune\ntask: finetune\nmodel: Llama-3.1-8B\nmethod: lora\ndata: 20M tokens\n"
BATCH = "name: batch\ntask: generate\nmodel: Qwen2.5-7B\ntraffic: {requests: 20k}\ndeadline: 12h\n"


def planned(text: str, limits: str) -> Plan:
    (source,) = problem.read_text(f"{text}limits: {limits}\n", "x.yaml")
    return solve(source.need, load_catalog())


def moved(plan: Plan, provider: str, gpu: str, **more: Any) -> Plan:
    """The plan with its cards rented elsewhere."""
    card = replace(plan.cards[0], provider=provider, gpu=gpu, region="any", purchase="on_demand", **more)
    return replace(plan, cards=[card])


def exported(plan: Plan, to: str) -> dict[str, Any]:
    found = yaml.safe_load(export(plan, to)[0].text)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = planned(SERVE, "{gpus: [H100], providers: [lambda], purchase: [on_demand]}")
    return replace(found, lines=found.lines[:1])


@pytest.mark.parametrize(
    ("provider", "gpu", "name"),
    [
        ("runpod", "H100-SXM5-80GB", "H100-SXM"),  # a plain H100 is the PCIe card there
        ("runpod", "H100-PCIe-80GB", "H100"),
        ("runpod", "A100-SXM4-80GB", "A100-80GB-SXM"),
        ("runpod", "RTX-6000-Ada", "RTX6000-Ada"),
        ("vast", "RTX-6000-Ada", "RTX6000-Ada"),
        ("vast", "RTX-PRO-6000-WS", "RTXPRO6000WS"),
        ("aws", "H100-SXM5-80GB", "H100"),
    ],
)
def test_skypilot_is_asked_for_the_card_by_the_clouds_own_name(
    plan: Plan, provider: str, gpu: str, name: str
) -> None:
    asked = exported(moved(plan, provider, gpu), "skypilot")["resources"]["accelerators"]
    assert asked.split(":")[0] == name


def test_a_cloud_that_skypilot_does_not_have_is_told(plan: Plan) -> None:
    with pytest.raises(BadInput, match="no cloud called hyperstack"):
        export(moved(plan, "hyperstack", "H100-PCIe-80GB"), "skypilot")


def test_what_a_page_of_prices_says_is_no_instance_type(plan: Plan) -> None:
    resources = exported(moved(plan, "lambda", "H100-SXM5-80GB", instance="1x H100 SXM5"), "skypilot")
    assert "instance_type" not in resources["resources"]


@pytest.mark.parametrize(
    ("gpu", "name", "memory"),
    [
        ("RTX-A6000", "A6000", "48GB"),
        ("H100-NVL-94GB", "H100NVL", "94GB"),
        ("B300-SXM-288GB", "B300", "270GB"),
        ("A100-SXM4-40GB", "A100", "40GB"),
    ],
)
def test_dstack_is_asked_for_the_card_by_the_name_and_memory_of_its_catalog(
    plan: Plan, gpu: str, name: str, memory: str
) -> None:
    asked = exported(moved(plan, "aws", gpu), "dstack")["resources"]["gpu"]
    assert (asked["name"], asked["memory"]) == (name, memory)


@pytest.mark.parametrize(
    ("text", "files"), [(TUNE, ["train.py", "train.jsonl"]), (BATCH, ["requests.jsonl"])]
)
def test_what_the_command_reads_travels_to_the_machines(text: str, files: list[str]) -> None:
    found = planned(text, "{gpus: [H100], providers: [verda, lambda]}")
    sky, dstack = export(found, "skypilot")[0].text, export(found, "dstack")[0].text
    assert yaml.safe_load(sky)["workdir"] == "."
    assert yaml.safe_load(dstack)["files"] == files
    for document in (sky, dstack):
        assert all(file in document.split("name:")[0] for file in files)
        assert "fetch them in time" in document


def test_spot_jobs_are_started_as_managed_ones() -> None:
    spot = export(planned(TUNE, "{gpus: [H100], providers: [verda], purchase: [spot]}"), "skypilot")[0].text
    assert "# start it with: sky jobs launch FILE" in spot
    fixed = export(planned(TUNE, "{gpus: [H100], providers: [lambda], purchase: [on_demand]}"), "skypilot")
    assert "# start it with: sky launch FILE" in fixed[0].text


def test_the_longest_request_that_is_answered_is_said(plan: Plan) -> None:
    for to in ("vllm", "skypilot", "dstack"):
        assert "# requests of more than 1,250 tokens are refused" in export(plan, to)[0].text


def test_every_cloud_and_card_is_one_that_skypilot_knows() -> None:
    pytest.importorskip("sky", reason="SkyPilot is not installed")
    from sky.provision.runpod.utils import GPU_NAME_MAP
    from sky.skylet.constants import ALL_CLOUDS

    from optplan.exports.skypilot import CLOUDS, OF_CLOUD

    assert set(CLOUDS.values()) <= set(ALL_CLOUDS)
    assert set(OF_CLOUD["runpod"].values()) <= set(GPU_NAME_MAP)


def test_every_card_name_of_dstack_is_one_of_its_catalog() -> None:
    gpuhunt = pytest.importorskip("gpuhunt", reason="gpuhunt is not installed")
    from optplan.exports.dstack import MEMORY, NAMES

    known = {gpu.name: float(gpu.memory) for gpu in gpuhunt.KNOWN_NVIDIA_GPUS}
    assert set(NAMES.values()) <= set(known)
    assert {family: known[family] for family in MEMORY} == MEMORY
