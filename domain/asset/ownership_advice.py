"""The ownership adviser: which row of T3 decides over an asset and why, whose it should be, what is still missing.

It asks the same tables and the same evidence as the confirmation, so what it calls done is what the confirmation accepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from domain.asset.facts.ownership import (
    OWNER_KINDS,
    PLANNED_STEPS,
    OwnershipConfirmation,
    TitleEvidence,
    lacking,
    suggested_owner,
)
from domain.asset.facts.title_plan import JointProposal, investments, joint_shares
from domain.refusals import Refusal
from domain.regulation import RuleTried
from domain.values import BusinessDate, Code, Name, PartyShare, Value

if TYPE_CHECKING:
    from domain.asset.facts.card import RegisterCard
    from domain.occasion import Occasion
    from domain.regulation import OwnershipAdvice


class SuggestedOwner(Value):
    """A unit the rule points to; `share` where several own together."""

    owner: Code = Field(title="单位编号")
    name: Name | None = Field(default=None, title="单位名称")
    uscc: Code | None = Field(default=None, title="集体经济组织统一社会信用代码")
    share: PartyShare | None = Field(default=None, title="建议份额")


class AdvisedStep(Value):
    """A step the row asks for. `missing`: what it still lacks; `refusal`: the code a confirmation without it gets."""

    step: str = Field(title="步骤")
    zh: str = Field(title="步骤名称")
    done: bool = Field(title="是否完成")
    after_confirmation: bool = Field(title="确权之后")
    missing: str | None = Field(default=None, title="缺少的内容")
    refusal: str | None = Field(default=None, title="拒绝代码")


class AdvisedExternalEntry(Value):
    """A system outside the asset will have to be entered in. `requires`: what comes before the entry."""

    system: str = Field(title="系统")
    zh: str = Field(title="系统名称")
    article: str = Field(title="条款")
    requires: tuple[str, ...] = Field(default=(), title="录入前须完成")


class AdvisedRegime(Value):
    """Accounting regime and lead department that follow from class and owner (T4), and the systems outside (T10)."""

    owner_kind: str = Field(title="所有权人类型")
    regime: str = Field(title="会计制度")
    accounting_system: str = Field(title="会计制度名称")
    lead_department: Code = Field(title="牵头部门")
    article: str = Field(title="条款")
    rule_gap: bool = Field(title="文件无明文规定")
    external_systems: tuple[AdvisedExternalEntry, ...] = Field(title="须录入的系统")


class SettledTitle(Value):
    """A title that is confirmed: what it was confirmed by, and whose it is. While it stands no step is missing."""

    confirmed_on: BusinessDate = Field(title="确权日期")
    rule: str = Field(title="确权依据规则")
    owner_kind: str = Field(title="所有权人类型")
    owners: tuple[PartyShare, ...] = Field(title="所有权人份额")
    agrees: bool = Field(title="是否与本建议一致", description="现行规则仍指向同一类所有权人")


class OwnershipAdvisory(Value):
    """The regulation's answer on an asset's title on a day. Without `owner_kind` the decider names the owner."""

    policy: str = Field(title="政策版本")
    rule: str = Field(title="适用规则")
    article: str = Field(title="条款")
    rule_gap: bool = Field(title="文件无明文规定")
    overridable: bool = Field(title="原则性规定", description="可由县人民政府批准例外")
    decider: str = Field(title="由谁确定")
    chain: str | None = Field(default=None, title="程序")
    ordered: bool = Field(title="步骤是否有先后")
    owner_kind: str | None = Field(default=None, title="所有权人类型")
    owners: tuple[SuggestedOwner, ...] = Field(default=(), title="建议所有权人")
    owners_missing: str | None = Field(default=None, title="尚不能给出所有权人的原因")
    tried: tuple[RuleTried, ...] = Field(title="逐条判断")
    steps: tuple[AdvisedStep, ...] = Field(default=(), title="各步骤")
    settled: SettledTitle | None = Field(default=None, title="已确定的权属", description="未确权的为空")
    regimes: tuple[AdvisedRegime, ...] = Field(
        title="各类所有权人会计制度", description="由谁确定的，按每种可能列出"
    )


def advisory(
    card: RegisterCard,
    at: Occasion,
    evidence: TitleEvidence,
    *,
    title_unclear: bool = False,
    papers: OwnershipConfirmation | None = None,
    settled: SettledTitle | None = None,
) -> OwnershipAdvisory:
    """Advise on a card, registered or not, with what is known of the steps. Names of units are the caller's to add.

    `settled`: the title as it is confirmed; then the owners are the confirmed ones, and nothing before it is missing.

    Refused: RULE_GAP, INVESTMENT_BASIS_MISSING, RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100,
    OWNER_RULE_CONFLICT, CODE_UNKNOWN.
    """
    advice = at.rules.ownership_of(card, title_unclear=title_unclear)
    owners, reason = _owners(card, advice, evidence, at)
    if settled is not None:
        owners, reason = _sharing(settled.owners), None
    parties = frozenset(one.owner for one in owners)
    kind = advice.owner_kind if settled is None else settled.owner_kind
    kinds = (kind,) if kind is not None else OWNER_KINDS
    return OwnershipAdvisory(
        policy=at.rules.policy,
        rule=advice.rule,
        article=advice.article,
        rule_gap=advice.rule_gap,
        overridable=advice.overridable,
        decider=advice.decider,
        chain=advice.chain,
        ordered=advice.ordered,
        owner_kind=advice.owner_kind,
        owners=owners,
        owners_missing=reason,
        tried=at.rules.ownership_tried(card, title_unclear=title_unclear),
        steps=tuple(
            AdvisedStep(
                step=step.code,
                zh=step.zh,
                done=not step.after_confirmation and missing is None,
                after_confirmation=step.after_confirmation,
                missing=None if step.after_confirmation else missing,
                refusal=step.refusal,
            )
            for step in advice.step_rows
            for missing in (
                None
                if settled is not None
                else lacking(step, parties, card, advice, evidence, at, papers=papers),
            )
        ),
        settled=None
        if settled is None
        else settled.model_copy(update={"agrees": advice.owner_kind in {None, settled.owner_kind}}),
        regimes=tuple(_regime(card, kind, at) for kind in kinds),
    )


def _owners(
    card: RegisterCard, advice: OwnershipAdvice, evidence: TitleEvidence, at: Occasion
) -> tuple[tuple[SuggestedOwner, ...], str | None]:
    """Owners it should have: the county's word, the plan, the investments, the one unit of the row; else why nobody yet."""
    decision = evidence.decision
    if advice.decider == "COUNTY_GOV" and decision is not None and decision.owners:
        return _sharing(decision.owners), None
    if PLANNED_STEPS & set(advice.steps):
        if evidence.planned:
            return _sharing(evidence.planned), None
        if "INVESTMENT_SHARES" in advice.steps:
            try:
                proposal = JointProposal(villages=tuple(investments(card)) or (card.location,))
                return _sharing(joint_shares(proposal, card, at).shares), None
            except Refusal as refusal:
                return (), refusal.code
        return (), "QUANTIFICATION_PLAN"
    owner = suggested_owner(card, advice)
    if owner is None:
        return (), advice.decider
    return (SuggestedOwner(owner=owner),), None


def _sharing(shares: tuple[PartyShare, ...]) -> tuple[SuggestedOwner, ...]:
    return tuple(SuggestedOwner(owner=one.party, share=one) for one in shares)


def _regime(card: RegisterCard, owner_kind: str, at: Occasion) -> AdvisedRegime:
    rules = at.rules
    row = rules.regime(card.asset_class, owner_kind)
    return AdvisedRegime(
        owner_kind=owner_kind,
        regime=row.regime,
        accounting_system=rules.accounting_system(row.regime).zh,
        lead_department=row.lead_department,
        article=row.article,
        rule_gap=row.rule_gap,
        external_systems=tuple(
            AdvisedExternalEntry(
                system=one.system,
                zh=rules.external_system(one.system).zh,
                article=one.article,
                requires=one.requires,
            )
            for one in rules.external_systems(card.asset_class, owner_kind, card.asset_type)
        ),
    )
