"""Confirmation of ownership (确权): what is confirmed, and how the decision table T3 judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from domain.refusals import catalogue, refuse
from domain.register_card import RegisterCard
from domain.transfer import Transfer, reached, receivers
from domain.values import Code, Name, PartyShare, Text, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import OwnershipAdvice


class OwnershipConfirmation(Value):
    """Owners with their shares in fen of the original value, user and income-right holders, and the papers.

    `income_right_holders` are shares of the same value; where they are left out on a public-welfare asset nobody
    has an income right. The accounting regime is derived (T4); a client that sends one has it compared.
    """

    owners: tuple[PartyShare, ...] = Field(title="所有权人", min_length=1, max_length=500)
    owner_kind: str = Field(title="所有权人类型", pattern="^(DEPARTMENT|TOWNSHIP|VILLAGE|FARM|PERSON)$")
    user_right_holder: Code | None = Field(default=None, title="使用权人")
    income_right_holders: tuple[PartyShare, ...] = Field(default=(), title="收益权人", max_length=500)
    ownership_basis: Text | None = Field(default=None, title="所有权依据", description="资金类别和用途")
    income_right_basis: Text | None = Field(default=None, title="收益权依据", description="资金类别和用途")
    county_decision: Name | None = Field(default=None, title="县人民政府确权批复文号")
    reform_basis_document: Name | None = Field(default=None, title="教育卫生体制改革依据文号")
    procedure: Code | None = Field(default=None, title="确权程序编号")
    verification_basis: Name | None = Field(default=None, title="清产核资依据")
    regime: Code | None = Field(default=None, title="会计制度", description="由系统推导，可不填")


def check_confirmation(
    confirmation: OwnershipConfirmation,
    card: RegisterCard,
    *,
    title_unclear: bool,
    transfers: tuple[Transfer, ...],
    at: Occasion,
) -> tuple[OwnershipAdvice, str]:
    """Judge a confirmation; gives the matching row of T3 and the derived regime."""
    advice = at.rules.ownership_of(card, title_unclear=title_unclear)
    at.cite("C4.5-02", "C4.5-08", *advice.articles)
    _check_parties(confirmation, card)
    _check_owner(confirmation, card, advice, at)
    _check_steps(confirmation, card, advice, transfers, at)
    _check_income_right(confirmation, card, at)
    regime = at.rules.regime(card.asset_class, confirmation.owner_kind)
    at.cite(regime.article)
    if confirmation.regime is not None and confirmation.regime != regime.regime:
        raise refuse(
            "REGIME_MISMATCH", clause=regime.article, given=confirmation.regime, derived=regime.regime
        )
    if confirmation.verification_basis is None:
        at.warn("STOCKTAKE_BASIS_MISSING")
    return advice, regime.regime


def _check_parties(confirmation: OwnershipConfirmation, card: RegisterCard) -> None:
    """Shares are input: they have to sum to the value whatever the history says."""
    if confirmation.owner_kind == "PERSON":
        raise refuse("OWNER_TYPE_NOT_ALLOWED", kind=confirmation.owner_kind)
    _check_shares(confirmation.owners, card, "owners")
    if confirmation.income_right_holders:
        _check_shares(confirmation.income_right_holders, card, "incomeRightHolders")


def _check_shares(shares: tuple[PartyShare, ...], card: RegisterCard, field: str) -> None:
    parties = [share.party for share in shares]
    if len(set(parties)) != len(parties):
        raise refuse("RIGHT_OVERLAP", clause="C2-02", field=field)
    if any(share.amount <= 0 for share in shares):
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.5-06", field=f"{field}[].amount")
    summed = total(share.amount for share in shares)
    if summed != card.original_value:
        raise refuse(
            "SHARES_NOT_100", field=field, sum=summed.yuan(), originalValue=card.original_value.yuan()
        )


def _check_owner(
    confirmation: OwnershipConfirmation, card: RegisterCard, advice: OwnershipAdvice, at: Occasion
) -> None:
    """The owner is the one the row names; a row that names none leaves it to the decider."""
    if advice.owner_kind is None:
        return
    parties = {share.party for share in confirmation.owners}
    another_unit = advice.owner_kind in {"DEPARTMENT", "TOWNSHIP"} and parties != {card.implementer}
    at.require(
        confirmation.owner_kind == advice.owner_kind and not another_unit,
        "OWNER_RULE_CONFLICT",
        clause=advice.article,
        rule=advice.rule,
        expected=advice.owner_kind,
        given=confirmation.owner_kind,
    )


def _check_steps(
    confirmation: OwnershipConfirmation,
    card: RegisterCard,
    advice: OwnershipAdvice,
    transfers: tuple[Transfer, ...],
    at: Occasion,
) -> None:
    """What the row wants done before: papers of decisions, the transfer, the procedure. What is due after: a warning."""
    parties = {share.party for share in confirmation.owners}
    decided = confirmation.county_decision
    evidence: dict[str, tuple[str, object]] = {
        "COUNTY_DECISION": ("countyDecision", decided),
        "REFORM_BASIS": ("reformBasisDocument", confirmation.reform_basis_document),
        "TRANSFER": ("transfer", _transferred(parties, card, advice, transfers)),
        "INVESTMENT_SHARES": ("owners", len(parties) > 1),
        "QUANTIFICATION_PLAN": ("countyDecision", decided),  # the county's reply is given on the plan
        "HOUSEHOLD_ROW": ("household", None),
    }
    for step in advice.step_rows:
        if step.after_confirmation:
            if step.refusal is not None and catalogue()[step.refusal].kind == "warning":
                at.warn(step.refusal, clause=advice.article)
            continue
        name, given = evidence.get(step.code, ("procedure", confirmation.procedure))
        if not given and step.refusal is not None:
            told = {"step": step.zh, "state": "UNCONFIRMED"} if step.refusal == "STEP_OUT_OF_ORDER" else {}
            at.refuse(step.refusal, clause=advice.article, missing=[name], **told)


def _transferred(
    parties: set[str], card: RegisterCard, advice: OwnershipAdvice, transfers: tuple[Transfer, ...]
) -> bool:
    """Whether every owner has received the asset: from the implementer, or from anybody where the county decides."""
    if advice.owner_kind is None:
        return parties <= receivers(transfers)
    return parties - {card.implementer} <= reached(transfers, card.implementer)


def _check_income_right(confirmation: OwnershipConfirmation, card: RegisterCard, at: Occasion) -> None:
    if not at.rules.asset_class(card.asset_class).income_right:
        return
    at.cite("C4.6-11")
    at.require(confirmation.income_right_holders, "INCOME_RIGHT_REQUIRED", missing=["incomeRightHolders"])
    missing = [
        name
        for name, value in (
            ("ownershipBasis", confirmation.ownership_basis),
            ("incomeRightBasis", confirmation.income_right_basis),
        )
        if value is None
    ]
    at.require(not missing, "INCOME_RIGHT_BASIS_REQUIRED", missing=missing)
