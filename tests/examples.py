"""Canonical values that tests build on: occasions, cards, papers, and assets at the stations of their life.

Makers of values take changes by field name; makers of aggregates give them with their events already collected, so a
test that acts on one finds only what it caused itself. Amounts are written in yuan, as people do.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar

from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from domain.asset.facts.booking import Booking
from domain.asset.facts.card import Acceptance, Document, FundingLine, RegisterCard
from domain.asset.facts.certificates import OwnershipCertificate
from domain.asset.facts.contract import ContractTerms, OperatingTarget, Operator, OwnOperation
from domain.asset.facts.custody import Custody, Duty, PositionRef, Supervision
from domain.asset.facts.disposal import (
    Appraisal,
    Appraiser,
    Approval,
    DisposalProposal,
    DisposalSale,
    Publication,
)
from domain.asset.facts.income import IncomeDistribution, IncomeReceipt, IncomeUse
from domain.asset.facts.ownership import CountyDecision, OwnershipConfirmation
from domain.asset.facts.selection import SelectedOperator
from domain.asset.facts.texts import contract_carried_out, disposal_carried_out
from domain.asset.facts.title_plan import SUBJECT_KIND, JointProposal, title_digest
from domain.asset.facts.transfer import AssetTransfer, ItemAcceptance, TransferItem
from domain.asset.facts.upkeep import Maintenance, StatusReport
from domain.departure.case import DepartureCase
from domain.departure.papers import (
    AssetReconciliationLine,
    AuditFinding,
    DepartureAudit,
    DepartureNotice,
    HandoverSignature,
    InterimCustodian,
)
from domain.household.asset import HouseholdAsset
from domain.household.card import HouseholdAssetCard, HouseholdInspection
from domain.occasion import LiftedRefusal, Occasion
from domain.organization.division import Division, DivisionCard
from domain.organization.duties import UnitRule
from domain.organization.organization import Organization, OrganizationCard
from domain.organization.person import Person, PersonCard
from domain.procedure.proof import ProcedureProof
from domain.regulation import Regulation
from domain.regulation.legal_clock import LegalClock
from domain.regulation.parameters import typed
from domain.values import Fen, PartyShare

COUNTY: Final = "653022"
TOWNSHIP: Final = "653022202000"
VILLAGE: Final = "653022202208"
OTHER_VILLAGE: Final = "653022202209"
DEPARTMENT: Final = "AGRICULTURE"
ROADS: Final = "TRANSPORT"
ASSET: Final = "653022202208-2019-000001"
MANAGER: Final = "P-1001"
RESPONSIBLE: Final = "P-1002"
SUCCESSOR: Final = "P-1003"
OVERSEER: Final = "P-1004"
CARE: Final = {"653022202208-2019-000001": 4, "653022202208-2019-000002": 9}
TRANSFER: Final = "T-1"
CONTRACT: Final = "C-1"
DISPOSAL: Final = "D-1"
CASE: Final = "K-1"
DAY: Final = date(2021, 10, 1)
TODAY: Final = date(2023, 6, 30)
SHA: Final = "ab" * 32
WORTH: Final = "240000.00"
"""Original value of the workshop, yuan."""

A = TypeVar("A", bound=DomainAggregate)


def yuan(text: str) -> Fen:
    """An amount written by hand."""
    return Fen.from_yuan(text)


@cache
def regulation() -> Regulation:
    """The packaged regulation of the county."""
    return Regulation.load()


def calendar() -> LegalClock:
    """The county's calendar as it is packaged."""
    return regulation().on(TODAY).clock


def regulation_where(table: str, key: tuple[Any, ...], **changes: Any) -> Regulation:
    """The packaged regulation with one row said otherwise, checked like any other."""
    made_anew, (kind, parts) = regulation().__reduce__()
    rows = [(row, row.key == key) for row in parts["tables"][table]]
    assert any(meant for _, meant in rows), f"{table} has no row {key}"
    parts["tables"][table] = tuple(
        row.model_validate(row.model_dump(by_alias=False) | changes) if meant else row for row, meant in rows
    )
    changed: Regulation = made_anew(kind, parts)
    return changed


def regulation_with(parameter: str, value: Any) -> Regulation:
    """The packaged regulation with one parameter set otherwise; `value` as the parameter table writes it."""
    return regulation_where("parameters.parameter", (parameter,), value=typed(parameter, value))


def occasion(
    on: date = DAY,
    *,
    today: date = TODAY,
    overrides: tuple[LiftedRefusal, ...] = (),
    provenance: str | None = None,
    under: Regulation | None = None,
) -> Occasion:
    """A decision of that day, judged by the rules in force on it; `under` other rules than the packaged ones."""
    return Occasion(
        on=on,
        today=today,
        rules=(under or regulation()).on(on),
        overrides={one.code: one for one in overrides},
        provenance=provenance,
    )


def imported(on: date = date(2019, 5, 1)) -> Occasion:
    """History that is entered as it happened."""
    return occasion(on, provenance="2021年清查表")


def override(code: str, **changes: Any) -> LiftedRefusal:
    """An exception for `ASSET` that the county government granted, as a decision of its time stores it."""
    given: dict[str, Any] = {
        "override": "PO-1",
        "subject": f"asset-{ASSET}",
        "code": code,
        "document_no": "陶政函〔2021〕30号",
        "reason": "便于统一管护",
        "granted_by": "COUNTY_GOV",
        "expires_on": date(2022, 12, 31),
    }
    return LiftedRefusal(**(given | changes))


def settled(aggregate: A) -> A:
    """The aggregate as it stands after a commit: nothing pending."""
    aggregate.collect_events()
    return aggregate


def share(party: str, amount: str) -> PartyShare:
    """A party's part in yuan."""
    return PartyShare(party=party, amount=yuan(amount))


def line(amount: str, source: str = "FISCAL_DEV", **changes: Any) -> FundingLine:
    """A funding line in yuan."""
    given: dict[str, Any] = {"source": source, "amount": yuan(amount), "allocated_on": date(2019, 3, 1)}
    return FundingLine(**(given | changes))


def acceptance(**changes: Any) -> Acceptance:
    """A passed acceptance."""
    given: dict[str, Any] = {
        "result": "PASSED",
        "accepted_on": date(2019, 10, 15),
        "document_no": "陶验〔2019〕12号",
    }
    return Acceptance(**(given | changes))


# ---- register cards ------------------------------------------------------------------------------------------------


def workshop_card(**changes: Any) -> RegisterCard:
    """An operating asset of one village that a department built: row R5, to be transferred to the village."""
    given: dict[str, Any] = {
        "asset_name": "扶贫车间",
        "asset_content": "砖混结构扶贫车间600平方米",
        "asset_class": "OPERATING",
        "asset_type": "WORKSHOP",
        "construction_start": date(2019, 4, 1),
        "completion_date": date(2019, 9, 30),
        "useful_life_years": 20,
        "quantity": Decimal(600),
        "unit_of_measure": "平方米",
        "original_value": yuan(WORTH),
        "funding_lines": (line("200000.00"), line("40000.00", "AID_XJ")),
        "location": VILLAGE,
        "project_code": "X20190012",
        "project_name": "2019年扶贫车间建设项目",
        "implementer": DEPARTMENT,
        "implementer_kind": "DEPARTMENT",
        "funds_paid_to": "DEPARTMENT",
        "acceptance": acceptance(),
    }
    return RegisterCard(**(given | changes))


def road_card(**changes: Any) -> RegisterCard:
    """A public-welfare road built by a department: row R6, the department's own."""
    given: dict[str, Any] = {
        "asset_name": "村组道路",
        "asset_content": "沥青道路12.5公里",
        "asset_class": "PUBLIC_WELFARE",
        "subclass": "INFRASTRUCTURE",
        "asset_type": "ROAD",
        "completion_date": date(2019, 9, 30),
        "useful_life_years": 10,
        "quantity": Decimal("12.5"),
        "unit_of_measure": "公里",
        "original_value": yuan("360000.00"),
        "funding_lines": (line("360000.00"),),
        "location": VILLAGE,
        "implementer": ROADS,
        "implementer_kind": "DEPARTMENT",
        "funds_paid_to": "DEPARTMENT",
        "acceptance": acceptance(),
    }
    return RegisterCard(**(given | changes))


def lamp_card(**changes: Any) -> RegisterCard:
    """Street lamps a village uses: row R9, in principle the village's (the one rule a county document lifts)."""
    given: dict[str, Any] = {
        "asset_name": "太阳能路灯",
        "asset_content": "太阳能路灯40盏",
        "asset_type": "INFRA_OTHER",
        "useful_life_years": 8,
        "quantity": Decimal(40),
        "unit_of_measure": "盏",
        "original_value": yuan("80000.00"),
        "funding_lines": (line("80000.00"),),
        "implementer": DEPARTMENT,
        "village_use": True,
    }
    return road_card(**(given | changes))


def herd_card(**changes: Any) -> RegisterCard:
    """A village's own breeding herd: biological, never depreciated."""
    given: dict[str, Any] = {
        "asset_name": "集体养殖牛群",
        "asset_content": "西门塔尔牛30头",
        "asset_type": "LIVESTOCK_OPERATING",
        "useful_life_years": None,
        "quantity": Decimal(30),
        "unit_of_measure": "头",
        "implementer": VILLAGE,
        "implementer_kind": "VILLAGE",
        "funds_paid_to": "VILLAGE",
    }
    return workshop_card(**(given | changes))


def joint_card(**changes: Any) -> RegisterCard:
    """A market that two villages built together: row R3, shares by investment."""
    given: dict[str, Any] = {
        "asset_name": "联建农贸市场",
        "asset_content": "农贸市场1座",
        "asset_type": "FARM_MARKET",
        "quantity": Decimal(1),
        "unit_of_measure": "座",
        "original_value": yuan("100000.01"),
        "funding_lines": (line("66666.67", village=VILLAGE), line("33333.34", village=OTHER_VILLAGE)),
        "project_scope": "JOINT_VILLAGE",
    }
    return workshop_card(**(given | changes))


# ---- papers --------------------------------------------------------------------------------------------------------


def transfer(**changes: Any) -> AssetTransfer:
    """The department offers the workshop and its papers to the village."""
    given: dict[str, Any] = {
        "transfer": TRANSFER,
        "deliverer": DEPARTMENT,
        "receiver": VILLAGE,
        "initiated_on": date(2021, 8, 1),
        "items": (TransferItem(item="1", name="扶贫车间"), TransferItem(item="2", name="竣工资料")),
        "documents": ("竣工验收资料",),
    }
    return AssetTransfer(**(given | changes))


def accepted(*items: str) -> tuple[ItemAcceptance, ...]:
    """The receiver's word that these items are as they should be; none named: both of `transfer`."""
    return tuple(ItemAcceptance(item=item, result="ACCEPTED") for item in items or ("1", "2"))


def confirmation(**changes: Any) -> OwnershipConfirmation:
    """The workshop is the village's, and its income too."""
    given: dict[str, Any] = {
        "owners": (share(VILLAGE, WORTH),),
        "owner_kind": "VILLAGE",
        "income_right_holders": (share(VILLAGE, WORTH),),
        "ownership_basis": "财政专项扶贫资金，单独到村",
        "income_right_basis": "财政专项扶贫资金，单独到村",
        "verification_basis": "陶清核〔2021〕3号",
    }
    return OwnershipConfirmation(**(given | changes))


def road_confirmation(**changes: Any) -> OwnershipConfirmation:
    """The road is the department's; nobody has an income right."""
    given: dict[str, Any] = {
        "owners": (share(ROADS, "360000.00"),),
        "owner_kind": "DEPARTMENT",
        "verification_basis": "陶清核〔2021〕3号",
    }
    return OwnershipConfirmation(**(given | changes))


def joint_confirmation(**changes: Any) -> OwnershipConfirmation:
    """Two villages own the market as they paid for it."""
    parts = (share(VILLAGE, "66666.67"), share(OTHER_VILLAGE, "33333.34"))
    given: dict[str, Any] = {
        "owners": parts,
        "income_right_holders": parts,
        "procedure": "A5-2021-01",
    }
    return confirmation(**(given | changes))


def booking(**changes: Any) -> Booking:
    """The village's books."""
    given: dict[str, Any] = {
        "party": VILLAGE,
        "amount": yuan(WORTH),
        "voucher_no": "记-202110-001",
        "booked_on": date(2021, 9, 30),
    }
    return Booking(**(given | changes))


def document(**changes: Any) -> Document:
    """An archived acceptance report."""
    given: dict[str, Any] = {
        "kind": "ACCEPTANCE",
        "document": "DOC-1",
        "sha256": SHA,
        "title": "竣工验收报告",
    }
    return Document(**(given | changes))


def custody(**changes: Any) -> Custody:
    """The village keeps it, with a manager and somebody who answers for it."""
    given: dict[str, Any] = {
        "custodian": VILLAGE,
        "responsible_unit": VILLAGE,
        "first_responsible": PositionRef(organization=VILLAGE, position="VILLAGE_PARTY_SECRETARY"),
        "duties": (
            Duty(person=MANAGER, duty="MANAGER"),
            Duty(person=RESPONSIBLE, duty="RESPONSIBLE"),
        ),
        "rule_document": "村管护〔2021〕1号",
    }
    return Custody(**(given | changes))


def supervision(supervisor: str = TOWNSHIP) -> tuple[Supervision, ...]:
    """One supervising unit."""
    post = PositionRef(organization=supervisor, position="PRINCIPAL")
    return (Supervision(supervisor=supervisor, first_supervisor=post),)


def report(state: str = "IN_USE", on: date = DAY) -> StatusReport:
    """How it is."""
    given: dict[str, Any] = {"state": state, "reported_on": on, "evidence_sha256": SHA}
    return StatusReport(**given)


def maintenance(**changes: Any) -> Maintenance:
    """A repair that cost something."""
    given: dict[str, Any] = {
        "done_on": date(2021, 9, 1),
        "content": "屋面防水维修",
        "cost": yuan("1000.00"),
        "voucher_no": "记-202109-007",
    }
    return Maintenance(**(given | changes))


def terms(**changes: Any) -> ContractTerms:
    """A five-year lease that settles everything."""
    given: dict[str, Any] = {
        "contract": CONTRACT,
        "mode": "LEASED",
        "operator": Operator(operator="O-1", name="陶乡缝纫合作社"),
        "signed_on": date(2021, 9, 20),
        "starts_on": date(2021, 10, 1),
        "ends_on": date(2026, 9, 30),
        "signer": VILLAGE,
        "clauses": {
            "responsibility": "乙方负责日常经营",
            "target": "年产值不低于100万元",
            "income": "按年缴纳租金",
            "mode": "租赁",
            "term": "五年",
            "incomeDistribution": "租金归村集体",
            "riskControl": "缴纳履约保证金",
            "custody": "乙方负责日常管护",
        },
        "annual_income": yuan("12000.00"),
        "selection": f"OS-{changes.get('contract', CONTRACT)}",
    }
    return ContractTerms(**(given | changes))


def chosen(asset: Asset, paper: ContractTerms, **changes: Any) -> SelectedOperator:
    """The result of a selection: just this operator for just this."""
    given: dict[str, Any] = {
        "selection": paper.selection, "asset": asset.id, "mode": paper.mode, "part": paper.part,
        "operator": paper.operator.operator, "published_on": date(2021, 7, 1),
    }  # fmt: skip
    return SelectedOperator(**(given | changes))


def own_operation(**changes: Any) -> OwnOperation:
    """The village runs it itself: who answers for it, what is to be reached, what it is to bring."""
    given: dict[str, Any] = {
        "responsible": "P-1001",
        "target": OperatingTarget(metric="年产值（万元）", value=Decimal(100), period="每年"),
        "expected_income": yuan("12000.00"),
    }
    return OwnOperation(**(given | changes))


def receipt(**changes: Any) -> IncomeReceipt:
    """A year's rent."""
    given: dict[str, Any] = {
        "receipt": "R-1",
        "amount": yuan("12000.00"),
        "received_on": date(2022, 9, 30),
        "contract": CONTRACT,
        "payer": "陶乡缝纫合作社",
        "voucher_no": "收-202209-001",
    }
    return IncomeReceipt(**(given | changes))


def use(amount: str, code: str = "AID_NO_LABOUR", **changes: Any) -> IncomeUse:
    """One line of a distribution, in yuan."""
    return IncomeUse(**({"use": code, "amount": yuan(amount)} | changes))


def distribution(**changes: Any) -> IncomeDistribution:
    """Half the rent goes to those who cannot work and into the collective economy."""
    given: dict[str, Any] = {
        "plan": "PLAN-2022",
        "holder": VILLAGE,
        "amount": yuan("6000.00"),
        "paid_on": date(2022, 12, 20),
        "voucher_no": "付-202212-001",
        "lines": (use("2000.00"), use("4000.00", "COLLECTIVE_ECONOMY")),
        "decision_document": "村代会〔2022〕9号",
        "notice_document": "公示〔2022〕9号",
        "township_review": "乡审〔2022〕9号",
        "filing_document": "县备〔2022〕9号",
    }
    return IncomeDistribution(**(given | changes))


def proposal(**changes: Any) -> DisposalProposal:
    """The village wants to auction it and has decided so."""
    given: dict[str, Any] = {
        "disposal": DISPOSAL,
        "kind": "AUCTION",
        "reason": "闲置三年",
        "decision_document": "村代会〔2022〕12号",
    }
    return DisposalProposal(**(given | changes))


def appraisal(value: str = "110000.00", **changes: Any) -> Appraisal:
    """An agency's appraisal, in yuan."""
    given: dict[str, Any] = {
        "method": "AGENCY",
        "value": yuan(value),
        "base_date": date(2022, 3, 1),
        "report_no": "和评报字〔2022〕15号",
        "agency": "和田某资产评估有限公司",
        "agency_licence": "65-0001",
    }
    return Appraisal(**(given | changes))


def in_house(value: str = "50000.00", **changes: Any) -> Appraisal:
    """An appraisal by three signers, one of them from outside, in yuan."""
    signers = (
        Appraiser(person="P-2001", outside_owner_unit=False),
        Appraiser(person="P-2002", outside_owner_unit=False),
        Appraiser(person="P-2003", outside_owner_unit=True),
    )
    given: dict[str, Any] = {
        "method": "IN_HOUSE",
        "agency": None,
        "agency_licence": None,
        "signers": signers,
    }
    return appraisal(value, **(given | changes))


def publication(**changes: Any) -> Publication:
    """The result on the village's board."""
    given: dict[str, Any] = {
        "published_on": date(2022, 3, 10),
        "channel": "BULLETIN_BOARD",
        "place": VILLAGE,
        "evidence_sha256": SHA,
    }
    return Publication(**(given | changes))


def approval(**changes: Any) -> Approval:
    """The county government's reply."""
    given: dict[str, Any] = {
        "approver": "COUNTY_GOV",
        "approver_level": "COUNTY_GOV",
        "document_no": "陶政函〔2022〕41号",
        "approved_on": date(2022, 4, 10),
    }
    return Approval(**(given | changes))


def sale(**changes: Any) -> DisposalSale:
    """Sold at the appraised value."""
    given: dict[str, Any] = {
        "disposed_on": date(2022, 5, 10),
        "price": yuan("110000.00"),
        "buyer": "陶乡缝纫合作社",
        "document_no": "成交确认书2022-7",
    }
    return DisposalSale(**(given | changes))


# ---- an asset at the stations of its life --------------------------------------------------------------------------


def registered(card: RegisterCard | None = None, asset: str = ASSET) -> Asset:
    """In the register and nothing more."""
    return settled(Asset.register(asset, card or workshop_card(), occasion(date(2021, 7, 1))))


def transferred(card: RegisterCard | None = None) -> Asset:
    """Handed from who built it to the village; what the village built itself is its own already."""
    asset = registered(card)
    if asset.card.implementer == VILLAGE:
        return asset
    at = occasion(date(2021, 8, 1))
    asset.initiate_transfer(transfer(deliverer=asset.card.implementer), at)
    asset.accept_transfer(TRANSFER, VILLAGE, accepted(), at)
    asset.complete_transfer(TRANSFER, at)
    return settled(asset)


def county_decision(**changes: Any) -> CountyDecision:
    """The county government's word on a title."""
    given: dict[str, Any] = {
        "document_no": "陶政函〔2021〕12号",
        "decided_on": date(2021, 8, 20),
        "reasons": "按项目实施方案和资金来源确定",
    }
    return CountyDecision(**(given | changes))


def shown(asset: Asset, *steps: str, on: date = date(2021, 8, 20), **changes: Any) -> ProcedureProof:
    """A procedure over the asset's planned shares with these steps done on a day; none named: all but the filing."""
    done = steps or ("SHARES", "MEETING", "NOTICE")
    given: dict[str, Any] = {
        "procedure": "A5-2021-01",
        "chain": "A5",
        "subject_kind": SUBJECT_KIND,
        "subject": asset.id,
        "subject_sha256": title_digest(asset.id, "VILLAGE", asset.planned_shares),
        "completed_on": dict.fromkeys(done, on),
        "policy": "653022/陶政办发〔2021〕15号#1",
    }
    given |= changes
    return ProcedureProof(completed=tuple(given["completed_on"]), **given)


def certificate(village: str = VILLAGE, amount: str = "66666.67", **changes: Any) -> OwnershipCertificate:
    """A joint village's 确权书, in yuan."""
    given: dict[str, Any] = {
        "village": village,
        "amount": yuan(amount),
        "number": f"陶联确{village[-3:]}号",
        "issued_on": date(2021, 8, 21),
    }
    return OwnershipCertificate(**(given | changes))


def planned(card: RegisterCard | None = None) -> Asset:
    """A joint asset whose shares are worked out."""
    asset = registered(card or joint_card())
    villages = tuple(dict.fromkeys(line.village for line in asset.card.funding_lines if line.village))
    asset.propose_joint_shares(JointProposal(villages=villages), occasion(date(2021, 8, 1)))
    return settled(asset)


def certified(card: RegisterCard | None = None) -> Asset:
    """A joint asset whose villages all hold their certificates: nothing but the confirmation is left."""
    asset = planned(card)
    for one in asset.planned_shares:
        paper = certificate(one.party, one.amount.yuan())
        asset.issue_ownership_certificate(paper, shown(asset), occasion(date(2021, 8, 21)))
    return settled(asset)


def confirmed(card: RegisterCard | None = None, paper: OwnershipConfirmation | None = None) -> Asset:
    """The village's by confirmation; a joint asset's villages' after their certificates."""
    if card is not None and card.project_scope == "JOINT_VILLAGE":
        asset = certified(card)
        asset.confirm_ownership(paper or joint_confirmation(), occasion(date(2021, 9, 1)), proof=shown(asset))
        return settled(asset)
    asset = transferred(card)
    asset.confirm_ownership(paper or confirmation(), occasion(date(2021, 9, 1)))
    return settled(asset)


def confirmed_road() -> Asset:
    """A department's public-welfare asset."""
    asset = registered(road_card())
    asset.confirm_ownership(road_confirmation(), occasion(date(2021, 9, 1)))
    return settled(asset)


def confirmed_jointly() -> Asset:
    """An asset of two villages."""
    return confirmed(joint_card())


def in_use(since: date = date(2020, 7, 15)) -> Asset:
    """Confirmed and used."""
    asset = confirmed()
    asset.put_into_use(since, occasion(date(2021, 9, 10)))
    return settled(asset)


def in_care() -> Asset:
    """Used, kept and supervised."""
    asset = in_use()
    asset.assign_custody(custody(), occasion(date(2021, 9, 15)))
    asset.assign_supervision(supervision(), occasion(date(2021, 9, 15)))
    return settled(asset)


def decided(
    asset: Asset, paper: ContractTerms, *, on: date = date(2021, 9, 1), **changes: Any
) -> ProcedureProof:
    """Every owner has chosen and voted on these terms: by A10 across villages, else by A9."""
    across = asset.card.project_scope == "CROSS_VILLAGE" and asset.owner_kind == "VILLAGE"
    last = "MEETING" if asset.owner_kind == "VILLAGE" else "DECISION"
    done = ("PROPOSE", "DECISION", "CHARTER") if across else ("SELECT", last)
    text = contract_carried_out(asset.id, paper)
    given: dict[str, Any] = {
        "procedure": "PR-9", "chain": "A10" if across else "A9", "subject_kind": "operating_contract",
        "subject": paper.contract, "subject_sha256": text.digests[0], "completed": done,
        "completed_on": dict.fromkeys(done, on), "policy": "1",
        "units": dict.fromkeys(done, tuple(one.party for one in asset.owners)),
    }  # fmt: skip
    return ProcedureProof(**(given | changes))


def sign(asset: Asset, paper: ContractTerms, at: Occasion) -> None:
    """The owners sign what they have decided on."""
    proof = decided(asset, paper, on=min(at.on, date(2021, 9, 1)))
    asset.sign_contract(paper, at, proof=proof, selected=chosen(asset, paper))


def leased() -> Asset:
    """Let to an operator."""
    asset = in_care()
    sign(asset, terms(), occasion(date(2021, 9, 20)))
    return settled(asset)


def earning() -> Asset:
    """The first year's rent is in."""
    asset = leased()
    asset.receive_income(receipt(), occasion(date(2022, 9, 30)))
    return settled(asset)


def agreed(
    asset: Asset, text: DisposalProposal | None = None, *, on: date = date(2022, 1, 31), **changes: Any
) -> ProcedureProof:
    """Every owner has decided on this disposal: a village by its vote, which goes by A14."""
    paper = text or proposal()
    content = disposal_carried_out(asset.id, paper, "")
    done = ("DECISION",) if asset.owner_kind == "VILLAGE" else ()
    given: dict[str, Any] = {
        "procedure": "PR-14", "chain": "A14", "subject_kind": "asset_disposal", "subject": paper.disposal,
        "subject_sha256": content.digests[0], "completed": done, "completed_on": dict.fromkeys(done, on),
        "policy": "1", "units": dict.fromkeys(done, tuple(one.party for one in asset.owners)),
    }  # fmt: skip
    return ProcedureProof(**(given | changes))


def propose(asset: Asset, at: Occasion, text: DisposalProposal | None = None) -> None:
    """By the procedure that is over this very proposal."""
    asset.propose_disposal(text or proposal(), at, proof=agreed(asset, text))


def approve(asset: Asset, at: Occasion, paper: Approval | None = None) -> None:
    """Once the owners have decided."""
    current = asset.disposals.get(DISPOSAL)
    asset.approve_disposal(
        DISPOSAL, paper or approval(), at, proof=agreed(asset, None if current is None else current.proposal)
    )


def proposed(base: Asset | None = None) -> Asset:
    """A disposal is under way."""
    asset = base if base is not None else confirmed()
    propose(asset, occasion(date(2022, 2, 1)))
    return settled(asset)


def appraised(paper: Appraisal | None = None, base: Asset | None = None) -> Asset:
    """Its value is known."""
    asset = proposed(base)
    asset.record_appraisal(DISPOSAL, paper or appraisal(), occasion(date(2022, 3, 5)))
    return settled(asset)


def published(paper: Appraisal | None = None, base: Asset | None = None) -> Asset:
    """So has everybody else been told."""
    asset = appraised(paper, base)
    asset.publish_appraisal(DISPOSAL, publication(), occasion(date(2022, 3, 10)))
    return settled(asset)


def forwarded() -> Asset:
    """Township and agriculture bureau have passed it on."""
    asset = published()
    for level in ("TOWNSHIP", "AGRICULTURE"):
        asset.forward_disposal(DISPOSAL, level, "同意", occasion(date(2022, 3, 20)))
    return settled(asset)


def approved() -> Asset:
    """The county government agrees."""
    asset = forwarded()
    approve(asset, occasion(date(2022, 4, 10)))
    return settled(asset)


def disposed() -> Asset:
    """Sold."""
    asset = approved()
    asset.dispose(DISPOSAL, sale(), occasion(date(2022, 5, 10)))
    return settled(asset)


# ---- households, units, persons ------------------------------------------------------------------------------------


def cow_card(**changes: Any) -> HouseholdAssetCard:
    """Two cows of one household."""
    given: dict[str, Any] = {
        "asset_name": "西门塔尔牛",
        "asset_content": "西门塔尔牛2头",
        "asset_type": "LIVESTOCK",
        "household": "H2022080012",
        "location": VILLAGE,
        "completion_date": date(2019, 5, 20),
        "quantity": Decimal(2),
        "unit_of_measure": "头",
        "original_value": yuan("20000.00"),
        "funding_lines": (line("20000.00"),),
    }
    return HouseholdAssetCard(**(given | changes))


def household_asset() -> HouseholdAsset:
    """A registered household asset."""
    return settled(HouseholdAsset.register("H-1", cow_card(), occasion()))


def inspection(**changes: Any) -> HouseholdInspection:
    """Both cows are there."""
    given: dict[str, Any] = {"inspected_on": date(2021, 10, 1), "present": True, "condition": "良好"}
    return HouseholdInspection(**(given | changes))


def division(code: str = "653022203", name: str = "玉麦乡") -> Division:
    """A township."""
    card = DivisionCard(name=name, level="township", parent=COUNTY, valid_from=date(2000, 1, 1))
    return settled(Division.define(code, card, occasion()))


def organization(code: str = VILLAGE) -> Organization:
    """A village committee under its township."""
    card = OrganizationCard(
        name="某村民委员会",
        kind="VILLAGE",
        division=VILLAGE,
        superior=TOWNSHIP,
        valid_from=date(2000, 1, 1),
    )
    return settled(Organization.define(code, card, occasion()))


def pilot_village(*members: str, since: date = date(2021, 8, 1)) -> Organization:
    """A village of the incentive pilot, whose members of the two committees hold their posts since 2021."""
    village = organization()
    topic = "SMALL_ASSET_INCENTIVE"
    rule = UnitRule(
        kind="SUPPORTING_RULE", topic=topic, title="激励办法", document_no="村规1号", effective_from=since
    )
    village.adopt_rule(rule, occasion(since))
    village.enable_incentive_pilot("陶试1号", occasion(since))
    for one in members:
        village.appoint("ASSET_MANAGER", one, date(2021, 6, 1), "任1号", occasion(since))
    return settled(village)


def person(code: str = MANAGER) -> Person:
    """Somebody of the village."""
    card = PersonCard(name="阿依古丽", organization=VILLAGE)
    return settled(Person.register(code, card, occasion()))


# ---- departures ----------------------------------------------------------------------------------------------------


def notice(**changes: Any) -> DepartureNotice:
    """The manager is transferred; the successor is known."""
    given: dict[str, Any] = {
        "person": MANAGER,
        "kind": "MANAGER",
        "organization": VILLAGE,
        "reason": "TRANSFER",
        "departs_on": date(2021, 10, 31),
        "successor": SUCCESSOR,
        "document_no": "乡调〔2021〕8号",
    }
    return DepartureNotice(**(given | changes))


def audit(**changes: Any) -> DepartureAudit:
    """An audit by the township up to the departure."""
    given: dict[str, Any] = {
        "auditor": OVERSEER,
        "auditor_organization": TOWNSHIP,
        "cut_off": date(2021, 10, 31),
        "opinion": "账实相符",
        "report_no": "乡审〔2021〕2号",
    }
    return DepartureAudit(**(given | changes))


def finding(**changes: Any) -> AuditFinding:
    """Something the auditor found."""
    given = {"finding": "F-1", "asset": min(CARE), "text": "账外收入", "document_no": "审〔2022〕9号"}
    return AuditFinding(**(given | changes))


def interim(**changes: Any) -> InterimCustodian:
    """Somebody looks after things for sixty days."""
    given: dict[str, Any] = {
        "person": "P-1009",
        "appointed_by": TOWNSHIP,
        "since": date(2021, 11, 1),
        "until": date(2021, 12, 30),
        "inventory_no": "盘〔2021〕1号",
    }
    return InterimCustodian(**(given | changes))


def compared(asset: str, **changes: Any) -> AssetReconciliationLine:
    """Book, thing and papers agree."""
    given = {"asset": asset, "book": "AGREES", "physical": "FOUND", "documents": "COMPLETE"}
    return AssetReconciliationLine(**(given | changes))


def case(care: dict[str, int] = CARE, **changes: Any) -> DepartureCase:
    """An open case over what is in care; changes are those of the notice."""
    return settled(DepartureCase.open(CASE, notice(**changes), care, occasion()))


def case_reconciled(care: dict[str, int] = CARE, **changes: Any) -> DepartureCase:
    """Every asset on the list is as book and papers say."""
    opened = case(care, **changes)
    opened.reconcile([compared(asset) for asset in opened.lines], occasion())
    opened.complete_reconciliation(occasion())
    return settled(opened)


def case_accepted(**changes: Any) -> DepartureCase:
    """The successor has taken over every line."""
    opened = case_reconciled(**changes)
    opened.accept(None, SUCCESSOR, occasion())
    return settled(opened)


def case_sealed(**changes: Any) -> DepartureCase:
    """The list is fixed and waits for signatures."""
    taken = case_accepted(**changes)
    taken.seal(CARE, occasion())
    return settled(taken)


def signature(of: DepartureCase, role: str, **changes: Any) -> HandoverSignature:
    """A signature under the sealed list by the one who has to give it."""
    signer = {
        "OUTGOING": (MANAGER, VILLAGE),
        "INCOMING": (SUCCESSOR, VILLAGE),
        "SUPERVISOR": (OVERSEER, TOWNSHIP),
    }[role]
    given: dict[str, Any] = {
        "role": role,
        "person": signer[0],
        "organization": signer[1],
        "signed_on": date(2021, 10, 31),
        "list_sha256": of.sealed,
    }
    return HandoverSignature(**(given | changes))


def case_signed(**changes: Any) -> DepartureCase:
    """Everybody has signed."""
    sealed = case_sealed(**changes)
    for role in ("OUTGOING", "INCOMING", "SUPERVISOR"):
        sealed.sign(signature(sealed, role), superior=TOWNSHIP, at=occasion(date(2021, 10, 31)))
    return settled(sealed)
