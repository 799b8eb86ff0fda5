"""One asset's life by a client that was generated from the document: who wrote this knows `openapi/http-api.json` only.

    python life.py SAID

SAID is the file that `taizhang --json serve` says its address and first token into.
Runs with the generated package and its three libraries, never with the service's code. Every body is a generated class.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from taizhang_client import AuthenticatedClient, models
from taizhang_client.api.assets import (
    accept_transfer,
    approve_disposal,
    assign_custody,
    assign_supervision,
    book_asset,
    complete_transfer,
    confirm_ownership,
    dispose_asset,
    end_contract,
    forward_disposal,
    initiate_transfer,
    propose_disposal,
    publish_appraisal,
    put_into_use,
    read_asset,
    receive_income,
    receive_proceeds,
    record_appraisal,
    register_asset,
    report_status,
    sign_contract,
)
from taizhang_client.api.income import open_income_sub_account, propose_income_plan, withdraw_income_plan
from taizhang_client.api.keys import create_key
from taizhang_client.api.organizations import record_roll
from taizhang_client.api.persons import register_person
from taizhang_client.api.procedures import digest_subject, hold_meeting, open_procedure
from taizhang_client.types import Response

VILLAGE, TOWNSHIP, COUNTY = "653022202208", "653022202000", "653022"
KEEPER = "P-KEEPER"
TODAY = datetime.now(UTC).date()
Answer = TypeVar("Answer")


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def expect(kind: type[Answer], response: Response[Answer | models.ProblemBody]) -> Answer:
    """The answer as the class the document gives it; anything else ends the life with what the service said."""
    if not isinstance(response.parsed, kind):
        said = response.content.decode(errors="replace")
        raise SystemExit(f"{response.status_code}, not {kind.__name__}: {said}")
    return response.parsed


def lease() -> models.ContractTerms:
    """Own operation for three years, with what the regulation asks to be stated."""
    return models.ContractTerms(
        contract="LEASE-1",
        mode="SELF_OPERATED",
        operator=models.Operator(operator=VILLAGE, name="村集体"),
        own_operation=models.OwnOperation(
            responsible=KEEPER,
            target=models.OperatingTarget(metric="年加工核桃（吨）", value="200", period="每年"),
            expected_income="30000.00",
        ),
        signed_on=ago(690),
        starts_on=ago(689),
        ends_on=TODAY + timedelta(days=400),
        signer=VILLAGE,
        clauses=models.ContractTermsClauses.from_dict(
            {
                "responsibility": "承租方负责经营",
                "target": "年加工核桃 200 吨",
                "income": "年租金三万元",
                "mode": "租赁",
                "term": "三年",
                "incomeDistribution": "归村集体",
                "riskControl": "保证金一万元，投保财产险",
                "custody": "承租方负责日常管护",
            }
        ),
        annual_income="30000.00",
    )


class Keys:
    """Clients of the units that take part; each has a key of its own, made by the first administrator."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.admin = AuthenticatedClient(url, token)
        self.admin = self.made("管理员", "COUNTY_GOV", "COUNTY_GOV", models.Role.ADMIN, COUNTY)
        self.personnel = self.made("组织人事", "COUNTY_GOV", "COUNTY_GOV", models.Role.PERSONNEL, COUNTY)
        self.clerk = self.made("乡经办", TOWNSHIP, "TOWNSHIP", models.Role.REGISTRAR, TOWNSHIP)
        self.township = self.made("乡审核", TOWNSHIP, "TOWNSHIP", models.Role.APPROVER, TOWNSHIP)
        self.village = self.made("村经办", VILLAGE, "VILLAGE", models.Role.REGISTRAR, VILLAGE)
        self.agriculture = self.made("农业农村局", "AGRICULTURE", "DEPARTMENT", models.Role.APPROVER, COUNTY)
        self.county = self.made("县人民政府", "COUNTY_GOV", "COUNTY_GOV", models.Role.APPROVER, COUNTY)
        self.office = self.made("资产管理办公室", "ASSET_OFFICE", "ASSET_OFFICE", models.Role.OFFICE, COUNTY)

    def made(
        self, label: str, organization: str, kind: str, role: models.Role, division: str
    ) -> AuthenticatedClient:
        body = models.CreateKey(
            label=label,
            organization=organization,
            organization_kind=kind,
            roles=[role],
            divisions=[division],
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
        made = expect(models.CreatedKey, create_key.sync_detailed(client=self.admin, body=body))
        return AuthenticatedClient(self.url, made.token)


class Life:
    """The asset: its code and its version after the last step."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        self.asset = ""
        self.version = 0
        self.events: list[str] = []

    def step(self, response: Response[models.AssetAnswer | models.ProblemBody]) -> None:
        answer = expect(models.AssetAnswer, response)
        self.asset, self.version = answer.id, answer.version
        self.events += [event.type_ for event in answer.events if event.type_.startswith("asset.")]

    def now(self) -> dict[str, str]:
        """Headers of a write that is based on what was answered last."""
        return {"idempotency_key": str(uuid.uuid4()), "if_match": f'"{self.version}"'}

    def live(self) -> None:
        self.keep()
        self.appear()
        self.change_hands()
        self.enter_care()
        self.operate()
        self.leave()

    def keep(self) -> None:
        """The person in whose care it will be, and who will run it."""
        expect(
            models.PersonAnswer,
            register_person.sync_detailed(
                client=self.keys.personnel,
                body=models.RegisterPerson(
                    person=KEEPER, card=models.PersonCard(name="阿依古丽", organization=VILLAGE)
                ),
                idempotency_key=str(uuid.uuid4()),
            ),
        )

    def appear(self) -> None:
        card = models.RegisterCard(
            asset_name="核桃脱皮清洗烘干生产线",
            asset_content="生产线一套",
            asset_class="OPERATING",
            asset_type="PROCESSING",
            completion_date=ago(760),
            useful_life_years=10,
            quantity="1",
            unit_of_measure="套",
            original_value="1000000.00",
            funding_lines=[
                models.FundingLine(source="FISCAL_DEV", amount="600000.00", allocated_on=ago(900)),
                models.FundingLine(source="AID_XJ", amount="400000.00", allocated_on=ago(900)),
            ],
            location=VILLAGE,
            project_name="核桃加工项目",
            implementer="COMMERCE",
            implementer_kind="DEPARTMENT",
            funds_paid_to="DEPARTMENT",
            acceptance=models.Acceptance(result="PASSED", accepted_on=ago(750), document_no="验字001"),
        )
        self.step(
            register_asset.sync_detailed(
                client=self.keys.clerk,
                body=models.RegisterAsset(card=card),
                idempotency_key=str(uuid.uuid4()),
            )
        )

    def change_hands(self) -> None:
        clerk = self.keys.clerk
        transfer = models.TransferOffer(
            transfer="T1",
            deliverer="COMMERCE",
            receiver=VILLAGE,
            initiated_on=ago(720),
            items=[
                models.TransferItem(item="1", name="生产线"),
                models.TransferItem(item="2", name="竣工资料"),
            ],
        )
        self.step(
            initiate_transfer.sync_detailed(
                self.asset, client=clerk, body=models.InitiateTransfer(transfer=transfer), **self.now()
            )
        )
        accepted = models.AcceptTransfer(
            receiver=VILLAGE,
            items=[
                models.ItemAcceptance(item=item, result=models.ItemAcceptanceResult.ACCEPTED)
                for item in ("1", "2")
            ],
            occurred_on=ago(715),
        )
        self.step(accept_transfer.sync_detailed(self.asset, "T1", client=clerk, body=accepted, **self.now()))
        self.step(
            complete_transfer.sync_detailed(
                self.asset, "T1", client=clerk, body=models.Circumstances(occurred_on=ago(714)), **self.now()
            )
        )
        refusal = sign_contract.sync(
            self.asset, client=clerk, body=models.SignContract(terms=lease()), **self.now()
        )
        assert isinstance(refusal, models.ProblemBody), refusal
        assert (refusal.code, refusal.clause) == ("OWNERSHIP_NOT_CONFIRMED", "C4.5-02"), refusal
        whole = [models.PartyShare(party=VILLAGE, amount="1000000.00")]
        confirmation = models.OwnershipConfirmation(
            owners=whole,
            owner_kind="VILLAGE",
            income_right_holders=whole,
            ownership_basis="单独到村的产业项目",
            income_right_basis="用于壮大村集体经济",
            verification_basis="竣工验收 验字001",
        )
        body = models.ConfirmOwnership(confirmation=confirmation, occurred_on=ago(710))
        self.step(
            confirm_ownership.sync_detailed(self.asset, client=self.keys.office, body=body, **self.now())
        )

    def enter_care(self) -> None:
        clerk = self.keys.clerk
        booking = models.Booking(party=VILLAGE, amount="1000000.00", voucher_no="记-001", booked_on=ago(700))
        self.step(
            book_asset.sync_detailed(
                self.asset, client=clerk, body=models.BookAsset(booking=booking), **self.now()
            )
        )
        use = models.PutIntoUse(in_use_since=ago(700))
        self.step(put_into_use.sync_detailed(self.asset, client=clerk, body=use, **self.now()))
        custody = models.Custody(
            custodian=VILLAGE,
            responsible_unit=VILLAGE,
            duties=[models.Duty(person=KEEPER, duty="MANAGER")],
            rule_document="管护制度",
        )
        self.step(
            assign_custody.sync_detailed(
                self.asset,
                client=clerk,
                body=models.AssignCustody(custody=custody, occurred_on=ago(699)),
                **self.now(),
            )
        )
        watch = models.AssignSupervision(
            supervision=[models.Supervision(supervisor=TOWNSHIP)], occurred_on=ago(699)
        )
        self.step(assign_supervision.sync_detailed(self.asset, client=clerk, body=watch, **self.now()))

    def operate(self) -> None:
        clerk = self.keys.clerk
        self.step(
            sign_contract.sync_detailed(
                self.asset, client=clerk, body=models.SignContract(terms=lease()), **self.now()
            )
        )
        opening = models.SubAccountOpening(
            opened_on=ago(689), balance="0.00", document_no="村账001", document_sha_256="c" * 64
        )
        expect(
            models.IncomeSubAccountAnswer,
            open_income_sub_account.sync_detailed(
                VILLAGE,
                client=clerk,
                body=models.OpenIncomeSubAccount(opening=opening),
                idempotency_key=str(uuid.uuid4()),
            ),
        )
        receipt = models.IncomeReceipt(
            receipt="R1",
            amount="30000.00",
            received_on=ago(330),
            contract="LEASE-1",
            voucher_no="收-001",
        )
        self.step(
            receive_income.sync_detailed(
                self.asset, client=clerk, body=models.ReceiveIncome(receipt=receipt), **self.now()
            )
        )
        self.plan_income()
        ending = models.EndContract(
            ended_on=ago(120), outcome=models.EndContractOutcome.TERMINATED, reason="承租方退出"
        )
        self.step(end_contract.sync_detailed(self.asset, "LEASE-1", client=clerk, body=ending, **self.now()))
        report = models.StatusReport(state=models.StatusReportState.IDLE, reported_on=ago(60), note="停用")
        self.step(
            report_status.sync_detailed(
                self.asset, client=clerk, body=models.ReportStatus(report=report), **self.now()
            )
        )

    def plan_income(self) -> None:
        """A plan over the income is proposed, and given up before the village decided on it."""
        clerk = self.keys.clerk
        plan = models.IncomePlanContent(
            village=VILLAGE,
            year=ago(330).year,
            sources=[models.PlanSource(asset=self.asset, amount="20000.00")],
            lines=[
                models.PlanLine(use="COLLECTIVE_ECONOMY", amount="12000.00"),
                models.PlanLine(use="PUBLIC_POST", amount="8000.00"),
            ],
            purpose_statement="开发公益岗位，壮大村集体经济",
        )
        told = expect(
            models.IncomePlanAnswer,
            propose_income_plan.sync_detailed(
                client=clerk,
                body=models.ProposeIncomePlan(plan=plan, occurred_on=ago(329)),
                idempotency_key=str(uuid.uuid4()),
            ),
        )
        withdrawal = models.WithdrawIncomePlan(reason="改由下年度安排", occurred_on=ago(300))
        expect(
            models.IncomePlanAnswer,
            withdraw_income_plan.sync_detailed(
                told.id, client=clerk, body=withdrawal, idempotency_key=str(uuid.uuid4())
            ),
        )

    def leave(self) -> None:
        clerk, disposal = self.keys.clerk, "D1"
        proposal = models.DisposalProposal(disposal=disposal, kind="AUCTION", reason="长期闲置，无法盘活")
        procedure, subject = self.procedure_over(proposal)
        self.step(
            propose_disposal.sync_detailed(
                self.asset,
                client=clerk,
                body=models.ProposeDisposal(proposal=proposal, procedure=procedure, occurred_on=ago(50)),
                **self.now(),
            )
        )
        self.vote(procedure, subject)
        appraisal = models.Appraisal(
            value="150000.00",
            base_date=ago(40),
            method=models.AppraisalMethod.AGENCY,
            report_no="评报字001",
            agency="资产评估公司",
            agency_licence="资质001",
        )
        self.step(
            record_appraisal.sync_detailed(
                self.asset,
                disposal,
                client=clerk,
                body=models.RecordAppraisal(appraisal=appraisal, occurred_on=ago(38)),
                **self.now(),
            )
        )
        publication = models.Publication(
            published_on=ago(30),
            channel="BULLETIN_BOARD",
            place=VILLAGE,
            evidence_sha_256=hashlib.sha256("照片".encode()).hexdigest(),
        )
        self.step(
            publish_appraisal.sync_detailed(
                self.asset,
                disposal,
                client=clerk,
                body=models.PublishAppraisal(publication=publication),
                **self.now(),
            )
        )
        for who, level in ((self.keys.township, "TOWNSHIP"), (self.keys.agriculture, "AGRICULTURE")):
            opinion = models.ForwardDisposal(level=level, opinion="同意上报", occurred_on=ago(25))
            self.step(
                forward_disposal.sync_detailed(self.asset, disposal, client=who, body=opinion, **self.now())
            )
        approval = models.Approval(
            approver="COUNTY_GOV",
            approver_level="COUNTY_GOV",
            document_no="政函008",
            approved_on=ago(20),
        )
        self.step(
            approve_disposal.sync_detailed(
                self.asset,
                disposal,
                client=self.keys.county,
                body=models.ApproveDisposal(approval=approval),
                **self.now(),
            )
        )
        sale = models.DisposalSale(
            disposed_on=ago(10), price="156000.00", buyer="买受人", document_no="成交001"
        )
        self.step(
            dispose_asset.sync_detailed(
                self.asset, disposal, client=clerk, body=models.DisposeAsset(sale=sale), **self.now()
            )
        )
        proceeds = models.ReceiveProceeds(amount="156000.00", received_on=ago(8), voucher_no="收-002")
        self.step(
            receive_proceeds.sync_detailed(self.asset, disposal, client=clerk, body=proceeds, **self.now())
        )

    def procedure_over(self, proposal: models.DisposalProposal) -> tuple[str, models.Subject]:
        """A procedure over the very proposal, opened by the village; its code and its text."""
        content = models.DigestSubjectContent.from_dict({"asset": self.asset, "proposal": proposal.to_dict()})
        draft = models.DigestSubject(kind="asset_disposal", id=proposal.disposal, content=content)
        subject = expect(
            models.DigestedSubject, digest_subject.sync_detailed(client=self.keys.township, body=draft)
        ).subject
        opening = models.ProcedureOpening(
            chain="A14",
            title="处置闲置生产线",
            subject=subject,
            case=models.ProcedureCase(
                owner_kind=models.ProcedureCaseOwnerKind.VILLAGE, disposal_value="150000.00"
            ),
            parties=[
                models.ProcedureParty(role="OWNER", organization=VILLAGE),
                models.ProcedureParty(role="VILLAGE", organization=VILLAGE),
                models.ProcedureParty(role="TOWNSHIP", organization=TOWNSHIP),
            ],
        )
        body = models.OpenProcedure(opening=opening, by=self.signer(), occurred_on=ago(51))
        opened = expect(
            models.ProcedureInstanceAnswer,
            open_procedure.sync_detailed(
                client=self.keys.village, body=body, idempotency_key=str(uuid.uuid4())
            ),
        )
        return opened.id, subject

    def vote(self, procedure: str, subject: models.Subject) -> None:
        """The village's representatives decide on it."""
        roll = models.VillageRoll(
            body=models.VillageRollBody.REPRESENTATIVES,
            count=35,
            since=ago(900),
            until=TODAY + timedelta(days=400),
            document_no="选举结果001",
            document_sha_256=hashlib.sha256("选举结果".encode()).hexdigest(),
        )
        expect(
            models.OrganizationAnswer,
            record_roll.sync_detailed(
                VILLAGE,
                client=self.keys.clerk,
                body=models.RecordRoll(roll=roll),
                idempotency_key=str(uuid.uuid4()),
            ),
        )
        meeting = models.Meeting(
            kind=models.MeetingKind.REPRESENTATIVE_MEETING,
            held_on=ago(49),
            place="村委会",
            members=35,
            present=33,
            in_favour=31,
            against=2,
            minutes_sha_256=hashlib.sha256("会议记录".encode()).hexdigest(),
        )
        body = models.HoldMeeting(
            step="DECISION", by=self.signer(), subject_sha_256=subject.sha256, meeting=meeting
        )
        expect(
            models.ProcedureInstanceAnswer,
            hold_meeting.sync_detailed(
                procedure, client=self.keys.village, body=body, idempotency_key=str(uuid.uuid4())
            ),
        )

    def signer(self) -> models.Signer:
        return models.Signer(organization=VILLAGE, person=KEEPER)


EVENTS = [
    "asset.registered",
    "asset.transfer_initiated",
    "asset.transfer_items_accepted",
    "asset.transfer_completed",
    "asset.ownership_confirmed",
    "asset.booked",
    "asset.put_into_use",
    "asset.custody_assigned",
    "asset.supervision_assigned",
    "asset.operating_contract_signed",
    "asset.income_received",
    "asset.operating_contract_ended",
    "asset.operation_status_reported",
    "asset.disposal_proposed",
    "asset.appraisal_recorded",
    "asset.appraisal_published",
    "asset.disposal_forwarded",
    "asset.disposal_forwarded",
    "asset.disposal_approved",
    "asset.disposed",
    "asset.disposal_proceeds_received",
]


def main(said: str) -> None:
    """Wait for what `taizhang --json serve` says on its first start, then live."""
    until = time.monotonic() + 120
    while not (text := Path(said).read_text("utf-8")).endswith("}\n"):
        assert time.monotonic() < until, "the service said no address within two minutes"
        time.sleep(0.2)
    first = json.loads(text)
    keys = Keys(first["url"], first["bootstrapToken"])
    life = Life(keys)
    life.live()
    assert life.events == EVENTS, life.events
    asset = expect(models.AssetReading, read_asset.sync_detailed(life.asset, client=keys.clerk)).resource
    assert asset.disposed_on == ago(10), asset
    assert (asset.income_received, asset.income_distributed) == ("30000.00", "0.00"), asset
    print(life.asset, f"lived through {len(life.events)} events")


if __name__ == "__main__":
    main(*sys.argv[1:])
