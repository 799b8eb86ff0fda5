"""The service's grants against the table written by hand from the regulation, cell by cell."""

from __future__ import annotations

import pytest

from domain.refusals import Refusal
from service.commands.actor import Actor
from service.commands.authorization import ACTIONS, Resource, Role, authorize, may
from tests.api.matrix import PUBLIC, ROUTES
from tests.examples import COUNTY, TOWNSHIP, VILLAGE
from tests.rights.table import BY_PLACE, KINDS, RIGHTS, ROLES

OTHER_TOWNSHIP = "653022201000"
LYING = Resource(divisions=(VILLAGE,), organizations=(VILLAGE,))
"""What is acted upon: a village's."""
SENDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "own unit": (VILLAGE, ()),
    "own township": (TOWNSHIP, (TOWNSHIP,)),
    "other township": (OTHER_TOWNSHIP, (OTHER_TOWNSHIP,)),
    "county": ("SOMEBODY", (COUNTY,)),
}
"""Reach → the sender's unit and the divisions that the key covers."""


def sender(role: str, kind: str, reach: str) -> Actor:
    unit, divisions = SENDERS[reach]
    return Actor("k", "api_key", COUNTY, unit, kind, frozenset({role}), divisions)


def action_of(operation: str) -> str:
    method, _, path = operation.partition(" ")
    return ROUTES[method, path]


def test_every_role_and_every_writing_operation_is_in_the_table() -> None:
    assert set(ROLES) == {str(role) for role in Role}
    writes = {f"{method} {path}" for method, path in ROUTES if method != "GET"}
    assert writes == {one for one in RIGHTS if not one.startswith("GET ")}
    assert not {f"{method} {path}" for method, path in PUBLIC} & set(RIGHTS)


@pytest.mark.parametrize("operation", sorted(RIGHTS))
def test_the_service_grants_what_the_regulation_does_and_nothing_else(operation: str) -> None:
    """Role × kind of organisation × reach: allowed exactly where the row of the clause says so."""
    right, action = RIGHTS[operation], action_of(operation)
    wrong = [
        (role, kind, reach)
        for role in ROLES
        for kind in KINDS
        for reach in SENDERS
        if may(sender(role, kind, reach), action, LYING) is not right.allows(role, kind, reach)
    ]
    assert not wrong, f"{right.clauses}: {wrong[:8]} of {len(wrong)}"


@pytest.mark.parametrize("operation", sorted(RIGHTS))
def test_the_service_knows_whose_act_it_is(operation: str) -> None:
    """An act of the parties here is one there, and one of a unit for itself cannot be somebody else's."""
    assert ACTIONS[action_of(operation)].of_parties is RIGHTS[operation].parties


def test_what_is_nobody_s_own_act_is_written_down_with_its_reason() -> None:
    """Every write says whose act it is; one that a whole place may record is listed, and the list may only shrink."""
    listed = {one: reason for reason in BY_PLACE for one in reason["operations"]}
    open_to_the_place = {
        one
        for one, right in RIGHTS.items()
        if not one.startswith("GET ") and right.where == "place" and not right.parties and not right.speaks
    }
    assert set(listed) == open_to_the_place
    assert len(listed) <= 83
    assert all(len(reason["why"]) > 20 for reason in BY_PLACE)


def test_what_is_in_no_row_is_read_by_every_role() -> None:
    """What the table leaves out are questions, and the answers are public within the county (三(五), 五(四))."""
    others = {action_of(f"{m} {p}") for m, p in ROUTES if m == "GET" and f"{m} {p}" not in RIGHTS}
    assert all(ACTIONS[action].roles == frozenset(Role) for action in others)
    assert others & {action_of(one) for one in RIGHTS} == set()


def test_a_household_does_nothing_but_read_itself() -> None:
    """A household is no kind of unit, and its key has the role READER alone (三(七)): of all that is not a plain question it may what a row names it for."""
    allowed = {
        operation
        for operation in RIGHTS
        if not operation.startswith("GET ")
        and any(may(sender("READER", "HOUSEHOLD", reach), action_of(operation), LYING) for reach in SENDERS)
    }
    assert allowed == {
        "POST /v1/personal-data/readings",
        "DELETE /v1/sessions/current",
        "PUT /v1/sessions/current/organization",
    }


def test_two_roles_give_no_more_than_each_of_them() -> None:
    """A key of several roles may what one of them may, in the kinds of organisation where that one counts."""
    clerk = Actor("k", "api_key", COUNTY, TOWNSHIP, "TOWNSHIP", frozenset({"READER", "OFFICE"}), (TOWNSHIP,))
    with pytest.raises(Refusal) as told:
        authorize(clerk, "asset.register", LYING)
    assert told.value.code == "ROLE_NOT_ALLOWED"
    both = Actor(
        "k", "api_key", COUNTY, TOWNSHIP, "TOWNSHIP", frozenset({"REGISTRAR", "AUDITOR"}), (TOWNSHIP,)
    )
    assert may(both, "asset.register", LYING)
    assert not may(both, "asset.approve_disposal", LYING)
