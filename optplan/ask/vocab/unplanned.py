"""Kinds of work, of models and of wishes that no plan is made for, each with what to ask instead."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import CMP, Meaning, says

_PCT = r"(?:p ?\d\d(?:\.\d+)?|\d\d(?:th|st|nd|rd) percentile)"
_WAIT = r"(?:ttft|tpot|itl|latency|response time|first[- ]token(?: latency)?|per[- ]token(?: latency)?)"
_RL = r"(?:dpo|ipo|kto|orpo|simpo|rlhf|rlvr|rlaif|ppo|grpo|gspo|dapo|rloo|reinforce)"
_OTHER_MODELS = (
    r"embed(?:ding)?s?|embedder|re-?rank(?:er|ing)?|(?:bge|gte|e5|jina|nomic|colbert)(?:-[a-z0-9.]+)*",
    r"(?:ro)?bert[a-z]*|t5|nllb(?:-[0-9.]+)?",
    r"(?:vision|image|multimodal|vl)[- ](?:language )?model|vlm|clip|vit|siglip|yolo[a-z0-9]*|resnet[a-z0-9]*",
    r"stable diffusion|sdxl?|flux|diffusion(?: model)?|(?:image|video) generation",
    r"text[- ]to[- ](?:image|video|speech|audio)|whisper(?:[- ](?:large|medium|small|tiny|v\d))*",
    r"speech(?: recognition)?|tts|asr|audio",
    r"向量模型?|嵌入(?:模型)?|重排(?:序)?(?:模型)?|文生图|图像生成|视频生成|语音(?:识别|合成)?|多模态|视觉(?:语言)?",
)
_BUSY = r"(?:off-?peak|burst(?:s|y|ing)?|spik(?:e|es|y)|seasonal)"
UNPLANNED: Final = (
    Meaning(
        "refused",
        says(
            "preference and reinforcement training hold more models than fine-tuning does, and write answers as"
            " they train: ask for the parts, a fine-tune on the tokens of all answers, and `generate` for rollouts"
        ),
        (
            rf"(?:with |using |via )?{_RL}(?: training| fine-?tun(?:e|ing))?",
            r"(?:reinforcement|preference)[- ](?:learning|tuning|training|optimi[sz]ation)|reward model(?:l?ing)?",
            r"preference (?:pairs?|data)|rollouts?|rl(?: training)?",
            r"强化学习|偏好(?:数据|优化|对齐|学习)?|奖励模型",
        ),
    ),
    Meaning(
        "refused",
        says(
            "two models work at once: ask for the teacher's answers with `generate`, and for the student with"
            " `fine-tune`"
        ),
        (r"distil(?:l(?:ed|ing|ation)?)?(?: from| into)?", r"teacher|student", r"(?:知识)?蒸馏"),
    ),
    Meaning(
        "refused",
        says("plans are made for language models that write text; name one, or its size, such as 9B"),
        _OTHER_MODELS,
    ),
    Meaning(
        "refused",
        says("availability is no number here: say `at least 2 replicas`, so that one may fail"),
        (
            r"(?:with )?# ?%? ?(?:availability|uptime|sla)(?: of)?(?: # ?%)?",
            r"(?:high(?:ly)?[- ]availab(?:le|ility)|fault[- ]toleran(?:t|ce)|redundan(?:t|cy)|failover)",
            r"高可用|容灾|冗余|可用性(?:#%?)?",
        ),
    ),
    Meaning(
        "refused",
        says(
            "a service has one rate for all its time: give the rate of the busiest hours, or demand by month in"
            " a portfolio (see `problems/portfolio-base-peak-tail.yaml`)"
        ),
        (
            rf"{_BUSY}(?: load| traffic| hours?)*(?: of| to| at)?",
            r"autoscal(?:e|ed|ing)|scale[- ]to[- ]zero",
            r"gr(?:ow(?:s|ing|th)?|ew)(?: (?:by|at|of))?(?: [N#] ?%)?",
            r"doubl(?:e|es|ing)|tripl(?:e|es|ing)",
            r"(?:during |in |only )?(?:business|office|working|night) hours(?: only)?|weekdays(?: only)?|at night",
            r"T (?:a|per|each|every) day",
            r"低谷|增长(?:#%)?|翻倍|工作时间|工作日|弹性伸缩|每天T",
        ),
    ),
    Meaning(
        "refused",
        says(
            "a limit is on the whole bill, not on a token: say `within 3000 USD a month`; `optplan compare --ways`"
            " tells an API's price"
        ),
        (
            (
                r"(?:under |below |less than |at most |up to |for |at |budget |cost )*C ?(?:/|per|an?|each|for(?: a)?)"
                r" ?(?:N|S)? ?(?:(?:k|m|b|million|billion|thousand) )?(?:tokens?|requests?|answers?|samples?)"
            ),
            r"每(?:百万|千|万|一百万|N)?(?:个)?tokens?(?:不超过|低于|少于)?C",
        ),
    ),
    Meaning(
        "refused",
        says(
            "how it is run is chosen by the plan, not by the sentence; leave it out, or fix quantities in YAML, as"
            " in `assume: {efficiency: 0.4}`"
        ),
        (
            r"(?:with |using )?(?:tensor|pipeline|data|expert|sequence)[- ]parallel(?:ism)?(?: (?:of |size )?#)?",
            r"(?:tp|pp|dp|ep) ?=? ?#",
            r"(?:with |using )?(?:cpu|nvme|disk) offload(?:ing)?|offload(?:ing)?",
            r"(?:with |using )?(?:prefix|prompt)[- ]cach(?:e|ing)|speculative decoding|continuous batching",
            r"(?:flash|paged)[- ]?attention|chunked prefill|prefill[- ]decode disaggregation|disaggregated",
            r"(?:at |with )?# ?%(?: of)?(?: mfu| utili[sz]ation| efficiency)|mfu(?: of)? # ?%",
            r"(?:on |with )?(?:kubernetes|k8s|slurm|ray)",
            r"(?:张量|流水线|数据)并行(?:度)?#?|投机解码|前缀缓存",
        ),
    ),
    Meaning(
        "refused",
        says(
            "no percentile and no queue is predicted: say `first token within 1s` or `under 30 ms per token`, which"
            " hold for the mean"
        ),
        (
            rf"(?:{_WAIT} )?(?:at )?(?:the )?{_PCT}(?: {_WAIT})?(?:{CMP}? ?T)?(?: {_WAIT})?",
            rf"T (?:at )?{_PCT}(?: {_WAIT})?",
        ),
    ),
    Meaning(
        "refused",
        says("`optplan fit MODEL GPU` says whether it fits, how long a context and how large a batch"),
        (
            r"fits?(?: it)? (?:on|in|into|onto)",
            r"max(?:imum)? (?:context|batch)(?: size| length)?(?! ?[N#=:])",
        ),
    ),
    Meaning(
        "refused",
        says("the plan chooses the nodes: say the most cards, as in `at most 8 cards`"),
        (
            r"(?:#|N|one|single)[- ](?:nodes?|servers?|machines?|instances?|hosts?)",
            r"[N单](?:台)?(?:机器|服务器|节点)",
        ),
    ),
    Meaning(
        "refused",
        says("say to how many bits: int8, int4 or fp8"),
        (r"quanti[sz](?:ed|ation)", r"量化(?!lora)", r"low precision|mixed precision"),
    ),
    Meaning(
        "refused",
        says("adapters that share one model are not planned: ask for the model that serves them all"),
        (
            r"(?:#|N|multiple|several|different|many)(?: different)? (?:q?lora )?adapters?",
            r"multi-?lora",
            r"(?:多个|#个)lora",
        ),
    ),
)
