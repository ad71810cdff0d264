"""What is to be done: the task, the method, number formats."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import Meaning, first, says

TASKS: Final = (
    Meaning(
        "task",
        says(("finetune", 3)),
        (
            r"fine[- ]?tun(?:e|ing|ed|es)",
            r"fine[- ]?tune(?:d)? (?:job|run)?",
            r"(?:sft|ft)",
            r"train(?:ing|ed)?",
            r"finetuning",
            r"continu(?:ed?|al|ous)(?:ly)? (?:pre-?)?train(?:ing)?",
            r"instruction[- ]tun(?:e|ing)",
            r"post-?train(?:ing)?",
            r"adapt",
            r"微调完?",
            r"训练完?",
            r"精调",
            r"(?:继续|持续)预训练",
            r"增量训练",
            r"指令微调",
            r"训",
        ),
    ),
    Meaning(
        "task",
        says(("serve", 3)),
        (
            r"serv(?:e|es|ing|ed)",
            r"deploy(?:s|ed|ing|ment)?",
            r"host(?:s|ed|ing)?",
            r"self-?host(?:ed|ing)?",
            (
                r"(?:chat|inference|model|llm|online|live|public|internal)? ?(?:service|server|endpoint"
                r"|api)"
            ),
            r"(?:online|live|real-?time) (?:inference|serving|traffic)",
            r"(?:live|online) ",
            r"put .{0,0}in production",
            r"部署",
            r"上线",
            r"托管",
            r"(?:在线|实时)?(?:推理|聊天|对话|问答|模型|客服)?服务",
            r"在线推理",
            r"提供服务",
            r"私有化部署",
            r"自(?:己|行)?(?:部署|托管)",
            r"搭建",
            r"搭",
        ),
    ),
    Meaning(
        "task",
        says(("generate", 3)),
        (
            (
                r"(?:batch|offline|bulk) (?:generat(?:e|ion|ing)|inference|job|run|processing|completions?"
                r"|mode)"
            ),
            r"offline",
            r"generat(?:e|es|ing|ion)",
            r"synthesi[sz]e",
            r"batch",
            r"synthetic data(?: generation)?",
            r"produce",
            r"(?:批量|离线)(?:生成|推理|处理|跑|任务)?",
            r"生成",
            r"合成",
        ),
    ),
    Meaning(
        "task",
        says(("generate", 2)),
        (
            r"label(?:l?ing)?",
            r"classif(?:y|ying|ication)(?: job| task)?",
            r"summari[sz](?:e|ing|ation)",
            r"translat(?:e|ing|ion)",
            r"annotat(?:e|ing|ion)",
            r"extract(?:ing|ion)?",
            r"process(?:ing)?",
            r"scor(?:e|ing)",
            r"analy[sz](?:e|ing)",
            r"clean(?:ing)?",
            r"read(?:ing)?",
            r"rewrit(?:e|ing)",
            r"caption(?:ing)?",
            r"tag(?:ging)?",
            r"evaluat(?:e|ing)",
            r"grad(?:e|ing)",
            r"answer(?:ing)?",
            r"标注",
            r"打标(?:签)?",
            r"分类",
            r"总结",
            r"摘要",
            r"翻译",
            r"抽取",
            r"提取",
            r"处理",
            r"改写",
            r"评测",
            r"打分",
        ),
    ),
    Meaning(
        "task",
        says(("serve", 1)),
        (
            r"run(?:s|ning)?",
            r"infer(?:ence|encing)?",
            r"chat",
            r"chat ?bot",
            r"assistant",
            r"copilot",
            r"聊天(?:机器人)?",
            r"对话",
            r"客服(?:机器人)?",
            r"问答",
            r"跑(?:起来|一下)?",
            r"运行",
            r"推理",
            r"跑得?动",
        ),
    ),
)

METHODS: Final = (
    Meaning(
        "method",
        says("lora"),
        (r"(?:with |using |via |by )?(?:a )?lora(?: adapters?|s|[- ]tun(?:e|ing)| method)?",),
    ),
    Meaning(
        "method",
        says("qlora"),
        (
            r"(?:with |using |via |by )?q-?lora(?: adapters?|[- ]tun(?:e|ing)| method)?",
            r"量化lora",
            r"4[- ]?bit lora",
        ),
    ),
    Meaning(
        "method",
        says("full"),
        (
            r"full(?:[- ]parameters?|[- ]weights?|[- ]model)?(?= ?(?:fine|sft|train|tun))",
            r"full[- ]parameters?",
            r"fully(?= (?:fine|train|tun))",
            r"all (?:the )?(?:parameters|weights)",
            r"full(?= ft)",
            r"full(?![ -]?(?:time|precision|stack|text))",
            r"全参(?:数)?(?:量)?",
            r"全量(?:参数)?",
        ),
    ),
    Meaning(
        "rank",
        first,
        (r"(?:lora )?rank(?:s)?(?: of| =| :| is|-)? #", r"r ?= ?#", r"(?:lora)?(?:的)?秩(?:为|是|=|:)? ?#"),
    ),
    Meaning("rank", lambda _, text: float(text[1:]), (r"r(?:4|8|16|32|64|128|256)",)),
    Meaning(
        "recompute",
        says(True),
        (
            r"(?:with |using )?(?:gradient|activation) (?:checkpointing|recomputation)",
            r"(?:使用|开启|打开|开)?(?:梯度检查点|激活重计算|重计算)",
        ),
    ),
    Meaning(
        "recompute",
        says(False),
        (
            r"(?:no|without|disable) (?:gradient|activation) (?:checkpointing|recomputation)",
            r"(?:不用|不开|关闭)(?:梯度检查点|激活重计算|重计算)",
        ),
    ),
    Meaning(
        "optimizer",
        says("adamw_8bit"),
        (
            (
                r"(?:with |using )?(?:the )?(?:8[- ]?bit adam(?:w)?"
                r"|adam(?:w)?[- ]8[- ]?bit)(?: optimi[sz]er)?"
            ),
        ),
    ),
    Meaning("optimizer", says("adamw"), (r"(?:with |using )?(?:the )?adamw?(?: optimi[sz]er)?",)),
    Meaning("optimizer", says("sgd"), (r"(?:with |using )?sgd(?: optimi[sz]er)?",)),
    Meaning(
        "batch",
        first,
        (
            r"(?:global )?batch(?:[- ]size)?(?: of| =| :| is)? N",
            r"批(?:次)?大小(?:为|是)? ?N",
            r"batch ?size(?:为|是) ?N",
        ),
    ),
    Meaning(
        "micro_batch",
        first,
        (r"micro-?batch(?: size)?(?: of| =| :| is)? N", r"per-device batch(?: size)?(?: of| =| :)? N"),
    ),
)

_PRECISION_END = (
    r"(?: ?-? ?(?:precision|quanti[sz](?:ed|ation)|weights?|inference|format|mode|checkpoint"
    r"|精度|量化))?"
)
PRECISIONS: Final = tuple(
    Meaning(
        "precision",
        says(name),
        tuple(f"(?:(?:in|at|with|using|用|以) )?(?:{way}){_PRECISION_END}" for way in ways),
    )
    for name, ways in {
        "fp32": (r"fp-?32", r"float-?32", r"32[- ]?bits?", r"full precision", r"单精度", r"f32"),
        "bf16": (
            r"bf-?16",
            r"bfloat-?16",
            r"unquanti[sz]ed",
            r"(?:no|without(?: any)?) quanti[sz]ation",
            r"not quanti[sz]ed",
            r"(?:不|未|无)(?:做|用|要)?量化",
        ),
        "fp16": (r"fp-?16", r"float-?16", r"half precision", r"半精度", r"f16"),
        "fp8": (r"fp-?8", r"float-?8", r"f8", r"fp8 quant"),
        "int8": (r"int-?8", r"8[- ]?bits?", r"w8a8", r"8比特", r"8位", r"八位", r"q8(?:_0)?"),
        "int4": (
            r"int-?4",
            r"4[- ]?bits?",
            r"w4a16",
            r"awq",
            r"gptq",
            r"4比特",
            r"4位",
            r"四位",
            r"nf4",
            r"q4(?:_k_m)?",
        ),
        "fp4": (r"nv-?fp-?4", r"fp-?4"),
        "mxfp4": (r"mx-?fp-?4",),
    }.items()
)
KV: Final = tuple(
    Meaning(
        "kv_precision",
        says(name),
        (
            rf"(?:with |using |and )?(?:an? )?(?:{ways}) kv[- ]?cache",
            rf"(?:with |and )?(?:the )?kv[- ]?cache(?: in| at| of|用|为)? (?:{ways})",
        ),
    )
    for name, ways in {
        "fp8": "fp8",
        "int8": "int8|8[- ]?bit",
        "bf16": "bf16",
        "fp16": "fp16",
        "int4": "int4|4[- ]?bit",
    }.items()
)
