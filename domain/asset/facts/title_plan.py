"""Plans of shares for an asset that several villages own, on which title procedures decide.

Joint villages own by what they invested (R3, C4.5-06); cross-village assets are quantified to villages by a plan that
weighs covered households and the villages' economy (R4, C4.5-16). A plan sums to the asset's value to the fen.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from domain.procedure.subject import digest_of
from domain.refusals import refuse
from domain.values import Code, Fen, PartyShare, Quantity, Text, Value, shares_by_ratio, total

if TYPE_CHECKING:
    from domain.asset.facts.card import RegisterCard
    from domain.occasion import Occasion

SUBJECT_KIND: Final = "asset_title"
"""What a title procedure is over: the asset, and who shall own how much of it."""

EQUAL: Final = "EQUAL"
"""A county's choice for P28: joint villages own alike. Otherwise funding lines that name a village give the ratio, and
the other lines follow in proportion."""

Households = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]


class TitleContent(Value):
    """Text of a title procedure that is voted on, posted and filed: the asset, the kind of its owners, and what each
    shall own.
    """

    asset: Code = Field(title="资产编号")
    owner_kind: Code = Field(title="所有权人类型")
    owners: tuple[PartyShare, ...] = Field(title="所有权人", min_length=1, max_length=500)

    def canonical(self) -> dict[str, Any]:
        """The content as it is digested: owners in order of their codes, amounts as yuan strings."""
        shares = {share.party: share.amount for share in self.owners}
        return {
            "asset": self.asset,
            "ownerKind": self.owner_kind,
            "owners": [{"party": party, "amount": shares[party].yuan()} for party in sorted(shares)],
        }


def title_digest(asset: str, owner_kind: str, owners: Iterable[PartyShare]) -> str:
    """SHA-256 of the canonical content: another owner or another fen is another text."""
    return title_digests(asset, owner_kind, owners)[0]


def title_digests(asset: str, owner_kind: str, owners: Iterable[PartyShare]) -> tuple[str, str]:
    """`title_digest`, and that of the same content with amounts as whole fen.

    Procedures that were opened before amounts were yuan strings are over the second; their steps name it.
    """
    every = tuple(owners)
    kept = TitleContent.model_construct(asset=asset, owner_kind=owner_kind, owners=every).canonical()
    fen = {share.party: int(share.amount) for share in every}
    in_fen = [{**one, "amount": fen[one["party"]]} for one in kept["owners"]]
    return digest_of(kept), digest_of({**kept, "owners": in_fen})


def check_shares(shares: Iterable[PartyShare], value: Fen, field: str) -> None:
    """Different parties, positive amounts, together exactly the value. RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100."""
    every = tuple(shares)
    if len({share.party for share in every}) != len(every):
        raise refuse("RIGHT_OVERLAP", clause="C2-02", field=field)
    if any(share.amount <= 0 for share in every):
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.5-06", field=f"{field}[].amount")
    summed = total(share.amount for share in every)
    if summed != value:
        raise refuse("SHARES_NOT_100", field=field, sum=summed.yuan(), originalValue=value.yuan())


# ---- joint villages (R3) -------------------------------------------------------------------------------------------


class JointProposal(Value):
    """The villages that built together; shares, when given, are compared with what the investments say."""

    villages: tuple[Code, ...] = Field(title="联建村", min_length=1, max_length=200)
    shares: tuple[PartyShare, ...] = Field(
        default=(), title="各单位份额", description="可不填，由系统按投资比例计算", max_length=200
    )


class JointShares(Value):
    """Shares by investment: what each village put in by the funding lines that name it, and its part of the value by
    that ratio, fen.
    """

    basis: str = Field(title="投资比例口径")
    investments: tuple[PartyShare, ...] = Field(title="各村投资")
    shares: tuple[PartyShare, ...] = Field(title="各村份额")


def joint_shares(proposal: JointProposal, card: RegisterCard, at: Occasion) -> JointShares:
    """Shares by investment ratio, exact to the fen (C4.5-06, P15, P28).

    Refused: INVESTMENT_BASIS_MISSING for villages no funding line names (or a village nobody counted in),
    SHARES_NOT_100 and OWNER_RULE_CONFLICT for given shares that are not these.

    Refused also: RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE.
    """
    at.cite("C4.5-06")
    basis = at.rules.parameters["P28"]
    invested = investments(card)
    villages = sorted(set(proposal.villages))
    missing = [one for one in villages if basis != EQUAL and one not in invested]
    if missing or len(villages) < 2:
        raise refuse(
            "INVESTMENT_BASIS_MISSING", missing=["fundingLines[].village"], villages=missing or villages
        )
    uncounted = sorted(set(invested) - set(villages))
    if uncounted:
        raise refuse("INVESTMENT_BASIS_MISSING", missing=["villages"], villages=uncounted)
    shares = shares_by_ratio(card.original_value, dict.fromkeys(villages, 1) if basis == EQUAL else invested)
    if proposal.shares:
        check_shares(proposal.shares, card.original_value, "shares")
        _must_be(proposal.shares, shares)
    return JointShares(
        basis=basis,
        investments=tuple(PartyShare(party=one, amount=Fen(invested[one])) for one in sorted(invested)),
        shares=shares,
    )


def investments(card: RegisterCard) -> dict[str, int]:
    """What each village put in by the funding lines that name it, fen."""
    invested: dict[str, int] = {}
    for line in card.funding_lines:
        if line.village is not None:
            invested[line.village] = invested.get(line.village, 0) + line.amount
    return invested


def _must_be(given: tuple[PartyShare, ...], computed: tuple[PartyShare, ...]) -> None:
    if set(given) != set(computed):
        raise refuse(
            "OWNER_RULE_CONFLICT",
            clause="C4.5-06",
            rule="R3",
            expected=[f"{one.party} {one.amount.yuan()}" for one in computed],
            given=[f"{one.party} {one.amount.yuan()}" for one in given],
        )


# ---- cross-village projects (R4) -----------------------------------------------------------------------------------


class QuantificationLine(Value):
    """One village's part of a cross-village asset and what it was weighed by."""

    township: Code = Field(title="乡（镇）")
    village: Code = Field(title="村")
    covered_poor_households: Households = Field(title="覆盖贫困户数")
    economy_factor: Quantity = Field(
        default=Decimal(1), title="村集体经济系数", description="按村集体经济强弱给出的权重，默认为 1"
    )
    amount: Fen | None = Field(default=None, title="量化金额", description="全部不填时按户数与系数计算")


class QuantificationPlan(Value):
    """The implementer's proposal of how an asset is quantified to townships and villages (资产量化方案)."""

    proposed_by: Code = Field(title="提出单位", description="项目实施单位")
    scheme_document: Text | None = Field(default=None, title="项目实施方案")
    lines: tuple[QuantificationLine, ...] = Field(title="量化到村", min_length=1, max_length=500)

    @property
    def shares(self) -> tuple[PartyShare, ...]:
        """The villages' shares in order of their codes; complete once the plan was settled."""
        return tuple(
            PartyShare(party=line.village, amount=line.amount)
            for line in sorted(self.lines, key=lambda one: one.village)
            if line.amount is not None
        )


def settled_plan(plan: QuantificationPlan, card: RegisterCard, at: Occasion) -> QuantificationPlan:
    """The plan with every amount: as proposed, or by households × factor where none is given (C4.5-16, P15).

    Refused: ROLE_NOT_ALLOWED by anybody but the implementer, FIELD_REQUIRED for some amounts only, SHARES_NOT_100 …

    Refused also: FIELD_INVALID, RIGHT_OVERLAP, INVESTMENT_BASIS_MISSING, AMOUNT_NOT_POSITIVE.
    """
    at.cite("C4.5-16")
    at.require(
        plan.proposed_by == card.implementer,
        "ROLE_NOT_ALLOWED",
        clause="C4.5-16",
        role=plan.proposed_by,
        action="quantificationPlan",
    )
    for index, line in enumerate(plan.lines):
        if line.economy_factor <= 0:
            raise refuse("FIELD_INVALID", clause="C4.5-16", field=f"lines[{index}].economyFactor")
        if not line.village.startswith(line.township[:9]):
            raise refuse("FIELD_INVALID", clause="C4.5-16", field=f"lines[{index}].township")
    given = [line.amount is not None for line in plan.lines]
    if any(given) and not all(given):
        raise refuse("FIELD_REQUIRED", field="lines[].amount", missing=["lines[].amount"])
    settled = plan if all(given) else _weighed(plan, card.original_value)
    check_shares(settled.shares, card.original_value, "lines[].amount")
    return settled


def _weighed(plan: QuantificationPlan, value: Fen) -> QuantificationPlan:
    weights: dict[str, int] = {}
    for line in plan.lines:
        weight = line.covered_poor_households * int(line.economy_factor * 1000)
        weights[line.village] = weights.get(line.village, 0) + weight
    if len(weights) != len(plan.lines):
        raise refuse("RIGHT_OVERLAP", clause="C2-02", field="lines[].village")
    if not any(weights.values()):
        raise refuse("INVESTMENT_BASIS_MISSING", clause="C4.5-06", missing=["lines[].coveredPoorHouseholds"])
    amounts = {share.party: share.amount for share in shares_by_ratio(value, weights)}
    lines = tuple(line.model_copy(update={"amount": amounts[line.village]}) for line in plan.lines)
    return plan.model_copy(update={"lines": lines})
