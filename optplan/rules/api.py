"""Tokens bought from an API: what is read, what of it the provider still holds, what is written.

A provider without a price for cached tokens is paid the full price for them: unknown is not free.
"""

from __future__ import annotations

from typing import Any

from optplan.rule import charge, derive
from optplan.rules.constants import MILLION


@derive(unit="token", source="definition", status="exact")
def api_prompt_tokens(api_requests: Any, prompt_tokens: Any) -> Any:
    """Tokens that the API reads"""
    return api_requests * prompt_tokens


@derive(unit="token", source="definition", status="exact")
def api_answer_tokens(api_requests: Any, answer_tokens: Any) -> Any:
    """Tokens that the API writes"""
    return api_requests * answer_tokens


@charge(source="the provider's price list")
def api_input(api_prompt_tokens: Any, cached_share: Any, api_input_price: Any) -> Any:
    """Tokens read by the API for the first time"""
    return api_prompt_tokens * (1 - cached_share) / MILLION * api_input_price


@charge(source="the provider's price list")
def api_cached(api_prompt_tokens: Any, cached_share: Any, api_cached_price: Any) -> Any:
    """Tokens read by the API that it still holds from before"""
    return api_prompt_tokens * cached_share / MILLION * api_cached_price


@charge(source="the provider's price list")
def api_output(api_answer_tokens: Any, api_output_price: Any) -> Any:
    """Tokens written by the API"""
    return api_answer_tokens / MILLION * api_output_price
