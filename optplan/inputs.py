"""The quantities that rules may read without deriving them: name -> unit, meaning, where it comes from.

`origin` is need, model, card, layout, offer or api; assumptions have their own table. Shapes: quantities
of a traffic class vary along the first axis, those of a card, layout or offer along the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Input:
    """A quantity given from outside the rules."""

    unit: str
    label: str
    origin: str


def _inputs(origin: str, **entries: tuple[str, str]) -> dict[str, Input]:
    return {name: Input(unit, label, origin) for name, (unit, label) in entries.items()}


_MODEL = _inputs(
    "model",
    params=("1", "parameters in all"),
    params_active=("1", "parameters that one token passes through"),
    layers=("1", "transformer layers"),
    hidden=("1", "width of the residual stream"),
    heads=("1", "query heads"),
    kv_heads=("1", "key and value heads"),
    head_dim=("1", "size of a head"),
    intermediate=("1", "width of the dense feed-forward block"),
    moe_intermediate=("1", "width of one expert"),
    vocab=("1", "entries of the vocabulary"),
    tied=("1", "1 where embedding and output head are one matrix"),
    gated=("1", "1 where the feed-forward block is gated (three matrices), 0 where plain (two)"),
    experts=("1", "routed experts of a layer; 0 in a dense model"),
    experts_per_token=("1", "routed experts that a token visits"),
    shared_experts=("1", "experts that every token visits"),
    dense_layers=("1", "leading layers without experts in a mixture model"),
    q_lora_rank=("1", "rank of the compressed query (MLA); 0 = none"),
    kv_lora_rank=("1", "rank of the compressed keys and values (MLA); 0 = no MLA"),
    qk_nope=("1", "head size without rotary part (MLA)"),
    qk_rope=("1", "rotary head size (MLA)"),
    v_head=("1", "value head size (MLA)"),
    sliding_window=("token", "window of local attention; infinite = none"),
    full_attention_layers=("1", "layers whose cache grows with the whole context"),
    sliding_layers=("1", "layers whose cache stops at the window"),
    linear_attention_layers=("1", "layers that keep a constant state, no cache"),
    max_context=("token", "longest context that the model was made for"),
)

_NEED = _inputs(
    "need",
    weight_bytes=("byte", "bytes of one stored weight at the asked precision, without scales"),
    compute_bytes=("byte", "bytes of one activation"),
    kv_bytes=("byte", "bytes of one cached key or value"),
    quantised=("1", "1 where the linear weights are stored in 8 bits or less"),
    is_full=("1", "1 for full fine-tuning"),
    is_lora=("1", "1 for LoRA on 16-bit weights"),
    is_qlora=("1", "1 for LoRA on 4-bit weights"),
    lora_rank=("1", "rank of the adapters"),
    lora_q=("1", "1 where the query matrix has an adapter"),
    lora_k=("1", "1 where the key matrix has an adapter"),
    lora_v=("1", "1 where the value matrix has an adapter"),
    lora_o=("1", "1 where the attention output has an adapter"),
    lora_gate=("1", "1 where the gate matrix has an adapter"),
    lora_up=("1", "1 where the up matrix has an adapter"),
    lora_down=("1", "1 where the down matrix has an adapter"),
    data_bytes=("byte", "bytes of text in the data set (0 = given in tokens)"),
    data_tokens=("token", "tokens of the data set (0 = given in bytes)"),
    epochs=("1", "passes over the data"),
    trained_edges=("1", "1 where LoRA also trains embedding and head"),
    offloaded_weights=("1", "1 where the host keeps weights and gradients"),
    offloaded_states=("1", "1 where the host keeps optimizer states"),
    offloaded_activations=("1", "1 where the host keeps activations until the backward pass"),
    sequence=("token", "tokens of one training sequence"),
    batch=("1", "sequences of one optimizer step, over all cards"),
    asked_micro_batch=("1", "sequences a card holds at once, as asked (0 = as many as fit)"),
    deadline_hours=("hour", "when the job must be done (infinite = no deadline)"),
    duration_hours=("hour", "how long the service runs"),
    requests=("request", "requests to answer offline"),
    requests_per_second=("request/s", "arrival rate of a traffic class"),
    prompt_tokens=("token/request", "prompt of one request"),
    answer_tokens=("token/request", "answer of one request"),
    per_token_limit=("s/token", "longest mean time between tokens (infinite = none asked)"),
    first_token_limit=("s", "longest time to the first token, queue not counted (infinite = none asked)"),
)

_CARD = _inputs(
    "card",
    card_memory_gb=("GB", "memory of the card by its vendor's name"),
    usable_memory=("GiB", "memory of the card that a program can have"),
    memory_bandwidth=("byte/s", "memory bandwidth of the card"),
    peak_flops=("FLOP/s", "dense peak of the card at the compute precision"),
    peak_flops_16=("FLOP/s", "dense peak of the card in 16 bits"),
    link_bandwidth=("byte/s", "card to card inside a node, one direction"),
    fast_link=("1", "1 where the cards of a node have a link of their own (NVLink and its kin)"),
    computes=(
        "1",
        "1 where the card can compute at the asked precision, or convert the weights to one it can",
    ),
    card_power=("watt", "board power of the card"),
)

_LAYOUT = _inputs(
    "layout",
    cards=("1", "cards of the gang or replica"),
    nodes=("1", "nodes of the gang or replica"),
    cards_per_node=("1", "cards of one node"),
    tp=("1", "tensor parallel degree"),
    attention_ranks=("1", "ranks over which attention is data parallel inside a replica; 1 = none"),
    expert_ranks=("1", "ranks over which whole experts are spread inside a replica; 1 = each expert is cut"),
    pp=("1", "pipeline parallel degree"),
    dp=("1", "data parallel degree"),
    zero_stage=("1", "what data parallel ranks shard: 0 nothing, 1 states, 2 + gradients, 3 + weights"),
    sequence_parts=("1", "context parallel degree: cards that hold parts of one sequence"),
    recompute=("1", "1 where activations are recomputed in the backward pass"),
)

_OFFER = _inputs(
    "offer",
    units=("1", "units (nodes) of the offer"),
    unit_hours=("hour", "billed hours, summed over units"),
    carried_requests=("request", "requests that the units answer offline"),
    owned_hours=("hour", "hours that a bought unit is kept"),
    price_per_unit_hour=("currency/hour", "rent of one unit (0 when bought)"),
    price_per_unit=("currency", "price of one unit when bought (0 when rented)"),
    gpus_per_unit=("1", "cards in one unit"),
    is_spot=("1", "1 for a spot offer"),
    is_bought=("1", "1 for a bought unit"),
    is_reserved=("1", "1 for a unit reserved for a term"),
    is_bare=("1", "1 for a card bought without the server that it needs"),
    term_hours=("hour", "hours of one term of a reservation (of others: one hour)"),
    on_demand_price=("currency/hour", "cheapest rent on demand of as many such cards"),
    billing_step=("s", "billing increment"),
    billing_minimum=("s", "least time billed"),
    grid_intensity=("g/kWh", "greenhouse gases of a kilowatt-hour where the unit stands, as CO2 equivalent"),
)

_API = _inputs(
    "api",
    api_share=("1", "share of the requests that the API answers"),
    api_input_price=("currency/Mtoken", "price of a million tokens read"),
    api_cached_price=("currency/Mtoken", "price of a million tokens read that the API still holds"),
    api_output_price=("currency/Mtoken", "price of a million tokens written"),
)

INPUTS: Final[dict[str, Input]] = _MODEL | _NEED | _CARD | _LAYOUT | _OFFER | _API
