"""The catalogue of codes, and what a refusal says."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given, strategies as st

from domain.refusals import catalogue, clauses, refuse, render, warning
from domain.values import Fen

CODES = sorted(catalogue().values(), key=lambda entry: entry.code)
OPTIONAL = re.compile(r"\[[^\[\]]*\]")
NAME = re.compile(r"\{(\w+)\}")


def test_the_matrix_has_152_refusals_and_20_warnings() -> None:
    named = [entry for entry in CODES if entry.origin == "regulation"]
    assert sum(entry.kind != "warning" for entry in named) == 152
    assert sum(entry.kind == "warning" for entry in named) == 20


@pytest.mark.parametrize("entry", CODES, ids=lambda entry: entry.code)
def test_every_code_speaks_both_languages_and_stands_on_a_clause(entry) -> None:
    assert re.search(r"[\u4e00-\u9fff]", entry.zh)
    assert re.search(r"[A-Za-z]", entry.en)
    assert not re.search(r"[\u4e00-\u9fff]", entry.en)
    assert entry.clauses or entry.origin == "service"
    assert set(entry.clauses) <= set(clauses())
    for sentence in (entry.zh, entry.en):
        said_always = OPTIONAL.sub("", sentence)
        assert not re.search(r"[{}\[\]]", said_always), "parameters stand only in optional parts"
        assert render(sentence, {}, "") == said_always
    assert set(NAME.findall(entry.zh)) == set(NAME.findall(entry.en))


@pytest.mark.parametrize("entry", CODES, ids=lambda entry: entry.code)
def test_every_code_can_be_said_with_all_its_parameters(entry) -> None:
    params = {name: f"<{name}>" for name in NAME.findall(entry.zh) if name != "missing"}
    said = (
        warning(entry.code, **params)
        if entry.kind == "warning"
        else refuse(entry.code, missing=["<missing>"], **params)
    )
    for sentence, detail in ((entry.zh, said.detail_zh), (entry.en, said.detail_en)):
        assert not re.search(r"[{}\[\]]", detail)
        assert all(f"<{name}>" in detail for name in NAME.findall(sentence))


def test_what_can_be_overridden_is_what_the_regulation_says_in_principle() -> None:
    overridable = {entry.code for entry in CODES if entry.kind == "overridable"}
    assert overridable == {
        "OWNER_RULE_CONFLICT",
        "MODE_NOT_ALLOWED_FOR_CLASS",
        "INCENTIVE_CAP_EXCEEDED",
        "WELL_OPERATING_NOT_DISPOSABLE",
        "OUTCOME_NOT_ALLOWED_FOR_CLASS",
    }


def test_an_owner_conflict_is_lifted_only_where_the_text_says_in_principle() -> None:
    in_principle = refuse("OWNER_RULE_CONFLICT", clause="C4.5-13")
    strict = refuse("OWNER_RULE_CONFLICT", clause="C4.5-14")
    assert (in_principle.kind, in_principle.lifted_by) == ("overridable", "POLICY_OVERRIDE")
    assert (strict.kind, strict.lifted_by) == ("hard", None)
    assert refuse("OWNER_RULE_CONFLICT").kind == "hard"
    assert refuse("WELL_OPERATING_NOT_DISPOSABLE").kind == "overridable"


def test_a_refusal_carries_clause_and_what_is_missing_and_no_county_s_words() -> None:
    refusal = refuse("ACCEPTANCE_REQUIRED", missing=["acceptance"])
    assert refusal.clause == "C4.3-01"
    assert (refusal.article, refusal.quote) == (None, None)
    assert refusal.missing == ("acceptance",)
    assert str(refusal).startswith("ACCEPTANCE_REQUIRED: ")


def test_a_code_of_the_service_needs_no_clause() -> None:
    refusal = refuse("NOT_FOUND", what="A1")
    assert (refusal.clause, refusal.quote, refusal.nature) == (None, None, "absent")


def test_optional_parts_are_said_only_when_all_their_names_were_given() -> None:
    assert "合计" in refuse("FUNDING_SUM_MISMATCH", funded="1.00", originalValue="2.00").detail_zh
    assert "合计 1.00" not in refuse("FUNDING_SUM_MISMATCH", funded="1.00").detail_zh
    assert render("甲[：{a}][，{b}]。", {"a": 1}, "") == "甲：1。"
    assert render("甲[，{missing}]。", {}, "乙、丙") == "甲，乙、丙。"
    assert render("甲[，{missing}]。", {}, "") == "甲。"


def test_what_a_parameter_says_is_not_read_again_as_a_sentence() -> None:
    assert render("甲[：{a}]。", {"a": "[{b}]", "b": "x"}, "") == "甲：[{b}]。"


def test_lists_are_joined_in_each_language() -> None:
    refusal = refuse("STEP_OUT_OF_ORDER", state="X", step="Y", missing=["a", "b"])
    assert "a、b" in refusal.detail_zh
    assert "a, b" in refusal.detail_en


class Level(Enum):
    COUNTY = "county"


def test_parameters_are_json_values() -> None:
    refusal = refuse(
        "NOT_FOUND",
        amount=Fen(123456),
        day=date(2021, 6, 17),
        quantity=Decimal("1.50"),
        level=Level.COUNTY,
        parties=frozenset({"b", "a"}),
        amounts=(Fen(1), 2),
        absent=None,
        flag=True,
    )
    assert refusal.params == {
        "amount": "1234.56",
        "day": "2021-06-17",
        "quantity": "1.50",
        "level": "county",
        "parties": ["a", "b"],
        "amounts": ["0.01", 2],
        "flag": True,
    }


def test_a_parameter_nobody_could_read_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        refuse("NOT_FOUND", what=1.5)


def test_an_unknown_code_or_clause_is_a_mistake_of_the_program() -> None:
    with pytest.raises(LookupError):
        refuse("NO_SUCH_CODE")
    with pytest.raises(LookupError):
        warning("NO_SUCH_CODE")
    with pytest.raises(LookupError):
        refuse("NOT_FOUND", clause="C9.9-99")


def test_a_warning_refuses_nothing_and_a_refusal_is_no_warning() -> None:
    with pytest.raises(ValueError, match="warning"):
        refuse("NOTICE_MISSING")
    with pytest.raises(ValueError, match="no warning"):
        warning("NOT_FOUND")


def test_a_refusal_becomes_a_finding_with_the_same_words() -> None:
    refusal = refuse("ACCEPTANCE_REQUIRED", missing=["acceptance"])
    finding = refusal.as_warning()
    assert (finding.code, finding.clause) == (refusal.code, refusal.clause)
    assert (finding.detail_zh, finding.detail_en) == (refusal.detail_zh, refusal.detail_en)
    assert finding.params == {"missing": ["acceptance"]}
    assert finding == refuse("ACCEPTANCE_REQUIRED", missing=["acceptance"]).as_warning()


@given(st.sampled_from([entry for entry in CODES if entry.kind != "warning"]), st.text())
def test_no_parameter_breaks_a_sentence(entry, text: str) -> None:
    params = {name: text for name in NAME.findall(entry.zh) if name != "missing"}
    refusal = refuse(entry.code, missing=[text] if text else [], **params)
    assert refusal.params == params
