"""The formats by name: how each is read, and what it fills."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from optplan.errors import BadInput, Fault
from optplan.imports.account import Imported

FORMATS: Final = {
    "skypilot": "directory of a SkyPilot v8 catalog: offers",
    "gpuhunt": "CSV of gpuhunt's v2 catalog, or catalog.zip: offers",
    "litellm": "LiteLLM's model_prices_and_context_window.json: offers of tokens",
    "huggingface": "config.json of a model: its shapes",
    "kubernetes": "`kubectl get nodes -o json`, with pods or without: cards that are owned and free",
    "ecb": "eurofxref.csv, eurofxref-hist.csv or their zip: exchange rates",
}


def import_files(kind: str, files: list[Path], name: str = "") -> Imported:
    """Files of one of the FORMATS as rows of tables. name: of the provider, cluster or model, instead of the files'.

    Raises BadInput for a file that is not of the format.
    """
    if kind == "skypilot":
        from optplan.imports.skypilot import import_skypilot

        if len(files) > 1 or name:
            hint = "one directory holds all clouds; their names are the providers"
            raise BadInput(
                Fault("several-files", str(files[-1]), "a SkyPilot catalog is one directory", hint)
            )
        return import_skypilot(files[0])
    if kind == "gpuhunt":
        from optplan.imports.gpuhunt import import_gpuhunt

        return import_gpuhunt(files, name)
    if kind == "litellm":
        from optplan.imports.litellm import import_litellm

        return import_litellm(files, name)
    if kind == "huggingface":
        from optplan.imports.huggingface import import_huggingface

        return import_huggingface(files, name)
    if kind == "kubernetes":
        from optplan.imports.kubernetes import import_kubernetes

        return import_kubernetes(files, name)
    from optplan.imports.ecb import import_ecb

    return import_ecb(files)
