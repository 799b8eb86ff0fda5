"""Bookkeeping agents in the domain (四(七)): three kinds of principals, bought as a service, one at a time, until their last day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.organization.bookkeeping import AgentEngagement
from domain.organization.organization import Organization, OrganizationCard
from tests.domain.saying import nothing, recorded, refused
from tests.examples import TOWNSHIP, VILLAGE, occasion, settled

SINCE = date(2021, 7, 1)


def unit(kind: str = "VILLAGE", code: str = VILLAGE) -> Organization:
    card = OrganizationCard(
        name="某单位",
        kind=kind,
        division=VILLAGE if kind == "VILLAGE" else None,
        superior=TOWNSHIP,
        valid_from=date(2015, 1, 1),
    )
    return settled(Organization.define(code, card, occasion()))


def engagement(**changes: Any) -> AgentEngagement:
    """A company keeps a village collective's books for half a year."""
    given: dict[str, Any] = {
        "agent": "JZ-1",
        "principal_kind": "VILLAGE_COLLECTIVE",
        "since": SINCE,
        "until": date(2021, 12, 31),
        "procurement_no": "采购〔2021〕1号",
    }
    return AgentEngagement(**(given | changes))


def test_an_agent_keeps_the_books_from_its_first_day_to_its_last() -> None:
    village = unit()
    village.appoint_bookkeeper(engagement(), "COMPANY", occasion(SINCE))
    assert recorded(village, Organization.BookkeepingAgentAppointed).engagement == engagement()
    village.appoint_bookkeeper(engagement(), "COMPANY", occasion(SINCE))
    nothing(village)
    for day, keeps in (
        (date(2021, 6, 30), False), (SINCE, True), (date(2021, 12, 31), True), (date(2022, 1, 1), False),
    ):  # fmt: skip
        assert village.keeps_books("JZ-1", day) is keeps, day
    assert not village.keeps_books("JZ-2", SINCE)
    with refused("ALREADY_EXISTS", village):
        second = engagement(agent="JZ-2", since=date(2021, 12, 31), until=date(2022, 6, 30))
        village.appoint_bookkeeper(second, "COMPANY", occasion(date(2021, 12, 31)))
    second = engagement(agent="JZ-2", since=date(2022, 1, 1), until=date(2022, 6, 30))
    village.appoint_bookkeeper(second, "COMPANY", occasion(date(2022, 1, 1)))
    recorded(village, Organization.BookkeepingAgentAppointed)


@pytest.mark.parametrize(
    ("kind", "principal", "allowed"),
    [
        ("VILLAGE", "VILLAGE_COLLECTIVE", True),
        ("COMPANY", "COOPERATIVE", True),
        ("COMPANY", "STATE_INVESTMENT_COMPANY", True),
        ("VILLAGE", "COOPERATIVE", False),
        ("COMPANY", "VILLAGE_COLLECTIVE", False),
        ("DEPARTMENT", "DEPARTMENT", False),
        ("DEPARTMENT", "VILLAGE_COLLECTIVE", False),
        ("TOWNSHIP", "COOPERATIVE", False),
    ],
)
def test_three_kinds_of_principals_have_an_agent(kind: str, principal: str, *, allowed: bool) -> None:
    it = unit(kind, VILLAGE if kind == "VILLAGE" else "U-1")
    given = engagement(principal_kind=principal)
    if allowed:
        it.appoint_bookkeeper(given, "COMPANY", occasion(SINCE))
        recorded(it, Organization.BookkeepingAgentAppointed)
        return
    with refused("AGENT_PRINCIPAL_NOT_ALLOWED", it, clause="C4.7-14"):
        it.appoint_bookkeeper(given, "COMPANY", occasion(SINCE))


def test_an_agent_is_a_company_that_was_procured() -> None:
    village = unit()
    with refused("PROCUREMENT_REQUIRED", village, clause="C4.7-04", missing=["engagement.procurementNo"]):
        village.appoint_bookkeeper(engagement(procurement_no=None), "COMPANY", occasion(SINCE))
    with refused("FIELD_INVALID", village):
        village.appoint_bookkeeper(engagement(), "DEPARTMENT", occasion(SINCE))
    company = unit("COMPANY", "COOP-1")
    with refused("FIELD_INVALID", company):
        itself = engagement(agent="COOP-1", principal_kind="COOPERATIVE")
        company.appoint_bookkeeper(itself, "COMPANY", occasion(SINCE))


def test_a_dismissed_agent_keeps_them_through_its_last_day() -> None:
    village = unit()
    village.appoint_bookkeeper(engagement(), "COMPANY", occasion(SINCE))
    settled(village)
    with refused("NOT_FOUND", village):
        village.dismiss_bookkeeper("JZ-2", SINCE, "不符", occasion(SINCE))
    with refused("DATE_ORDER", village):
        village.dismiss_bookkeeper("JZ-1", date(2021, 6, 30), "不符", occasion(SINCE))
    for late in (date(2021, 12, 31), date(2022, 1, 1)):
        with refused("STEP_OUT_OF_ORDER", village):
            village.dismiss_bookkeeper("JZ-1", late, "不符", occasion(late))
    last = date(2021, 10, 31)
    village.dismiss_bookkeeper("JZ-1", last, "报表逾期", occasion(last))
    recorded(village, Organization.BookkeepingAgentDismissed)
    assert village.keeps_books("JZ-1", last)
    assert not village.keeps_books("JZ-1", date(2021, 11, 1))
