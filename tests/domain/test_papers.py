"""Every digest that an event holds is that of a paper, or is said to be something else, with the reason (四(六))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel

from domain.aggregate import ENVELOPE_FIELDS
from domain.catalogue import EVENT_TYPES
from domain.papers import paper_fields, papers_named
from service.paper.sight import READ_BY
from tests.projections.plain.archive import SAID

COMPUTED: Final = {
    r"departure_case\..*list_?[sS]ha256": "of the lines of the handover list, which are in the log themselves",
    r"departure_case\..*place\.treeRoot": "the log's own root",
    r"fund_reconciliation\..*ledgerSha256": "of the rows of the unit's fund ledger, made anew from the events",
    r"household_ledger\..*[sS]ha256": "of the rows of the household ledger, made anew from the events",
    r"income_plan\.(proposed|amended) sha256": "of the plan's content, which the plan itself holds",
    r"incentive_plan\.proposed sha256": "of the plan's content, which the plan itself holds",
    r"relief_plan\.proposed sha256": "of the plan's content, which the plan itself holds",
    r"maintenance_expense\.proposed sha256": "of the works, which the expense itself holds",
    r"inventory_batch\.imported imported\.sha256": "of the spreadsheet; its file is kept with the operation that imported it",
    r"joint_review\..*rootHash": "of the sealed ledgers, made anew from the events",
    r"ledger_seal\..*(rootHash|treeRoot)": "of the sealed ledger and the log's own root",
    r"personal_subject\.erased forgetting\.papers": "of papers whose contents were removed with the household",
    r"policy\..*digest": "of the policy data in force",
    r"procedure\..*(subjectSha256|subject\.sha256)": "of the matter's content, which the procedure itself holds",
    r"asset\..*subjectSha256": "of the matter's content, which the procedure itself holds",
    r"stocktake\.opened baseline\.sha256": "of the list of assets, made anew from the register",
}
"""Digests that no paper belongs to: event and path → what they are of."""


def digests(model: type[BaseModel], path: tuple[str, ...], outer: frozenset[type]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name not in ENVELOPE_FIELDS:
            yield from _in(field.annotation, field.metadata, (*path, field.alias or name), outer | {model})


def _in(hint: Any, marks: Any, path: tuple[str, ...], outer: frozenset[type]) -> Iterator[str]:
    if any("[0-9a-f]{64}" in str(getattr(one, "pattern", "")) for one in marks):
        yield ".".join(path)
    elif get_origin(hint) is Annotated:
        yield from _in(get_args(hint)[0], [*marks, *get_args(hint)[1:]], path, outer)
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        if hint not in outer:
            yield from digests(hint, path, outer)
    else:
        for one in get_args(hint):
            yield from _in(one, (), path, outer)


def test_every_digest_of_an_event_is_a_papers_or_has_a_reason() -> None:
    used, told = set(), 0
    for name, event in EVENT_TYPES.items():
        papers = {one.name for one in paper_fields(event)}
        for path in digests(event, (), frozenset()):
            told += 1
            reasons = [
                one
                for one in COMPUTED
                if re.fullmatch(one, f"{name} {path}") or re.fullmatch(one, f"{name}.{path}")
            ]
            used |= set(reasons)
            assert (path in papers) != bool(reasons), f"{name} {path}"
    assert told > 60
    assert used == set(COMPUTED)


def test_fields_of_papers_are_those_that_were_written_down() -> None:
    found = {name: {one.path for one in paper_fields(event)} for name, event in EVENT_TYPES.items()}
    assert {name: paths for name, paths in found.items() if paths} == {
        name: set(paths) for name, paths in SAID.items()
    }


def test_right_to_read_the_events_of_every_kind_that_names_papers_is_known() -> None:
    assert set(READ_BY) == {name.partition(".")[0] for name in SAID}


def test_papers_about_households_are_personal_and_others_are_not() -> None:
    personal = {
        f"{name} {one.name}"
        for name, event in EVENT_TYPES.items()
        for one in paper_fields(event)
        if one.holds.guarded
    }
    assert personal == {
        "household_asset.document_archived document.sha256",
        "household_asset.external_entry_recorded entry.evidenceSha256",
        "household_asset.loss_recorded loss.evidenceSha256",
        "income_plan.executed payment.listSha256",
        "organization.members_counted roll.documentSha256",
        "organization.representatives_elected roll.documentSha256",
        "personal_subject.restricted order.documentSha256",
        "personal_subject.restriction_lifted order.documentSha256",
        "personal_subject.hold_released order.documentSha256",
        "personal_subject.erased forgetting.order.documentSha256",
        "public_welfare_post.holder_appointed holder.agreementSha256",
        "relief_plan.paid payment.listSha256",
        "relief_plan.proposed content.lines.evidenceSha256",
        "procedure.meeting_held meeting.rollSha256",
        "procedure.meeting_held roll.documentSha256",
    }


def test_line_names_its_papers_for_its_own_asset() -> None:
    lines = [
        {"asset": "A1", "evidenceSha256": "a" * 64},
        {"asset": "A2", "evidenceSha256": "a" * 64},
        {"asset": "A1", "evidenceSha256": "a" * 64},
        {"asset": "A3", "evidenceSha256": None},
    ]
    found = papers_named(EVENT_TYPES["stocktake.lines_recorded"], {"lines": lines})
    assert [(one.asset, one.sha256) for one in found] == [("A1", "a" * 64), ("A2", "a" * 64)]
