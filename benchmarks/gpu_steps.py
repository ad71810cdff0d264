"""Real training steps of a model with random weights: built, run for a few steps, measured."""

from __future__ import annotations

import gc
import statistics
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from optplan.catalog import Model
from optplan.errors import BadInput, Fault
from optplan.units import GIB

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
RANK = 8
WARM = 2  # steps before the clock starts: the first makes the optimizer's states


@dataclass(frozen=True, slots=True)
class Setup:
    """One configuration: sequence in tokens, micro-batch in sequences."""

    model: Model
    method: str
    recompute: str
    sequence: int
    micro_batch: int

    @property
    def name(self) -> str:
        return f"{self.model.name}-{self.method}-{self.recompute}-s{self.sequence}-b{self.micro_batch}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Peaks in GiB (nan without a card), seconds of the median step, parameters that are trained."""

    allocated: float
    reserved: float
    seconds: float
    trained: int


def check_dense(model: Model) -> None:
    """BadInput `not-llama-like` for a model that a Llama of its shapes is not."""
    if model.experts or model.kv_lora_rank or model.linear_attention_layers or not model.gated:
        raise BadInput(Fault("not-llama-like", model.name, "only dense gated models are built here"))


def config_of(model: Model) -> Any:
    """A Llama of the model's shapes."""
    from transformers import LlamaConfig

    check_dense(model)
    return LlamaConfig(
        vocab_size=model.vocab,
        hidden_size=model.hidden,
        intermediate_size=model.intermediate,
        num_hidden_layers=model.layers,
        num_attention_heads=model.heads,
        num_key_value_heads=model.kv_heads,
        head_dim=model.head_dim,
        max_position_embeddings=max(model.max_context, 8192),
        tie_word_embeddings=model.tied_embeddings,
        use_cache=False,
        attn_implementation="sdpa",
    )


def build(torch: Any, setup: Setup, device: str) -> Any:
    """The model on its device with what the method trains set free, ready for steps."""
    from transformers import LlamaForCausalLM

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = LlamaForCausalLM(config_of(setup.model))
    finally:
        torch.set_default_dtype(before)
    ways = {"use_reentrant": False}
    recompute = setup.recompute == "full"
    if setup.method == "qlora":
        from peft import prepare_model_for_kbit_training

        quantise(torch, model, device)
        model = prepare_model_for_kbit_training(model, recompute, gradient_checkpointing_kwargs=ways)
    elif recompute:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=ways)
    if setup.method != "full":
        from peft import LoraConfig, get_peft_model

        wanted = LoraConfig(r=RANK, target_modules=list(LINEAR), task_type="CAUSAL_LM")
        model = get_peft_model(model, wanted)
    return model.train()


def quantise(torch: Any, model: Any, device: str) -> None:
    """Linear layers of the blocks in NF4 with double quantisation, as QLoRA has them."""
    import bitsandbytes as bnb

    for block in model.model.layers:
        for parent in (block.self_attn, block.mlp):
            for name in [n for n, child in parent.named_children() if isinstance(child, torch.nn.Linear)]:
                old = getattr(parent, name)
                new = bnb.nn.Linear4bit(
                    old.in_features, old.out_features, bias=False, compute_dtype=torch.bfloat16,
                    compress_statistics=True, quant_type="nf4", device="meta",
                )  # fmt: skip
                new.weight = bnb.nn.Params4bit(
                    old.weight.data.cpu(), requires_grad=False, compress_statistics=True, quant_type="nf4"
                )
                setattr(parent, name, new.to(device))
    model.is_loaded_in_4bit = True


def measure(torch: Any, setup: Setup, device: str, steps: int) -> Measured:
    """Train for a few steps; memory from the first on, time from the third."""
    cuda = device == "cuda"
    model = build(torch, setup, device)
    free = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(free, lr=1e-5)
    tokens = torch.randint(setup.model.vocab, (setup.micro_batch, setup.sequence), device=device)
    if cuda:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(WARM + steps):
        start = time.perf_counter()
        with cast(torch, setup, device):
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    peaks = (
        [torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()] if cuda else [float("nan")] * 2
    )
    trained = sum(p.numel() for p in free)
    return Measured(peaks[0] / GIB, peaks[1] / GIB, statistics.median(times[WARM:]), trained)


def cast(torch: Any, setup: Setup, device: str) -> AbstractContextManager[Any]:
    """32-bit adapters beside 16-bit weights need autocast; weights that are all 16-bit do not."""
    return nullcontext() if setup.method == "full" else torch.autocast(device, dtype=torch.bfloat16)


def attempt(torch: Any, setup: Setup, device: str, steps: int) -> tuple[str, str, Measured | None]:
    """(status, reason, what was measured): out of memory is an answer."""
    try:
        found = measure(torch, setup, device, steps)
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "ALLOC_FAILED" not in str(error):
            raise  # cuBLAS has words of its own for a card that is full
        return "out of memory", str(error).partition(". ")[0], None
    finally:
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()
    return "measured", "", found
