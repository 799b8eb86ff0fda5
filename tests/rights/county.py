"""One county with one of everything that a write can be about, written to the log once."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from domain.asset.facts.selection import SelectionAnnouncement
from domain.asset.selection import OperatorSelection
from domain.departure.case import DepartureCase
from domain.funds.allocation import FundAllocation
from domain.funds.reconciliation import FundReconciliation
from domain.household.asset import HouseholdAsset
from domain.household.priority import PriorityHouseholds, PriorityTag
from domain.household.push import HouseholdLedger
from domain.income.account import IncomeSubAccount, SubAccountOpening
from domain.income.content import IncomePlanContent, PlanLine, PlanSource
from domain.income.guarantee import CostGuarantee, InabilityDeclaration
from domain.income.incentive import IncentiveContent, IncentiveLine, IncentivePlan
from domain.income.maintenance import MaintenanceContent, MaintenanceExpense, MaintenanceLine
from domain.income.plan import IncomePlan
from domain.income.post import PostContent, PublicWelfarePost
from domain.income.relief import ReliefContent, ReliefLine, ReliefPlan
from domain.income.result import AnnualResult, ResultStatement
from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign, StocktakeScope
from domain.occasion import Occasion
from domain.organization.person import Person, PersonCard
from domain.oversight.inspection import Inspection, InspectionRecord
from domain.oversight.violation import ViolationCase
from domain.procedure.notice import NoticePlace, Posting
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.public_notice import Announcement, PublicNotice
from domain.procedure.records import Signer
from domain.revitalisation.case import RevitalisationCase
from domain.revitalisation.detection import DetectedCause
from domain.sealing.joint_review import JointReview
from domain.sealing.seal import LedgerSeal
from domain.values import Fen
from service.commands.commands import stream_append
from service.commands.founding import system_actor
from service.log.appending import Append
from tests.api.service import COUNTY, Service
from tests.clauses.test_household_assets import push
from tests.clauses.test_safeguards import ANSWERABLE, violation
from tests.domain.sealing.test_ledger_seal import snapshot
from tests.domain.test_funds_and_reviews import LEADS, allocation
from tests.examples import (
    ASSET,
    MANAGER,
    SHA,
    TOWNSHIP,
    VILLAGE,
    confirmation,
    cow_card,
    earning,
    notice,
    occasion,
    organization,
    pilot_village,
    transfer,
    workshop_card,
)
from tests.inventory_examples import an_import
from tests.procedures import by, opening, subject

DAY = date(2021, 9, 20)
CODES = {
    "asset": "A-1",
    "transfer": "T-1",
    "household_asset": "H-1",
    "owned_asset": "A-2",
    "case": "CASE-1",
    "procedure": "PR-1",
    "batch": "B-1",
    "campaign": "S-1",
    "announcement": "N-1",
    "inspection": "IN-1",
    "violation": "VC-1",
    "review": "JR-1",
    "allocation": "F-1",
    "revitalisation_case": "RC-1",
    "income_plan": "IP-1",
    "maintenance_expense": "ME-1",
    "operator_selection": "OS-1",
    "cost_guarantee": "CG-1",
    "incentive_plan": "JL-1",
    "relief_plan": "BF-1",
    "public_welfare_post": "GY-1",
    "operation": "op-1",
}
"""What each path parameter names."""


def everything() -> list[DomainAggregate]:
    """One aggregate of every kind, about a village's asset, as the domain makes them."""
    at = occasion(DAY)
    asset = Asset.register(CODES["asset"], workshop_card(), occasion())
    owned = Asset.register(
        CODES["owned_asset"], workshop_card(implementer=VILLAGE, implementer_kind="VILLAGE"), at
    )
    owned.confirm_ownership(confirmation(), at)
    offered = transfer(transfer=CODES["transfer"], deliverer=workshop_card().implementer, receiver=VILLAGE)
    asset.initiate_transfer(offered, at)
    posted = Posting(
        place=NoticePlace(role="TOWNSHIP", organization=TOWNSHIP),
        location="公示栏",
        posted_on=DAY,
        evidence=(SHA,),
        text="公示",
    )
    inspected = InspectionRecord(
        organ="AUDIT", inspector=MANAGER, unit=TOWNSHIP, inspected_on=DAY, subject="台账"
    )
    return [
        asset,
        owned,
        Person.register(MANAGER, PersonCard(name="阿依古丽", organization=VILLAGE), at),
        HouseholdAsset.register(CODES["household_asset"], cow_card(householder="买买提"), at),
        DepartureCase.open(CODES["case"], notice(departs_on=date(2021, 9, 30)), {CODES["asset"]: 1}, at),
        ProcedureInstance.open(
            CODES["procedure"], opening("A8", subject=subject("income-plan")), by(VILLAGE), at
        ),
        InventoryBatch.compile(CODES["batch"], an_import(rows=1, ok=1), (CODES["asset"],), at),
        StocktakeCampaign.open(
            CODES["campaign"],
            "清查",
            StocktakeScope(kind="DIVISION", code=VILLAGE),
            [CODES["asset"]],
            at,
            position=1,
        ),
        PublicNotice.post(
            CODES["announcement"],
            Announcement(stage="CONTRACT", title="合同公示"),
            posted,
            Signer(organization=TOWNSHIP, person=MANAGER),
            at,
        ),
        Inspection.record_inspection(CODES["inspection"], inspected, at),
        IncomeSubAccount.open(
            VILLAGE,
            "VILLAGE",
            SubAccountOpening(
                opened_on=DAY, balance=Fen(1000_00), document_no="村账1号", document_sha256=SHA
            ),
            at,
        ),
        MaintenanceExpense.propose(CODES["maintenance_expense"], works(), earning(), at),
        OperatorSelection.open(CODES["operator_selection"], looked_for(), earning(), at),
        CostGuarantee.declare(CODES["cost_guarantee"], inability(), "VILLAGE", earning(), at),
        IncentivePlan.propose(CODES["incentive_plan"], reward(), pilot_village(MANAGER), earning(), at),
        PublicWelfarePost.create(CODES["public_welfare_post"], cleaning(), "VILLAGE", at),
        ReliefPlan.propose(CODES["relief_plan"], relief(), organization(), at),
        AnnualResult.determine(VILLAGE, "VILLAGE", result(), occasion(date(2022, 1, 20))),
        IncomePlan.propose(CODES["income_plan"], a_plan(), {ASSET: earning()}, Fen(100_00), frozenset(), at),
        RevitalisationCase.open(CODES["revitalisation_case"], asset, DetectedCause(cause="IDLE"), at),
        ViolationCase.report(CODES["violation"], violation(), ANSWERABLE, at),
        JointReview.open(CODES["review"], 2021, DAY, LEADS, occasion(date(2021, 10, 1))),
        LedgerSeal.seal(snapshot(unit=VILLAGE, as_of=DAY), "VILLAGE", at),
        FundAllocation.enter(CODES["allocation"], allocation(), at),
        FundReconciliation.compile(VILLAGE, 2021, at),
        priority_households(at),
        HouseholdLedger.push_first(VILLAGE, push(pushed_on=DAY), "TOWNSHIP", at),
    ]


def looked_for() -> SelectionAnnouncement:
    """A village looks for an operator of its asset."""
    return SelectionAnnouncement(
        asset=ASSET,
        owner=VILLAGE,
        mode="LEASED",
        conditions="公开选定",
        announced_on=DAY,
        announcement_sha256=SHA,
    )


def works() -> MaintenanceContent:
    """Works on a village's asset for a hundred yuan."""
    line = MaintenanceLine(work="更换设备轴承", amount=Fen(100_00))
    return MaintenanceContent(village=VILLAGE, asset=ASSET, lines=(line,))


def reward() -> IncentiveContent:
    """A village's reward of a hundred yuan to one of its committees."""
    line = IncentiveLine(person=MANAGER, amount=Fen(100_00), ground="资产增收")
    return IncentiveContent(village=VILLAGE, year=2021, asset=ASSET, lines=(line,))


def cleaning() -> PostContent:
    """A village's post of a hundred yuan a month."""
    return PostContent(
        village=VILLAGE,
        name="保洁员",
        duties="村道保洁",
        monthly_wage=Fen(100_00),
        created_on=DAY,
        document_no="村岗1号",
    )


def relief() -> ReliefContent:
    """A village's help of a hundred yuan for a household."""
    line = ReliefLine(
        household="H-1", cause="ILLNESS", circumstances="住院", amount=Fen(100_00), evidence_sha256=SHA
    )
    return ReliefContent(village=VILLAGE, lines=(line,))


def result() -> ResultStatement:
    """A village's profit of a thousand yuan."""
    return ResultStatement(
        year=2021,
        net_profit=Fen(1000_00),
        determined_on=date(2022, 1, 20),
        document_no="村账3号",
        document_sha256=SHA,
    )


def inability() -> InabilityDeclaration:
    """A village that cannot bear a hundred yuan of upkeep."""
    return InabilityDeclaration(
        unit=VILLAGE, asset=ASSET, year=2021, cost=Fen(100_00), reason="收益不足", evidence_sha256=SHA
    )


def priority_households(at: Occasion) -> PriorityHouseholds:
    """A village's roll with one household on it."""
    roll = PriorityHouseholds.open(VILLAGE, at)
    roll.tag(
        PriorityTag(
            household="H2022080012",
            kind="UNSTABLE_OUT_OF_POVERTY",
            since=DAY,
            source="监测系统",
            document_no="监1号",
        ),
        at,
    )
    return roll


def a_plan() -> IncomePlanContent:
    """A village's plan over a hundred yuan of an asset's income."""
    return IncomePlanContent(
        village=VILLAGE,
        year=2021,
        sources=(PlanSource(asset=ASSET, amount=Fen(100_00)),),
        lines=(PlanLine(use="COLLECTIVE_ECONOMY", amount=Fen(100_00)),),
    )


async def filled(service: Service) -> dict[str, int]:
    """Write everything to the log of a running service. Gives the version of each aggregate by its stream."""
    context = service.app.state.context
    made = everything()
    await context.store.append(
        COUNTY,
        Append(
            command_id="everything",
            actor=system_actor(COUNTY, "everything").envelope(),
            correlation_id="everything",
            causation_id=None,
            streams=[stream_append(context, one) for one in made],
        ),
    )
    await service.pool.execute(
        "INSERT INTO operation (county, operation, kind, state, actor, request, request_sha256, done,"
        " cancel_requested, attempts, created_at)"
        " VALUES ($1, $2, 'none', 'SUCCEEDED', $3::jsonb, '{}', '\\x00', 0, false, 0, now())",
        COUNTY,
        CODES["operation"],
        f'{{"organization": "{VILLAGE}"}}',
    )
    return {one.stream: one.version for one in made}


def seal_code() -> str:
    """The village's seal."""
    return LedgerSeal.id_of("ASSET", VILLAGE, 2021)


def codes_in(template: str) -> dict[str, Any]:
    """What the parameters of a path of the interface name in this county."""
    given: dict[str, Any] = {
        "digest": SHA,
        "disposal": "D-1",
        "contract": "L-1",
        "kind": "IDLE",
        "certificate": "Z-1",
        "finding": "F-1",
        "village": VILLAGE,
        "entrustment": "E-1",
        "number": "1",
        "surplus": "X-1",
        "unit": VILLAGE,
        "year": "2021",
        "seal": seal_code(),
        "organization": VILLAGE,
        "position": "ASSET_MANAGER",
        "person": MANAGER,
        "division": VILLAGE,
        "size": "1",
        "key": "tzk_000000000000",
        "official": "tzo_000000000000",
        "grant": "tzg_000000000000",
        "link": "tzl_000000000000",
        "household": "H2022080012",
        "notice": CODES["procedure"],
        "pack": "op-2",
        "override": "EX-1",
        "endpoint": "none",
        "feed": "county-finance",
        "subject": "household.H2022080012",
        "hold": "BQ-1",
        "posting": "I-1",
        "cover": "RC-1",
        "disposal_series": "DB-1",
    }
    codes = dict(CODES)
    if template.startswith("/v1/household-assets"):
        codes["asset"] = codes["household_asset"]
    if template.startswith("/v1/violations"):
        codes["case"] = codes["violation"]
    if template.endswith("/office-members"):
        given["organization"] = "ASSET_OFFICE"
    return given | codes


def path_of(template: str, **others: str) -> str:
    """A path of the interface about what the county has; `others`: parameters that name something else of it."""
    return template.format_map(codes_in(template) | others)
