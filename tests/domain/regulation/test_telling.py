"""Parameters of refusals in Chinese: what each is its code says, and a clerk reads no identifier."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import domain
import service
from domain.refusals import CodeEntry, catalogue, refuse
from domain.regulation import Regulation, RegulationInvalid
from domain.regulation.telling import AS_IT_STANDS, OWN_KINDS
from tests.chinese import identifiers_in

NAME = re.compile(r"\{(\w+)\}")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
AS_THEY_ARE = {
    "API", "ASCII", "ETag", "GB18030", "GiB", "HTTP", "Host", "Idempotency-Key", "If-Match", "JSON", "MiB", "TAIZHANG_KEYS",
    "TAIZHANG_MASTERS", "UTF-8", "challenge", "county", "csv", "doctor", "policy", "check", "taizhang", "thorough", "verify", "2xx", "xx",
    "webhook.verification", "xlsx", "--thorough",
}  # fmt: skip
"""Names of headers, formats, settings and commands, which have no Chinese."""


def said(code: str, **params: Any) -> str:
    return Regulation.load().wording.said(refuse(code, **params)).detail_zh


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.code)
def test_code_says_what_each_parameter_of_its_sentences_is(entry: CodeEntry) -> None:
    named = set(NAME.findall(entry.zh + entry.en))
    assert set(entry.tells) == named
    telling = Regulation.load().wording.telling
    for kinds in entry.tells.values():
        for kind in kinds:
            assert kind in OWN_KINDS or telling.words(kind), f"nobody has words for {kind}"


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.code)
def test_chinese_sentence_itself_has_no_identifier(entry: CodeEntry) -> None:
    fixed = re.sub(r"/v1/[a-z-]+", "", NAME.sub("", entry.zh))
    left = {one.strip(".-") for one in LATIN.findall(fixed)} - {one.strip(".-") for one in AS_THEY_ARE}
    assert {one for one in left if not re.fullmatch(r"[A-Z]|[A-Z][0-9]+|x?h?", one)} == set()


@pytest.mark.parametrize(
    ("code", "params", "told"),
    [  # rows of the examination by a county office's editor, told by hand
        (
            "TYPE_CLASS_MISMATCH",
            {"type": "PROCESSING", "expected": "OPERATING", "given": "PUBLIC_WELFARE"},
            "属于经营类，填报为公益类",
        ),
        (
            "STEP_OUT_OF_ORDER",
            {"step": "depreciation", "state": "NOT_IN_USE", "missing": ["putIntoUse"]},
            "计提折旧，现为“未投入使用”，请先办理：投入使用登记",
        ),
        (
            "FORBIDDEN_JURISDICTION",
            {"organization": "653022202000", "place": "653022202208"},
            "所在地（巴仁村（653022202208））不在本单位（巴仁乡（653022202000））管辖范围内",
        ),
        ("GUIDING_DEPT_MISMATCH", {"derived": "RURAL_REVITALIZATION", "given": "FINANCE"}, "应为 县乡村振兴局，填报为 县财政局"),
        (
            "OWNER_RULE_CONFLICT",
            {"rule": "R5", "expected": "653022202208", "given": "WATER"},
            "按“单独到村的经营资产归村集体”，应为巴仁村（653022202208），填报为县水利局",
        ),
        ("WELL_OPERATING_NOT_DISPOSABLE", {"state": "IN_USE"}, "使用状况：在用"),
        (
            "HANDOVER_INCOMPLETE",
            {"missing": ["signature:SUPERVISOR"]},
            "尚缺：签字:监交人",
        ),
        (
            "RULE_GAP",
            {"table": "T3", "facts": "assetClass=OPERATING，titleUnclear=True，projectScope=SINGLE_VILLAGE"},
            "资产类别：经营类，产权是否不明晰：是，项目范围：",
        ),
        ("ROLE_NOT_ALLOWED", {"role": "REGISTRAR", "missing": ["OFFICE（ASSET_OFFICE）"]}, "本账号（登记经办）不能办理此事项"),
        ("NOTICE_PLACE_MISSING", {"missing": ["PROJECT_VILLAGE"]}, "缺少：项目所在村"),
        ("ACCOUNT_NOT_COLLECTIVE", {"account": "PERSONAL"}, "填报为个人账户"),
        ("APPROVAL_LEVEL_TOO_LOW", {"level": "TOWNSHIP", "required": "COUNTY_GOV", "value": "240000.00"}, "须由县人民政府批准"),
        ("FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY", {"position": "VILLAGE_DIRECTOR"}, "填报职务为村委会主任"),
        ("DATE_ORDER", {"earlier": "contracts[contract].terms.startsOn", "later": "endedOn"}, "起始日 不得晚于 终止日期"),
        ("SPREADSHEET_UNREADABLE", {"reason": "没有内容 / nothing in it"}, "读取：没有内容；"),
    ],
)  # fmt: skip
def test_sentence_says_codes_units_and_steps_in_chinese(
    code: str, params: Mapping[str, Any], told: str
) -> None:
    sentence = said(code, **params)
    assert told in sentence
    assert identifiers_in(sentence) == []


def named_in_the_source() -> Iterator[tuple[str, str, str]]:
    """Code, parameter and value, of every code of a list that the packages write at a place that refuses."""
    for package in (domain, service):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            for call in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(call, ast.Call):
                    continue
                texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
                code = next((one for one in texts if isinstance(one, str) and one in catalogue()), None)
                for keyword in call.keywords if code is not None else ():
                    several = [keyword.value, *getattr(keyword.value, "elts", ())]
                    for one in several:
                        if (
                            isinstance(one, ast.Constant)
                            and isinstance(one.value, str)
                            and one.value.isascii()
                        ):
                            yield str(code), str(keyword.arg), one.value


def test_every_step_and_state_that_the_source_names_has_its_words() -> None:
    """Fields are told by the request; what else a refusal names by a word of the program is told in Chinese."""
    wording = Regulation.load().wording
    told_otherwise = AS_IT_STANDS | {"anchor", "field", "reason"}
    named = [
        (code, parameter, value)
        for code, parameter, value in named_in_the_source()
        if (kinds := set(catalogue()[code].tells.get(parameter, ()))) and not kinds & told_otherwise
    ]
    assert len(named) > 60
    untold = [
        (code, parameter, value)
        for code, parameter, value in named
        if wording.telling.told(catalogue()[code].tells, {parameter: value}, {})[parameter] == value
    ]
    assert untold == []


def test_reason_that_is_said_in_both_languages_is_said_in_the_one_that_is_read() -> None:
    refusal = refuse("SPREADSHEET_UNREADABLE", reason="没有内容 / nothing in it")
    assert "nothing in it" in refusal.detail_en and "没有内容" not in refusal.detail_en


def test_what_is_stored_and_answered_to_programs_stays_a_code() -> None:
    wording = Regulation.load().wording
    refusal = wording.said(refuse("STEP_OUT_OF_ORDER", step="seal", state="OPEN", missing=["successor"]))
    assert refusal.params == {"step": "seal", "state": "OPEN"}
    assert refusal.missing == ("successor",)
    assert "seal" in refusal.detail_en and "successor" in refusal.detail_en


def test_warning_of_a_county_is_said_in_its_words() -> None:
    found = Regulation.load().wording.warning("NOTICE_MISSING", step="operatingContract")
    topics = Regulation.load().wording.warning("UNIT_RULE_MISSING", topics=["OWNERSHIP", "USE"])
    assert "归属、使用" in topics.detail_zh
    assert "（经营合同）" in found.detail_zh and found.params == {"step": "operatingContract"}


def test_kind_of_parameter_that_nothing_tells_is_a_fault_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "653022"
    folder.mkdir()
    own = '[[code]]\ncode = "NOT_FOUND"\nzh = "没有[{what}]。"\nen = "No[ {what}]."\ntells = { what = "kolour" }\n'
    (folder / "codes.toml").write_text(own, "utf-8")
    with pytest.raises(RegulationInvalid, match="kolour"):
        Regulation.load(tmp_path)


def test_name_that_nobody_knows_is_told_as_it_stands() -> None:
    assert "填报为N-9" in said("REGIME_MISMATCH", derived="RURAL_COLLECTIVE", given="N-9")
