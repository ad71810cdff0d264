"""What a plan cannot promise: said plainly, instead of dropping it."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import Meaning, says

_WHEN = r"(?:by|before|on|until|till|from|starting|after|in)"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_TH = r"\d{1,2}(?:st|nd|rd|th)"
REFUSED: Final = (
    Meaning(
        "refused",
        says(
            "a plan is the cheapest within limits; give the limit itself, such as `within 24h` or `un"
            "der 30 ms per token`"
        ),
        (
            r"(?:as )?(?:fast|quick|soon)(?:est|er|ly)?(?: as possible)?",
            r"(?:low(?:est)?|minimal|minimum|small(?:est)?|good|best) (?:latency|time|ttft)",
            r"minimi[sz]e (?:the )?(?:latency|time|ttft)",
            r"(?:high(?:est)?|max(?:imum)?|best) (?:throughput|speed|performance)",
            r"maximi[sz]e (?:the )?(?:throughput|speed|performance)",
            r"asap",
            r"urgent(?:ly)?",
            r"最快(?:的)?(?:方案|办法)?",
            r"尽快",
            r"越快越好",
            r"尽可能快",
            r"低延迟",
            r"延迟最低",
            r"高吞吐",
            r"吞吐最高",
        ),
    ),
    Meaning(
        "refused",
        says("a need has upper limits only (and `at least 2 replicas`); say what it may be at most"),
        (
            (r"(?:at least|more than|above|minimum(?: of)?|no less than|not less than|>=?) (?=[NSTCYG])"),
            r"(?:[NTCYS])? ?(?:或|及)?以上",
            r"至少",
            r"不少于",
            r"不低于",
            r"超过",
            r"大于",
            r"高于",
            r"多于",
            r">=?",
        ),
    ),
    Meaning(
        "refused",
        says("users say how many, not how often: give requests per second, such as `8 req/s`"),
        (
            (
                r"N (?:concurrent|simultaneous|parallel|active|daily|monthly)? ?(?:users?"
                r"|customers?(?! (?:e?mails|tickets|reviews|complaints|messages|questions|comments"
                r"|conversations|chats|queries))|people|employees|clients|devs?|developers?|engineers?|sessions|streams|connections"
                r"|conversations|requests)(?: at (?:once|a time|the same time))?"
            ),
            r"(?:concurrency|并发(?:量|数)?)(?: of| :|为|是)*N",
            r"N ?(?:个|路|名|位)?(?:并发|用户|人|员工)(?:用户|同时)?(?:使用|在线|并发)?",
            r"(?:batch of|concurrent) N",
        ),
    ),
    Meaning(
        "refused",
        says("a plan needs a date told as a time from now, such as `within 3 days`"),
        (
            rf"(?:{_WHEN} )?(?:the )?(?:next |this |coming )?{_DAY}(?: (?:morning|noon|afternoon|evening|night))?",
            rf"(?:{_WHEN} )?(?:the )?(?:[NT#] (?:of )?|{_TH} (?:of )?)?{_MONTH}(?: #| {_TH})?(?:,? #)?",
            rf"{_WHEN} (?:the )?{_TH}",
            rf"(?:{_WHEN} )?#[-/]#[-/]#",
            r"(?:by|before|until) #/#",
            rf"{_WHEN} q[1-4]",
            r"(?:在|于)?T[T日号]*[日号](?:之前|以前|前)?",
            (
                r"(?:by|before) (?:tonight|noon|midnight|(?:the )?end of (?:the )?(?:day|week|month|year"
                r"|quarter)|eod|eow|next month)"
            ),
            r"(?:by |before )?(?:today|tonight)",
            r"(?:今晚|今天|本周|这周|下周.?|月底|年底|周.)(?:之前|以前|前|内)?(?:完成)?",
        ),
    ),
    Meaning(
        "refused",
        says(
            "a total of tokens per second is no need of a service: say requests per second with promp"
            "t and answer lengths, or `20 tokens/s per user`"
        ),
        (
            (
                r"N ?(?:tokens?|tok) ?(?:/|per|a|every|each) ?(?:seconds?|sec|s|minutes?|min|hours?|h"
                r"|days?|d)"
            ),
            r"N ?tps",
            r"(?:每(?:秒|分钟|小时|天))N ?(?:个)?(?:tokens?|词元)",
            r"N ?(?:个)?tokens?(?:每|/)(?:秒|分钟|小时|天)",
        ),
    ),
    Meaning(
        "refused",
        says("say which wait: `first token within 1s` or `under 30 ms per token`"),
        (
            (
                r"(?:latency|response time|延迟|响应时间|时延)(?: of| is|为|在|要)*(?: at most| under| below"
                r"| less than|不超过|小于|低于|<)? ?T(?:以内|之内|内|以下)?"
            ),
            r"(?:under |below |within )?T (?:latency|response time)",
        ),
    ),
    Meaning(
        "refused",
        says("give the number itself: `3 days`, `4 GPUs`"),
        (
            r"(?:an? )?few(?: days| hours| weeks| months| gpus| cards)?",
            r"several",
            r"some (?=days|hours|weeks)",
            r"几(?:天|周|个月|小时|年)",
            r"many",
            r"dozens of",
            r"hundreds of",
            r"thousands of",
            r"millions of",
            r"billions of",
            r"数(?:十|百|千|万|亿)",
        ),
    ),
    Meaning(
        "refused",
        says(
            "pre-training from scratch is no task here; fine-tuning with `full` costs the same for each token"
        ),
        (r"(?:from|train from) scratch", r"pre-?train(?:ing)?", r"从头(?:开始)?(?:训练|预训练)?", r"预训练"),
    ),
    Meaning(
        "refused",
        says("a kind of card is no limit here; name the cards, such as `on 4090` or `not on A100`"),
        (
            (
                r"(?:no |only |not |without )?(?:consumer|gaming|data ?cent(?:er|re)|professional"
                r"|enterprise|nvidia|amd)(?:[- ]grade)? ?(?:gpus?|cards?)?(?: only)?"
            ),
            r"(?:不用|不要|只用)?(?:消费级|数据中心级?|专业级?|游戏|国产)(?:显卡|卡|gpu)?",
        ),
    ),
)
