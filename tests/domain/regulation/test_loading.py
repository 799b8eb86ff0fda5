"""Loading a county: what is refused, and everything wrong at once; a second county; amendments."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest

from domain.refusals import Refusal, clauses, refuse
from domain.regulation import Amendment, Regulation, RegulationInvalid
from domain.regulation.amendments import read_value, shown_value
from domain.regulation.parameters import TYPES
from domain.values import Fen
from tests.second_county import POLICY, THRESHOLD, write_second_county

Spoil = Callable[[str, str, str], None]

R6 = 'article = "C4.5-09"\nin_force_from = 2021-06-17\n'
"""The end of row R6 of the ownership table, and of nothing else there."""


def faults(folder: Path, county: str = "653022") -> tuple[str, ...]:
    with pytest.raises(RegulationInvalid) as invalid:
        Regulation.load(folder, county)
    assert invalid.value.county == county
    assert all(fault in str(invalid.value) for fault in invalid.value.faults)
    return invalid.value.faults


def test_the_packaged_county_loads() -> None:
    regulation = Regulation.load()
    assert (regulation.county, regulation.name, regulation.first_day) == (
        "653022",
        "阿克陶县",
        date(2021, 6, 17),
    )
    assert len(regulation.versions) == 2
    assert regulation.wording.codes["FUNDING_SUM_MISMATCH"].nature == "input"


def test_a_copy_is_the_same_regulation(folder: Path) -> None:
    assert Regulation.load(folder).digest == Regulation.load().digest


def test_the_digest_sees_every_change(folder: Path, spoil: Spoil) -> None:
    spoil("intervals.toml", 'zh = "', 'zh = "每')
    digest = Regulation.load(folder).digest
    assert digest != Regulation.load().digest
    assert len(digest) == len(hashlib.sha256().hexdigest())


def test_the_digest_sees_a_change_of_the_same_length(folder: Path, spoil: Spoil) -> None:
    spoil("asset_types.toml", 'en = "Operating"', 'en = "OPERATING"')
    assert Regulation.load(folder).digest != Regulation.load().digest


def test_rows_that_overlap_are_refused(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "in_force_until = 2023-12-31", "in_force_until = 2024-01-01")
    assert faults(folder) == (
        "regimes.accounting_system（RURAL_COLLECTIVE）：有效期重叠：2021-06-17 起的一行未在 2024-01-01 之前失效",
    )


def test_a_row_without_an_end_overlaps_its_successor(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "in_force_until = 2023-12-31\n", "")
    assert "有效期重叠" in faults(folder)[0]


def test_a_gap_in_the_days_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "in_force_until = 2023-12-31", "in_force_until = 2023-12-30")
    assert faults(folder) == (
        "regimes.accounting_system（RURAL_COLLECTIVE）：有效期有空档：2023-12-30 之后至 2024-01-01 之前没有规定",
    )


def test_a_row_that_ends_before_it_begins_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("ownership_rules.toml", R6, R6 + "in_force_until = 2021-06-16\n")
    assert faults(folder) == ("ownership_rules.rule（R6）：失效日 2021-06-16 早于生效日 2021-06-17",)


def test_a_row_without_its_article_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("ownership_rules.toml", R6, "in_force_from = 2021-06-17\n")
    assert faults(folder) == ("ownership_rules.rule 第 10 行（R6）：缺少依据条款 article",)


def test_a_clause_that_does_not_exist_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("ownership_rules.toml", 'article = "C4.5-09"', 'article = "C4.5-99"')
    assert faults(folder) == ("ownership_rules.rule（R6）：没有这个条款 C4.5-99",)


def test_an_invented_quote_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("clauses.toml", "（此件公开发布）", "（此件不公开）")
    assert faults(folder) == ("clauses.toml（C0-04）：引文不在文件原文中",)


@pytest.mark.clause("C5.1-03")
def test_a_type_without_a_line_department_is_refused(folder: Path, spoil: Spoil) -> None:
    """Refuses to start with rules that leave a type without its sector department."""
    spoil("asset_types.toml", '[[line_department]]\ntype = "ROAD"', '[[line_department]]\ntype = "POWER"')
    assert "asset_types.type（ROAD）：没有行业主管部门（LINE_DEPT_UNMAPPED）" in faults(folder)


def test_an_unknown_refusal_code_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("lifecycle.toml", 'refusal = "ASSET_DISPOSED"', 'refusal = "ASSET_GONE"')
    assert faults(folder) == ("lifecycle.guard（DISPOSED_IS_FINAL）：没有这个拒绝代码 ASSET_GONE",)


def test_a_warning_cannot_refuse_nor_a_refusal_warn(folder: Path, spoil: Spoil) -> None:
    spoil("lifecycle.toml", 'refusal = "ASSET_DISPOSED"', 'refusal = "NOTICE_MISSING"')
    assert faults(folder) == ("lifecycle.guard（DISPOSED_IS_FINAL）：没有这个拒绝代码 NOTICE_MISSING",)
    spoil("lifecycle.toml", 'refusal = "NOTICE_MISSING"', 'refusal = "ASSET_DISPOSED"')
    spoil("custody.toml", 'code = "T7-PW"', 'code = "T7-PW"\nwarning = "ASSET_DISPOSED"')
    assert faults(folder) == ("custody.rule（T7-PW）：没有这个提示代码 ASSET_DISPOSED",)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("vocabularies.toml", 'list = "RISK_KIND"', 'list = "RISKS"', "缺少代码表 RISK_KIND"),
        ("chains.toml", 'code = "A4"', 'code = "A99"', "chains.chain：缺少 A4"),
        ("chains.toml", 'code = "AGGREGATE"', 'code = "SUM"', None),
        ("chains.toml", 'code = "SIGN"', 'code = "SIGNED"', "chains.chain（A4）：缺少步骤 SIGN"),
        (
            "chains.toml",
            'all_of = ["FINANCE", "RURAL_REVITALIZATION"]',
            'by = "FINANCE"',
            "须用 all_of 写明单位",
        ),
        (
            "departments.toml",
            'code = "COUNTY_GOV"',
            'code = "COUNTY"',
            "departments.organization：缺少 COUNTY_GOV",
        ),
        ("ledgers.toml", 'code = "UNIT_MASTER"', 'code = "UNIT"', "ledgers.ledger：缺少 UNIT_MASTER"),
    ],
)
def test_what_the_service_asks_for_by_name_has_to_be_there(
    folder: Path, spoil: Spoil, file: str, old: str, new: str, fault: str | None
) -> None:
    path = folder / "653022" / file
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    if fault is None:
        Regulation.load(folder)
    else:
        assert any(fault in told for told in faults(folder))


def test_what_a_row_names_has_to_be_there_as_long_as_the_row(folder: Path, spoil: Spoil) -> None:
    """A unit that ends in 2023 leaves the rows that name it without it from 2024 on."""
    path = folder / "653022" / "departments.toml"
    blocks = path.read_text("utf-8").split("[[organization]]")
    ends = [one + "in_force_until = 2023-12-31\n" if 'code = "TRANSPORT"' in one else one for one in blocks]
    path.write_text("[[organization]]".join(ends), "utf-8")
    told = faults(folder)
    assert told
    assert all("TRANSPORT（2024-01-01、2025-05-01 起）" in one for one in told)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("fund_sources.toml", 'department = "FARM_CENTER"', 'department = "FARMS"', "没有这个单位 FARMS"),
        (
            "fund_sources.toml",
            'when_flag_false = "SOCIAL_AID"',
            'when_flag_false = "AID"',
            "没有这个资金来源 AID",
        ),
        ("asset_types.toml", 'parent = "IRRIGATION"', 'parent = "WATERING"', "没有这个上级类型 WATERING"),
        ("asset_types.toml", 'subclass = "INFRASTRUCTURE"\n', "", "缺少子类"),
        ("asset_types.toml", 'units = ["公里", "米"]', 'units = ["里"]', "没有这个单位 里"),
        ("ownership_rules.toml", 'fact = "villageUse"', 'fact = "villageUsed"', "没有这个事实 villageUsed"),
        ("ownership_rules.toml", '"PAIRING_AID", ', '"PAIRED_AID", ', "没有这个fundSources 取值 PAIRED_AID"),
        ("ownership_rules.toml", 'chain = "A7"', 'chain = "A77"', "没有这个流程 A77"),
        ("ownership_rules.toml", "order = 110", "order = 100", "次序 100 与 R6 相同"),
        ("regimes.toml", 'lead_department = "FINANCE"', 'lead_department = "BANK"', "没有这个单位 BANK"),
        ("chains.toml", 'needs = ["DETERMINE"]', 'needs = ["DECIDE"]', "没有这个在前的步骤 DECIDE"),
        ("chains.toml", 'period = "P06"', 'period = "P66"', "没有这个参数 P66"),
        ("chains.toml", 'levels = ["TOWNSHIP", "AGRICULTURE"]', 'levels = ["COUNTY"]', "没有这个单位 COUNTY"),
        ("operation_modes.toml", 'modes = ["SELF_OPERATED", ', 'modes = ["SELF", ', "没有这个经营方式 SELF"),
        ("custody.toml", 'custodian = "HOUSEHOLD"', 'custodian = "NOBODY"', "没有这个管护单位 NOBODY"),
        ("external_systems.toml", 'system = "SYS_SANZI"', 'system = "SYS_X"', "没有这个系统 SYS_X"),
        ("lifecycle.toml", 'states = ["DISPOSED"]', 'states = ["BORN"]', "没有这个状态 BORN"),
        ("lifecycle.toml", 'region = "TITLE"', 'region = "MOON"', "没有这个区域 MOON"),
        ("lifecycle.toml", '"CHANGE_CONTRACT"', '"CHANGE"', "actions.3 只能是"),
        ("register_card.toml", 'field = "owners"', 'field = "owner"', "field 只能是"),
        ("parameters.toml", 'allocator = "LEADING_GROUP"', 'allocator = "KING"', "没有这个单位 KING"),
        ("parameters.toml", '"C4.5-13", "C4.7-07"', '"C4.5-13", "C9-01"', "没有这个条款 C9-01"),
        ("parameters.toml", 'exempt_uses = ["PUBLIC_POST"]', 'exempt_uses = ["FEAST"]', "没有这个用途 FEAST"),
        ("policy.toml", "number = 2", "number = 3", "版本号须从 1 起按生效日连续"),
        ("policy.toml", "in_force_until = 2025-04-30", "in_force_until = 2025-04-29", "有效期有空档"),
    ],
)
def test_a_reference_to_nothing_is_refused(
    folder: Path, spoil: Spoil, file: str, old: str, new: str, fault: str
) -> None:
    spoil(file, old, new)
    assert any(fault in told for told in faults(folder))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('value = "100000.00"', "value = 100000.0", "parameters.parameter 第 1 行（P01）"),
        ('value = "100000.00"', 'value = "10万元"', "金额"),
        ("value = 8000", "value = 80.5", "parameters.parameter"),
        ("value = 8000", "value = 10001", "须不大于 10000"),
        ("min_signers = 3, ", "", "min_signers"),
        ("value = 2013-01-01", 'value = "早些时候"', "（P16）"),
        ('id = "P37"', 'id = "P99"', "没有这个参数"),
        ("pass_fraction = [2, 3]", "pass_fraction = [2, 0]", "pass_fraction"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_refused(
    folder: Path, spoil: Spoil, old: str, new: str, fault: str
) -> None:
    spoil("parameters.toml", old, new)
    assert any(fault in told for told in faults(folder))


def test_every_parameter_must_be_there_from_the_first_day_on(folder: Path, spoil: Spoil) -> None:
    path = folder / "653022" / "parameters.toml"
    text = path.read_text("utf-8")
    rest = text.partition('[[parameter]]\nid = "P37"')[2].partition("[[parameter]]")
    path.write_text(text.partition('[[parameter]]\nid = "P37"')[0] + rest[1] + rest[2], "utf-8")
    assert faults(folder) == ("parameters：缺少参数 P37",)


def test_a_parameter_that_runs_out_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil(
        "parameters.toml",
        "in_force_from = 2021-06-17",
        "in_force_from = 2021-06-17\nin_force_until = 2030-12-31",
    )
    assert faults(folder) == ("parameters：P01 到期后没有规定",)


def test_a_parameter_that_starts_late_is_refused(folder: Path, spoil: Spoil) -> None:
    spoil("parameters.toml", "in_force_from = 2021-06-17", "in_force_from = 2021-06-18")
    assert faults(folder) == ("parameters：P01 在第一个版本生效时没有规定",)


def test_misspelt_fields_and_blocks_are_refused(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "[[accounting_system]]", "[[acounting_system]]")
    spoil("asset_types.toml", 'zh = "公益类"', 'chinese = "公益类"')
    told = faults(folder)
    assert "653022：regimes.toml 中没有 [[acounting_system]] 这种块" in told
    assert any("asset_types.class" in fault and "chinese" in fault for fault in told)


def test_the_files_have_one_spelling_of_their_fields(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "lead_department =", "leadDepartment =")
    assert any("leadDepartment" in fault or "lead_department" in fault for fault in faults(folder))


def test_a_condition_tests_exactly_one_thing(folder: Path, spoil: Spoil) -> None:
    spoil("ownership_rules.toml", 'is_in = ["HOUSEHOLD"]', 'is_in = ["HOUSEHOLD"], equals = true')
    assert any("须且只能有" in fault for fault in faults(folder))


def test_everything_wrong_is_told_at_once(folder: Path, spoil: Spoil) -> None:
    spoil("regimes.toml", "in_force_until = 2023-12-31", "in_force_until = 2023-12-30")
    spoil("ownership_rules.toml", R6, "in_force_from = 2021-06-17\n")
    spoil("parameters.toml", 'value = "100000.00"', "value = 1")
    (folder / "653022" / "custody.toml").unlink()
    (folder / "653022" / "chains.toml").write_text("[[chain", "utf-8")
    told = " ".join(faults(folder))
    for part in ("有效期有空档", "缺少依据条款", "（P01）", "缺少文件 custody.toml", "chains.toml 无法读取"):
        assert part in told


def test_references_are_all_told_at_once(folder: Path, spoil: Spoil) -> None:
    spoil("lifecycle.toml", 'refusal = "ASSET_DISPOSED"', 'refusal = "ASSET_GONE"')
    spoil("fund_sources.toml", 'department = "FARM_CENTER"', 'department = "FARMS"')
    spoil("regimes.toml", "in_force_until = 2023-12-31", "in_force_until = 2023-12-30")
    assert len(faults(folder)) == 3


def test_an_unknown_county_is_refused(folder: Path) -> None:
    assert faults(folder, "110000") == ("没有县 110000 的政策数据",)


# ---- a second county -----------------------------------------------------------------------------------------------


@pytest.fixture
def wuqia(tmp_path: Path) -> Path:
    """A second county that says only what differs, by its own document; it lies beside no packaged data."""
    write_second_county(tmp_path)
    return tmp_path


def test_a_second_county_is_data_alone(wuqia: Path) -> None:
    ours, theirs = Regulation.load(), Regulation.load(wuqia, "653024")
    day = date(2022, 1, 1)
    assert ours.on(day).parameters["P01"] == Fen(10_000_000)
    assert theirs.on(day).parameters["P01"] == Fen(5_000_000)
    assert theirs.on(day).policy == "653024/虚构〔2021〕9号#1"
    assert (theirs.name, theirs.first_day) == ("乌恰县", date(2021, 8, 1))
    assert theirs.digest != ours.digest


def test_what_a_second_county_does_not_say_it_inherits(wuqia: Path) -> None:
    ours, theirs = Regulation.load(), Regulation.load(wuqia, "653024")
    day = date(2025, 5, 1)
    for parameter in ("P02", "P10", "P18"):
        assert theirs.on(day).parameter_row(parameter).value == ours.on(day).parameter_row(parameter).value
    assert [row.code for row in theirs.rows["ownership_rules.rule"]] == [
        row.code for row in ours.rows["ownership_rules.rule"]
    ]


def test_what_a_second_county_inherits_counts_from_its_own_first_day(wuqia: Path) -> None:
    """What the other county had from its beginning; what came later there keeps its day."""
    theirs = Regulation.load(wuqia, "653024")
    assert {row.in_force_from for row in theirs.rows["vocabularies.term"]} == {date(2021, 8, 1)}
    books = [row for row in theirs.rows["regimes.accounting_system"] if row.key == ("RURAL_COLLECTIVE",)]
    assert [(row.in_force_from, row.in_force_until) for row in books] == [
        (date(2021, 8, 1), date(2023, 12, 31)),
        (date(2024, 1, 1), None),
    ]


@pytest.mark.parametrize(
    "first_day", ["2013-01-01", "2021-06-16", "2021-06-17", "2021-06-18", "2024-01-01", "2026-02-28"]
)
def test_a_second_county_may_begin_on_any_day(wuqia: Path, first_day: str) -> None:
    """Before the county it is based on, with it, after it, after a law changed: its rules are whole from its first day."""
    for file in (wuqia / "653024").iterdir():
        file.write_text(file.read_text("utf-8").replace("2021-08-01", first_day), "utf-8")
    theirs = Regulation.load(wuqia, "653024")
    assert theirs.first_day == date.fromisoformat(first_day)
    for since, _ in theirs.intervals:
        rules = theirs.on(since)
        assert rules.risk_kinds == Regulation.load().on(date(2021, 6, 17)).risk_kinds
        assert rules.accounting_system("RURAL_COLLECTIVE").in_force(since)
    meetings = theirs.on(date(2026, 3, 1)).parameters["P10"]
    assert meetings == Regulation.load().on(date(2026, 3, 1)).parameters["P10"]


def test_what_a_second_county_inherits_is_not_anchored_in_the_other_s_words(wuqia: Path) -> None:
    """“公示十日” is a reason in the county that says so; who takes the figure over says whose it was."""
    theirs = Regulation.load(wuqia, "653024")
    anchors = {row.id: row.anchor for row in theirs.rows["parameters.parameter"]}
    assert anchors["P01"] == "本县规定"
    assert {anchor for key, anchor in anchors.items() if key not in {"P01", "P06", "P24"}} == {
        "沿用阿克陶县（653022）"
    }
    assert {row.anchor for row in theirs.rows["intervals.interval"]} == {"沿用阿克陶县（653022）"}


def test_a_row_that_had_ended_before_the_heir_began_is_not_inherited(wuqia: Path) -> None:
    for file in (wuqia / "653024").iterdir():
        file.write_text(file.read_text("utf-8").replace("2021-08-01", "2024-01-01"), "utf-8")
    books = Regulation.load(wuqia, "653024").rows["regimes.accounting_system"]
    assert [row.in_force_from for row in books if row.key == ("RURAL_COLLECTIVE",)] == [date(2024, 1, 1)]


def test_a_second_county_never_inherits_documents_articles_or_words(wuqia: Path) -> None:
    ours, theirs = Regulation.load(), Regulation.load(wuqia, "653024")
    assert theirs.rows["policy.document"] == ()
    assert "阿克陶" not in theirs.text
    assert not {one.quote for one in theirs.articles.by_number.values()} & {
        one.quote for one in ours.articles.by_number.values()
    }
    (wuqia / "653024" / "clauses.toml").unlink()
    (wuqia / "653024" / "regulation.txt").unlink()
    for file in ("policy.toml", "parameters.toml"):
        place = wuqia / "653024" / file
        keys = {"第一条": "C0-02", "第六条": "C4.5-06", "第十二条": "C4.12-04", "第十三条": "C4.12-07"}
        text = place.read_text("utf-8")
        for number, key in keys.items():
            text = text.replace(number, key)
        place.write_text(text, "utf-8")
    without = Regulation.load(wuqia, "653024")
    assert (without.text, without.articles.open) == ("", tuple(clauses()))


# ---- a county's own numbers ----------------------------------------------------------------------------------------


def test_a_county_numbers_its_articles_and_maps_them(wuqia: Path) -> None:
    theirs = Regulation.load(wuqia, "653024")
    row = theirs.on(date(2022, 1, 1)).parameter_row("P01")
    assert (row.article, theirs.article_id(row.article)) == ("C4.12-04", "第十二条")
    assert theirs.article_id("C4.12-02") == "第十二条"
    assert theirs.article_id("C4.9-10") is None
    assert theirs.articles.not_in_document == ("C4.9-10", "C4.7-13", "C5.5-01")
    said = theirs.wording.said(refuse("HANDOVER_INCOMPLETE", clause="C4.10-11"))
    assert (said.clause, said.article.id) == ("C4.10-11", "第十一条")
    assert said.quote == "管理人员离岗前应当移交清楚，未移交的不得办理离岗手续"
    nothing = theirs.wording.said(refuse("CODE_UNKNOWN", clause="C4.2-01"))
    assert (nothing.clause, nothing.article, nothing.quote) == ("C4.2-01", None, None)


def test_a_table_may_name_an_article_or_a_clause(wuqia: Path) -> None:
    place = wuqia / "653024" / "parameters.toml"
    by_number = Regulation.load(wuqia, "653024").on(date(2022, 1, 1)).parameter_row("P24")
    place.write_text(place.read_text("utf-8").replace("第十三条", "C4.12-07"), "utf-8")
    assert Regulation.load(wuqia, "653024").on(date(2022, 1, 1)).parameter_row("P24") == by_number


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('id = "第二条"', 'id = "第一条"', "clauses.toml（第一条）：条款编号重复"),
        ('answers = ["C0-03"]', 'answers = ["C0-02"]', "clauses.toml：C0-02 只能对应一条条文"),
        ('answers = ["C0-03"]', 'answers = ["C9-09"]', "clauses.toml：没有 C9-09 这项要求"),
        ('answers = ["C0-03"]', 'answers = ["C4.9-10"]', "clauses.toml：C4.9-10 已有条文对应"),
        ('not_in_document = ["C4.9-10"', 'not_in_document = ["C9-09"', "clauses.toml：没有 C9-09 这项要求"),
        ('answers = ["C4.12-07"]', "answers = []", "条文 第十三条 没有写明它对应的要求"),
        ("逐项登记，账物相符", "逐项登记", None),
        ("逐项登记，账物相符", "逐项登记，不得遗漏", "clauses.toml（第十六条）：引文不在文件原文中"),
    ],
)
def test_what_is_wrong_with_a_county_s_articles_is_told(
    wuqia: Path, old: str, new: str, fault: str | None
) -> None:
    place = wuqia / "653024" / "clauses.toml"
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")
    if fault is None:
        Regulation.load(wuqia, "653024")
    else:
        assert any(fault in told for told in faults(wuqia, "653024"))


def test_a_second_county_may_word_a_code_and_add_one(wuqia: Path) -> None:
    (wuqia / "653024" / "codes.toml").write_text(
        """
[[code]]
code = "NOT_FOUND"
zh = "查无此项。"
en = "There is none."

[[code]]
code = "PASTURE_CLOSED"
kind = "hard"
nature = "rule"
clauses = ["C3-08"]
zh = "草场禁牧。"
en = "The pasture is closed."
""",
        "utf-8",
    )
    theirs = Regulation.load(wuqia, "653024")
    assert theirs.wording.codes["NOT_FOUND"].zh == "查无此项。"
    assert theirs.wording.codes["PASTURE_CLOSED"].clauses == ("C3-08",)
    assert len(theirs.wording.codes) == len(Regulation.load().wording.codes) + 1


def test_a_second_county_cannot_change_what_a_code_is(wuqia: Path) -> None:
    (wuqia / "653024" / "codes.toml").write_text(
        '[[code]]\ncode = "NOT_FOUND"\nkind = "warning"\nnature = "absent"\norigin = "service"\nzh = "无"\nen = "-"\n',
        "utf-8",
    )
    assert faults(wuqia, "653024") == ("codes.toml（NOT_FOUND）：不得改变代码的 kind 和 nature",)


def test_a_second_county_never_inherits_divisions(wuqia: Path) -> None:
    assert [row.code for row in Regulation.load(wuqia, "653024").divisions][:2] == [
        "653024000000",
        "653024100000",
    ]
    (wuqia / "653024" / "divisions.csv").unlink()
    assert faults(wuqia, "653024") == ("653024：缺少文件 divisions.csv",)


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ("653024101201,康西村委会,village,653024101000", "653024101201,康西村委会,village,653024109000"),
        ("653024101201,康西村委会,village,653024101000", "653022101201,康西村委会,village,653024101000"),
        ("653024101201,康西村委会,village,653024101000", "653024101201,康西村委会,hamlet,653024101000"),
        ("653024101201,康西村委会,village,653024101000", "653024101201,,village,653024101000"),
        ("653024101201,康西村委会,village,653024101000", "653024101000,康西村委会,village,653024101000"),
        ("653024000000,乌恰县,county,", "653024000000,乌恰县,township,653024100000"),
        ("code,name,level,parent_code", "code,name,level,parent"),
    ],
)
def test_divisions_that_do_not_hang_together_are_told(wuqia: Path, spoilt: str, told: str) -> None:
    divisions = wuqia / "653024" / "divisions.csv"
    text = divisions.read_text("utf-8")
    assert spoilt in text
    divisions.write_text(text.replace(spoilt, told), "utf-8")
    assert all(fault.startswith("divisions.csv") for fault in faults(wuqia, "653024"))


def test_counties_based_on_each_other_are_refused(wuqia: Path) -> None:
    policy = wuqia / "653024" / "policy.toml"
    policy.write_text(POLICY.replace('based_on = "653022"', 'based_on = "653024"'), "utf-8")
    assert "653024：based_on 循环引用 653024" in faults(wuqia, "653024")


def test_a_folder_speaks_for_its_own_county(folder: Path) -> None:
    (folder / "653022").rename(folder / "653023")
    assert "653023：policy.toml 的 county 是 653022" in faults(folder, "653023")


def test_a_second_county_tells_its_own_mistakes(wuqia: Path) -> None:
    parameters = wuqia / "653024" / "parameters.toml"
    parameters.write_text(THRESHOLD.replace("2021-08-01", "2021-08-02"), "utf-8")
    assert faults(wuqia, "653024") == ("parameters：P01 在第一个版本生效时没有规定",)


# ---- amendments ----------------------------------------------------------------------------------------------------


def amendment(number: int, parameter: str, value: object, begins: date) -> Amendment:
    return Amendment(number, parameter, read_value(parameter, value), begins, f"县政府决定 {number}")


def test_an_amendment_counts_from_its_day_on(regulation: Regulation) -> None:
    changed = regulation.amended([amendment(1, "P01", "200000.00", date(2027, 1, 1))])
    assert changed.on(date(2026, 12, 31)).parameters["P01"] == Fen(10_000_000)
    assert changed.on(date(2027, 1, 1)).parameters["P01"] == Fen(20_000_000)
    assert changed.on(date(2027, 1, 1)).parameter_row("P01").anchor == "县政府决定 1"
    assert regulation.on(date(2027, 1, 1)).parameters["P01"] == Fen(10_000_000)
    assert changed.digest != regulation.digest
    assert changed.intervals[-1] == (date(2027, 1, 1), None)


def test_what_a_decision_stores_names_the_last_amendment_that_counts(regulation: Regulation) -> None:
    changed = regulation.amended(
        [amendment(1, "P01", "200000.00", date(2027, 1, 1)), amendment(2, "P19", 10, date(2026, 1, 1))]
    )
    days = (date(2025, 12, 31), date(2026, 6, 1), date(2027, 1, 1))
    assert [changed.on(day).policy.partition("#")[2] for day in days] == ["2", "2+2", "2+2"]
    assert regulation.amended([]) is regulation


def test_amendments_of_one_parameter_follow_each_other(regulation: Regulation) -> None:
    today = date(2026, 11, 23)
    twice = regulation.amended([amendment(1, "P19", 10, today), amendment(2, "P19", 12, today)])
    assert twice.on(today).parameters["P19"] == 12
    assert twice.on(date(2026, 11, 22)).parameters["P19"] == 15


def test_an_amendment_holds_until_the_next_one_already_planned(regulation: Regulation) -> None:
    planned = regulation.amended([amendment(1, "P19", 20, date(2028, 1, 1))])
    both = planned.amended([amendment(2, "P19", 10, date(2027, 1, 1))])
    days = (date(2026, 11, 23), date(2027, 6, 1), date(2028, 1, 1))
    assert [both.on(day).parameters["P19"] for day in days] == [15, 10, 20]


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("P99", 1, "CODE_UNKNOWN"),
        ("P01", "10万", "FIELD_INVALID"),
        ("P01", 100000, "FIELD_INVALID"),
        ("P19", 0, "FIELD_INVALID"),
        ("P13", {"idleDays": 1}, "FIELD_INVALID"),
    ],
)
def test_a_value_must_fit_its_parameter(parameter: str, value: object, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_value(parameter, value)
    assert refusal.value.code == code


def test_every_value_is_shown_as_it_is_read(regulation: Regulation) -> None:
    for parameter in TYPES:
        value = regulation.on(date(2025, 5, 1)).parameter_row(parameter).value
        shown = shown_value(parameter, value)
        assert read_value(parameter, orjson.loads(orjson.dumps(shown))) == value, parameter


def test_an_amendment_that_names_nothing_is_refused_whole(regulation: Regulation) -> None:
    value = {"allocator": "KING", "legalOwnerRecorded": True}
    with pytest.raises(RegulationInvalid):
        regulation.amended([amendment(1, "P24", value, date(2027, 1, 1))])


def test_refusals_are_worded_by_the_packaged_catalogue() -> None:
    assert refuse("NOT_FOUND", what="A1").detail_zh == "没有找到：A1，请核对编号。"
