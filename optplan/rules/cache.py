"""Cache of keys and values: bytes of a token and a request, how cards split it, how many requests fit."""

from __future__ import annotations

from typing import Any

from numpy import maximum, minimum, where

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN, KEY_AND_VALUE, ONE_REQUEST
from optplan.units import GIB

VLLM = "Kwon et al. 2023 (vLLM), arXiv:2309.06180"
MLA = "DeepSeek-AI 2024, arXiv:2405.04434, section 2.1"


@derive(unit="byte/token", source=f"Ainslie et al. 2023, arXiv:2305.13245; {MLA}", status="exact")
def cache_bytes_per_token_layer(kv_width: Any, kv_lora_rank: Any, qk_rope: Any, kv_bytes: Any) -> Any:
    """Cached by one layer for one token

    A key and a value; with MLA one compressed vector and the rotary key.
    """
    return KEY_AND_VALUE * kv_bytes * where(kv_lora_rank > 0, (kv_lora_rank + qk_rope) / 2, kv_width)


@derive(
    unit="1",
    source="Zheng et al. 2024 (SGLang), arXiv:2312.07104: attention in data parallel",
    status="exact",
)
def attention_tp(tp: Any, attention_ranks: Any) -> Any:
    """Cards that share the work of one request's attention"""
    return tp / attention_ranks


@derive(unit="1", source="Ainslie et al. 2023, arXiv:2305.13245", status="exact")
def cache_shards(attention_tp: Any, attention_ranks: Any, kv_heads: Any, kv_lora_rank: Any) -> Any:
    """Ways the cache is split over the cards of a stage

    Beyond one key head a card it is repeated; MLA's compressed vector is whole on every card. Ranks of data
    parallel attention hold different requests.
    """
    return attention_ranks * where(kv_lora_rank > 0, 1, minimum(attention_tp, maximum(kv_heads, 1)))


@derive(unit="token/request", source="definition", status="exact")
def request_tokens(prompt_tokens: Any, answer_tokens: Any) -> Any:
    """Tokens of a request when its answer is complete"""
    return prompt_tokens + answer_tokens


@derive(unit="token/request", source="definition", status="exact")
def mean_tokens(prompt_tokens: Any, answer_tokens: Any) -> Any:
    """Tokens of a request at work, mean over its answer"""
    return prompt_tokens + answer_tokens / 2


@derive(unit="byte/request", source="Beltagy et al. 2020, arXiv:2004.05150", status="exact")
def full_cache(
    cache_bytes_per_token_layer: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
    request_tokens: Any,
    linear_state: Any,
) -> Any:
    """Cache of a request when its answer is complete, all layers

    Layers with a window keep no more than the window.
    """
    return (
        cache_bytes_per_token_layer
        * (
            full_attention_layers * request_tokens
            + sliding_layers * minimum(request_tokens, sliding_window / ONE_REQUEST)
        )
        + linear_state
    )


@derive(unit="byte/request", source="Beltagy et al. 2020, arXiv:2004.05150", status="exact")
def mean_cache(
    cache_bytes_per_token_layer: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
    mean_tokens: Any,
    linear_state: Any,
) -> Any:
    """Cache of a request at work, mean over its answer, all layers"""
    return (
        cache_bytes_per_token_layer
        * (
            full_attention_layers * mean_tokens
            + sliding_layers * minimum(mean_tokens, sliding_window / ONE_REQUEST)
        )
        + linear_state
    )


@derive(unit="byte/request", source="Yang et al. 2024 (gated DeltaNet), arXiv:2412.06464", status="assumed")
def linear_state(linear_attention_layers: Any, heads: Any, head_dim: Any, compute_bytes: Any) -> Any:
    """State that layers of linear attention keep for a request, however long"""
    return linear_attention_layers * heads * head_dim * head_dim * compute_bytes / ONE_REQUEST


@derive(unit="1", source="Huang et al. 2019, arXiv:1811.06965", status="exact")
def cache_split(cache_shards: Any, pp: Any) -> Any:
    """Ways the cache of all requests is split over the cards of a replica"""
    return cache_shards * pp


@derive(
    unit="byte/request",
    source="huggingface/transformers modeling_llama.py: logits of all tokens until 4.44",
    status="fitted",
)
def prompt_work(
    prompt_tokens: Any,
    prompt_mlp_values: Any,
    active_width: Any,
    prompt_hidden_values: Any,
    hidden: Any,
    compute_bytes: Any,
    prompt_logit_bytes: Any,
    vocab: Any,
    tp: Any,
) -> Any:
    """Working space of a prompt that is taken in one piece: one layer's tensors, or logits of all its tokens

    None in engines that cut prompts and profile beforehand.
    """
    return (
        EACH_TOKEN
        * prompt_tokens
        * maximum(
            (prompt_mlp_values * active_width + prompt_hidden_values * hidden) * compute_bytes,
            prompt_logit_bytes * vocab,
        )
        / tp
    )


@derive(
    unit="byte/request",
    source="Dao et al. 2022, arXiv:2205.14135: what flash attention does away with",
    status="fitted",
)
def score_work(
    heads: Any,
    score_bytes: Any,
    mask_bytes: Any,
    request_tokens: Any,
    attention_width: Any,
    expanded_values: Any,
    compute_bytes: Any,
    tp: Any,
) -> Any:
    """Scores and masks over pairs of tokens, keys and values repeated for all heads, where they are kept"""
    return (EACH_TOKEN * request_tokens) * (EACH_TOKEN * request_tokens) * ONE_REQUEST * (
        heads * score_bytes / tp + mask_bytes
    ) + EACH_TOKEN * request_tokens * attention_width * expanded_values * compute_bytes / tp


@derive(
    unit="byte/request",
    source="huggingface/transformers cache_utils.py and generation/utils.py",
    status="fitted",
)
def request_bytes(
    mean_cache: Any,
    cache_split: Any,
    cache_copies: Any,
    prompt_tokens: Any,
    mean_tokens: Any,
    prompt_work: Any,
    score_work: Any,
    held_logit_bytes: Any,
    vocab: Any,
    tp: Any,
    working_spread: Any,
) -> Any:
    """Memory of a card for each request at work

    Reading the prompt: its cache and working space. Answering: the cache, copied once by software that grows
    it token by token, and what it still holds of the prompt's logits.
    """
    return (
        maximum(
            mean_cache * prompt_tokens / mean_tokens / cache_split + prompt_work * working_spread,
            cache_copies * mean_cache / cache_split
            + EACH_TOKEN * prompt_tokens * held_logit_bytes * vocab / tp * working_spread,
        )
        + score_work * working_spread
    )


@derive(unit="request", source=VLLM, status="exact")
def cache_requests(cache_memory: Any, request_bytes: Any) -> Any:
    """Requests that fit at once, at their mean length"""
    return cache_memory * GIB / request_bytes


@derive(unit="token", source=VLLM, status="exact")
def cache_tokens(cache_requests: Any, mean_tokens: Any) -> Any:
    """Tokens that the cache of a replica holds"""
    return maximum(cache_requests, 0 * ONE_REQUEST) * mean_tokens
