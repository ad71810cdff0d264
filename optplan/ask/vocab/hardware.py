"""Models, cards, providers, regions and software."""

from __future__ import annotations

import re
from typing import Final

from optplan.ask.vocab.meaning import (
    AND,
    CARD,
    CMP,
    CN_CMP,
    IN_END,
    NOT,
    Meaning,
    Values,
    counted,
    every,
    first,
    says,
)

ENGINES: Final[dict[str, str]] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "tensorrt-llm": "tensorrt-llm",
    "trt-llm": "tensorrt-llm",
    "tensorrt": "tensorrt-llm",
    "lmdeploy": "lmdeploy",
    "transformers": "transformers",
}
FRAMEWORKS: Final[dict[str, str]] = {
    "deepspeed": "deepspeed",
    "zero3": "deepspeed",
    "fsdp": "fsdp",
    "torchtune": "torchtune",
    "megatron": "megatron",
    "megatron-lm": "megatron",
    "unsloth": "unsloth",
    "litgpt": "litgpt",
    "axolotl": "axolotl",
    "huggingface": "hf",
    "hf": "hf",
    "peft": "hf",
    "trl": "hf",
    "llamafactory": "llamafactory",
    "llama-factory": "llamafactory",
}

_X = r" ?(?:\*|x|块|张|卡|台|个|片|枚|times|-)? ?"
_ONLY = r"(?: only|s only)?"


def _held(values: Values, text: str) -> tuple[float | None, str]:
    """(cards, None where no number is said, and GPU) from "my two 3090s"."""
    one = 1.0 if re.search(r"\b(?:an?|single)\b", text) else None
    return next((v for v in values if isinstance(v, float)), one), next(
        v for v in values if isinstance(v, str)
    )


_MINE = r"(?:own(?:ed)?|my|our|existing|spare|idle)"
_SOME = rf"(?:#|single)?{_X}(?:nvidia )?"
_GASES = r"(?:carbon(?: dioxide)?|co2e?|emissions?|greenhouse gas(?:es)?|ghg)(?: emissions?| footprint)?"
_SITE = r"(?:[- ]?(?:based|regions?|data ?cent(?:er|re)s?|zones?|clouds?|providers?|servers?))"
HARDWARE: Final = (
    Meaning("model", first, (r"L(?: ?-? ?(?:instruct|chat|base|it|hf|model|llm|模型|大模型))*",)),
    Meaning(
        "size",
        first,
        (
            r"S(?: ?-? ?(?:params?|parameters?|model|llm|dense|大?模型|参数|规模|级别|的))*",
            r"N ?(?:params?|parameters?)(?: model)?",
            r"N ?(?:个)?参数(?:量)?(?:的)?(?:大?模型)?",
            r"N[- ](?:params?|parameters?)",
            r"(?:model|模型)(?: with| of|有|大小|规模|为)* N ?(?:params?|parameters?|参数)",
        ),
    ),
    Meaning(
        "gpu",
        first,
        (
            rf"(?:only )?G{CARD}?{_ONLY}",
            rf"only (?:on|with|using) G{CARD}?",
            r"(?:只用|仅用|只要|只能用|限用)G",
        ),
    ),
    Meaning(
        "owned",
        _held,
        (
            (
                r"(?:(?:that )?(?:we|i)(?:'ve)? )?(?:already |currently )?(?:own|have|possess)(?: got)?"
                rf"(?: {_MINE})* ?(?:an? )?{_SOME}G{CARD}?"
            ),
            rf"{_MINE}(?: {_MINE})* ?{_SOME}G{CARD}?",
            (
                rf"{_SOME}G{CARD}? (?:(?:that )?(?:we|i) (?:already )?(?:own|have)|i(?:'ve)? got"
                r"|in (?:our|my) (?:rack|lab|office|cluster))"
            ),
            rf"(?:我们?|公司|手头|手上|团队)*(?:自有|已有|现有|拥有|有|自己的|自家的)(?:的)?{_SOME}G{CARD}?",
        ),
    ),
    Meaning(
        "cards",
        lambda values, _: (values[0] * values[1], values[2]),
        (rf"# ?(?:nodes?|servers?|machines?|hosts?|台机器|台|机)(?: of| with| x|,|每台|各)* ?#{_X}G{CARD}?",),
    ),
    Meaning(
        "cards",
        counted,
        (
            (
                rf"(?:at most |up to |max(?:imum)?(?: of)? |no more than |not more than |最多用?|不超过|至多"
                rf"|单机)*(?:#|single){_X}(?:nvidia )?G{CARD}?"
            ),
            r"G ?(?:\*|x) ?#",
            r"G ?# ?(?:张|块|卡|片)",
        ),
    ),
    Meaning(
        "max_cards",
        says(1.0),
        (r"单卡|单张(?:显卡|卡|gpu)?", r"(?:a )?single ?-? ?(?:gpu|card|graphics card|accelerator)"),
    ),
    Meaning("max_cards", says(2.0), (r"双卡|两张卡",)),
    Meaning(
        "max_cards",
        first,
        (
            (
                r"(?:at most |up to |max(?:imum)?(?: of)? |no more than |not more than |<=? ?"
                r"|limit(?:ed)? to |within )?# ?-? ?(?:gpus?|cards?|accelerators?|graphics cards?)(?: max"
                r"| at most| or (?:less|fewer))?"
            ),
            r"(?:最多|至多|不超过|只用|仅用|限|用)?# ?(?:张|块|个|片)?(?:显卡|卡|gpu)(?:以内|之内|内)?",
            r"max_cards ?=? ?#",
            r"(?:最多|至多|不超过)#(?:张|块)",
        ),
    ),
    Meaning(
        "max_cards",
        lambda values, _: values[0] - 1.0,
        (
            r"(?:less|fewer) than # ?-? ?(?:gpus?|cards?|accelerators?)",
            r"(?:少于|小于)#(?:张|块|个)?(?:显卡|卡|gpu)",
        ),
    ),
    Meaning(
        "card_memory",
        every,
        (
            (
                rf"(?:(?:N{_X}|a |an |single ))*Y(?: of)?(?: (?:v?ram|memory))?(?: ?-? ?(?:consumer"
                r"|gaming))? ?-? ?(?:gpus?|cards?|graphics cards?)"
            ),
            r"(?:N ?(?:张|块|个))?Y ?(?:显存)?(?:的)?(?:显卡|卡|gpu)",
            (r"(?:N |a |an |one |single )*(?:gpus?|cards?) (?:with|of) Y(?: of)?(?: (?:v?ram|memory))?"),
        ),
    ),
    Meaning(
        "avoid", every, (rf"{NOT}G{CARD}?(?:{AND}G{CARD}?(?! only))*(?:以外|之外|外)?(?:都(?:可以|行|可)?)?",)
    ),
    Meaning(
        "avoid_providers", every, (rf"{NOT}P(?:{AND}P(?! only))*(?:以外|之外|外)?(?:都(?:可以|行|可)?)?",)
    ),
    Meaning(
        "provider",
        first,
        (
            r"P(?: only| cloud| instances| gpus?|上|平台|云)*",
            r"only (?:on|at|from) P",
            r"(?:只用|仅用|只在|仅在)P",
        ),
    ),
    Meaning(
        "region",
        every,
        (
            (
                rf"(?:only |hosted |located |based )*(?:in |from |within |inside )?(?:the )?(?:regions? )?R{_SITE}?"
                r"(?: only)?"
            ),
            rf"R{_SITE}? or R{_SITE}?",
            r"(?:只|仅)?(?:能|可以)?(?:用|在|限|要求在)?R的?(?:境内|机房|数据中心|地区|区域|节点|区)?",
        ),
    ),
    Meaning(
        "carbon",
        first,
        (
            (
                rf"(?:{_GASES}{CMP}?|with |emit(?:ting)? |under |below |less than |at most |up to |no more than "
                rf"|max(?:imum)? )*W(?: (?:of )?{_GASES})?(?: or less| at most| max)?"
            ),
            rf"(?:碳排放量?|排放量?|二氧化碳)(?:排放)?{CN_CMP}W{IN_END}(?:的)?(?:二氧化碳|碳排放)?",
            rf"{CN_CMP}W{IN_END}的?(?:二氧化碳|碳排放)",
        ),
    ),
    Meaning(
        "mix",
        says("any"),
        (
            r"any mix(?: of (?:cards|gpus|types))?",
            r"(?:can|may) mix(?: (?:cards|gpus|types))*",
            r"mixed (?:cards|gpus)",
            r"(?:允许|可以|可)?(?:混用|混搭)(?:显卡|卡)?",
            r"mix(?:ed|ing)? (?:is )?(?:ok|allowed|fine)",
        ),
    ),
    Meaning(
        "mix",
        says("one_type"),
        (
            r"(?:only )?N (?:card|gpu) type",
            r"(?:N|a single|same) type of (?:card|gpu)s?",
            r"no mix(?:ing|es|ed gpus|ed cards)?",
            r"不(?:要)?(?:混用|混搭)",
            r"(?:同一种|一种)(?:显卡|卡)",
        ),
    ),
    Meaning(
        "confidence", says("high"), (r"(?:with |at )?high confidence", r"worst[- ]case", r"(?:要)?高置信度?")
    ),
    Meaning(
        "engine",
        lambda _, text: ENGINES[text.split()[-1].replace("用", "").replace("基于", "")],
        (
            (
                r"(?:with |on |using |via |in |through |用|基于)?(?:vllm|sglang|tensorrt-llm|trt-llm|tensorrt"
                r"|lmdeploy|transformers)"
            ),
        ),
    ),
    Meaning(
        "framework",
        lambda _, text: FRAMEWORKS[
            re.sub(r"zero.*", "zero3", text).split()[-1].replace("用", "").replace("基于", "")
        ],
        (
            (
                r"(?:with |on |using |via |in |through |用|基于)?(?:deepspeed|fsdp|torchtune|megatron(?:-lm)?"
                r"|unsloth|litgpt|axolotl|llama-?factory|huggingface|hf|peft|trl|zero(?: |-)?(?:stage[ -]?)?[123])"
            ),
        ),
    ),
)
