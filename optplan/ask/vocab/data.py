"""The data: bytes, tokens, samples, epochs, sequences."""

from __future__ import annotations

from typing import Final

from optplan.ask.vocab.meaning import TOKENS, Meaning, every, first

_SAMPLES = (
    r"(?:(?:training|labell?ed|instruction|annotated|chat|input|customer|support|user|product"
    r"|product|synthetic|q&a|qa|question-answer|call|job|legal|medical|news|long|short|english"
    r"|chinese|text|raw) )*(?:samples?|examples?|rows?|records?|instructions|pairs"
    r"|conversations|dialogues|tweets|documents?|docs?|reviews|articles|emails?|tickets"
    r"|complaints|descriptions?|products|transcripts?|listings?|resumes|cvs|contracts|invoices|transactions"
    r"|events|logs|lines|snippets|functions|titles|headlines|paragraphs|passages|patents|claims|notes|books"
    r"|chapters|images|pictures|photos|pages|papers|pdfs?|files|posts|messages|chunks|abstracts"
    r"|comments|texts|sentences|items|entries|questions|prompts|requests|queries|completions"
    r"|answers)"
)
_CN_NOUN = (
    r"(?:训练|标注|指令|对话|用户|客户)?(?:样本|数据|对话|记录|指令|文档|文章|评论"
    r"|推文|邮件|工单|投诉|语料|请求|提示词?|句子|句话|图片|图像|照片|问题)"
)
_CN_SAMPLES = rf"(?:(?:条|份|篇|段|封){_CN_NOUN}?|(?:个|张|幅)?{_CN_NOUN})"
_DATA = (
    r"(?: (?:of )?(?:the )?(?:training |text |raw |our |my |plain )?(?:data ?sets?|data|text"
    r"|corpus|corpora|documents?|logs?|code|transcripts?|reviews|emails|articles|books|pdfs?|papers|数据集?|语料|文本))"
)
DATA: Final = (
    Meaning(
        "data_bytes",
        first,
        (
            rf"Y{_DATA}",
            r"(?:on|over|with|from) (?:an? |the )?Y(?! ?(?:of )?(?:v?ram|memory|gpu|card|显存))",
            r"Y(?:的|训练|文本|中文|英文)*(?:数据集?|语料|文本|日志|文档|代码)",
            r"(?:data ?sets?|data|数据集?|语料)(?: size)?(?: of| is| :| =|大小|量|有|是|为|约)* ?Y",
        ),
    ),
    Meaning(
        "data_tokens",
        first,
        (
            rf"N{TOKENS}(?: worth)?{_DATA}?(?! ?/)",
            rf"(?:data ?sets?|data|数据集?|语料)(?: size)?(?: of| is| :| =|大小|量|有|是|为|约)* ?N{TOKENS}",
            rf"N(?: training)(?: tokens?){_DATA}?",
            rf"N{TOKENS}的?(?:训练|文本)?(?:数据集?|语料|文本)",
        ),
    ),
    Meaning(
        "data_words", first, (rf"(?:N|S)(?: english| french| german| spanish)? words(?: worth)?{_DATA}?",)
    ),
    Meaning(
        "data_letters",
        first,
        (
            r"N chinese (?:words|characters)",
            r"N ?(?:个)?(?:汉字|中文字|字)(?:符)?的?(?:训练|文本)?(?:数据集?|语料|文本)?",
        ),
    ),
    Meaning(
        "samples",
        every,
        (
            rf"N {_SAMPLES}(?: data ?set)?",
            rf"N ?{_CN_SAMPLES}",
            (
                rf"N {_SAMPLES},? (?:of|with|at|x|\*|averaging|about|around|each)* ?(?:about |around "
                rf"|~)?N(?: ?-? ?tokens?)(?: each| long| apiece| on average| per (?:sample|example|row))?"
            ),
            rf"N {_SAMPLES} \(N tokens(?: each)?\)",
            rf"N ?{_CN_SAMPLES}(?:,|;|的|长度)*(?:每条|每个|每份|每篇|平均|各)+(?:约|大约|长度)*N{TOKENS}",
        ),
    ),
    Meaning(
        "sample_tokens",
        first,
        (
            (
                r"N tokens? (?:each|apiece|on average|long|avg|average|per (?:sample|example|row|document"
                r"|doc|record|article|email|prompt))"
            ),
            r"(?:avg|average|averaging|mean)(?: of| length)* N tokens?",
            r"each (?:of )?N tokens?(?: long)?(?! (?:in|out))",
            r"每(?:条|个|份|篇)(?:样本|数据|文档)?(?:约|大约|平均|长度)*N ?(?:个)?tokens?",
        ),
    ),
    Meaning(
        "epochs",
        first,
        (
            r"(?:for |over |x ?|\* ?)?# (?:epochs?|passes|rounds)(?: over the data)?",
            r"epochs?(?: =| :| of)? #",
            r"(?:训练|跑|训|微调)?# ?个?(?:轮|epochs?|遍)(?:次)?",
        ),
    ),
    Meaning(
        "sequence",
        first,
        (
            (
                r"(?:max(?:imum)? |long )?(?:seq(?:uence)?|context|ctx)(?:[- ]?(?:len(?:gth)?|window"
                r"|size))?s?(?: of| :| =| is| up to| at)? N(?: tokens?)?"
            ),
            r"(?:max )?len(?:gth)?(?: of| :| =)? N",
            (
                r"N(?:[- ]tokens?)?[ -](?:long )?(?:seq(?:uence)?|context|ctx)(?:[- ]?(?:len(?:gth)?"
                r"|window|size))?s?"
            ),
            r"(?:最大|长|超长)?(?:序列|上下文)(?:长度|窗口)?(?:为|是|约|:|=)? ?N",
            r"N ?的?(?:上下文|序列)(?:长度|窗口)?",
        ),
    ),
    Meaning("sequence", first, (r"seq_?len ?=? ?N",)),
)
