"""Budgets, currencies, and how hardware is paid for."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import CN_CMP, IN_END, Meaning, first, money_rate, says

_UNDER = (
    r"(?:for |at |costs? |spend(?:ing)? |with |and )?(?:under|below|within|less than|at most"
    r"|no more than|not more than|max(?:imum)?(?: of)?|up to|cheaper than"
    r"|<=?|not exceeding|capped at|limit(?:ed to)?|cap(?: of)?|for|with|have|spend|on|of"
    r"|about)? ?(?:an? |the |my |our )?(?:total )?(?:budget|cost|price|spend)?"
    r"(?: of| is| :| =|under|below|at most|up to|less than|no more than|max| cap| limit)* ?"
)
_CN_UNDER = (
    r"(?:总)?(?:预算|费用|成本|花费|价格|总价|花|开销)?(?:只有|有|是|为|:|上限|最高)*(?:不超过|不高于|不多于|低于|少于|小于|控制在|(?:最多|至多|顶多)(?:花|用|付)?"
    r"|限|在)? ?"
)
MONEY: Final = (
    Meaning(
        "budget",
        first,
        (
            (
                rf"{_UNDER}C(?: (?:or less|max(?:imum)?|at most|tops|budget|in total|total|limit|cap"
                rf"|all in))*"
            ),
            rf"{_CN_UNDER}C{IN_END}(?:的)?(?:预算)?",
            r"C",
        ),
    ),
    Meaning(
        "budget_rate",
        money_rate,
        (
            (
                rf"{_UNDER}C ?(?:/|per|an?|each|every) ?(?:hours?|hr|h|days?|months?|mos?|quarters?|weeks?"
                rf"|years?|yrs?)(?: or less| max| budget| at most)?"
            ),
            rf"{_UNDER}C (?:monthly|daily)(?: budget)?",
            rf"(?:每)(?:个)?(?:月|天|小时|年){_CN_UNDER}C{IN_END}",
            rf"{_CN_UNDER}C ?(?:/|每|一)(?:个)?(?:月|天|小时|年){IN_END}",
            rf"(?:月|日|年)(?:预算|成本|费用){CN_CMP}C{IN_END}",
            r"monthly budget(?: of| is| :)? C",
        ),
    ),
    Meaning(
        "bare_budget", first, (r"budget(?: of| is| :| =| under)* N", r"月?预算(?:只有|是|为|:|不超过|最多)*N")
    ),
    Meaning(
        "currency",
        says("USD"),
        (
            r"(?:priced |prices? |costs? |answer )?in (?:usd|us dollars|dollars)",
            r"(?:多少)?美[元金]",
            r"how many (?:us )?dollars",
            r"(?:用|以|按)美元(?:计价|报价|结算|计算|表示)?",
            r"美元(?:计价|报价)",
        ),
    ),
    Meaning(
        "currency",
        says("CNY"),
        (
            r"(?:priced |prices? |costs? |answer )?in (?:cny|rmb|yuan|chinese yuan)",
            r"多少(?:人民币|元)",
            r"how many (?:yuan|rmb)",
            r"(?:用|以|按)人民币(?:计价|报价|结算|计算|表示|付款)?",
            r"人民币(?:计价|报价)?",
            r"cny|rmb",
        ),
    ),
    Meaning(
        "currency",
        says("EUR"),
        (
            r"(?:priced |prices? |costs? |answer )?in (?:eur|euros?)",
            r"(?:用|以|按)欧元(?:计价|报价|结算|计算|表示)?",
        ),
    ),
    Meaning(
        "currency",
        says("GBP"),
        (
            r"(?:priced |prices? |costs? )?in (?:gbp|pounds|british pounds)",
            r"(?:用|以|按)英镑(?:计价|报价|结算|计算)?",
        ),
    ),
    Meaning(
        "currency",
        says("JPY"),
        (r"(?:priced |prices? )?in (?:jpy|yen)", r"(?:用|以|按)日元(?:计价|报价|结算|计算)?"),
    ),
    Meaning("currency", says("INR"), (r"(?:priced |prices? )?in (?:inr|rupees)",)),
)

_SPOT = (
    r"(?:spot|preemptible|interruptible)(?: instances?| vms?| prices?| pricing| capacity"
    r"| gpus?| nodes?| machines?)?"
)
_CN_SPOT = r"(?:竞价|抢占式?|spot)(?:实例|机器|价)?"
_RESERVED = r"(?:reserved|reservations?|commitments?)(?: instances?| pricing| capacity| gpus?| cards?)?"
_API = r"(?:public |vendor |hosted )?apis?"
_OR = r"(?:or|vs\.?|versus|against|compared (?:to|with))"
_CN_OR = r"(?:还是|或者?|对比|比|相比)"
PURCHASE: Final = (
    Meaning(
        "purchase",
        says("no_spot"),
        (
            (
                rf"(?:no|not|without|never|avoid|excluding|don't use|do not use|non)[ -]?(?:any |use "
                rf"|using |on )?{_SPOT}"
            ),
            rf"(?:不用|不要|不使用|不考虑|别用|不能用|不接受|不想用|非){_CN_SPOT}",
            rf"{_SPOT} (?:is )?(?:not ok|not allowed|not acceptable|forbidden|excluded)",
        ),
    ),
    Meaning(
        "purchase",
        says("spot_ok"),
        (
            rf"{_SPOT} (?:is |are )?(?:ok|okay|allowed|fine|acceptable|welcome|possible|too)",
            rf"(?:allow(?:ing)?|including|include|may use|can use|or|even) {_SPOT}",
            rf"(?:可以?用|可|允许|接受|能用|也?可以用|支持|包括){_CN_SPOT}(?:也可以|也行)?",
            rf"{_CN_SPOT}(?:也可以|也行|可以|都行|亦可)",
        ),
    ),
    Meaning(
        "purchase",
        says("spot"),
        (rf"(?:on |using |with |use |only )?{_SPOT}(?: only)?", rf"(?:用|只用|仅用|使用)?{_CN_SPOT}"),
    ),
    Meaning(
        "purchase",
        says("on_demand"),
        (
            r"(?:with |using |only )?on[- ]demand(?: only| instances?| prices?| pricing| gpus?)*",
            r"(?:只?用|使用)?按需(?:付费|计费|实例|租用)?",
            r"pay[- ]as[- ]you[- ]go",
            r"按量(?:付费|计费)?",
        ),
    ),
    Meaning(
        "reserved",
        says(None),
        (_RESERVED, rf"(?:on |with |using |use |only ){_RESERVED}(?: only)?", r"预留(?:实例)?"),
    ),
    Meaning("reserved", says(31536000.0), (rf"{_RESERVED},? for (?:a|one) year",)),
    Meaning(
        "reserved",
        first,
        (
            (
                r"(?:with |on )?(?:an? )?T ?-? ?(?:reserved|reservations?|commitments?|commit|预留"
                r"|包年)(?: instances?| pricing|实例)?"
            ),
            rf"{_RESERVED}(?: for| at|,)? T",
            r"(?:预留|包)(?:实例)?T",
        ),
    ),
    Meaning("purchase", says("reserved_1y"), (r"包年",)),
    Meaning(
        "purchase",
        says("buy"),
        (
            (
                r"(?:to )?(?:buy(?:ing)?|purchas(?:e|ing|ed))(?: (?:the |our own |own "
                r"|my own )?(?:hardware|gpus?|cards?|servers?))?"
            ),
            r"(?:on )?(?:our |my )?own (?:hardware|gpus?|cards?|servers?)",
            r"(?:on[- ]prem(?:ises?)?|in[- ]house)(?: hardware)?",
            r"(?:购买|自购|采购|自建|买(?:断)?|购置)(?:硬件|显卡|服务器)?",
            r"本地(?:部署|机房)?",
        ),
    ),
    Meaning(
        "purchase",
        says("api"),
        (
            r"(?:to )?(?:call(?:ing)?|us(?:e|ing)|pay(?:ing)? for) (?:an? |the )?(?:public |vendor )?api",
            r"(?:via|through|by|from) (?:an? |the )?(?:public |vendor )?api(?: calls?)?",
            r"api calls?",
            r"(?:调用|使用|走|用)(?:公有|公共|厂商)?api(?:接口)?",
        ),
    ),
    Meaning(
        "purchase",
        says("api_or_not"),
        (
            rf"(?:(?:to )?(?:call|use|pay for) )?(?:an? |the )?{_API} {_OR}",
            rf"cheaper than (?:an? |the )?{_API}",
            rf"{_OR} (?:(?:to )?(?:call(?:ing)?|us(?:e|ing)|via|through) )?(?:an? |the )?{_API}(?: calls?)?",
            rf"(?:调用|使用|走|用)?(?:公有|公共|厂商)?api(?:接口)?{_CN_OR}",
            rf"{_CN_OR}(?:直接)?(?:调用|使用|走|用)?(?:公有|公共|厂商)?api(?:接口)?",
        ),
    ),
    Meaning(
        "purchase",
        says("rent"),
        (
            (
                r"(?:to )?(?:rent(?:al|ing|ed)?|leas(?:e|ing))(?: (?:gpus?|cards?|cloud|the cards?"
                r"|the gpus?))?(?: only)?"
            ),
            r"(?:in|on|from) the cloud|cloud",
            r"(?:租用?|租赁|云上|云端|云(?=gpu|显卡|服务器))(?:显卡|卡|gpu|服务器)?",
        ),
    ),
)
