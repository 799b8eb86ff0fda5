"""Procedures over HTTP: each step by its own unit, for one text, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from domain.procedure.subject import digest_of
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.api.service import Service, new_code

SHA = "ab" * 32
NEIGHBOUR_VILLAGE = "653022202209"


def parties(*more: tuple[str, str]) -> list[dict[str, str]]:
    """A village, which owns, in its township."""
    given = (("VILLAGE", VILLAGE), ("OWNER", VILLAGE), ("TOWNSHIP", TOWNSHIP), *more)
    return [{"role": role, "organization": unit} for role, unit in given]


def posting(role: str, organization: str, on: str = "2021-07-01", **changes: Any) -> dict[str, Any]:
    """A sheet on a board."""
    return {
        "place": {"role": role, "organization": organization},
        "location": "公示栏",
        "postedOn": on,
        "evidence": [SHA],
        "text": "拟确权方案",
    } | changes


def representatives(on: str, **changes: Any) -> dict[str, Any]:
    """24 of 35 meet, 13 agree."""
    return {
        "kind": "REPRESENTATIVE_MEETING",
        "heldOn": on,
        "place": "村委会",
        "members": 35,
        "present": 24,
        "inFavour": 13,
        "against": 11,
        "minutesSha256": SHA,
    } | changes


@dataclass
class Running:
    """A procedure of a chain over a fresh text, and who acts on it."""

    service: Service
    chain: str
    people: dict[str, str] = field(default_factory=dict)
    path: str = ""
    digest: str = ""
    opening: dict[str, Any] = field(default_factory=dict)

    async def signer(self, unit: str) -> dict[str, str]:
        if unit not in self.people:
            self.people[unit] = await self.service.person(unit)
        return {"organization": unit, "person": self.people[unit]}

    async def open(self, unit: str, who: str, on: str, **changes: Any) -> dict[str, Any]:
        content = {"plan": new_code()}
        self.digest = digest_of(content)
        self.opening = {
            "chain": self.chain,
            "title": "扶贫车间",
            "subject": {"kind": "plan", "id": "A-1", "sha256": self.digest, "content": content},
            "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE", "assetType": "WORKSHOP"},
            "parties": parties(),
        } | changes
        body = {"opening": self.opening, "by": await self.signer(unit), "occurredOn": on}
        opened = await self.service.write("/v1/procedures", body, who)
        self.path = f"/v1/procedures/{opened['id']}"
        return opened

    async def body(self, step: str, unit: str, on: str | None, **facts: Any) -> dict[str, Any]:
        dated = {} if on is None else {"occurredOn": on}
        return {"step": step, "by": await self.signer(unit), "subjectSha256": self.digest} | dated | facts

    async def act(
        self, what: str, step: str, unit: str, who: str, on: str | None, **facts: Any
    ) -> dict[str, Any]:
        return await self.service.write(f"{self.path}/{what}", await self.body(step, unit, on, **facts), who)

    async def tried(
        self, what: str, step: str, unit: str, who: str, on: str | None, **facts: Any
    ) -> tuple[int, str]:
        answer = await self.service.post(f"{self.path}/{what}", await self.body(step, unit, on, **facts), who)
        return answer.status_code, answer.json()["code"]


async def elected(service: Service, village: str = VILLAGE, count: int = 35, **changes: Any) -> None:
    """The township records that the village has elected its representatives."""
    roll = {
        "body": "REPRESENTATIVES",
        "count": count,
        "since": "2018-01-01",
        "until": "2090-12-31",
        "documentNo": "选举结果1号",
        "documentSha256": SHA,
    } | changes
    answer = await service.post(f"/v1/organizations/{village}/representatives", {"roll": roll}, "clerk")
    assert answer.status_code in {200, 201}, answer.text


async def joint_title(service: Service, title: str = "扶贫车间", **posted: str) -> Running:
    """A joint title at its notice, posted at both places on 1 July 2021."""
    it = Running(service, "A5")
    more = parties(("VILLAGE", NEIGHBOUR_VILLAGE), ("PROJECT_VILLAGE", VILLAGE))
    await it.open(TOWNSHIP, "clerk", "2021-06-28", parties=more, title=title)
    await it.act("steps", "SHARES", TOWNSHIP, "clerk", "2021-06-29")
    meeting = representatives("2021-06-30", kind="TOWNSHIP_MEETING", concluded=True)
    await it.act("meetings", "MEETING", TOWNSHIP, "approver", None, meeting=meeting)
    for role, unit in (("PROJECT_VILLAGE", VILLAGE), ("TOWNSHIP", TOWNSHIP)):
        await it.act("notices", "NOTICE", TOWNSHIP, "clerk", None, posting=posting(role, unit, **posted))
    return it


@pytest.mark.clause("C4.5-06", "C3-04")
async def test_a_joint_title_goes_its_way(service: Service) -> None:
    """Opens, votes, posts at both places, waits ten days; the certificates are due then, and are not ticked off."""
    it = await joint_title(service)
    early = await it.tried("notice-completions", "NOTICE", TOWNSHIP, "clerk", "2021-07-12")
    assert early == (409, "NOTICE_PERIOD_RUNNING")
    await it.act("notice-completions", "NOTICE", TOWNSHIP, "clerk", "2021-07-13")
    ticked = await it.tried("steps", "CERTIFICATES", TOWNSHIP, "clerk", "2021-07-13")
    assert ticked == (409, "STEP_TAKEN_BY_FACT")
    early = await it.tried("filings", "FILING", TOWNSHIP, "clerk", "2021-07-14")
    assert early == (409, "STEP_OUT_OF_ORDER")
    shown = (await service.read(it.path))["resource"]
    assert shown["completedSteps"] == ["SHARES", "MEETING", "NOTICE"]
    assert [one["step"] for one in shown["due"]] == ["CERTIFICATES"]


@pytest.mark.clause("C4.7-06", "C4.9-03", "C4.9-04")
async def test_an_income_plan_goes_its_way(service: Service) -> None:
    """Takes an income plan through vote, notice, township review and both filings, each by its own unit."""
    it = Running(service, "A8")
    await it.open(VILLAGE, "village", "2022-03-01")
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-01")
    await elected(service)
    await it.act("meetings", "DECISION", VILLAGE, "village", None, meeting=representatives("2022-03-02"))
    sheet = posting("OWNER_LOCATION", VILLAGE, "2022-03-03")
    await it.act("notices", "NOTICE", VILLAGE, "village", None, posting=sheet)
    assert await it.tried("reviews", "REVIEW", TOWNSHIP, "village", "2022-03-04", verdict="APPROVED") == (
        403,
        "FORBIDDEN_JURISDICTION",
    )
    returned = await it.act(
        "reviews", "REVIEW", TOWNSHIP, "approver", "2022-03-04", verdict="RETURNED", reasons="没有名单"
    )
    assert returned["resource"]["lastReturn"]["reasons"] == "没有名单"
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-05")
    await it.act("reviews", "REVIEW", TOWNSHIP, "approver", "2022-03-05", verdict="APPROVED")
    await it.act("filings", "LINE_FILING", VILLAGE, "village", "2022-03-07")
    await it.act("filings", "RECHECK", VILLAGE, "village", "2022-03-07")
    await it.act("notice-completions", "NOTICE", VILLAGE, "village", "2022-03-15")
    pending = (await service.read(it.path))["resource"]["due"]
    assert [one["step"] for one in pending] == ["RECHECK"]
    await it.act(
        "filing-answers",
        "RECHECK",
        "AGRICULTURE",
        "agriculture",
        "2022-03-16",
        filedBy=VILLAGE,
        answer="ACCEPTED",
    )
    due = (await service.read(it.path))["resource"]["due"]
    assert [one["step"] for one in due] == ["DISTRIBUTE"]


@pytest.mark.clause("C3-02")
async def test_meeting_is_held_against_the_roll_that_the_township_recorded(service: Service) -> None:
    """Refuses a village's vote without a recorded roll of its day, with other numbers than recorded, or under another law."""
    it = Running(service, "A8")
    owner = parties()
    for party in owner:
        if party["organization"] == VILLAGE:
            party["organization"] = NEIGHBOUR_VILLAGE
    await it.open(NEIGHBOUR_VILLAGE, "quiet_village", "2022-03-01", parties=owner)
    await it.act("steps", "PROPOSE", NEIGHBOUR_VILLAGE, "quiet_village", "2022-03-01")

    async def vote(**changes: Any) -> tuple[int, str]:
        meeting = representatives("2022-03-02", **changes)
        return await it.tried(
            "meetings", "DECISION", NEIGHBOUR_VILLAGE, "quiet_village", None, meeting=meeting
        )

    assert await vote() == (409, "ROLL_NOT_RECORDED")
    path = f"/v1/organizations/{NEIGHBOUR_VILLAGE}/representatives"
    own = {
        "roll": {
            "body": "REPRESENTATIVES",
            "count": 5,
            "since": "2022-01-01",
            "until": "2027-12-31",
            "documentNo": "自报",
            "documentSha256": SHA,
        }
    }
    for who, code in (
        ("quiet_village", "ROLE_NOT_ALLOWED"),
        ("neighbour", "FORBIDDEN_JURISDICTION"),
        ("office", "ROLE_NOT_ALLOWED"),
        ("reader", "ROLE_READ_ONLY"),
    ):
        answer = await service.post(path, own, who)
        assert (answer.status_code, answer.json()["code"]) == (403, code), who
    answer = await service.post(f"/v1/organizations/{TOWNSHIP}/representatives", own, "clerk")
    assert (answer.status_code, answer.json()["code"]) == (409, "ROLL_OF_VILLAGES_ONLY")
    await elected(service, NEIGHBOUR_VILLAGE, 37)
    assert await vote() == (409, "ROLL_MISMATCH")
    assert await vote(members=None) == (409, "NO_QUORUM")
    assert await vote(members=None, present=25, matter="OTHER") == (422, "FIELD_INVALID")
    held = await it.act(
        "meetings",
        "DECISION",
        NEIGHBOUR_VILLAGE,
        "quiet_village",
        None,
        meeting=representatives("2022-03-02", members=None, present=25),
    )
    assert held["resource"]["meetings"]["DECISION"]["members"] == 37
    shown = (await service.read(f"/v1/organizations/{NEIGHBOUR_VILLAGE}"))["resource"]["rolls"]
    assert [one["count"] for one in shown] == [37]


@pytest.mark.clause("C3-02")
async def test_two_thirds_have_to_come_and_more_than_half_of_them_agree(service: Service) -> None:
    """Of 35 representatives 23 are no quorum, 24 are; of 24 present 12 in favour pass nothing, 13 do."""
    it = Running(service, "A8")
    await it.open(VILLAGE, "village", "2022-03-01")
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-01")
    await elected(service)

    async def vote(**changes: Any) -> tuple[int, str]:
        meeting = representatives("2022-03-02", **changes)
        return await it.tried("meetings", "DECISION", VILLAGE, "village", None, meeting=meeting)

    assert await vote(present=23, inFavour=23, against=0) == (409, "NO_QUORUM")
    assert await vote(present=24, inFavour=12, against=12) == (409, "NOT_PASSED")
    meeting = representatives("2022-03-02", present=24, inFavour=13, against=11)
    held = await it.act("meetings", "DECISION", VILLAGE, "village", None, meeting=meeting)
    assert "DECISION" in held["resource"]["completedSteps"]


async def test_departments_determine_and_the_county_decides(service: Service) -> None:
    lists = Running(service, "A1")
    await lists.open(VILLAGE, "village", "2021-08-02")
    await lists.act("steps", "COMPILE", VILLAGE, "village", "2021-08-02")
    await lists.act("reviews", "REVIEW", TOWNSHIP, "approver", "2021-08-03", verdict="APPROVED")
    await lists.act(
        "determinations", "DETERMINE", "AGRICULTURE", "agriculture", "2021-08-04", verdict="APPROVED"
    )
    refused = await lists.tried("steps", "AGGREGATE", "ASSET_OFFICE", "office", "2021-08-05")
    assert refused == (409, "DETERMINATION_INCOMPLETE")
    title = Running(service, "A6")
    await title.open(TOWNSHIP, "clerk", "2021-08-02", parties=parties(("IMPLEMENTER", TOWNSHIP)))
    await title.act("steps", "PLAN", TOWNSHIP, "clerk", "2021-08-02")
    facts = {"reasons": "按方案", "documentNo": "县批8号"}
    usurped = await title.tried("decisions", "DECISION", TOWNSHIP, "approver", "2021-08-20", **facts)
    assert usurped == (409, "COUNTY_DECISION_REQUIRED")
    decided = await title.act("decisions", "DECISION", "COUNTY_GOV", "county", "2021-08-20", **facts)
    assert decided["resource"]["documentNo"] == "县批8号"


@pytest.mark.clause("C3-05")
async def test_objections_are_heard_and_answered(service: Service) -> None:
    """Takes objections and suggestions in for anybody, keeps the notice open until they are answered, hides contacts."""
    it = await joint_title(service)
    said = {"step": "NOTICE", "text": "份额不对", "contact": "13800000000", "occurredOn": "2021-07-05"}
    filed = await service.write(f"{it.path}/objections", said, "neighbour")
    assert "contact" not in filed["resource"]["objections"]["1"]
    await service.write(
        f"{it.path}/suggestions", {"text": "多听意见", "occurredOn": "2021-07-05"}, "neighbour"
    )
    open_still = await it.tried("notice-completions", "NOTICE", TOWNSHIP, "clerk", "2021-07-13")
    assert open_still == (409, "OBJECTION_OPEN")
    answer = {
        "step": "NOTICE",
        "by": await it.signer(TOWNSHIP),
        "outcome": "UPHELD",
        "answer": "确有误",
        "occurredOn": "2021-07-13",
    }
    reopened = await service.write(f"{it.path}/objections/1/resolution", answer, "clerk")
    assert reopened["resource"]["completedSteps"] == ["SHARES"]
    assert [one["step"] for one in reopened["resource"]["due"]] == ["MEETING"]
    content = {"plan": "更正"}
    subject = {"kind": "plan", "id": "A-1", "sha256": digest_of(content), "content": content}
    by = await it.signer(TOWNSHIP)
    await service.write(
        f"{it.path}/amendments",
        {"subject": subject, "by": by, "reason": "更正", "occurredOn": "2021-07-14"},
        "clerk",
    )
    old = await it.tried("steps", "SHARES", TOWNSHIP, "clerk", "2021-07-15")
    assert old == (409, "PLAN_HASH_MISMATCH")
    gone = await service.write(f"{it.path}/withdrawal", {"by": by, "reason": "不办了"}, "clerk")
    assert gone["resource"]["state"] == "WITHDRAWN"


async def test_neighbours_and_unknown_people_do_not_act(service: Service) -> None:
    it = Running(service, "A5")
    await it.open(TOWNSHIP, "clerk", "2021-06-28")
    assert await it.tried("steps", "SHARES", TOWNSHIP, "neighbour", "2021-06-29") == (
        403,
        "FORBIDDEN_JURISDICTION",
    )
    assert await it.tried("steps", "SHARES", OTHER_TOWNSHIP, "neighbour", "2021-06-29") == (403, "FORBIDDEN")
    it.people[TOWNSHIP] = "P-nobody"
    assert await it.tried("steps", "SHARES", TOWNSHIP, "clerk", "2021-06-29") == (422, "CODE_UNKNOWN")


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (("VILLAGE", "V-nobody"), "CODE_UNKNOWN"),
        (("TOWNSHIP", VILLAGE), "FIELD_INVALID"),
        (("VILLAGE", OTHER_VILLAGE), "FIELD_INVALID"),
        (("OWNER", "COUNTY_GOV"), "FIELD_INVALID"),
    ],
    ids=lambda given: str(given),
)
async def test_units_have_roles_that_they_can_have(
    service: Service, named: tuple[str, str], code: str
) -> None:
    it = Running(service, "A5")
    by = await it.signer(TOWNSHIP)
    content = {"plan": 1}
    opening = {
        "chain": "A5",
        "title": "t",
        "subject": {"kind": "plan", "id": "A-1", "sha256": digest_of(content), "content": content},
        "parties": parties(named),
    }
    answer = await service.post("/v1/procedures", {"opening": opening, "by": by}, "clerk")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_step_sent_twice_is_taken_once(service: Service) -> None:
    it = Running(service, "A5")
    await it.open(TOWNSHIP, "clerk", "2021-06-28")
    body = await it.body("SHARES", TOWNSHIP, "2021-06-29")
    head = await service.head()
    answers: list[httpx.Response] = [
        await service.post(f"{it.path}/steps", body, "clerk", key=f"once-{it.digest}") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert await service.head() == head + 1
