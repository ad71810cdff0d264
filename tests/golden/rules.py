"""Physics that never changes, for the golden files of training jobs; billing and charges are the shipped ones."""

from optplan.rule import derive
from optplan.units import GIB


@derive(unit="GiB", source="golden files", status="assumed")
def memory_per_card(params, cards):
    """Memory of each card: a hundred bytes a parameter, shared"""
    return params * 100 / cards / GIB


@derive(unit="hour", source="golden files", status="assumed")
def job_hours(data_tokens, cards, peak_flops):
    """Time: perfect scaling"""
    return data_tokens * 4e6 / (cards * peak_flops)
