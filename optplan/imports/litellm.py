"""LiteLLM's model_prices_and_context_window.json -> rows of apis.csv, and every entry refused.

Prices there are USD a token. Text models with a price for both reading and writing are taken.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.imports.account import Cells, Imported
from optplan.imports.files import Lines, amount, read_json, text_of, written_day

ORIGIN = "LiteLLM model prices"
EXAMPLE = "sample_spec"  # an entry that explains the others
MODES = ("chat", "completion", "responses")
PER_MILLION = 1e6
OUR_NAMES = {"fireworks_ai": "fireworks", "together_ai": "together", "bedrock_converse": "bedrock"}
OUR_NAMES |= {"dashscope": "alibaba-dashscope", "gemini": "google"}
DISCOUNTS = {
    "cached_per_mtok": ("cache_read_input_token_cost", "input_per_mtok"),
    "batch_input_per_mtok": ("input_cost_per_token_batches", "input_per_mtok"),
    "batch_output_per_mtok": ("output_cost_per_token_batches", "output_per_mtok"),
}
_LONG = re.compile(r"(?:input|output)_cost_per_token_above_(\d+)k_tokens$")
_HINT = "give LiteLLM's model_prices_and_context_window.json"


def import_litellm(paths: list[Path], provider: str = "") -> Imported:
    """Offers of tokens; provider: only of this one. Raises BadInput for a file that is none of LiteLLM's."""
    catalog, out = Catalog.load(), Imported(ORIGIN)
    for path in paths:
        entries, text = read_json(path, _HINT)
        if not any(isinstance(e, dict) and "litellm_provider" in e for e in entries.values()):
            message = "no entry names a `litellm_provider`"
            raise BadInput(Fault("not-litellm", str(path), message, _HINT))
        file, lines = _File(path, catalog, out), Lines(text)
        for key, entry in entries.items():
            line = lines.of(key, ":")
            if key == EXAMPLE:
                continue
            out.read += 1
            if not isinstance(entry, dict):
                file.refuse(line, "not an entry: no JSON object", key)
            elif provider and entry.get("litellm_provider") != provider:
                out.aside[f"entries of other providers than {provider}"] += 1
            else:
                file.take(line, key, entry)
    out.sort()
    return out


class _File:
    """One file: its entries, and the offers and refusals that come of them."""

    def __init__(self, path: Path, catalog: Catalog, out: Imported) -> None:
        self.name, self.day, self.catalog, self.out = path.name, written_day(path), catalog, out
        self.seen: dict[tuple[str, str], int] = {}

    def refuse(self, line: int, reason: str, text: str) -> None:
        self.out.refuse(self.name, line, reason, text)

    def take(self, line: int, key: str, entry: Mapping[str, Any]) -> None:
        """Take an entry as an offer, or say why not."""
        mode, whose = entry.get("mode"), str(entry.get("litellm_provider") or "")
        prices = [entry.get("input_cost_per_token"), entry.get("output_cost_per_token")]
        if mode not in MODES:
            self.refuse(line, f"no text model: {mode or 'no mode is stated'}", key)
        elif not key.removeprefix(f"{whose}/").strip():
            self.refuse(line, "no name: the entry does not say what is sold", key)
        elif not whose:
            self.refuse(line, "no provider: litellm_provider is missing", key)
        elif None in prices:
            self.refuse(line, "no price a token: it is sold by other units or not stated", key)
        elif any(amount(price) != amount(price) for price in prices):
            self.refuse(line, f"no price: {prices[0]} and {prices[1]}, a free tier or unknown", key)
        else:
            self._offer(line, key, entry, whose)

    def _offer(self, line: int, key: str, entry: Mapping[str, Any], whose: str) -> None:
        name = key.removeprefix(f"{whose}/").removeprefix("accounts/fireworks/models/")
        seller = OUR_NAMES.get(whose, whose)
        if (seller, name) in self.seen:
            self.refuse(line, f"same offer as another entry: line {self.seen[seller, name]}", key)
            return
        models = self.catalog.find_model(name)
        row: Cells = {
            "provider": seller,
            "name": name,
            "model": models[0] if len(models) == 1 else "",
            "input_per_mtok": _per_million(entry["input_cost_per_token"]),
            "output_per_mtok": _per_million(entry["output_cost_per_token"]),
            "max_context": text_of(self._longest(line, key, entry)),
            "max_output": text_of(amount(entry.get("max_output_tokens"))),
            "currency": "USD",
            "date": self.day,
            "source": f"{ORIGIN}, {self.name}, day the file was written",
            "note": str(entry.get("source") or ""),
        }
        for column, (field, dear) in DISCOUNTS.items():
            row[column] = self._discount(line, key, entry.get(field), float(row[dear]), field)
        row["ends"] = self._ends(line, key, entry.get("deprecation_date"))
        self.seen[seller, name] = line
        self.out.add("apis", row)

    def _longest(self, line: int, key: str, entry: Mapping[str, Any]) -> float:
        """Tokens of the longest prompt at the stated price: prompts past a dearer step are left out."""
        most = amount(entry.get("max_input_tokens") or entry.get("max_tokens"))
        steps = {int(m[1]) * 1000: field for field in entry if (m := _LONG.match(field)) and entry[field]}
        if not steps or (most == most and most <= min(steps)):
            return most
        first = min(steps)
        self.refuse(
            line, f"price of long prompts: {steps[first]}; prompts up to {first:,} tokens are taken", key
        )
        return float(first)

    def _discount(self, line: int, key: str, cell: object, dear: float, field: str) -> str:
        """A cached or batch price; one that is above the plain price is refused."""
        price = amount(cell) * PER_MILLION
        if price > dear * (1 + 1e-9):
            self.refuse(line, f"discount above the plain price: {field} {price:g}, plain {dear:g}", key)
            return ""
        return text_of(min(price, dear)) if price == price else ""

    def _ends(self, line: int, key: str, said: object) -> str:
        if not said:
            return ""
        try:
            return datetime.date.fromisoformat(str(said)).isoformat()
        except ValueError:
            self.refuse(line, f"end of sale: `{said}` is no date", key)
            return ""


def _per_million(price: object) -> str:
    return text_of(amount(price) * PER_MILLION)
