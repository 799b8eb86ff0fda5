"""The text of an income plan (收益分配使用方案, 四(九)): whose income of which assets goes to what, and how that is judged.

The same text is voted on, posted, reviewed, filed and paid: its digest is the procedure's subject. Lines and omissions
stand in that text by their digests, so that no household's name travels with the procedure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT
from domain.income.account import Month
from domain.procedure.subject import Subject, digest_of
from domain.refusals import refuse
from domain.values import (
    AssetCode,
    Code,
    Fen,
    Name,
    OrganizationCode,
    PublicWelfarePostCode,
    Text,
    Value,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain.asset.asset import Asset
    from domain.income.post import PublicWelfarePost
    from domain.occasion import Occasion
    from domain.regulation.rows import Term

SUBJECT_KIND: Final = "income_plan"
"""What a procedure (A8) over such a plan is over."""
_WHOLE: Final = 10_000
"""Basis points of the whole."""

Ruleset = Literal["GENERAL", "PV"]
"""一般收益 / 光伏收益（C4.9-10）。"""


class PlanSource(Value):
    """Income of one asset that the plan uses."""

    asset: AssetCode = Field(title="资产编号")
    amount: Fen = Field(title="使用金额")


class LineBasis(Value):
    """Why a household gets what it gets: the criterion and what it came to for this household."""

    criterion: Annotated[Name, UNIT] = Field(title="分配依据", description="如劳动能力评分、困难程度")
    score: int = Field(title="得分或权重", ge=0, le=1_000_000, strict=True)


class PlanLine(Value):
    """One line: what the money is for, and to whom when it is a household."""

    use: Code = Field(
        title="用途", description="一般收益见 income-uses，光伏收益见 pv-income-uses / by the rule set"
    )
    amount: Fen = Field(title="金额")
    purpose: Annotated[Name | None, UNIT] = Field(default=None, title="其他用途名称")
    household: Annotated[Code | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="户编号")
    basis: LineBasis | None = Field(default=None, title="到户分配依据")
    post: PublicWelfarePostCode | None = Field(
        default=None,
        title="公益岗位编号",
        description="到户的岗位工资须填写 / a wage of a household names its post",
    )
    months: Annotated[tuple[Month, ...] | None, UNIT] = Field(
        default=None, title="工资所属月份", description="经考核的月份", min_length=1, max_length=60
    )


class PriorityOmission(Value):
    """A priority household that gets nothing by the plan, and why."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="未纳入原因")


class IncomePlanContent(Value):
    """A village's plan for income of a year."""

    village: OrganizationCode = Field(title="村集体")
    year: int = Field(title="年度", ge=2013, le=2999, strict=True)
    sources: tuple[PlanSource, ...] = Field(title="收益来源", min_length=1, max_length=200)
    lines: tuple[PlanLine, ...] = Field(title="分配明细", min_length=1, max_length=5000)
    ruleset: Ruleset = Field(default="GENERAL", title="适用规则", description="一般收益 / 光伏收益")
    purpose_statement: Annotated[Text | None, UNIT] = Field(default=None, title="巩固脱贫成果的说明")
    omissions: tuple[PriorityOmission, ...] = Field(default=(), title="未纳入的重点关注户", max_length=1000)

    @property
    def amount(self) -> Fen:
        """The sum of all lines, fen."""
        return total(line.amount for line in self.lines)

    @property
    def household_share(self) -> Fen:
        """What goes to households, fen (到户)."""
        return total(line.amount for line in self.lines if line.household is not None)

    @property
    def village_share(self) -> Fen:
        """What stays with the village, fen (到村)."""
        return Fen(self.amount - self.household_share)

    def subject(self, plan: str) -> Subject:
        """The text that a procedure over this plan is over, under its digest."""
        uses = sorted({line.use for line in self.lines})
        content: dict[str, Any] = {
            "plan": plan,
            "village": self.village,
            "year": self.year,
            "ruleset": self.ruleset,
            "sources": [{"asset": one.asset, "amount": one.amount.yuan()} for one in self.sources],
            "amount": self.amount.yuan(),
            "villageShare": self.village_share.yuan(),
            "householdShare": self.household_share.yuan(),
            "uses": {use: total(one.amount for one in self.lines if one.use == use).yuan() for use in uses},
            "lineCount": len(self.lines),
            "linesSha256": _digest(self.lines),
            "omissionsSha256": _digest(self.omissions),
        }
        if self.purpose_statement is not None:
            content["purposeStatement"] = self.purpose_statement
        return Subject(kind=SUBJECT_KIND, id=plan, sha256=digest_of(content), content=content)


def _digest(parts: Iterable[Value]) -> str:
    """SHA-256 of a list as requests write it: nothing that is empty."""
    return digest_of(
        {"list": [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in parts]}
    )


# ---- how a plan is judged ------------------------------------------------------------------------------------------


def check_content(
    content: IncomePlanContent,
    assets: dict[str, Asset],
    balance: Fen,
    priority: frozenset[str],
    posts: Mapping[str, PublicWelfarePost],
    at: Occasion,
) -> None:
    """Judge a plan before it is put to the village: its money, its uses, its households (C4.9-05 … -07, -10, -11).

    `assets`: the sources, as the log has them; `balance`: of the village's sub-account; `priority`: the village's priority
    households of the day; `posts`: those that its wages name.

    Refused: WAGE_NOT_ASSESSED, AMOUNT_NOT_POSITIVE, FIELD_INVALID, ATTRIBUTION_SUM_MISMATCH, NOT_INCOME_HOLDER, PLAN_EXCEEDS_INCOME,
    PV_RULESET_REQUIRED, USE_NOT_ALLOWED, FIELD_REQUIRED, EQUAL_DISTRIBUTION_PROHIBITED,
    DISTRIBUTION_BASIS_REQUIRED, CODE_UNKNOWN, ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED. Warned of: USE_OTHER, PV_SHARE_LOW, PURPOSE_REQUIRED, PRIORITY_HOUSEHOLD_OMITTED.
    """
    at.cite("C4.9-06", "C4.9-07", "C4.9-11")
    _check_money(content, assets, balance, at)
    _check_ruleset(content, assets, at)
    uses = at.rules.terms("PV_INCOME_USE") if content.ruleset == "PV" else at.rules.terms("INCOME_USE")
    terms = {one.code: one for one in uses}
    _check_uses(content, terms, at)
    _check_households(content, terms, at)
    _check_wages(content, terms, posts, at)
    _look_for_priority(content, priority, at)
    if content.ruleset == "PV":
        _check_pv_share(content, terms, at)
    if content.purpose_statement is None:
        at.warn("PURPOSE_REQUIRED")


def _check_money(content: IncomePlanContent, assets: dict[str, Asset], balance: Fen, at: Occasion) -> None:
    for name, amounts in (
        ("sources", [one.amount for one in content.sources]),
        ("lines", [one.amount for one in content.lines]),
    ):
        if any(amount <= 0 for amount in amounts):
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-06", field=f"{name}[].amount")
    named = [one.asset for one in content.sources]
    if len(set(named)) != len(named):
        raise refuse("FIELD_INVALID", clause="C4.9-06", field="sources", value="、".join(named)[:200])
    given = total(one.amount for one in content.sources)
    if given != content.amount:
        raise refuse("ATTRIBUTION_SUM_MISMATCH", clause="C4.9-06", field="lines", amount=given)
    for source in content.sources:
        there = assets[source.asset].plannable(content.village, at)
        at.require(
            source.amount <= there,
            "PLAN_EXCEEDS_INCOME",
            clause="C4.9-06",
            planned=source.amount,
            distributable=there,
        )
    at.require(
        content.amount <= balance,
        "PLAN_EXCEEDS_INCOME",
        clause="C4.9-06",
        planned=content.amount,
        distributable=balance,
    )


def _check_ruleset(content: IncomePlanContent, assets: dict[str, Asset], at: Occasion) -> None:
    """Income of photovoltaic plants follows rules of its own, and nothing else does (C4.9-10)."""
    plants = [one for one in assets.values() if at.rules.asset_type(one.card.asset_type).photovoltaic]
    if not plants:
        if content.ruleset == "PV":
            raise refuse("FIELD_INVALID", clause="C4.9-10", field="ruleset", value=content.ruleset)
        return
    at.cite("C4.9-10")
    at.require(
        content.ruleset == "PV" and len(plants) == len(assets), "PV_RULESET_REQUIRED", clause="C4.9-10"
    )


def _check_uses(content: IncomePlanContent, terms: dict[str, Term], at: Occasion) -> None:
    for index, line in enumerate(content.lines):
        term = terms.get(line.use)
        if term is None or any(flag.startswith("CHAIN_") or flag == "OWN_PLAN" for flag in term.flags):
            raise at.refusal("USE_NOT_ALLOWED", clause="C4.9-06", use=line.use)
        if "CASH" in term.flags and line.household is None:
            field = f"lines[{index}].household"
            raise refuse("FIELD_REQUIRED", clause="C4.9-07", missing=[field], field=field)
        if "NEEDS_NAME" in term.flags:
            if line.purpose is None:
                field = f"lines[{index}].purpose"
                raise refuse("FIELD_REQUIRED", clause="C4.9-06", missing=[field], field=field)
            at.warn("USE_OTHER", purpose=line.purpose)


def _check_households(content: IncomePlanContent, terms: dict[str, Term], at: Occasion) -> None:
    """No simple equal distribution (P12), and a basis for each household's amount; pay for work is neither (C4.9-07)."""
    rule = at.rules.parameters["P12"]
    counted = [
        line for line in content.lines if line.household is not None and line.use not in rule.exempt_uses
    ]
    amounts: dict[str, int] = {}
    bases: dict[str, set[LineBasis | None]] = {}
    for line in counted:
        household = str(line.household)
        amounts[household] = amounts.get(household, 0) + line.amount
        bases.setdefault(household, set()).add(line.basis)
    same = set().union(*bases.values())
    alike = len(amounts) >= rule.min_households and _alike(
        list(amounts.values()), rule.variation_below_basis_points
    )
    justified = len(same) == 1 and None not in same
    at.require(not (alike and rule.refuses) or justified, "EQUAL_DISTRIBUTION_PROHIBITED", clause="C4.9-07")
    wages = {code for code, term in terms.items() if "WAGE" in term.flags}
    lacking = sorted(
        {str(line.household) for line in counted if line.basis is None and line.use not in wages}
    )
    at.require(
        not lacking,
        "DISTRIBUTION_BASIS_REQUIRED",
        clause="C4.9-07",
        households=len(lacking),
    )


def _check_wages(
    content: IncomePlanContent, terms: dict[str, Term], posts: Mapping[str, PublicWelfarePost], at: Occasion
) -> None:
    """Pay of a household for work names its post and months that were assessed: what is exempt from C4.9-07 is no cash."""
    owed: dict[tuple[str, str], tuple[set[str], int]] = {}
    for index, line in enumerate(content.lines):
        if line.household is None or "WAGE" not in terms[line.use].flags:
            if line.post is not None or line.months is not None:
                raise refuse("FIELD_INVALID", clause="C4.9-07", field=f"lines[{index}].post", value=line.use)
            continue
        if line.post is None or line.months is None:
            named = (("post", line.post), ("months", line.months))
            missing = [f"lines[{index}].{name}" for name, given in named if given is None]
            raise at.refusal("WAGE_NOT_ASSESSED", clause="C4.9-07", missing=missing)
        months, amount = owed.get((line.post, line.household), (set(), 0))
        owed[line.post, line.household] = months | set(line.months), amount + line.amount
    for (post, household), (months, amount) in owed.items():
        posts[post].must_owe(content.village, household, months, Fen(amount), at)


def _look_for_priority(content: IncomePlanContent, priority: frozenset[str], at: Occasion) -> None:
    """Whether every priority household gets something, or stands in the text with the reason why not (C4.9-08)."""
    at.cite("C4.9-08")
    given = {one.household for one in content.lines}
    excused = {one.household for one in content.omissions}
    if left_out := priority - given - excused:
        at.warn("PRIORITY_HOUSEHOLD_OMITTED", households=len(left_out))


def _alike(amounts: list[int], below_basis_points: int) -> bool:
    """Whether amounts are all equal, or their coefficient of variation (standard deviation over mean) lies below the bound."""
    whole, squares = sum(amounts), sum(amount * amount for amount in amounts)
    spread = len(amounts) * squares - whole * whole  # n² times the variance, exactly
    return spread == 0 or spread * _WHOLE**2 < (below_basis_points * whole) ** 2


def _check_pv_share(content: IncomePlanContent, terms: dict[str, Term], at: Occasion) -> None:
    """How much of photovoltaic income goes to posts and labour (P22, C4.9-10)."""
    work = total(line.amount for line in content.lines if "WAGE" in terms[line.use].flags)
    if work * _WHOLE < at.rules.parameters["P22"] * content.amount:
        hundredths = work * _WHOLE // content.amount
        at.warn("PV_SHARE_LOW", share=f"{hundredths // 100}.{hundredths % 100:02d}%")
