"""A county's rules tried dry before they are used: on every stretch of days, assets of its classes live a whole life.

Each class is built by each kind of unit, registered, given its title, kept, let and disposed of, with the papers that
the county's own tables ask for; a household asset is registered; every chain is laid out. Nothing is recorded. A table that makes the service fail, or that has no row for what
everybody does, is a fault of the data; any other refusal is told as what the county's rules would say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from domain.asset.asset import Asset
from domain.asset.facts.card import Acceptance, FundingLine, RegisterCard
from domain.asset.facts.contract import ContractTerms, OperatingTarget, Operator, OwnOperation
from domain.asset.facts.custody import Custody, Duty, PositionRef
from domain.asset.facts.disposal import Appraisal, Approval, DisposalProposal, DisposalSale, Publication
from domain.asset.facts.ownership import CountyDecision, OwnershipConfirmation
from domain.asset.facts.selection import SelectedOperator
from domain.asset.facts.texts import contract_carried_out, disposal_carried_out
from domain.asset.facts.title_plan import SUBJECT_KIND, title_digest
from domain.asset.facts.transfer import ItemAcceptance, TransferItem, TransferOffer
from domain.execution import Execution
from domain.household.asset import HouseholdAsset
from domain.household.card import HouseholdAssetCard
from domain.occasion import Occasion
from domain.procedure.plan import ProcedureCase, ProcedureParty, lay_out
from domain.procedure.proof import ProcedureProof
from domain.refusals import Refusal
from domain.regulation import OwnershipAdvice, Regulation, Rules, rows
from domain.values import Fen, PartyShare

_DATA_LACKS: Final = frozenset(
    {"RULE_GAP", "CODE_UNKNOWN", "FUND_SOURCE_UNKNOWN", "LINE_DEPT_UNMAPPED", "TYPE_CLASS_MISMATCH"}
)
"""Refusals of what the trial took from the county's own tables: the tables do not agree with one another."""
_PARTIES: Final = ("VILLAGE", "TOWNSHIP", "OWNER", "IMPLEMENTER", "OWNER_LOCATION", "PROJECT_VILLAGE")
_BUILDERS: Final = ("DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM")
_WORTH: Final = Fen(100_000_000)
"""A million yuan: above any threshold a county has for disposals."""
_PAPER: Final = "试办〔1〕号"
_DIGEST: Final = "00" * 32


class _NothingToTry(Exception):  # noqa: N818 - says what the tables lack
    """The tables have nothing that a step could be tried with."""


@dataclass(frozen=True, slots=True)
class TrialRefusal:
    """A step that the county's rules refused, although every paper they ask for was there. `place`: of what, in words."""

    place: str
    code: str
    detail: str


@dataclass(slots=True)
class Trial:
    """Result of a trial. `steps`: how many were taken; `faults`: what makes the data unusable."""

    steps: int = 0
    faults: list[str] = field(default_factory=list)
    refusals: list[TrialRefusal] = field(default_factory=list)


Step = tuple[str, Callable[["Occasion"], None]]
"""What is tried, by the name an official gives it, and how."""


def try_out(regulation: Regulation) -> Trial:
    """Try everything on every stretch of days. Gives what went wrong; never raises for what a table holds."""
    trial = Trial()
    for since, _ in regulation.intervals:
        rules = regulation.on(since)
        for courses in (_lives(rules, since), _households(rules, since), _procedures(rules)):
            for course, steps in courses:
                _take(steps, f"{since} 起试办{course}", since, rules, trial)
    trial.faults = list(dict.fromkeys(trial.faults))
    return trial


def _take(steps: Iterable[Step], course: str, since: date, rules: Rules, trial: Trial) -> None:
    """Take steps one after another, until one cannot be taken."""
    for name, act in steps:
        trial.steps += 1
        at = _Dry(on=since, today=since, rules=rules)
        stopped: Refusal | None = None
        try:
            act(at)
        except Refusal as refusal:
            stopped = refusal
        except _NothingToTry as lacking:
            trial.faults.append(f"{course}{name}：{lacking}")
            return
        except Exception as error:  # noqa: BLE001  whatever a table made the code do is told as a fault of the table
            trial.faults.append(f"{course}{name}：出错 {type(error).__name__}：{error}")
            return
        for one in at.refused if stopped is None else (*at.refused, stopped):
            _note(rules.wording.said(one), f"{course}{name}", trial)
        if stopped is not None:
            return


def _note(said: Refusal, place: str, trial: Trial) -> None:
    if said.code in _DATA_LACKS:
        trial.faults.append(f"{place}：{said.code} {said.detail_zh}")
    else:
        trial.refusals.append(TrialRefusal(place, said.code, said.detail_zh))


def _lives(rules: Rules, since: date) -> Iterator[tuple[str, Iterable[Step]]]:
    """Assets of every class that can be registered, built by every kind of unit."""
    for asset_class in rules.table("asset_types.class", rows.AssetClass):
        if asset_class.forbidden_code is None:
            for builder in _BUILDERS:
                life = _Life(rules, since, asset_class.code, builder)
                yield f"（{asset_class.zh}，{builder} 实施）", life.steps()


def _households(rules: Rules, since: date) -> Iterator[tuple[str, Iterable[Step]]]:
    """A household asset of every type."""
    for kind in rules.table("asset_types.type", rows.AssetType):
        if kind.asset_class == "HOUSEHOLD":
            yield f"（到户，{kind.zh}）", [("登记", partial(_register_household, rules, since, kind))]


def _register_household(rules: Rules, since: date, kind: rows.AssetType, at: Occasion) -> None:
    card = HouseholdAssetCard(
        asset_name="试办资产",
        asset_content="试办",
        asset_type=kind.code,
        household="H1",
        location=f"{rules.county}100201",
        completion_date=since,
        quantity=Decimal(1),
        unit_of_measure=next(iter(kind.units), "项"),
        original_value=_WORTH,
        funding_lines=(FundingLine(source=_source(rules), amount=_WORTH, allocated_on=since),),
        loan_ref=_PAPER if kind.needs_loan_ref else None,
    )
    HouseholdAsset.register("TRIAL", card, at)


def _procedures(rules: Rules) -> Iterator[tuple[str, Iterable[Step]]]:
    """Every chain, for every kind of owner and every scope of a project that makes a difference in it."""
    every_scope = sorted(rules.codes("PROJECT_SCOPE"))
    for chain in rules.table("chains.chain", rows.Chain):
        by_owner = any(step.only_for or step.by in {"ROUTE", "APPROVER"} for step in chain.steps)
        by_scope = any(step.only_scopes for step in chain.steps)
        for owner_kind in _BUILDERS if by_owner else _BUILDERS[:1]:
            for scope in every_scope if by_scope else every_scope[:1]:
                step = partial(_lay_out, rules, chain, owner_kind, scope)
                yield f"（{chain.zh}，{owner_kind}，{scope}）", [("办理流程", step)]


def _lay_out(rules: Rules, chain: rows.Chain, owner_kind: str, scope: str, _: Occasion) -> None:
    organizations = {one.code for one in rules.organizations()}
    roles = {role for step in chain.steps for role in _roles_of(step)} - organizations
    types = rules.table("asset_types.type", rows.AssetType)
    case = ProcedureCase(
        owner_kind=owner_kind,
        project_scope=scope,
        asset_type=next((one.code for one in types if one.asset_class == "OPERATING"), None),
        disposal_value=_WORTH,
    )
    units = dict.fromkeys((*roles, *_PARTIES), f"{rules.county}100201")
    parties = [ProcedureParty(role=role, organization=unit) for role, unit in sorted(units.items())]
    if not lay_out(chain, case, parties, rules):
        raise _NothingToTry("没有适用的步骤")


def _roles_of(step: rows.ChainStep) -> set[str]:
    """Every role that a step names."""
    named = {step.by, *step.all_of}
    if step.notice is not None:
        named.update(step.notice.places)
    if step.filing is not None:
        named.add(step.filing.addressee)
    return {one for one in named if one is not None}


def _source(rules: Rules) -> str:
    """The first source that is in the list and asks for nothing more."""
    for one in rules.table("fund_sources.source", rows.FundSource):
        if _plain(one, rules):
            return one.code
    raise _NothingToTry("没有可以直接填报的资金来源")


def _plain(source: rows.FundSource, rules: Rules) -> bool:
    """Whether a funding line of that source needs nothing more than its amount and day."""
    parents = {row.code for row in rules.table("fund_sources.parent", rows.FundParent)}
    asks = source.needs_flag or source.provenance_required or source.document_required
    return not asks and source.code not in parents


@dataclass(slots=True)
class _Dry(Occasion):
    """An occasion that notes what a rule refuses and goes on."""

    refused: list[Refusal] = field(default_factory=list)

    def refuse(
        self, code: str, *, clause: str | None = None, missing: Iterable[str] = (), **params: Any
    ) -> None:
        """Note a broken rule."""
        self.refused.append(self.refusal(code, clause=clause, missing=missing, **params))


class _Life:
    """One asset's life by a county's tables. Units are invented, codes are the county's."""

    def __init__(self, rules: Rules, day: date, asset_class: str, builder: str) -> None:
        self.rules = rules
        self.day = day
        self.asset_class = asset_class
        self.builder = builder
        village = f"{rules.county}100201"
        self.units = {
            "VILLAGE": village,
            "TOWNSHIP": f"{village[:9]}000",
            "FARM": f"{village[:9]}000",
            "DEPARTMENT": next(
                (one.code for one in rules.organizations() if one.kind == "DEPARTMENT"), "DEPARTMENT"
            ),
        }
        self.asset: Asset

    def steps(self) -> Iterator[Step]:
        """The steps in their order."""
        yield "登记", self._register
        yield "确权", self._confirm
        yield "落实管护", self._keep
        for mode in self.rules.table("operation_modes.mode", rows.OperationMode):
            if self.asset_class in mode.asset_classes:
                yield f"以 {mode.code} 经营", partial(self._operate, mode)
        yield "计提折旧", self._depreciate
        yield "处置", self._dispose

    # ---- the steps ---------------------------------------------------------------------------------------------

    def _register(self, at: Occasion) -> None:
        self.asset = Asset.register("TRIAL", self._card(), at)

    def _card(self) -> RegisterCard:
        kind = self._type()
        unit = next(iter(kind.units), "项")
        return RegisterCard(
            asset_name="试办资产",
            asset_content="试办",
            asset_class=self.asset_class,
            subclass=kind.subclass,
            asset_type=kind.code,
            completion_date=self.day,
            useful_life_years=10 if self.rules.depreciable(kind.code) else None,
            quantity=Decimal(1),
            unit_of_measure=unit,
            items=("试办",) if self.rules.unit_of_measure(unit).needs_items else (),
            original_value=_WORTH,
            funding_lines=(FundingLine(source=_source(self.rules), amount=_WORTH, allocated_on=self.day),),
            location=self.units["VILLAGE"],
            implementer=self.units[self.builder],
            implementer_kind=self.builder,
            funds_paid_to=self.builder,
            acceptance=Acceptance(result="PASSED", accepted_on=self.day, document_no=_PAPER),
        )

    def _type(self) -> rows.AssetType:
        """The first type of the class that needs no loan behind it."""
        types = self.rules.table("asset_types.type", rows.AssetType)
        of_class = [one for one in types if one.asset_class == self.asset_class and not one.needs_loan_ref]
        if not of_class:
            raise _NothingToTry(f"类别 {self.asset_class} 没有类型")
        return of_class[0]

    def _confirm(self, at: Occasion) -> None:
        advice = self.asset.ownership_advice(at)
        owner_kind = advice.owner_kind or self.builder
        if owner_kind not in self.units:
            raise _NothingToTry(f"规则 {advice.rule} 归 {owner_kind} 所有，而到户资产只登记、不确权")
        shares = (PartyShare(party=self.units[owner_kind], amount=_WORTH),)
        proof = None if advice.chain is None else self._proof(advice, owner_kind, shares)
        self._do_before(advice, shares[0].party, at)
        asked = self.rules.card_items("CONFIRMATION", self.asset.card.asset_type)
        income = any(item.field == "incomeRightHolders" for item in asked)
        paper = OwnershipConfirmation(
            owners=shares,
            owner_kind=owner_kind,
            income_right_holders=shares if income else (),
            ownership_basis=_PAPER,
            income_right_basis=_PAPER if income else None,
            verification_basis=_PAPER,
            reform_basis_document=_PAPER,
            county_decision=_PAPER,
            procedure=None if proof is None else proof.procedure,
        )
        self.asset.confirm_ownership(paper, at, proof=proof)

    def _do_before(self, advice: OwnershipAdvice, owner: str, at: Occasion) -> None:
        """What the row wants done before the confirmation: the transfer, the county's decision."""
        steps = {step.code for step in advice.step_rows if not step.after_confirmation}
        if "COUNTY_DECISION" in steps:
            decision = CountyDecision(document_no=_PAPER, decided_on=self.day, reasons="试办")
            self.asset.issue_county_decision(decision, at)
        if "TRANSFER" in steps and owner != self.asset.card.implementer:
            items = (TransferItem(item="1", name="试办资产"),)
            offer = TransferOffer(
                transfer="T1",
                deliverer=self.asset.card.implementer,
                receiver=owner,
                initiated_on=self.day,
                items=items,
                documents=(_PAPER,),
            )
            self.asset.initiate_transfer(offer, at)
            self.asset.accept_transfer("T1", owner, (ItemAcceptance(item="1", result="ACCEPTED"),), at)
            self.asset.complete_transfer("T1", at)

    def _proof(
        self, advice: OwnershipAdvice, owner_kind: str, shares: tuple[PartyShare, ...]
    ) -> ProcedureProof:
        """A procedure on the row's chain with every step done."""
        chain = self.rules.chain(advice.chain or "")
        done = dict.fromkeys((step.code for step in chain.steps), self.day)
        return ProcedureProof(
            procedure="PR1",
            chain=chain.code,
            subject_kind=SUBJECT_KIND,
            subject=self.asset.id,
            subject_sha256=title_digest(self.asset.id, owner_kind, shares),
            completed=tuple(done),
            completed_on=done,
            policy=self.rules.policy,
        )

    def _keep(self, at: Occasion) -> None:
        owner = self.asset.owners[0].party
        leading = sorted(self.rules.codes("POSITION", f"PRINCIPAL_OF_{self.asset.owner_kind}"))
        custody = Custody(
            custodian=self.asset.care_advice(at).custodians[0],
            responsible_unit=owner,
            first_responsible=PositionRef(organization=owner, position=leading[0]) if leading else None,
            duties=(Duty(person="P1", duty="MANAGER"),),
            rule_document=_PAPER,
        )
        self.asset.assign_custody(custody, at)

    def _operate(self, mode: rows.OperationMode, at: Occasion) -> None:
        """Sign a year's contract of that mode with every clause it asks for, see who keeps the asset then, and end it."""
        asked = self.rules.contract_clauses(mode.code, self.asset.card.project_scope)
        terms = ContractTerms(
            contract=mode.code,
            mode=mode.code,
            operator=Operator(operator="O1", name="试办主体"),
            signed_on=self.day,
            starts_on=self.day,
            ends_on=self.day + timedelta(days=364),
            signer=self.asset.owners[0].party,
            clauses={row.key_name: "已写明" for row in asked if row.form != "DOCUMENT"},
            custody_rule_document=_PAPER,
            charter_document=_PAPER,
            own_operation=OwnOperation(
                responsible="P1",
                target=OperatingTarget(metric="试办", value=Decimal(1), period="每年"),
                expected_income=Fen(1_000_000),
            ),
            annual_income=Fen(1_000_000),
            selection=mode.code,
        )
        if mode.revitalisation_only:
            self.asset.flag_risk("IDLE", "试办", at)
        if mode.contract:
            self.asset.sign_contract(terms, at, proof=self._decided(terms), selected=self._selected(terms))
        else:
            self.asset.sign_contract(terms, at)
        if mode.revitalisation_only:
            self.asset.clear_risk("IDLE", "试办", at)
        self.asset.care_advice(at)
        self.asset.end_contract(mode.code, self.day, "TERMINATED", "试办", at)

    def _decided(self, terms: ContractTerms) -> ProcedureProof:
        """A procedure over the terms, on the chain that the tables have for such an asset, every step of it done by the owner."""
        fact = Asset.Leased.TOPIC if terms.mode == "LEASED" else Asset.OperatingContractSigned.TOPIC
        kind, scope = self.asset.owner_kind, self.asset.card.project_scope
        revived = self.asset.to_be_revived
        chain = next(iter(self.rules.chains_of(fact, kind, scope, to_be_revived=revived)), None)
        if chain is None:
            msg = f"没有可以决定签订{terms.mode}合同的流程"
            raise _NothingToTry(msg)
        decided = contract_carried_out(self.asset.id, terms)
        done = [step.code for step in chain.leading_to(fact, kind, scope)]
        return self._shown("PR2", chain, decided, done)

    def _selected(self, terms: ContractTerms) -> SelectedOperator:
        """A selection that chose just this operator."""
        return SelectedOperator(
            selection=terms.selection or "",
            asset=self.asset.id,
            mode=terms.mode,
            operator=terms.operator.operator,
            published_on=self.day,
        )

    def _depreciate(self, _: Occasion) -> None:
        """See that the regime has its book of rules, and its method if it depreciates."""
        regime = self.asset.regime or ""
        self.rules.accounting_system(regime)
        if regime != "NONE":
            self.rules.depreciation(regime)

    def _dispose(self, at: Occasion) -> None:
        kind, card = self.asset.owner_kind or "", self.asset.card
        route = self.rules.disposal_route(kind, _WORTH, card.asset_class)
        proposal = DisposalProposal(disposal="D1", kind="AUCTION", reason="试办")
        chain = next(
            iter(
                self.rules.disposal_chains(
                    kind,
                    card.project_scope,
                    card.asset_class,
                    _WORTH,
                    to_be_revived=self.asset.to_be_revived,
                )
            ),
            None,
        )
        if chain is None:
            msg = "没有可以决定处置的流程"
            raise _NothingToTry(msg)
        decided = disposal_carried_out(self.asset.id, proposal, self.asset.owners[0].party)
        done = [step.code for step in chain.leading_to(Asset.Disposed.TOPIC, kind, card.project_scope)]
        proof = self._shown("PR3", chain, decided, done)
        self.asset.propose_disposal(proposal, at, proof=proof)
        appraisal = Appraisal(
            method="AGENCY",
            value=_WORTH,
            base_date=self.day,
            report_no=_PAPER,
            agency="试办机构",
            agency_licence="1",
        )
        self.asset.record_appraisal("D1", appraisal, at, proof=proof)
        self.asset.publish_appraisal(
            "D1",
            Publication(
                published_on=self.day,
                channel="BULLETIN_BOARD",
                place=self.asset.owners[0].party,
                evidence_sha256=_DIGEST,
            ),
            at,
            proof=proof,
        )
        for level in _units(chain, Asset.DisposalForwarded.TOPIC, route):
            self.asset.forward_disposal("D1", level, "同意", at, proof=proof)
        for level in _units(chain, Asset.DisposalApproved.TOPIC, route):
            approval = Approval(
                approver=level, approver_level=level, document_no=_PAPER, approved_on=self.day
            )
            self.asset.approve_disposal("D1", approval, at, proof=proof)
        sale = DisposalSale(disposed_on=self.day, price=_WORTH, document_no=_PAPER)
        self.asset.dispose("D1", sale, at, proof=proof)

    def _shown(
        self, procedure: str, chain: rows.Chain, decided: Execution, done: list[str]
    ) -> ProcedureProof:
        """A procedure over a text, with these steps done by every owner."""
        return ProcedureProof(
            procedure=procedure,
            chain=chain.code,
            subject_kind=decided.kind,
            subject=decided.subject,
            subject_sha256=decided.digests[0],
            completed=tuple(done),
            completed_on=dict.fromkeys(done, self.day),
            units=dict.fromkeys(done, tuple(share.party for share in self.asset.owners)),
            policy=self.rules.policy,
        )


def _units(chain: rows.Chain, fact: str, route: rows.DisposalRoute) -> tuple[str, ...]:
    """Those who take a step of a disposal: the levels or the approver of the route, or whom the row names."""
    step = chain.taken_by(fact)
    known = {"ROUTE": route.levels, "APPROVER": (route.approver,)}
    roles = () if step is None else step.all_of or (step.by or "",)
    return tuple(unit for role in roles for unit in known.get(role, (role,)))
