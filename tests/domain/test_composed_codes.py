"""Codes the service composes of codes it was given: always codes, and never two the same."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter

from domain.values import Code, composed_code

CODE = TypeAdapter(Code)
codes = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")


@pytest.mark.parametrize(("length", "kept"), [(58, True), (59, True), (60, False)])
def test_code_is_composed_as_it_is_up_to_64_characters(length: int, kept: bool) -> None:
    """59 characters, a hyphen and four are 64."""
    made = composed_code("P" * length, "0a1b")
    assert (made == "P" * length + "-0a1b") is kept
    assert len(made) == min(length + 5, 64)


@given(st.lists(codes, min_size=1, max_size=5), st.lists(codes, min_size=1, max_size=5))
def test_composed_codes_are_codes_and_differ_where_their_parts_do(one: list[str], other: list[str]) -> None:
    assert CODE.validate_python(composed_code(*one)) == composed_code(*one)
    assert (composed_code(*one) == composed_code(*other)) is ("-".join(one) == "-".join(other))


def test_codes_that_differ_only_where_they_are_too_long_stay_apart() -> None:
    person = "P" * 64
    villages = {composed_code(person, unit, "M", "0a1b") for unit in ("653022202208", "653022202201")}
    assert len(villages) == 2
    assert all(len(one) == 64 for one in villages)
