"""Random needs as companies have them: models, methods, amounts, deadlines, traffic and limits; few are equal.

python benchmarks/random_needs.py 10000 > needs.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from typing import Any

from optplan import Catalog

COUNTRIES = ("USD", "EUR", "CNY", "GBP", "JPY")
KINDS = ("on_demand", "spot", "reserved_1y", "reserved_3y", "buy")
FAMILIES = ("H100", "H200", "A100 80GB", "A100", "L40S", "L4", "A10", "4090", "B200", "MI300X", "T4", "V100")


class Source:
    """Draws needs of a catalog; one seed always gives the same."""

    def __init__(self, catalog: Catalog, seed: int = 0) -> None:
        self.draw = random.Random(seed)
        self.models = sorted(catalog.models)
        listed = [name for name in catalog.providers if not catalog.provider_info(name).by_name_only]
        self.providers = sorted(listed)
        self.families = [name for name in FAMILIES if catalog.names.find(name)]
        self.currencies = [code for code in COUNTRIES if code in catalog.rates]

    def maybe(self, share: float) -> bool:
        """True that often."""
        return self.draw.random() < share

    def around(self, low: float, high: float) -> float:
        """A number between, evenly by its logarithm, to three digits."""
        return float(f"{low * (high / low) ** self.draw.random():.3g}")

    def need(self) -> dict[str, Any]:
        """Half fine-tuning, a quarter generation, a quarter services."""
        task = self.draw.choices(("finetune", "generate", "serve"), (2, 1, 1))[0]
        need: dict[str, Any] = {"task": task, "model": self._model()}
        need |= getattr(self, f"_{task}")()
        if self.maybe(0.15):
            need["currency"] = self.draw.choice(self.currencies)
        if self.maybe(0.08):
            need["confidence"] = "high"
        if self.maybe(0.05):
            need["rules"] = "lesson"
        if limits := self._limits(task):
            need["limits"] = limits
        if self.maybe(0.05):
            need["assume"] = {"electricity_price": self.around(0.05, 0.4)}
        return need

    def _model(self) -> Any:
        if self.maybe(0.12):
            return f"{self.around(1, 120):g}B"
        return self.draw.choice(self.models)

    def _finetune(self) -> dict[str, Any]:
        need: dict[str, Any] = {"method": self.draw.choice(("full", "lora", "qlora"))}
        if self.maybe(0.1):
            need["method"] = {"lora": {"rank": self.draw.choice((8, 32, 64))}}
        need["data"] = (
            f"{self.around(1e-2, 20):g}GB" if self.maybe(0.4) else f"{self.around(1e6, 3e9):.0f} tokens"
        )
        need |= self._some(
            deadline=(0.8, lambda: f"{self.around(12, 700):g}h"),
            epochs=(0.3, lambda: self.draw.choice((1, 2, 3, 5))),
            sequence=(0.4, lambda: self.draw.choice((512, 1024, 2048, 8192))),
            batch=(0.3, lambda: self.draw.choice((8, 16, 32, 128, 256))),
            precision=(0.15, lambda: self.draw.choice(("fp16", "fp32", "fp8"))),
            optimizer=(0.15, lambda: self.draw.choice(("adamw_8bit", "sgd"))),
            framework=(
                0.25,
                lambda: self.draw.choice(("hf", "deepspeed", "torchtune", "axolotl", "megatron")),
            ),
            recompute=(0.1, lambda: self.maybe(0.5)),
        )
        return need

    def _generate(self) -> dict[str, Any]:
        need = self._inference()
        traffic = {"requests": self.around(1e3, 2e7)} | self._lengths()
        need |= {"traffic": traffic} if self.maybe(0.8) else {"data": f"{self.around(1e7, 1e10):.0f} tokens"}
        need |= self._some(deadline=(0.8, lambda: f"{self.around(1, 300):g}h"))
        return need

    def _serve(self) -> dict[str, Any]:
        need = self._inference()
        classes = self.draw.choices((1, 2, 3), (85, 10, 5))[0]
        need["traffic"] = [
            {"requests_per_second": self.around(0.02, 200)} | self._lengths() for _ in range(classes)
        ]
        latency = self._some(
            first_token=(0.4, lambda: f"{self.around(0.2, 5):g}s"),
            per_token=(0.5, lambda: f"{self.around(8, 150):g}ms"),
        )
        need |= {"latency": latency} if latency else {}
        need |= self._some(duration=(0.3, lambda: f"{self.around(100, 9000):.0f}h"))
        return need

    def _inference(self) -> dict[str, Any]:
        return self._some(
            precision=(0.5, lambda: self.draw.choice(("bf16", "fp8", "int8", "int4"))),
            engine=(0.3, lambda: self.draw.choice(("vllm", "sglang", "tensorrt-llm"))),
            kv_precision=(0.1, lambda: "fp8"),
        )

    def _lengths(self) -> dict[str, Any]:
        return {
            "prompt_tokens": round(self.around(50, 6000)),
            "answer_tokens": round(self.around(20, 1500)),
        }

    def _limits(self, task: str) -> dict[str, Any]:
        limits = self._some(
            budget=(0.12, lambda: f"{self.around(500, 500_000):g} {self.draw.choice(self.currencies)}"),
            max_cards=(0.1, lambda: self.draw.choice((4, 8, 16, 32, 64))),
            gpus=(0.15, lambda: self.draw.sample(self.families, self.draw.randint(2, 5))),
            avoid_gpus=(0.08, lambda: self.draw.sample(self.families, 1)),
            providers=(0.08, lambda: self.draw.sample(self.providers, self.draw.randint(3, 8))),
            avoid_providers=(0.08, lambda: self.draw.sample(self.providers, 1)),
            purchase=(0.25, lambda: self.draw.sample(KINDS, self.draw.randint(1, 3))),
            quota=(
                0.1,
                lambda: {
                    name: self.draw.choice((0, 2, 4, 8, 16, 32))
                    for name in self.draw.sample(self.families, self.draw.randint(1, 2))
                },
            ),
        )
        if task == "serve" and self.maybe(0.15):
            limits["min_replicas"] = self.draw.randint(2, 4)
        if task != "finetune" and self.maybe(0.05):
            limits["mix"] = "one_type"
        return limits

    def _some(self, **parts: Any) -> dict[str, Any]:
        return {name: make() for name, (share, make) in parts.items() if self.maybe(share)}


def needs(catalog: Catalog, count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """So many needs, as they would be read from JSON; named by their number."""
    source = Source(catalog, seed)
    for number in range(count):
        yield {"name": f"need-{number}"} | source.need()


def main() -> None:
    """Print needs as JSON lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for need in needs(Catalog.load(), options.count, options.seed):
        print(json.dumps(need))


if __name__ == "__main__":
    main()
