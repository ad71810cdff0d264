"""Words without weight."""

from __future__ import annotations

from typing import Final

# Words that carry no limit and no amount: politeness, articles, question words. Nothing that negates or
# compares.
_WORDS = """
a able about accelerator accelerators across affordable also an and answer answers app application
approximately arabic are around articles as ask asking at available average avg based be best budget by
calculate can card cards chats cheap cheaper cheapest cheaply chinese cloud cluster company complaints
complete completed compute config configuration corpus cost cost-effective costs could currency
currently customer customers data dataset day-to-day deadline do documents does done during each
economical emails english enough estimate expensive every figure find finish finished for french from german get
give going good gpu gpus graphics had hardware has have having hello help hey hi hindi hopefully how i
i'd i'll i'm i've ideally if in inexpensive input inputs instance instances internal into is it it's
italian its japanese job jobs just know korean language least-cost length lengths let let's lets like
liked llm llms load long looking lowest machine machines make makes me mean minimal minimise minimize
minimum model models money much must my need needed needs new node nodes now of on one open open-source
optimal optimise optimize optimizing option options or our out output outputs own parameter parameters
params pay per plan planning please pls plz portuguese possible preferably price prices pricing private
privately production project prompt prompts provider providers question questions ready recommend
recommendation recommended reports request requests require required requires response responses reviews
right roughly russian same sample samples say see server servers set set-up setup shall should show size
sized so some source spanish spend spending spent suggest suggestion suitable support take takes task
team tell text thank thanks that the then there these this those tickets time to today token tokens
total traffic trying tweets up us use user users using version via want wanted wants way ways we we'd
we'll we're we've versus vs weights what what's whats when where which while who will with work worth would
would'd you your
"""
FILLER: Final = frozenset(_WORDS.split())
FILLER_PHRASES: Final = (
    r"at (?:the )?(?:lowest|minimal|minimum|least) (?:possible )?(?:cost|price)",
    r"as cheap(?:ly)? as possible",
    r"least expensive",
    r"most (?:economical|affordable|cost[- ]effective|cheaply)",
    r"what is the",
    r"how many",
    r"how much(?: does it cost| would it cost| will it cost| memory)?",
    r"all in",
    r"in total",
    r"lowest[- ]cost",
    r"cost[- ]effective(?:ly)?",
    r"set up",
    r"up and running",
    r"every(?:thing)? else is open",
    r"a lot of",
    r"for (?:me|us)",
    r"of (?:them|it)",
    r"(?:on|over) (?:it|them)",
    r"large language models?",
    r"w/(?=[a-z ])",
    r"mixture[- ]of[- ]experts|moe|dense",
    r"N (?:kinds|types|classes|sorts) of (?:traffic|requests|users|queries)",
    "混合专家(?:模型)?",
    "(?:N|两)(?:类|种)(?:流量|请求|用户|业务)",
    "(?:预算|时间|数量|显卡|卡|供应商)?不限",
    r"(?:a |the )?peaks?(?: rate| load| traffic)?(?: of| at| is)?(?= N)|(?:峰值|高峰(?:期)?)(?=每|N|qps)",
    r"(?:time|speed|deadline) (?:does not|doesn't|is not|isn't) (?:matter|important|critical)|no (?:rush|hurry)",
    r"(?:money|price|cost) is no object",
    "满血版?|多久(?:能|可以)?(?:训|跑|微调|生成)?完?",
    "低成本",
    "还是",
    "其[他它余]的?(?:都)?(?:可以|行|不限|随意)?",
    "花",
    r"in-house (?:data ?set|data|text|documents)",
    r"training (?:data(?: ?set)?|set|samples|examples|corpus)",
    r"no (?:deadline|budget(?: limit)?)",
    r"24[/x*]7|around the clock",
    (
        r"(?:fine-?tuned|pre-?trained|trained|instruction-tuned)(?= ?-? ?(?:L|S|model|version|llm"
        r"|checkpoint))"
    ),
    "(?:微调|训练)(?:后|好|过)的",
    "用户|客户|全天候|语言",
    r"any (?:gpus?|cards?|provider|cloud)(?: is fine| will do| is ok)?",
    r"for (?:my|our|the|a) (?:company|team|startup|project|app|application|product)",
    r"hugging ?face model",
    r"(?:end|stay|keep)s? (?:up )?(?:under|within) (?=C)",
    "最便宜(?:的)?(?:方案|办法|方法|方式|配置|选择)?",
    "最省钱(?:的)?(?:方案|办法|方法|方式|配置)?",
    "成本最低(?:的)?(?:方案|办法)?",
    "性价比(?:最高)?(?:的)?",
    "最低(?:成本|价格|费用)(?:的)?",
    "最少(?:的)?(?:钱|成本)?",
    "怎么|怎样|如何|什么|哪种|哪个|哪些|哪家|多少钱?|几(?:张|块|个|台)|多少(?:张|块|个|台)",
    "需要|需|要|想要?|希望|打算|计划|准备|能够?|可以|应该|必须|得",
    "请问?|帮我?|帮忙|麻烦|谢谢|你好|您好|给我|告诉我?",
    "我们?|咱们?|公司|团队|这个|那个|这|一下|一个|一种|一些|一套|大概|大约|左右|约",
    "方案|办法|方法|配置|选择|推荐|建议|计算|估算|算|预估|规划|设计|选型|选",
    "显卡|卡|机器|服务器|硬件|算力|资源|gpu|集群",
    "大?语?言?模型|大模型|模型|参数|数据集?|语料|文本|样本|任务|场景|项目|业务|服务",
    "成本|费用|价格|花费|钱|预算|总共|一共|总计|合计",
    (
        "完成|搞定|做完|跑完|实现|进行|做|来|去|把|对|给|让|使|将|在|用|使用|以|按|于|基于|通过|从|到|为|是|有|的|地|得|了|吗|呢|吧|啊|呀|嘛|和|与"
        "|及|或者?|并且?|同时|而且|然后|就|则|会|该|其|每|各|请求|长度|时间|延迟|流量|平均|要求|条件|目标|情况|下|上|里|中|内|时|后|所|最|好|合适|张"
        "|块|个|台|次|条|开源|私有|本地化|数据|中文|英文|一|下来|才|够|足够|划算|便宜|省钱|经济|实惠|最优|最佳"
    ),
)
