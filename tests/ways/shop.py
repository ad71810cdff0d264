"""A market of one card in which everything costs a round number, for tests that work a sum out by hand."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optplan.catalog import DATA, Catalog
from optplan.need import AnyNeed, Finetune, Generate, Serve

CARD = "Test-80GB"  # an H100 by another name, so that nobody else sells it
WATTS = 700.0  # its board power, that of an H100 SXM
MONTH = 730.0
YEAR = 8760.0


def _card() -> str:
    """gpus.csv with the one card."""
    lines = (DATA / "gpus.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("H100-SXM5-80GB,NVIDIA,H100,"))
    return f"{lines[0]}\n{row.replace('H100-SXM5-80GB,NVIDIA,H100,', f'{CARD},NVIDIA,{CARD},', 1)}\n"


TABLES = {
    "gpus": _card(),
    "offers": "provider,region,instance,card,gpus,on_demand_per_hour,spot_per_hour,currency,date,source\n"
    f"cloud,here,one,{CARD},1,2.00,1.00,USD,2026-11-01,test\n",
    "reserved": "provider,region,instance,card,gpus,reserved_1y_per_hour,reserved_3y_per_hour,currency,date,source\n"
    f"cloud,here,one,{CARD},1,1.50,1.20,USD,2026-11-01,test\n",
    "purchases": "provider,region,instance,card,gpus,kind,price,currency,date,source\n"
    f"dealer,here,bare,{CARD},1,card,20000,USD,2026-11-01,test\n",
    "providers": "name,billing_s,minimum_s,by_name_only,joins_nodes,status,source,date\n"
    "cloud,1,0,yes,yes,stated,test,2026-11-01\n"
    "dealer,1,0,yes,yes,stated,test,2026-11-01\n",
    "apis": "provider,name,model,input_per_mtok,cached_per_mtok,output_per_mtok,batch_input_per_mtok,"
    "batch_output_per_mtok,max_context,max_output,ends,currency,date,source\n"
    "tokens,plain,Llama-3.1-8B,0.10,0.02,0.40,0.05,0.20,8192,4096,,USD,2026-11-01,test\n",
}
SELLERS = ["cloud", "dealer", "tokens"]
# every assumption that money rests on, so that no change of the shipped table moves a sum
MONEY = {
    "discount_rate": 0.10,
    "host_price": 3000.0,
    "network_share": 0.05,
    "spare_share": 0.03,
    "installation_share": 0.02,
    "resale_at_once": 0.8,
    "resale_yearly": 0.7,
    "host_power_share": 0.5,
    "load_share": 0.8,
    "pue": 1.3,
    "electricity_price": 0.10,
    "hosting_price": 150.0,
    "support_rate": 0.04,
    "staff_share": 0.01,
    "staff_cost": 100_000.0,
    "insurance_rate": 0.01,
    "interruption_rate": 0.05,
    "lost_hours": 0.25,
    "restart_hours": 0.25,
    "reserve_factor": 1.0,
    "service_life": 5.0,
    "cached_share": 0.0,
}
CAPACITY = {"replica_capacity": 2.0, "utilisation": 1.0}  # requests a second of one card


@functools.cache
def _shop(changed: tuple[tuple[str, str], ...]) -> Catalog:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**TABLES, **dict(changed)}.items():
            (Path(folder) / f"{name}.csv").write_text(text, encoding="utf-8")
        return Catalog.load([Path(folder)])


def shop(**changed: str) -> Catalog:
    """The shipped catalog with the sellers of this market; `changed` replaces whole tables by name."""
    return _shop(tuple(sorted(changed.items())))


def service(months: float = 36, rate: float = 1.0, **more: Any) -> Serve:
    """A chat of so many requests a second: 1,000 tokens read, 100 written."""
    traffic = {"requests_per_second": rate, "prompt_tokens": 1000, "answer_tokens": 100}
    fields = {"task": "serve", "model": "Llama-3.1-8B", "traffic": traffic, "currency": "USD", "name": "chat"}
    fields |= {"duration": f"{months * MONTH}h", "limits": {"providers": SELLERS}}
    return Serve.model_validate(fields | more)


def batch(requests: float = 1e6, **more: Any) -> Generate:
    """Offline requests of 1,000 tokens read, 100 written."""
    traffic = {"requests": requests, "prompt_tokens": 1000, "answer_tokens": 100}
    fields = {
        "task": "generate",
        "model": "Llama-3.1-8B",
        "traffic": traffic,
        "currency": "USD",
        "name": "batch",
    }
    return Generate.model_validate(fields | {"limits": {"providers": SELLERS}} | more)


def job(**more: Any) -> Finetune:
    """A LoRA job."""
    fields = {
        "task": "finetune",
        "model": "Llama-3.1-8B",
        "method": "lora",
        "data": "1e7 tokens",
        "name": "job",
    }
    fields |= {"currency": "USD", "limits": {"providers": SELLERS}}
    return Finetune.model_validate(fields | more)


def money(**more: float) -> Mapping[str, float]:
    """All assumptions of money and the capacity of a card, some of them changed."""
    return {**MONEY, **CAPACITY, **more}


def bought(need: AnyNeed, *kinds: str) -> AnyNeed:
    """The need, had by these kinds of purchase."""
    return need.model_copy(update={"limits": need.limits.model_copy(update={"purchase": list(kinds)})})
