"""Fine-tuning as the lesson counts it: 20 bytes and 6 operations for each trained parameter."""

from __future__ import annotations

from typing import Any

from numpy import where

from optplan.rule import derive
from optplan.rules.constants import FORWARD_FLOP
from optplan.rules.lesson import LESSON
from optplan.units import GB, HOUR


@derive(unit="1", source=LESSON, status="assumed")
def trained_params(params: Any, is_full: Any, trained_fraction: Any) -> Any:
    """Parameters that training changes: all of them, or a fixed share with LoRA and its kin

    The frozen weights are forgotten, in memory and in time.
    """
    return params * where(is_full > 0, 1, trained_fraction)


@derive(unit="GB", source=LESSON, status="assumed")
def training_memory(trained_params: Any, training_bytes: Any) -> Any:
    """Memory of the fine-tuning on all cards: 16- and 32-bit weights and gradients, two Adam moments"""
    return trained_params * training_bytes / GB


@derive(unit="GB", source=LESSON, status="assumed")
def memory_per_card(training_memory: Any, cards: Any) -> Any:
    """An equal share of the fine-tuning memory"""
    return training_memory / cards


@derive(unit="token", source=LESSON, status="assumed")
def train_tokens(data_bytes: Any, data_tokens: Any, tokens_per_byte: Any, epochs: Any) -> Any:
    """Tokens of all passes over the data: a byte of text counts as a token"""
    return (data_bytes * tokens_per_byte + data_tokens) * epochs


@derive(unit="FLOP/token", source=LESSON, status="exact")
def flop_per_token(trained_params: Any) -> Any:
    """Operations of one token: 2 per trained parameter forward, 4 backward"""
    return 3 * FORWARD_FLOP * trained_params


@derive(unit="token/s", source=LESSON, status="assumed")
def tokens_per_second(cards: Any, peak_flops: Any, efficiency: Any, flop_per_token: Any) -> Any:
    """Tokens a second of all cards: they scale perfectly"""
    return cards * peak_flops * efficiency / flop_per_token


@derive(unit="hour", source=LESSON, status="exact")
def job_hours(train_tokens: Any, tokens_per_second: Any) -> Any:
    """Wall clock of the job"""
    return train_tokens / tokens_per_second / HOUR


@derive(unit="hour", source=LESSON, status="exact")
def elapsed_hours(job_hours: Any) -> Any:
    """Wall clock: nothing interrupts the job"""
    return job_hours
