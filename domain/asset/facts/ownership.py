"""Confirmation of ownership (确权): what is confirmed, and how the decision table T3 judges it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field
from pydantic.alias_generators import to_snake

from domain.asset.facts.card import RegisterCard, check_useful_life
from domain.asset.facts.certificates import OwnershipCertificate
from domain.asset.facts.title_plan import SUBJECT_KIND, check_shares, investments, title_digests
from domain.asset.facts.transfer import AssetTransfer, reached, receivers
from domain.bounds import FactDay, NotBefore
from domain.procedure.proof import ProcedureProof
from domain.refusals import refuse
from domain.values import Code, Name, PartyShare, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.plan import ProcedureParty
    from domain.regulation import OwnershipAdvice, Rules
    from domain.regulation.rows import OwnershipStep

OwnerKind = Literal["DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM"]
OWNER_KINDS: Final[tuple[OwnerKind, ...]] = ("DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM")


class OwnershipConfirmation(Value):
    """Owners with their shares in fen of the original value, user and income-right holders, and the papers.

    `income_right_holders` are shares of the same value; where they are left out on a public-welfare asset nobody
    has an income right. The accounting regime is derived (T4) and the accountable party is the owner; a client that
    sends either has it compared.
    """

    owners: tuple[PartyShare, ...] = Field(title="所有权人", min_length=1, max_length=500)
    owner_kind: str = Field(title="所有权人类型", pattern="^(DEPARTMENT|TOWNSHIP|VILLAGE|FARM|PERSON)$")
    user_right_holder: Code | None = Field(default=None, title="使用权人")
    income_right_holders: tuple[PartyShare, ...] = Field(default=(), title="收益权人份额", max_length=500)
    ownership_basis: Text | None = Field(default=None, title="所有权依据", description="资金类别和用途")
    income_right_basis: Text | None = Field(default=None, title="收益权依据", description="资金类别和用途")
    county_decision: Name | None = Field(default=None, title="县人民政府确权批复文号")
    reform_basis_document: Name | None = Field(default=None, title="教育卫生体制改革依据文号")
    procedure: Code | None = Field(default=None, title="确权程序编号")
    verification_basis: Name | None = Field(default=None, title="清产核资依据")
    regime: Code | None = Field(default=None, title="会计制度", description="由系统推导，可不填")
    accountable_party: Code | None = Field(
        default=None, title="直接责任主体", description="即所有权人，可不填"
    )

    def holds(self, item: str) -> bool:
        """Whether an item of the register card, by its name in the API, is filled in."""
        return getattr(self, to_snake(item)) not in (None, ())


class CountyDecision(Value):
    """The county government's decision on a title, with its reasons; `owners`, where it names them, bind (C4.5-07)."""

    document_no: Name | None = Field(default=None, title="文号")
    decided_on: Annotated[FactDay, NotBefore("start")] = Field(title="决定日期")
    reasons: Text = Field(title="理由")
    owner_kind: OwnerKind | None = Field(default=None, title="所有权人类型")
    owners: tuple[PartyShare, ...] = Field(default=(), title="所有权人", max_length=500)


class TitleDispute(Value):
    """A title that is not clear (产权不明晰): since when, why, and who lays claim to it."""

    opened_on: Annotated[FactDay, NotBefore("start")] = Field(title="发现日期")
    reason: Text = Field(title="情况说明")
    claimants: tuple[Code, ...] = Field(default=(), title="主张权利的单位", max_length=100)


class TitleHolder(Value):
    """Holder of an owner's share in law: a village's registered collective, its committee only where there is none."""

    party: Code = Field(title="单位编号")
    kind: Literal["COLLECTIVE", "VILLAGE_COMMITTEE", "DEPARTMENT", "TOWNSHIP", "FARM"] = Field(
        title="权利主体类型"
    )
    uscc: Code | None = Field(default=None, title="统一社会信用代码")
    name: Name | None = Field(default=None, title="权利主体名称")


@dataclass(frozen=True, slots=True)
class TitleEvidence:
    """Evidence that an asset and its procedure have of the steps that T3 asks for before the confirmation.

    `planned`: the shares of the recorded plan (joint or quantified). `decision`: the county's, younger than any
    dispute. `proof`: of the procedure the confirmation names.
    """

    asset: str
    transfers: tuple[AssetTransfer, ...] = ()
    planned: tuple[PartyShare, ...] = ()
    decision: CountyDecision | None = None
    certificates: Mapping[str, OwnershipCertificate] = field(default_factory=dict)
    proof: ProcedureProof | None = None


PLANNED_STEPS: Final = frozenset({"INVESTMENT_SHARES", "QUANTIFICATION_PLAN"})
"""Steps that fix the owners' shares: the confirmation follows them to the fen."""

_CHAIN_STEPS: Final[Mapping[str, str]] = {
    "TOWNSHIP_MEETING": "MEETING",
    "NOTICE": "NOTICE",
    "COUNTY_DECISION": "DECISION",
}
"""T3's name of a step → the chain's (T5)."""


def check_confirmation(
    confirmation: OwnershipConfirmation,
    card: RegisterCard,
    evidence: TitleEvidence,
    *,
    title_unclear: bool,
    at: Occasion,
) -> tuple[OwnershipAdvice, str]:
    """Judge a confirmation; gives the matching row of T3 and the derived regime.

    Refused: RULE_GAP, OWNER_TYPE_NOT_ALLOWED, RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100,
    ACCOUNTABLE_IS_OWNER, OWNER_RULE_CONFLICT, PLAN_HASH_MISMATCH, OwnershipStep.refusal, CardItem.refusal,
    STEP_OUT_OF_ORDER, CODE_UNKNOWN, FIELD_REQUIRED, INCOME_RIGHT_BASIS_REQUIRED, USEFUL_LIFE_INVALID,
    REGIME_MISMATCH.
    """
    advice = at.rules.ownership_of(card, title_unclear=title_unclear)
    at.cite("C4.5-02", "C4.5-08", *advice.articles)
    _check_parties(confirmation, card)
    _check_owner(confirmation, card, advice, at)
    _check_proof(confirmation, advice, evidence)
    _check_steps(confirmation, card, advice, evidence, at)
    _check_as_decided(confirmation, advice, evidence, at)
    _check_income_right(confirmation, card, at)
    regime = at.rules.regime(card.asset_class, confirmation.owner_kind)
    check_useful_life(card, regime.regime, at)
    at.cite(regime.article)
    if confirmation.regime is not None and confirmation.regime != regime.regime:
        raise refuse(
            "REGIME_MISMATCH", clause=regime.article, given=confirmation.regime, derived=regime.regime
        )
    if confirmation.verification_basis is None:
        at.warn("STOCKTAKE_BASIS_MISSING")
    return advice, regime.regime


def _check_parties(confirmation: OwnershipConfirmation, card: RegisterCard) -> None:
    """Owners are units, income-right holders may be; both sum to the value exactly."""
    if confirmation.owner_kind == "PERSON":
        raise refuse("OWNER_TYPE_NOT_ALLOWED", kind=confirmation.owner_kind)
    check_shares(confirmation.owners, card.original_value, "owners")
    if confirmation.income_right_holders:
        check_shares(confirmation.income_right_holders, card.original_value, "incomeRightHolders")
    accountable = confirmation.accountable_party
    if accountable is not None and accountable not in {share.party for share in confirmation.owners}:
        raise refuse("ACCOUNTABLE_IS_OWNER")


def village_of(card: RegisterCard) -> str | None:
    """The one village a single-village asset belongs to: the one that built it, else the one it stands in.

    The last three digits of a division's code tell a village (2xx, 3xx) from a neighbourhood and from a whole township.
    """
    if card.implementer_kind == "VILLAGE":
        return card.implementer
    stands_in_village = len(card.location) == 12 and card.location[9] in "23"
    return card.location if stands_in_village else None


def suggested_owner(card: RegisterCard, advice: OwnershipAdvice) -> str | None:
    """The one unit the matching row points to; None where several own it or the decider names the owner."""
    if advice.owner_kind in {"DEPARTMENT", "TOWNSHIP"}:
        return card.implementer
    if advice.owner_kind == "VILLAGE" and card.project_scope not in {"JOINT_VILLAGE", "CROSS_VILLAGE"}:
        return village_of(card)
    return advice.suggestion


def title_rests_on(card: RegisterCard, rules: Rules) -> tuple[object, ...]:
    """What of a card a confirmed title rests on: while it stands, no correction changes it."""
    advice = rules.ownership_of(card)
    owner = suggested_owner(card, advice)
    invested = investments(card) if card.project_scope == "JOINT_VILLAGE" else {}
    return card.original_value, card.asset_class, advice.rule, owner, invested


def _check_owner(
    confirmation: OwnershipConfirmation, card: RegisterCard, advice: OwnershipAdvice, at: Occasion
) -> None:
    """The owner is the one the row names; a row that names none leaves it to the decider."""
    if advice.owner_kind is None:
        return
    parties = {share.party for share in confirmation.owners}
    owner = suggested_owner(card, advice)
    at.require(
        confirmation.owner_kind == advice.owner_kind and (owner is None or parties == {owner}),
        "OWNER_RULE_CONFLICT",
        clause=advice.article,
        rule=advice.rule,
        expected=owner or advice.owner_kind,
        given="、".join(sorted(parties)),
    )


def check_parties_of(parties: Iterable[ProcedureParty], card: RegisterCard) -> None:
    """A procedure over an asset is its own township's, and its notice hangs where the asset stands (C4.5-06).

    Refused: NOTICE_PLACE_MISSING when the units named for it are others.
    """
    named: dict[str, set[str]] = {}
    for one in parties:
        named.setdefault(one.role, set()).add(one.organization)
    wanted = {"TOWNSHIP": f"{card.location[:9]}000", "IMPLEMENTER": card.implementer}
    if village_of(card) == card.location:
        wanted["PROJECT_VILLAGE"] = card.location
    others = sorted(unit for role, unit in wanted.items() if role in named and unit not in named[role])
    if others:
        raise refuse("NOTICE_PLACE_MISSING", clause="C4.5-06", places=sorted(wanted.values()), missing=others)


def _check_proof(
    confirmation: OwnershipConfirmation, advice: OwnershipAdvice, evidence: TitleEvidence
) -> None:
    """The procedure that is named is the one shown, over this asset, on the chain of the row, over these owners."""
    proof = evidence.proof
    if proof is None:
        return
    digests = title_digests(evidence.asset, confirmation.owner_kind, confirmation.owners)
    shown = (proof.procedure, proof.chain, proof.subject_kind, proof.subject)
    wanted = (confirmation.procedure, advice.chain, SUBJECT_KIND, evidence.asset)
    if shown != wanted or proof.subject_sha256 not in digests:
        raise refuse("PLAN_HASH_MISMATCH", clause=advice.article, missing=["procedure"])


def _check_steps(
    confirmation: OwnershipConfirmation,
    card: RegisterCard,
    advice: OwnershipAdvice,
    evidence: TitleEvidence,
    at: Occasion,
) -> None:
    """What the row wants done before: papers of decisions, the transfer, the procedure. What is due after: a warning."""
    parties = frozenset(share.party for share in confirmation.owners)
    for step in advice.step_rows:
        if step.after_confirmation:
            if step.refusal is not None and at.rules.wording.entry(step.refusal).kind == "warning":
                at.warn(step.refusal, clause=advice.article)
            continue
        missing = lacking(step, parties, card, advice, evidence, at, papers=confirmation)
        if missing is not None and step.refusal is not None:
            told = {"step": step.zh, "state": "UNCONFIRMED"} if step.refusal == "STEP_OUT_OF_ORDER" else {}
            at.refuse(step.refusal, clause=advice.article, missing=[missing], **told)


def lacking(
    step: OwnershipStep,
    parties: frozenset[str],
    card: RegisterCard,
    advice: OwnershipAdvice,
    evidence: TitleEvidence,
    at: Occasion,
    *,
    papers: OwnershipConfirmation | None = None,
) -> str | None:
    """What is still missing for a step of T3, by the name of its field or noun; None when it was done."""
    proof = evidence.proof
    in_chain = proof is not None and proof.done_by(_CHAIN_STEPS.get(step.code, step.code), at.on)
    match step.code:
        case "TRANSFER":
            return None if _transferred(parties, card, advice, evidence.transfers) else "transfer"
        case "COUNTY_DECISION":
            return None if in_chain or _decided(evidence.decision, papers, at) else "countyDecision"
        case "REFORM_BASIS":
            given = papers is not None and papers.reform_basis_document is not None
            return None if given else "reformBasisDocument"
        case "INVESTMENT_SHARES":
            return None if evidence.planned else "jointShares"
        case "QUANTIFICATION_PLAN":
            return None if evidence.planned else "quantificationPlan"
        case "HOUSEHOLD_ROW":
            return "household"
        case "CERTIFICATES":
            absent = sorted(parties - evidence.certificates.keys())
            return f"ownershipCertificates {'、'.join(absent)}" if absent or not parties else None
        case _:
            return None if in_chain else "procedure"


def _transferred(
    parties: frozenset[str], card: RegisterCard, advice: OwnershipAdvice, transfers: tuple[AssetTransfer, ...]
) -> bool:
    """Whether every owner has received the asset: from the implementer, or from anybody where the county decides."""
    if advice.owner_kind is None:
        return bool(parties) and parties <= receivers(transfers)
    return parties - {card.implementer} <= reached(transfers, card.implementer)


def _decided(decision: CountyDecision | None, papers: OwnershipConfirmation | None, at: Occasion) -> bool:
    """Whether the county decided by the day, under the number the confirmation names; history may name it only."""
    named = papers.county_decision if papers is not None else None
    if decision is None:
        return at.provenance is not None and named is not None
    return decision.decided_on <= at.on and named in {None, decision.document_no}


def _check_as_decided(
    confirmation: OwnershipConfirmation, advice: OwnershipAdvice, evidence: TitleEvidence, at: Occasion
) -> None:
    """The owners are those of the plan (PLAN_HASH_MISMATCH) and those the county named (OWNER_RULE_CONFLICT)."""
    owners = frozenset(confirmation.owners)
    if evidence.planned and PLANNED_STEPS & set(advice.steps) and owners != frozenset(evidence.planned):
        raise refuse("PLAN_HASH_MISMATCH", clause=advice.article, missing=["owners"])
    decision = evidence.decision
    if decision is None or not decision.owners or advice.decider != "COUNTY_GOV":
        return
    at.require(
        owners == frozenset(decision.owners) and confirmation.owner_kind == decision.owner_kind,
        "OWNER_RULE_CONFLICT",
        clause=advice.article,
        rule=advice.rule,
        expected="、".join(sorted(one.party for one in decision.owners)),
        given="、".join(sorted(one.party for one in owners)),
    )


def _check_income_right(confirmation: OwnershipConfirmation, card: RegisterCard, at: Occasion) -> None:
    asked = {item.field: item for item in at.rules.card_items("CONFIRMATION", card.asset_type)}
    for name, item in asked.items():
        at.require(confirmation.holds(name), item.refusal or "FIELD_REQUIRED", missing=[name], field=name)
    if "incomeRightHolders" not in asked:
        return
    at.cite("C4.6-11")
    missing = [
        name
        for name, value in (
            ("ownershipBasis", confirmation.ownership_basis),
            ("incomeRightBasis", confirmation.income_right_basis),
        )
        if value is None
    ]
    at.require(not missing, "INCOME_RIGHT_BASIS_REQUIRED", missing=missing)
