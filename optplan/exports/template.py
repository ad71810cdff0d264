"""The part of the training script that no plan changes, for transformers 5 and its FSDP2."""

from typing import Final

SCRIPT_TEXT: Final = '''
import os

import torch
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

# THE PLAN

MODEL = os.environ.get("MODEL") or WEIGHTS
DATA = os.environ.get("DATA", "train.jsonl")  # JSON lines with a field "text"
OUT = os.environ.get("OUT", "out")


def packed(tokenizer):
    """Texts end to end, cut into sequences of equal length."""
    rows = load_dataset("json", data_files=DATA, split="train")

    def tokens(batch):
        ends = [text + (tokenizer.eos_token or "") for text in batch["text"]]
        return {"input_ids": tokenizer(ends, add_special_tokens=False)["input_ids"]}

    def cut(batch):
        whole = [token for ids in batch["input_ids"] for token in ids]
        parts = [whole[i : i + SEQUENCE] for i in range(0, len(whole) - SEQUENCE + 1, SEQUENCE)]
        return {"input_ids": parts, "labels": [list(part) for part in parts]}

    rows = rows.map(tokens, batched=True, remove_columns=rows.column_names)
    return rows.map(cut, batched=True, batch_size=10_000, remove_columns=rows.column_names)


def loaded():
    """The model, with adapters where the plan trains these."""
    options = {"dtype": getattr(torch, HELD)}
    if METHOD == "qlora":
        from transformers import BitsAndBytesConfig

        compute = getattr(torch, COMPUTE)
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=compute,
            bnb_4bit_quant_storage=compute,  # so that FSDP can shard it
        )
    model = AutoModelForCausalLM.from_pretrained(MODEL, **options)
    model.config.use_cache = False
    if METHOD == "full":
        return model
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if METHOD == "qlora":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=RECOMPUTE)
    elif RECOMPUTE:
        model.enable_input_require_grads()
    return get_peft_model(model, LoraConfig(r=LORA_RANK, target_modules=LORA_TARGETS, task_type="CAUSAL_LM"))


def main():
    if not MODEL:
        raise SystemExit(f"set MODEL to the weights of {MODEL_NAME}: a repository or a directory")
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    arguments = TrainingArguments(
        output_dir=OUT,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=MICRO_BATCH,
        gradient_accumulation_steps=ACCUMULATION,
        gradient_checkpointing=RECOMPUTE and not SHARD,
        gradient_checkpointing_kwargs={"use_reentrant": False} if RECOMPUTE and not SHARD else None,
        optim=OPTIMIZER,
        bf16=COMPUTE == "bfloat16",
        fp16=COMPUTE == "float16",
        fsdp=SHARD,
        fsdp_config={"reshard_after_forward": RESHARD, "activation_checkpointing": RECOMPUTE} if SHARD else None,
        logging_steps=10,
        save_strategy="epoch",
        report_to="none",
    )
    trainer = Trainer(model=loaded(), args=arguments, train_dataset=packed(tokenizer))
    trainer.train()
    trainer.save_model(OUT)


if __name__ == "__main__":
    main()
'''
