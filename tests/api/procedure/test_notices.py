"""The public notice board: everybody reads it, anybody is heard, nobody's numbers are shown."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from service.api.http.public import MAX_PUBLIC_BYTES, Hearing
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.procedure.test_procedures import Running, joint_title, posting, representatives
from tests.api.service import Service, new_code

TODAY = "2026-11-01"


async def said(service: Service, path: str, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return await service.http.post(path, json=body, headers=headers)


async def board(service: Service, **params: Any) -> list[dict[str, Any]]:
    answer = await service.http.get("/v1/notices", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


async def unanswered(service: Service, notice: str, on: str, **until: str) -> list[dict[str, Any]]:
    """Objections to a notice that the township's worklist of a day holds."""
    path = f"/v1/organizations/{TOWNSHIP}/worklist"
    asked = {"on": on, "task": "OBJECTION", "min_position": await service.head()} | until
    return [task for task in (await service.read(path, **asked))["tasks"] if task["subject"] == notice]


@pytest.mark.clause("C3-04", "C3-05")
async def test_the_public_reads_objects_and_is_answered(service: Service) -> None:
    """Publishes notices for everybody, takes anonymous objections without a credential, and publishes the answers."""
    it = await joint_title(service)
    notice = f"procedure-{it.path.rsplit('/', 1)[1]}:NOTICE"
    shown = (await service.http.get(f"/v1/notices/{notice}")).json()
    assert (shown["state"], shown["endsOn"], len(shown["places"])) == ("OPEN", "2021-07-12", 2)
    heard = await said(service, f"/v1/notices/{notice}/objections", text="我电话 138-0000 0000，份额不对")
    assert heard.status_code == 201
    today = service.app.state.context.today()
    due_on = (today + timedelta(days=10)).isoformat()
    assert heard.json()["resource"] == {"notice": notice, "number": 1, "dueOn": due_on}
    assert "events" in heard.json()
    assert await unanswered(service, notice, due_on) == []
    (late,) = await unanswered(service, notice, (today + timedelta(days=11)).isoformat())
    assert (late["clause"], late["units"], late["dueOn"], late["overdue"]) == (
        "C3-05",
        [TOWNSHIP],
        due_on,
        True,
    )
    again = await said(service, f"/v1/notices/{notice}/suggestions", text="多听听意见")
    assert again.status_code == 201
    refused = await it.tried("notice-completions", "NOTICE", TOWNSHIP, "clerk", None)
    assert refused == (409, "OBJECTION_OPEN")
    waiting = await service.read("/v1/ledgers/procedure-tasks", on=TODAY, procedure=it.path.rsplit("/", 1)[1])
    assert {(row["act"], row["organization"]) for row in waiting["rows"]} >= {("RESOLVE", TOWNSHIP)}
    answer = {"step": "NOTICE", "by": await it.signer(TOWNSHIP), "outcome": "DISMISSED", "answer": "核对无误"}
    await service.write(f"{it.path}/objections/1/resolution", answer, "clerk")
    shown = (await service.http.get(f"/v1/notices/{notice}")).json()
    (answered,) = shown["answers"]
    assert (answered["outcome"], answered["answer"]) == ("DISMISSED", "核对无误")
    assert "138" not in str(shown)
    assert (shown["suggestions"], shown["openObjections"]) == (1, 0)
    assert await unanswered(service, notice, "2030-01-01") == []


@pytest.mark.clause("C3-04")
async def test_a_title_without_notice_is_an_open_task_until_it_is_posted(service: Service) -> None:
    """Confirms with the warning NOTICE_MISSING, lists the open task, and closes it with a posted notice."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(fundsPaidTo="TOWNSHIP")})
    confirmation = {
        "owners": [{"party": TOWNSHIP, "amount": "450000.00"}],
        "ownerKind": "TOWNSHIP",
        "countyDecision": "县批1号",
    }
    path = f"/v1/assets/{asset}/ownership-confirmations"
    answer = await service.post(path, {"confirmation": confirmation}, "approver", version=1)
    assert answer.status_code == 201, answer.text
    assert "NOTICE_MISSING" in {one["code"] for one in answer.json()["warnings"]}
    position = answer.json()["position"]
    asked = {"on": TODAY, "asset": asset, "min_position": position}
    tasks = (await service.read("/v1/ledgers/notice-tasks", **asked))["rows"]
    assert [(row["stage"], row["units"]) for row in tasks] == [("OWNERSHIP", [TOWNSHIP])]
    by = {"organization": TOWNSHIP, "person": await service.person(TOWNSHIP)}
    about = {"stage": "OWNERSHIP", "asset": asset, "title": "村道确权公告"}
    body = {"announcement": about, "posting": posting("TOWNSHIP", TOWNSHIP, "2022-03-03"), "by": by}
    assert (await service.post("/v1/notices", body, "neighbour")).status_code == 403
    posted = await service.write("/v1/notices", body, "clerk")
    asked["min_position"] = posted["position"]
    assert (await service.read("/v1/ledgers/notice-tasks", **asked))["rows"] == []
    (row,) = await board(service, asset=asset, min_position=posted["position"])
    assert (row["title"], row["state"]) == ("村道确权公告", "PUBLISHED")
    notice = posted["resource"]["notice"]
    heard = await said(service, f"/v1/notices/{notice}/objections", text="面积不对")
    assert heard.status_code == 201
    more = {"posting": posting("OWNER_LOCATION", VILLAGE, "2022-03-04"), "by": by}
    await service.write(f"/v1/notices/{notice}/places", more, "clerk")
    settled = {"by": by, "outcome": "UPHELD", "answer": "已更正"}
    done = await service.write(f"/v1/notices/{notice}/objections/1/resolution", settled, "clerk")
    assert done["resource"]["objections"]["1"]["outcome"] == "UPHELD"


async def test_a_statement_of_the_public_is_bounded(service: Service) -> None:
    it = await joint_title(service)
    path = f"/v1/notices/procedure-{it.path.rsplit('/', 1)[1]}:NOTICE/objections"
    long = await said(service, path, text="长" * MAX_PUBLIC_BYTES)
    assert (long.status_code, long.json()["code"]) == (413, "BODY_TOO_LARGE")
    bare = await service.http.post(path, json={"text": "x"})
    assert bare.json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    nowhere = await said(service, "/v1/notices/procedure-none:NOTICE/objections", text="x")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "NOT_FOUND")
    other = await said(service, f"{path}?county=999999", text="x")
    assert other.json()["code"] == "COUNTY_UNKNOWN"
    once = [await said(service, path, key=f"k-{it.digest}", text="份额不对") for _ in range(2)]
    assert [one.json()["resource"]["number"] for one in once] == [1, 1]
    service.app.state.hearing = Hearing(per_sender=1)
    codes = [(await said(service, path, text="又来")).status_code for _ in range(2)]
    service.app.state.hearing = Hearing()
    assert codes == [201, 429]


async def test_the_worklist_says_what_waits_for_whom_and_what_is_overdue(service: Service) -> None:
    it = Running(service, "A8")
    await it.open(VILLAGE, "village", "2022-03-01")
    code = it.path.rsplit("/", 1)[1]
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-01")
    await it.act("meetings", "DECISION", VILLAGE, "village", None, meeting=representatives("2022-03-02"))
    await it.act("reviews", "REVIEW", TOWNSHIP, "approver", "2022-03-04", verdict="APPROVED")
    last = await it.act("filings", "RECHECK", VILLAGE, "village", "2022-03-07")
    asked = {"procedure": code, "min_position": last["position"]}
    tasks = (await service.read("/v1/ledgers/procedure-tasks", on="2022-03-22", **asked))["rows"]
    assert {(row["step"], row["organization"], row["act"], row["overdue"]) for row in tasks} == {
        ("NOTICE", VILLAGE, "TAKE", False),
        ("LINE_FILING", VILLAGE, "TAKE", False),
        ("RECHECK", "AGRICULTURE", "ANSWER", True),
    }
    overdue = await service.read("/v1/ledgers/procedure-tasks", on="2022-03-21", overdue=True, **asked)
    assert overdue["rows"] == []
    rows = (await service.read("/v1/ledgers/procedures", chain="A8", state="OPEN", limit=1000))["rows"]
    (row,) = (one for one in rows if one["procedure"] == code)
    assert row["completed"] == ["PROPOSE", "DECISION", "REVIEW"]
