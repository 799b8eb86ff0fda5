"""A second county by data alone: 乌恰县 beside the packaged one, with what it does differently.

Its document and its villages are invented for the tests and say so. The document numbers its articles in its own way
(第一条 to 第十六条) and has no article for some of what the service asks a document for.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Final

COUNTY: Final = "653024"
TOWNSHIP: Final = "653024100000"
VILLAGE: Final = "653024100201"
DOCUMENT: Final = "虚构〔2021〕9号"

POLICY: Final = """
county = "653024"
name = "乌恰县"
based_on = "653022"

[[version]]
number = 1
document_no = "虚构〔2021〕9号"
title = "扶贫资产管理办法（供测试虚构）"
issued_on = 2021-08-01
reason = "印发。"
article = "第一条"
in_force_from = 2021-08-01
"""

THRESHOLD: Final = """
[[parameter]]
id = "P01"
name = "disposal.majorThreshold"
zh = "重大处置限额（含本数）"
unit = "YUAN"
value = "50000.00"
anchor = "本县规定"
article = "第十二条"
in_force_from = 2021-08-01
"""

NOTICE_AND_PROCEEDS: Final = """
[[parameter]]
id = "P06"
name = "notice.period"
zh = "公示期计算"
value = { days = 15, counting = "CALENDAR_DAYS", posting_day_counts = false, rest_day_rolls = true }
anchor = "本县规定"
article = "第六条"
in_force_from = 2021-08-01

[[parameter]]
id = "P24"
name = "proceeds.use"
zh = "处置所得的决定与归属"
value = { allocator = "OWNER", legal_owner_recorded = true }
anchor = "本县规定：处置所得归村集体"
article = "第十三条"
in_force_from = 2021-08-01
"""

ARTICLES: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "第一条": ("制定目的", "为管好用好扶贫资产，制定本办法", ("C0-02",)),
    "第二条": ("适用单位", "本县各乡镇、各部门和各村适用本办法", ("C0-03",)),
    "第三条": ("资金来源", "各类扶贫资金形成的资产，均应逐笔写明资金来源", ("C4.1-01", "C4.1-04", "C4.1-06")),
    "第四条": ("完工验收", "项目完工后须先验收，验收合格方可登记", ("C4.3-01",)),
    "第五条": ("单位制度", "各单位应当制定资产监督制度并成立工作专班", ("C4.3-03", "C4.3-04")),
    "第六条": ("联建资产", "几个村共同建设的资产，由乡镇会议决定份额并公示十五天", ("C4.5-06",)),
    "第七条": ("村级经营资产", "单独到村的经营资产归该村集体所有", ("C4.5-14", "C4.5-13")),
    "第八条": ("登记内容", "登记应当写明资产的名称、位置、原值和现状", ("C4.6-02",)),
    "第九条": ("签订合同", "对外经营必须签订书面合同，期限写明", ("C4.7-03", "C4.11-02", "C3-03")),
    "第十条": ("收益分配", "收益分配方案须经村民代表会议通过并报乡镇备案", ("C4.9-03", "C4.9-04")),
    "第十一条": (
        "离岗移交",
        "管理人员离岗前应当移交清楚，未移交的不得办理离岗手续",
        ("C4.10-11", "C4.10-09"),
    ),
    "第十二条": ("重大处置", "处置价值五万元以上的资产，应当委托评估", ("C4.12-04", "C4.12-02")),
    "第十三条": ("处置所得", "处置所得归原产权村集体", ("C4.12-07",)),
    "第十四条": ("禁止抵押", "任何单位不得擅自处置资产，不得用资产抵押", ("C4.12-06", "C4.12-01")),
    "第十五条": ("属地责任", "乡镇对本乡镇的资产负责", ("C4.3-12",)),
    "第十六条": ("村级台账", "村委会应当逐项登记，账物相符", ("C4.3-13", "C4.3-22")),
}
"""Number → title, words, clauses it answers."""

NOT_IN_DOCUMENT: Final = ("C4.9-10", "C4.7-13", "C5.5-01")
"""Solar income, the state platform, supporting rules: the document says nothing of them."""

CODES: Final = """
[[code]]
code = "ACCEPTANCE_REQUIRED"
zh = "还没有验收，先验收再来登记。"
en = "Not accepted yet: have it accepted, then register it."

[[code]]
code = "SIGNING_KEY_UNAVAILABLE"
zh = "本县签名密钥不在，请找管理员。"
en = "The county's signing key is away; ask an operator."
"""

DIVISIONS: Final = """code,name,level,parent_code
653024000000,乌恰县,county,
653024100000,乌恰镇,township,653024000000
653024100201,库勒阿日克村委会,village,653024100000
653024100202,托云巴什村委会,village,653024100000
653024101000,康苏镇,township,653024000000
653024101201,康西村委会,village,653024101000
"""


def document() -> str:
    """The invented document as a text."""
    articles = "\n".join(f"{number} {quote}。" for number, (_, quote, _) in ARTICLES.items())
    return f"{DOCUMENT}\n扶贫资产管理办法\n（本文件为测试而虚构，不是任何县的文件）\n{articles}\n"


def articles() -> str:
    """The county's clauses.toml."""
    none = _listed(NOT_IN_DOCUMENT)
    blocks = [
        "\n".join(
            (
                "[[clause]]",
                f'id = "{number}"',
                'section = "正文"',
                f'title = "{title}"',
                f'quote = "{quote}"',
                f"answers = [{_listed(answers)}]",
            )
        )
        for number, (title, quote, answers) in ARTICLES.items()
    ]
    return "\n\n".join((f"not_in_document = [{none}]", *blocks)) + "\n"


def _listed(keys: tuple[str, ...]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def write_second_county(folder: Path) -> Path:
    """Write the county's data under a folder; gives the county's own folder."""
    place = folder / COUNTY
    place.mkdir()
    (place / "policy.toml").write_text(POLICY, "utf-8")
    (place / "parameters.toml").write_text(THRESHOLD + NOTICE_AND_PROCEEDS, "utf-8")
    (place / "clauses.toml").write_text(articles(), "utf-8")
    (place / "codes.toml").write_text(CODES, "utf-8")
    (place / "regulation.txt").write_text(document(), "utf-8")
    (place / "divisions.csv").write_text(DIVISIONS, "utf-8")
    return place


def versions(*days: str) -> str:
    """The second county's policy.toml with a version from each of these days on."""
    head, block = POLICY.split("[[version]]")
    blocks = []
    for number, day in enumerate(days, start=1):
        one = block.replace("number = 1", f"number = {number}").replace("2021-08-01\n", f"{day}\n")
        if number < len(days):
            until = date.fromisoformat(days[number]) - timedelta(days=1)
            one = f"{one.rstrip()}\nin_force_until = {until}\n"
        blocks.append(one)
    return "[[version]]".join((head, *blocks))
