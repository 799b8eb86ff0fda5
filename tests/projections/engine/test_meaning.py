"""What columns of ledgers mean is declared where they are: amounts, names, the list a code is of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Column

from domain.regulation import Regulation
from domain.regulation.rows import REGIONS
from projections.asset import register
from projections.catalogue import CATALOGUE
from projections.engine.meaning import MONEY, PLAIN, ByKey, Codes, Each, Meaning, Named, OneOf, Parts
from projections.engine.tables import LedgerTable, meaning_of, metadata, title_of
from projections.oversight.data_quality import GAP
from service.ledgers.words import Words
from tests.projections.contents import folded_rows
from tests.projections.history import COUNTY, RandomHistory

LEDGERS: list[LedgerTable] = [table for one in CATALOGUE.values() for table in one.tables] + [GAP]
COLUMNS: list[tuple[str, Column[Any]]] = [
    (f"{ledger.name}.{column.name}", column) for ledger in LEDGERS for column in ledger.table.columns
]
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
CODES_IN_COMMENT = re.compile(r"[A-Z]{2,}(?:_[A-Z]+)*")
NO_CODES = {
    "procedure_register.objected_step": "the step's code: the chain has its name",
    "public_notice.step": "the step's code: the chain has its name",
    "fund_allocation.project_code": "codes that the county gives its projects",
    "proceeds_allocation.project_code": "codes that the county gives its projects",
}
"""Text columns whose values may look like a code of a list and are none, with the reason."""
MACHINES_ONLY = {
    "procedure_register.steps",
    "procedure_register.done",
    "procedure_register.filings",
    "procedure_register.ends",
    "procedure_register.reckonings",
    "procedure_task.reckoning",
    "departure_case.reckoning",
    "public_notice.reckoning",
    "public_notice.pending",
}
"""JSON that no reader is shown."""
STATES: dict[Meaning, set[str]] = {
    meaning: set(meaning.own)
    for _, column in COLUMNS
    if isinstance(meaning := meaning_of(column), Codes) and not (meaning.tables or meaning.terms)
}
"""Lists that the ledgers make themselves, with their codes."""


@pytest.fixture(scope="module")
def regulation() -> Regulation:
    return Regulation.load()


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, Column[Any], Any]]:
    """Values that a random history writes: column's name, column, value."""
    found = []
    events = RandomHistory(54).take(6000)
    for projection in CATALOGUE.values():
        for table, stored in folded_rows(events, COUNTY, projection).items():
            columns = metadata.tables[table].columns
            for row in stored:
                found += [
                    (f"{table}.{name}", columns[name], value)
                    for name, value in row.items()
                    if value is not None
                ]
    assert len(found) > 20_000
    return found


def codes_in(meaning: Meaning) -> Iterator[Codes]:
    """The lists that a meaning names, also inside lists and objects."""
    match meaning:
        case Codes():
            yield meaning
        case Each(of):
            yield from codes_in(of)
        case ByKey(key, of):
            yield from codes_in(key)
            yield from codes_in(of)
        case Parts(of):
            for _, part in of:
                yield from codes_in(part.of)
        case OneOf(of):
            for one in of:
                yield from codes_in(one)


def undeclared(value: Any, meaning: Meaning) -> Iterator[str]:
    """What a JSON value holds that its meaning does not say: members without one, integers called an amount of text."""
    match meaning:
        case Each(of):
            for one in value:
                yield from undeclared(one, of)
        case ByKey(_, of):
            for one in value.values():
                yield from undeclared(one, of)
        case Parts(of):
            known = {name: part.of for name, part in of}
            yield from value.keys() - known.keys()
            for name, one in value.items():
                if one is not None:
                    yield from undeclared(one, known.get(name, PLAIN))
        case _:
            if isinstance(value, Mapping):
                yield f"an object without declared members: {sorted(value)}"
            elif (meaning == MONEY) != (type(value) is int) and type(value) is int and value > 10_000:
                yield f"a large number that is no amount: {value}"
            elif meaning == MONEY and type(value) is not int:
                yield f"an amount that is no number: {value!r}"


def test_every_amount_is_declared_and_nothing_else() -> None:
    """What is stored as a large whole number and is no place in the log is money."""
    for name, column in COLUMNS:
        large = str(column.type) == "BIGINT" and not column.name.endswith(("position", "epoch"))
        assert (meaning_of(column) == MONEY) == large, name
        assert ("（分）" in str(column.comment)) <= (MONEY in amounts_in(meaning_of(column))), name
        assert ("金额为分" in str(column.comment)) <= (MONEY in amounts_in(meaning_of(column))), name


def amounts_in(meaning: Meaning) -> set[Meaning]:
    """Whether a meaning has amounts, also inside lists and objects."""
    match meaning:
        case Each(of) | ByKey(_, of):
            return amounts_in(of)
        case Parts(of):
            return {found for _, part in of for found in amounts_in(part.of)}
    return {meaning} & {MONEY}


def test_every_column_has_a_chinese_title_without_codes() -> None:
    for name, column in COLUMNS:
        assert re.search(r"[\u4e00-\u9fff]", title_of(column)), name
        assert not CODES_IN_COMMENT.search(title_of(column).replace("P19", "")), name


def test_codes_that_a_comment_lists_have_words() -> None:
    listed = 0
    for name, column in COLUMNS:
        codes = set(CODES_IN_COMMENT.findall(str(column.comment))) - {"P19"}
        if not codes:
            continue
        listed += 1
        (meaning,) = codes_in(meaning_of(column))
        own = (
            meaning.own
            if meaning.words
            else dict.fromkeys(codes, "")
            if meaning.terms or meaning.tables
            else {}
        )
        assert codes <= own.keys(), name
    assert listed > 25


def test_every_list_is_the_countys_and_every_code_has_a_word(regulation: Regulation) -> None:
    words = Words(regulation)
    lists = {codes for _, column in COLUMNS for codes in codes_in(meaning_of(column))}
    assert len(lists) > 30
    for codes in lists:
        known = words.of(codes)
        assert known, codes
        assert all(re.search(r"[\u4e00-\u9fff“《]", word) for word in known.values()), codes
        for name in codes.tables:
            assert regulation.rows[name], name


def test_the_states_of_the_regulation_have_words() -> None:
    """A ledger has a word for every state that a region of an asset's life can be in."""
    columns = register.REGISTER.table.columns
    by_region = {
        "REGISTRATION": "registration",
        "TITLE": "title",
        "OPERATION": "operation",
        "CONTRACT": "contract",
        "CUSTODY": "custody",
        "DISPOSAL": "disposal",
    }
    assert REGIONS.keys() == by_region.keys()
    for region, states in REGIONS.items():
        (codes,) = codes_in(meaning_of(columns[by_region[region]]))
        assert states <= codes.own.keys(), region


def test_text_that_looks_like_a_code_stands_in_a_coded_column(
    rows: list[tuple[str, Column[Any], Any]],
) -> None:
    bare = {
        name
        for name, column, value in rows
        if isinstance(value, str)
        and CODE.fullmatch(value)
        and not value.isdigit()
        and not isinstance(meaning_of(column), Codes | Named | OneOf)
    }
    assert bare == NO_CODES.keys()


def test_states_that_ledgers_make_are_in_their_lists(rows: list[tuple[str, Column[Any], Any]]) -> None:
    seen = set()
    for name, column, value in rows:
        if meaning_of(column) in STATES:
            seen.add(name)
            assert value in STATES[meaning_of(column)], (name, value)
    assert len(seen) > 20


def test_json_holds_what_its_column_declares(rows: list[tuple[str, Column[Any], Any]]) -> None:
    looked_at = 0
    for name, column, value in rows:
        if isinstance(value, dict | list) and name not in MACHINES_ONLY:
            looked_at += 1
            assert list(undeclared(value, meaning_of(column))) == [], name
    assert looked_at > 3000


@pytest.mark.parametrize(
    ("column", "code", "word"),
    [
        ("disposal", "NONE", "未处置"),
        ("regime", "NONE", "仅登记，不入账"),
        ("contract", "NONE", "无合同"),
        ("custody", "NONE", "未落实"),
        ("asset_type", "HEALTH", "卫生设施"),
        ("asset_type", "EDUCATION", "教育设施"),
        ("title", "IN_PROCEDURE", "确权中"),
        ("disposal_kind", "TRANSFER", "转让"),
        ("operation", "LOST", "灭失"),
    ],
)
def test_a_code_is_told_in_the_words_of_its_own_list(
    column: str, code: str, word: str, regulation: Regulation
) -> None:
    meaning = meaning_of(register.REGISTER.table.columns[column])
    assert Words(regulation).tell(code, meaning, {}) == word


def test_lists_and_objects_are_told_member_by_member(regulation: Regulation) -> None:
    words = Words(regulation)
    names = {
        "unit": {"653022201201": "阿村", "HEALTH": "卫健委"},
        "person": {"P-1": "买买提"},
        "place": {"653022201201": "阿村辖区"},
    }

    def told(column: str, value: Any) -> str:
        return words.tell(value, meaning_of(register.REGISTER.table.columns[column]), names)

    assert told("owners", [{"party": "653022201201", "amount": 123456}]) == "阿村（653022201201） 1234.56元"
    assert (
        told("bookings", {"653022201201": 300, "HEALTH": 5})
        == "阿村（653022201201） 3.00元；卫健委（HEALTH） 0.05元"
    )
    assert told("duties", [{"duty": "MANAGER", "person": "P-1"}]) == "管理人员 买买提（P-1）"
    assert told("open_risks", {"LOST": "2023-01-02"}) == "流失 2023-01-02"
    assert told("village", "653022201201") == "阿村辖区（653022201201）"
    assert told("responsible_unit", "AGRICULTURE") == "县农业农村局"
    assert told("asset_name", "HEALTH") == "HEALTH"
    assert told("booked", value=True) == "是"
    assert told("disposal", None) == ""
