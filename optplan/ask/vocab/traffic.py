"""Live requests, waits, deadlines and durations."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import (
    CMP,
    CN_CMP,
    CN_PER,
    CN_REQ,
    IN_END,
    PER,
    REQ,
    SEC,
    TOKENS,
    Meaning,
    every,
    first,
    hour_half,
    in_words,
    rate,
    says,
)

_IN = r"(?:input|prompt|in(?:coming)?)"
_OUT = r"(?:output|answer|response|completion|reply|generated|generation|out(?:going)?)"
_USERS = r"(?:users?|devs?|developers?|engineers?|agents?|customers?|people|employees|clients)"
_USUAL = r"(?:daily|active|monthly|concurrent|internal)"
_SENDING = (
    r"(?:send(?:ing|s)?|mak(?:e|es|ing)|ask(?:s|ing)?|do(?:es|ing)?|issu(?:e|ing)|doing|at|about|around)"
)
TRAFFIC: Final = (
    Meaning(
        "rate",
        rate,
        (
            rf"N {REQ}? ?{PER}{SEC}",
            rf"N {REQ} {PER}{SEC}",
            r"(?:at |of )?N (?:rps|qps|rpm|qpm)",
            r"(?:qps|rps|rpm|qpm)(?: of| is| =| :|为|是|约|达到)* ?N",
            rf"{REQ} per (?:second|minute|hour|day)(?: of| is| =| :)? N",
            rf"N (?:daily|hourly) {REQ}",
            rf"N {REQ} daily",
            rf"每{CN_PER}(?:请求|调用)(?:量|数)?(?:约|为|是)*N次?",
            rf"每{CN_PER}(?:约|大约|处理|有|来|要|能|支持|平均|承受|大概)*N ?{CN_REQ}",
            rf"N ?{CN_REQ}(?:每|/ ?){CN_PER}",
            rf"日均(?:约)?N ?{CN_REQ}",
            rf"(?:请求|调用|访问)量?(?:为|是|约)?每{CN_PER}N(?:个|次|条)?",
        ),
    ),
    Meaning("rate", lambda values, _: values[0] / values[1], (rf"N {REQ} (?:every|each|per|in) T",)),
    Meaning(
        "rate", lambda values, _: 1.0 / values[0], (rf"(?:an?|one|single) {REQ} (?:every|each|per|in) T",)
    ),
    Meaning(
        "rate",
        lambda values, text: values[0] * rate(values[1:], text),
        (
            (
                rf"N (?:{_USUAL} )*{_USERS}[,;]? (?:each|who|that|with|and)* ?{_SENDING}? ?"
                rf"N {REQ}(?: each)?(?: per (?:user|person|head))? ?{PER}{SEC}"
            ),
            (
                rf"N (?:{_USUAL} )*{_USERS}[,;]? (?:each|who|with)* ?{_SENDING}? ?N {REQ}(?: ?/ ?| per )(?:user|person)"
                rf" ?{PER}{SEC}"
            ),
            (
                r"N ?(?:个|名|位)?(?:用户|人|员工)[,;]?每(?:人|个用户|用户)(?:平均)?每?(?:秒钟?|分钟?|小时|天|日)"
                r"(?:约|大约|发送?|提问?)*N ?(?:个|次|条)(?:请求|问题|调用)?"
            ),
        ),
    ),
    Meaning(
        "lengths",
        every,
        (
            (
                rf"N{TOKENS}? ?-? ?{_IN}(?:s|puts?)?{TOKENS}? ?(?:,|and|/|\+|&|;|->|to"
                rf"|with)* ?N{TOKENS}? ?-? ?{_OUT}s?{TOKENS}?"
            ),
            (
                rf"{_IN}(?:s| length| tokens)?(?: of| is| :| =)? ?N{TOKENS}? ?(?:,|and|/|\+|&|;"
                rf"|->)* ?{_OUT}s?(?: length| tokens)?(?: of| is| :| =)? ?N{TOKENS}?"
            ),
            (
                r"(?:输入|提示词?)(?:长度)?(?:为|是|约|平均)*N ?(?:个)?(?:tokens?)? ?[,;和]?"
                r" ?(?:输出|回答|回复|生成)(?:长度)?(?:为|是|约|平均)*N ?(?:个)?(?:tokens?)?"
            ),
        ),
    ),
    Meaning(
        "prompt",
        in_words,
        (
            r"N[- ]words? (?:of )?(?:in(?! ?(?:T|under|at|less|about|an?|the|one))|inputs?|prompts?)(?: each)?",
        ),
    ),
    Meaning(
        "answer",
        in_words,
        (r"N[- ]words? (?:of )?(?:out|outputs?|answers?|repl(?:y|ies)|responses?)(?: each)?",),
    ),
    Meaning(
        "prompt",
        first,
        (
            rf"N{TOKENS}? ?-? ?(?:input|prompt)s?(?: tokens?)?(?: each)?",
            (
                rf"(?:input|prompt)s?(?: length| size| tokens?)?(?: of| is| are| :| =| about"
                rf"| around)* N{TOKENS}?"
            ),
            r"(?:输入|提示词?)(?:长度)?(?:为|是|约|平均)*N ?(?:个)?(?:tokens?)?",
            r"N ?(?:个)?(?:tokens?)?(?:的)?(?:输入|提示词?)",
        ),
    ),
    Meaning(
        "answer",
        first,
        (
            (
                rf"N{TOKENS}? ?-? ?(?:output|answer|response|completion|generated"
                rf"|reply)s?(?: tokens?)?(?: each)?"
            ),
            rf"N{TOKENS}? (?:replies|outputs)",
            rf"into (?:about |around |~ ?)?N{TOKENS}(?: each)?",
            (
                rf"(?:output|answer|response|completion|replie|reply)s?(?: length| size| tokens?)?(?: of"
                rf"| is| are| :| =| about| around)* N{TOKENS}?"
            ),
            r"(?:输出|回答|回复|生成)(?:长度)?(?:为|是|约|平均)*N ?(?:个)?(?:tokens?)?",
            r"N ?(?:个)?(?:tokens?)?(?:的)?(?:输出|回答|回复)",
        ),
    ),
    Meaning(
        "first_token",
        first,
        (
            (
                rf"(?:with )?(?:an? |the )?(?:latency (?:of |to )?)?(?:ttft"
                rf"|(?:time )?to (?:the )?first[- ]token|first[- ]tokens?)(?: latency| time"
                rf"| delay)?{CMP}?(?:an? )?T(?: (?:or less|max(?:imum)?|at most|tops))?"
            ),
            r"T (?:ttft|(?:time )?to (?:the )?first[- ]token|first[- ]tokens?)(?: latency)?",
            (
                rf"{CMP}T (?:ttft|(?:time )?to (?:the )?first[- ]token"
                rf"|(?:for (?:the )?)?first[- ]tokens?)(?: latency)?"
            ),
            rf"(?:首个?|第一个)(?:字|tokens?|包|词)(?:的)?(?:延迟|时延|时间|响应)*{CN_CMP}T{IN_END}",
        ),
    ),
    Meaning(
        "per_token",
        first,
        (
            (
                rf"(?:(?:with )?(?:an? )?latency )?{CMP}?T ?(?:/|per|a|each|for each|between) ?(?:output "
                rf"|generated )?(?:tokens?|tok)(?: latency)?(?: (?:or less|max(?:imum)?|at most|tops"
                rf"|or better))?"
            ),
            (
                rf"(?:tpot|itl|inter-?token latency|(?:latency )?per[- ](?:output )?token(?: latency)?"
                rf"|time per (?:output )?token){CMP}?T"
            ),
            r"T (?:tpot|itl|inter-?token latency|per[- ]token latency)",
            rf"每(?:个|一个)?(?:tokens?|词元|字)(?:的)?(?:延迟|时延|时间|耗时)*{CN_CMP}T{IN_END}",
            r"T ?(?:/|每)(?:个)?(?:tokens?|字)",
        ),
    ),
    Meaning(
        "per_token",
        hour_half,
        (
            (
                r"(?:at least |min(?:imum)? )?N ?(?:tokens?|tok)(?: ?(?:/|per|a) ?(?:second|sec|s)) ?(?:/"
                r"|per|for each|for every|each|to each) ?(?:user|stream|request|person|client|session|chat"
                r"|customer)?"
            ),
            r"(?:at least )?N ?tps ?(?:/|per) ?(?:user|stream|request)",
            r"每(?:个)?(?:用户|请求|路)(?:至少)?每秒(?:至少)?N ?(?:个)?tokens?",
            r"每(?:个)?(?:用户|请求|路)(?:至少)?N ?(?:个)?(?:tokens?)(?:/s|/秒|每秒)",
        ),
    ),
    Meaning(
        "min_replicas",
        first,
        (
            r"(?:at least |min(?:imum)?(?: of)? |with |>=? ?)?# replicas?(?: or more| at least| min(?:imum)?)?",
            r"(?:at least )?# copies",
            r"(?:至少|最少)?# ?个?(?:副本|实例)",
        ),
    ),
)

_DONE = r"(?:finish(?:ed|es|ing)?|done|complete[ds]?|ready|end|over|delivered)"
_WITHIN = (
    r"(?:(?:with)?in(?:side)?(?: at most| less than| under| about| around| the space of)?"
    r"|under|below|less than|at most|no (?:more|longer) than|not more than|up to|takes? (?:at most|less than))"
)
TIMES: Final = (
    Meaning(
        "deadline",
        first,
        (
            (
                rf"(?:to be |must be |must |needs? to be |should be "
                rf"|be )?(?:{_DONE} )?(?:with)?in(?:side)?(?: the next| at most| less than| under| about"
                rf"| around)? T(?: or less| at most| max| tops)?"
            ),
            (
                rf"(?:{_DONE} )?(?:under|below|before|less than|at most|no more than|not more than"
                rf"|no longer than|no later than|max(?:imum)?(?: of)?|up to|<=?|by|takes? at most"
                rf"|takes? less than) T(?: from now)?"
            ),
            r"T (?:deadline|max(?:imum)?|at most|or less|tops|time limit|limit)",
            r"(?:deadline|time limit|due)(?: of| is| in| :| =)* T",
            r"I have T",
            r"(?:we|i) have T",
            (
                r"(?:在|于|要在|需在|必须在)?T(?:之内|以内|内|里|之前|以前|前)(?:能|要|必须|需要)?(?:完成|跑完|训练完成?|训完|微调完成?|做完|搞定|结束"
                r"|生成完|处理完)?"
            ),
            r"(?:在|于|要在|需在|必须在)?T(?:能|要|必须|需要)?(?:完成|跑完|训练完成?|训完|微调完成?|做完|搞定|结束|生成完|处理完)",
            r"(?:截止|期限|限时|时限|工期)(?:时间)?(?:为|是|:|在)?T(?:内)?",
            r"(?:时间|总?时长|耗时|用时)?(?:不超过|最多|至多|不多于|少于|小于)T",
        ),
    ),
    Meaning(
        "deadline",
        says(86400.0),
        (
            r"(?:by|before|until|due|for) tomorrow(?: (?:morning|noon|evening|night))?",
            r"明天(?:之前|以前|前|要|内)?(?:完成|跑完|做完)?",
        ),
    ),
    Meaning("deadline", says(43200.0), (r"overnight", r"over night", r"一夜之间", r"隔夜")),
    Meaning(
        "deadline",
        says(172800.0),
        (
            r"(?:by|before) the day after tomorrow",
            r"后天(?:之前|以前|前)?",
            r"(?:over|in|on|during|within) (?:a|the|one|this) weekend",
            r"(?:一个)?周末(?:之?内)?",
        ),
    ),
    Meaning("deadline", says(604800.0), (r"by (?:this time )?next week",)),
    *(
        Meaning("deadline", says(seconds), (rf"(?:{_DONE} )?{_WITHIN} {article} {unit}",))
        for unit, article, seconds in (
            ("hour", "an", 3600.0),
            ("day", "(?:a|the)", 86400.0),
            ("week", "(?:a|the)", 604800.0),
            ("fortnight", "a", 1209600.0),
            ("month", "(?:a|the)", 2592000.0),
            ("year", "a", 31536000.0),
        )
    ),
    Meaning(
        "duration",
        first,
        (
            r"(?:for|during|over|lasting) (?:the next |at least |about )?T",
            r"T(?:[- ]long)? (?:contract|rental|lease|service)",
            r"(?:为期|运行|持续|租用?|服务|使用|跑|用|连续|部署)(?:运行)?T",
            r"T的?(?:租期|时长)",
            r"duration(?: of| :| =)? T",
        ),
    ),
    Meaning(
        "duration",
        says(2592000.0),
        (
            r"for (?:a|one|the) month",
            r"(?:per|a|each|every) month",
            r"monthly(?: cost| price| bill)?",
            r"每个?月(?:的)?(?:成本|费用|多少钱)?",
            r"月(?:成本|费用|支出|花费|租金?)",
        ),
    ),
    Meaning(
        "duration",
        says(31536000.0),
        (
            r"for (?:a|one|the) year",
            r"(?:per|a|each|every) year",
            r"yearly(?: cost)?",
            r"annual(?:ly)?(?: cost)?",
            r"每年(?:的)?(?:成本|费用|多少钱)?",
        ),
    ),
    Meaning(
        "duration",
        says(7776000.0),
        (r"for (?:a|one|the) quarter", r"(?:per|each|every) quarter|quarterly(?: cost)?"),
    ),
    Meaning(
        "duration", says(604800.0), (r"for (?:a|one) week", r"(?:per|each|every) week", r"weekly(?: cost)?")
    ),
    Meaning("duration", says(86400.0), (r"for (?:a|one) day", r"for 24/7")),
    Meaning("time", first, (r"T",)),
)
