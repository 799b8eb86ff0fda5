"""A marked value in every personal field of the log, put there by commands over HTTP, and whose field it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.departing import Departure
from tests.api.household.test_household_life import HouseholdLife, cow
from tests.api.income.decided import account_of, aid, paid_by_plan, plan
from tests.api.income.welfare import holding, post_of, worked
from tests.api.organization.test_duties import asset_of, confirmed
from tests.api.procedure.test_procedures import posting
from tests.api.service import Service, new_code

HOUSEHOLD = "H-0012"


@dataclass
class Planted:
    """The county with marked values, and what the paths of the interface are about there."""

    service: Service
    marks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Marked value → subject (HOUSEHOLD …), and where it was put: event type and path."""
    given: dict[str, str] = field(default_factory=dict)
    """Path parameter → code."""
    _numbers: Any = field(default_factory=lambda: count(13_700_000_001))

    def put(self, subject: str, where: str) -> str:
        """A value that stands nowhere else: words and a number."""
        value = f"MK{next(self._numbers)}"
        self.marks[value] = (subject, where)
        return value


async def planted(service: Service) -> Planted:
    """Every command that takes something personal, each with marked values in one village of one township."""
    it = Planted(service)
    await _household(it)
    await _income(it)
    await _objections(it)
    await _leaving(it)
    await _violation(it)
    return it


async def _household(it: Planted) -> None:
    def put(where: str) -> str:
        return it.put("HOUSEHOLD", f"household_asset.{where}")

    household = put("registered card.household")
    asset = it.given["household_asset"] = new_code("H")
    it.given["household"] = household
    card = cow(
        household,
        assetContent=put("registered card.assetContent"),
        householder=put("registered card.householder"),
        loanRef=put("registered card.loanRef"),
    )
    await it.service.write("/v1/household-assets", {"asset": asset, "card": card, "occurredOn": "2021-07-15"})
    life = HouseholdLife(it.service, asset)
    changes = {
        "household": put("registration_corrected card.household"),
        "assetContent": put("old.assetContent"),
        "householder": put("registration_corrected card.householder"),
        "loanRef": put("old.loanRef"),
    }
    for one in (changes, {"household": household, "householder": put("old.householder"), "assetContent": put("registration_corrected card.assetContent"),
                          "loanRef": put("registration_corrected card.loanRef")}):  # fmt: skip
        correction = {"changes": one, "reason": put("registration_corrected reason"), "documentNo": "更1号"}
        await life.step("registration-corrections", {"correction": correction})
    inspection = {
        "inspectedOn": "2021-10-01",
        "present": False,
        "condition": put("inspected inspection.condition"),
        "reason": put("inspected inspection.reason"),
    }
    await life.step("inspections", {"inspection": inspection})
    await life.step(
        "inspections", {"inspection": inspection | {"inspectedOn": "2021-11-01", "present": True}}
    )
    loss = {"kind": "DIED", "lostOn": "2021-11-02", "quantity": "1", "note": put("loss_recorded loss.note")}
    await life.step("losses", {"loss": loss})
    entrusted = {
        "entrustment": "E-MK",
        "operator": "OP-1",
        "operatorName": "养殖合作社",
        "agreementNo": "委1号",
        "startsOn": "2021-12-01",
        "endsOn": "2022-12-01",
        "assets": [
            {
                "asset": asset,
                "yearlyReturn": "500.00",
                "consentDocument": put("entrusted entrustment.consentDocument"),
            }
        ],
    }
    await it.service.write("/v1/household-entrustments", entrusted)
    ending = {"assets": [asset], "endedOn": "2022-12-01", "reason": put("entrustment_ended reason")}
    await it.service.write("/v1/household-entrustments/E-MK/ending", ending)
    await it.service.write("/v1/household-ledgers", {"village": VILLAGE, "pushedOn": "2022-12-30"})
    request = {
        "request": "C-MK",
        "asset": asset,
        "content": it.put("HOUSEHOLD", "household_ledger.correction_requested request.content"),
    }
    await it.service.write(
        f"/v1/household-ledgers/{VILLAGE}/correction-requests", {"request": request}, "village"
    )
    closed = it.given["closed_household_asset"] = new_code("H")
    body = {"asset": closed, "card": cow(HOUSEHOLD), "occurredOn": "2021-07-15"}
    await it.service.write("/v1/household-assets", body)
    closing = {
        "closedOn": "2022-01-01",
        "documentNo": "销1号",
        "reason": it.put("OWN", "household_asset.registration_closed closing.reason"),
    }
    await HouseholdLife(it.service, closed).step("closing", {"closing": closing})


async def _income(it: Planted) -> None:
    life = await confirmed(it.service)
    it.given["asset"] = asset_of(life)
    receipt = {
        "receipt": "R-MK",
        "amount": "3000.00",
        "receivedOn": "2022-09-01",
        "voucherNo": "收-MK",
        "payer": it.put("PAYER", "asset.income_received receipt.payer"),
    }
    await account_of(it.service, VILLAGE, on="2021-09-01")
    await life.step("income-receipts", {"receipt": receipt})
    asset = asset_of(life)

    tag = {
        "household": it.put("HOUSEHOLD", "priority_households.household_tagged tag.household"),
        "kind": "SUDDEN_HARDSHIP",
        "since": "2022-01-10",
        "source": "监测系统",
        "documentNo": "监1号",
    }
    await it.service.write("/v1/priority-households", {"village": VILLAGE, "tag": tag})
    end = {
        "household": tag["household"],
        "kind": "SUDDEN_HARDSHIP",
        "until": "2022-06-30",
        "reason": it.put("HOUSEHOLD", "priority_households.tag_ended end.reason"),
    }
    await it.service.write(f"/v1/priority-households/{VILLAGE}/endings", {"end": end})

    def text(event: str) -> dict[str, Any]:
        def put(field: str) -> str:
            return it.put("HOUSEHOLD", f"income_plan.{event} content.{field}")

        omitted = [{"household": put("omissions.household"), "reason": put("omissions.reason")}]
        return plan(VILLAGE, asset, aid(put("lines.household"), "500.00", 5), omissions=omitted)

    proposed = (await it.service.write("/v1/income-plans", text("proposed")))["id"]
    it.given["income_plan"] = proposed
    amended = text("amended") | {"reason": "更正名单"}
    await it.service.write(f"/v1/income-plans/{proposed}/amendments", amended)
    household = it.put("HOUSEHOLD", "asset.income_distributed distribution.lines.household")
    paid = await paid_by_plan(
        it.service, VILLAGE, asset, "P-MK", aid(household, "500.00", 5), on="2022-12-20"
    )
    back = {
        "returned": "T-MK",
        "payment": "P-MK",
        "amount": "500.00",
        "returnedOn": "2022-12-22",
        "voucherNo": "退-MK",
        "reason": it.put("HOUSEHOLD", "income_plan.payment_returned back.reason"),
        "lines": [{"line": 1, "amount": "500.00"}],
    }
    await it.service.write(f"/v1/income-plans/{paid['id']}/payment-returns", {"back": back})
    await _help(it)


async def _help(it: Planted) -> None:
    """Households in hardship, and one that works on a post."""

    def plan_of_help(amount: str) -> dict[str, Any]:
        household = it.put("HOUSEHOLD", "relief_plan.proposed content.lines.household")
        told = it.put("HOUSEHOLD", "relief_plan.proposed content.lines.circumstances")
        line = {"household": household, "cause": "ILLNESS", "circumstances": told, "amount": amount}
        help_ = {"village": VILLAGE, "lines": [line | {"evidenceSha256": "d" * 64}]}
        return {"plan": help_, "occurredOn": "2022-09-02"}

    it.given["relief_plan"] = (await it.service.write("/v1/relief-plans", plan_of_help("1.00")))["id"]
    gone = (await it.service.write("/v1/relief-plans", plan_of_help("2.00")))["id"]
    reason = {"reason": it.put("HOUSEHOLD", "relief_plan.withdrawn reason"), "occurredOn": "2022-09-03"}
    await it.service.write(f"/v1/relief-plans/{gone}/withdrawal", reason)
    post = it.given["public_welfare_post"] = await post_of(it.service, VILLAGE)
    path = f"/v1/public-welfare-posts/{post}"
    household = it.put("HOUSEHOLD", "public_welfare_post.holder_appointed holder.household")
    await it.service.write(f"{path}/holders", holding(household))
    remarks = it.put("HOUSEHOLD", "public_welfare_post.month_assessed assessment.remarks")
    await it.service.write(f"{path}/assessments", worked(household, "2022-07", remarks=remarks))
    left = it.put("HOUSEHOLD", "public_welfare_post.holder_released release.reason")
    release = {"household": household, "lastDay": "2022-08-01", "reason": left}
    await it.service.write(f"{path}/releases", {"release": release})


async def _objections(it: Planted) -> None:
    person = await it.service.person(TOWNSHIP)
    body = {
        "announcement": {"stage": "OTHER", "title": "公示一事"},
        "posting": posting("TOWNSHIP", TOWNSHIP),
        "by": {"organization": TOWNSHIP, "person": person},
        "occurredOn": "2021-07-01",
    }
    notice = (await it.service.write("/v1/notices", body))["id"]
    it.given["announcement"] = it.given["notice"] = notice
    for noun, event in (("objections", "objection_filed objection."), ("suggestions", "suggestion_filed ")):
        said = {
            "text": f"来电 {it.put('OBJECTOR', f'public_notice.{event}text')}",
            "contact": it.put("OBJECTOR", f"public_notice.{event}contact"),
        }
        await it.service.http.post(
            f"/v1/notices/{notice}/{noun}", json=said, headers={"Idempotency-Key": uuid.uuid4().hex}
        )
    await it.service.app.state.projector.wait_for("653022", None, await it.service.head(), 30)


async def _leaving(it: Planted) -> None:
    person = it.given["person"] = await it.service.person(VILLAGE)
    path = f"/v1/organizations/{VILLAGE}"
    post = {"position": "FIRST_SECRETARY", "person": person, "since": "2020-01-01", "documentNo": "任1号"}
    await it.service.write(f"{path}/appointments", post, "personnel")
    fact = {
        "kind": "DETENTION",
        "happenedOn": "2021-12-30",
        "documentNo": it.put("LEAVER", "person.leaving_recorded fact.documentNo"),
    }
    await it.service.write(f"/v1/persons/{person}/leaving-facts", {"fact": fact}, "personnel")
    ending = {"until": "2021-12-31", "reason": it.put("LEAVER", "organization.position_ended reason")}
    await it.service.write(f"{path}/appointments/FIRST_SECRETARY/{person}/ending", ending, "personnel")
    leaving = Departure(it.service, [], person, await it.service.person(VILLAGE), "")
    case = await leaving.open(
        reason="DETENTION", documentNo=it.put("LEAVER", "departure_case.opened notice.documentNo")
    )
    it.given["case"] = case["id"]


async def _violation(it: Planted) -> None:
    def put(where: str) -> str:
        return it.put("ANSWERABLE", f"violation_case.{where}")

    report = {
        "kind": "EMBEZZLE_MISUSE",
        "happenedOn": "2020-05-10",
        "unit": VILLAGE,
        "text": put("reported violation.text"),
        "source": put("reported violation.source"),
    }
    case = (await it.service.write("/v1/violations", {"violation": report}, "auditor"))["id"]
    it.given["violation"] = case
    decided = {
        "upheld": True,
        "decidedBy": "AUDIT",
        "decidedOn": "2022-09-01",
        "documentNo": put("established establishment.documentNo"),
        "facts": put("established establishment.facts"),
    }
    await it.service.write(f"/v1/violations/{case}/establishment", {"establishment": decided}, "auditor")
    measure = {
        "person": await it.service.person(VILLAGE),
        "measure": put("accountability_decided accountability.measure"),
        "decidedBy": "AUDIT",
        "decidedOn": "2022-10-01",
        "documentNo": put("accountability_decided accountability.documentNo"),
    }
    await it.service.write(f"/v1/violations/{case}/accountabilities", {"accountability": measure}, "auditor")
