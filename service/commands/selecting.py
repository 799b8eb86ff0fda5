"""Selections of operators: what a contract is held to, and the step of choosing that their result takes (C4.7-05)."""

from __future__ import annotations

from domain.asset.asset import Asset
from domain.asset.facts.contract import ContractText
from domain.asset.facts.selection import SELECTED, SelectedOperator
from domain.asset.facts.texts import CONTRACT_KIND, ContractContent
from domain.asset.selection import OperatorSelection
from domain.execution import Execution
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from service.commands.commands import Work


async def selected_for(work: Work, terms: ContractText) -> SelectedOperator | None:
    """The result of the selection that a contract names; none where it names none, or one without a result. NOT_FOUND."""
    if terms.selection is None:
        return None
    return (await work.get(OperatorSelection, terms.selection)).selected


async def take_choice(work: Work, it: ProcedureInstance, at: Occasion) -> None:
    """Take the step of choosing in a procedure that has just got its text, by the result of the selection the text names.

    The result comes before the text: who was chosen stands in it. Every owner's part is taken, each votes on the text itself.
    Refused: NOT_FOUND, RENT_BELOW_BID, OPERATOR_NOT_SELECTED for a text over anything but what was selected, STEP_OUT_OF_ORDER,
    PLAN_HASH_MISMATCH, FORBIDDEN, NOTICE_PLACE_MISSING, NOTICE_NOT_COMPLETED, NOTICE_PERIOD_RUNNING, OBJECTION_OPEN, DATE_ORDER, the
    code of a row (`PlannedStep.refusal`).
    """
    facts = at.rules.facts_of(it.chain)
    step = next((one for one in it.steps if SELECTED in facts.get(one.code, ())), None)
    if step is None or it.subject.kind != CONTRACT_KIND:
        return
    content = ContractContent.model_validate(it.subject.content)
    if content.terms.selection is None:
        return
    found = await work.get(OperatorSelection, content.terms.selection)
    missing = (
        ["terms.selection"]
        if found.selected is None
        else found.selected.unlike(content.asset, content.terms, at.on)
    )
    at.require(
        not missing,
        "OPERATOR_NOT_SELECTED",
        clause="C4.7-05",
        missing=missing,
        operator=content.terms.operator.name,
    )
    if found.selected is not None:
        found.selected.must_be_reached(content.terms, at)
    events = await work.context.store.read_stream(work.county, found.stream)
    result = next(one for one in events if one.type == SELECTED)
    for unit in step.actors:
        execution = Execution(unit, it.subject.kind, it.subject.id, (it.subject.sha256,))
        it.take_by_fact(SELECTED, found.stream, result.version, execution, at)


async def in_office(work: Work, asset: Asset, at: Occasion) -> set[str]:
    """Persons who hold a post of an owner of the asset on that day."""
    owners = [share.party for share in asset.owners]
    units = await work.context.load_many(Organization, work.county, owners)
    return {one.person for unit in units.values() for one in unit.tenures if one.covers(at.on)}
