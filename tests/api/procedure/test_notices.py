"""The public notice board: everybody reads it, anybody is heard, nobody's numbers are shown."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.refusals import Refusal
from service.api.http.allowance import Allowances
from service.api.http.public import MAX_PUBLIC_BYTES, Hearing
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.procedure.test_procedures import Running, elected, joint_title, posting, representatives
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
    assert await unanswered(service, notice, (today - timedelta(days=1)).isoformat()) == []
    (filed,) = await unanswered(service, notice, today.isoformat())
    assert (filed["task"], filed["dueOn"], filed["overdue"]) == ("OBJECTION:1", due_on, False)
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


async def test_open_objections_are_seen_at_once_by_those_who_answer_them_only(service: Service) -> None:
    """The township's own and what lies in it; with their words and contact where they are answered."""
    it = await joint_title(service)
    procedure = it.path.rsplit("/", 1)[1]
    notice = f"procedure-{procedure}:NOTICE"
    words = "我电话 138-0000 0000，份额不对"
    await said(service, f"/v1/notices/{notice}/objections", text=words, contact="138-0000 0000")
    path = f"/v1/notices/{notice}/objections"
    seen = await service.read(path, "clerk")
    (objection,) = seen["objections"]
    assert (seen["unit"], objection["text"], objection["contact"]) == (TOWNSHIP, words, "138****0000")
    assert (objection["step"], objection["overdue"]) == ("NOTICE", False)
    assert objection["answerAt"] == f"/v1/procedures/{procedure}/objections/1/resolution"
    for who, status in {
        "approver": 200,
        "office": 200,
        "auditor": 200,
        "neighbour": 403,
        "quiet_village": 403,
        "reader": 403,
        "household": 403,
        "personnel": 403,
    }.items():
        assert (await service.get(path, who)).status_code == status, who
    worklist = f"/v1/organizations/{TOWNSHIP}/worklist"
    for who, visible in {"clerk": "我电话 ***，份额不对", "reader": None, "neighbour": None}.items():
        tasks = (await service.read(worklist, who, task="OBJECTION"))["tasks"]
        assert {task["words"] for task in tasks if task["subject"] == notice} == {visible}, who
    for who in ("reader", "clerk"):
        view = await service.read(it.path, who)
        assert view["resource"]["objections"]["1"]["text"] == "我电话 ***，份额不对"
        assert "138" not in str(view)
    answer = {"step": "NOTICE", "by": await it.signer(TOWNSHIP), "outcome": "DISMISSED", "answer": "核对无误"}
    await service.write(objection["answerAt"], answer, "clerk")
    assert (await service.read(path, "clerk"))["objections"] == []


async def test_open_objections_to_an_announcement_name_where_to_answer(service: Service) -> None:
    by = {"organization": TOWNSHIP, "person": await service.person(TOWNSHIP)}
    body = {
        "announcement": {"stage": "INCOME_USE", "title": "收益使用公告"},
        "posting": posting("TOWNSHIP", TOWNSHIP, "2022-03-03"),
        "by": by,
    }
    notice = (await service.write("/v1/notices", body, "clerk"))["resource"]["notice"]
    for number in (1, 2):
        await said(service, f"/v1/notices/{notice}/objections", text=f"异议{number}")
    seen = (await service.read(f"/v1/notices/{notice}/objections", "clerk"))["objections"]
    assert [(one["number"], one["text"], one["step"]) for one in seen] == [
        (1, "异议1", None),
        (2, "异议2", None),
    ]
    settled = {"by": by, "outcome": "DISMISSED", "answer": "已核对"}
    await service.write(seen[0]["answerAt"], settled, "clerk")
    seen = (await service.read(f"/v1/notices/{notice}/objections", "clerk"))["objections"]
    assert [one["number"] for one in seen] == [2]


@pytest.fixture
def hearing(service: Service) -> Iterator[Callable[[Hearing], None]]:
    """Puts another hearing in for one test."""

    def put(one: Hearing) -> None:
        service.app.state.hearing = one

    yield put
    put(Hearing())


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}, {"Idempotency-Key": "x"}])
async def test_statement_about_nothing_is_told_so_first(service: Service, headers: dict[str, str]) -> None:
    """Whatever else is wrong with it: its body, its kind, its key, its sender's allowance."""
    for notice in ("procedure-none:NOTICE", "public_notice-none", "none", "a b", "%00", "x" * 161):
        for what in ("objections", "suggestions"):
            for body in (b"", b"{", b'{"text":1}', b"x" * (MAX_PUBLIC_BYTES + 1)):
                answer = await service.http.post(
                    f"/v1/notices/{notice}/{what}", content=body, headers=headers
                )
                assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), (notice, body)


async def test_statement_is_bounded(service: Service) -> None:
    it = await joint_title(service)
    path = f"/v1/notices/procedure-{it.path.rsplit('/', 1)[1]}:NOTICE/objections"
    long = await said(service, path, text="长" * MAX_PUBLIC_BYTES)
    assert (long.status_code, long.json()["code"]) == (413, "BODY_TOO_LARGE")
    bare = await service.http.post(path, json={"text": "x"})
    assert bare.json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    other = await said(service, f"{path}?county=999999", text="x")
    assert other.json()["code"] == "COUNTY_UNKNOWN"
    once = [await said(service, path, key=f"k-{it.digest}", text="份额不对") for _ in range(2)]
    assert [one.json()["resource"]["number"] for one in once] == [1, 1]
    assert once[1].headers["idempotency-replayed"] == "true"


async def test_statement_of_another_sender_with_the_same_key_is_its_own(service: Service) -> None:
    """Two at two addresses are heard both, word for word the same or not; and one who says two things under one key."""
    it = await joint_title(service)
    path = f"/v1/notices/procedure-{it.path.rsplit('/', 1)[1]}:NOTICE/objections"
    numbers = []
    for host, text in (
        ("10.0.0.1", "a"),
        ("10.0.0.2", "a"),
        ("10.0.0.2", "b"),
        ("2001:db8::1", "a"),
        ("10.0.0.1", "a"),
    ):
        transport = httpx.ASGITransport(app=service.app, client=(host, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
            answer = await http.post(path, json={"text": text}, headers={"Idempotency-Key": "1"})
        assert answer.status_code == 201, answer.text
        numbers.append(answer.json()["resource"]["number"])
    assert numbers == [1, 2, 3, 4, 1]
    scopes = await service.pool.fetch("SELECT scope FROM idempotency WHERE key = '1'")
    assert len(scopes) == 4
    assert all(re.fullmatch("public-[0-9a-f]{64}", row["scope"]) for row in scopes)


async def test_statement_over_the_allowance_waits_and_says_how_long(
    service: Service, hearing: Callable[[Hearing], None]
) -> None:
    it, other = await joint_title(service), await joint_title(service)
    path, elsewhere = (
        f"/v1/notices/procedure-{one.path.rsplit('/', 1)[1]}:NOTICE/objections" for one in (it, other)
    )
    hearing(Hearing(at_once=2))
    for body in ({}, {"text": ""}, {"text": "x", "more": 1}):  # what is not taken in does not count
        assert (await said(service, path, **body)).status_code == 422
    once = [await said(service, path, key="same", text="一") for _ in range(4)]  # nor does the same again
    assert {one.status_code for one in once} == {201}
    assert (await said(service, path, text="二")).status_code == 201
    refused = await said(service, path, text="三")
    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert 290 <= int(refused.headers["retry-after"]) <= 300
    assert (await said(service, elsewhere, text="三")).status_code == 201  # another notice is another matter


# ---- who may speak how often -----------------------------------------------------------------------------------------


def heard(hearing: Hearing, sender: str, notice: str, now: float, *, kept: bool = True) -> bool:
    try:
        with hearing.hearing(sender, notice, now) as statement:
            statement.kept = kept
    except Refusal as refusal:
        assert refusal.code == "TOO_MANY_REQUESTS"
        return False
    return True


def test_hearing_allowance_of_one_sender_at_one_notice_comes_back_one_by_one() -> None:
    hearing = Hearing(at_once=3)
    assert [heard(hearing, "a", "n", 0.0) for _ in range(4)] == [True, True, True, False]
    assert not heard(hearing, "a", "n", 299.9)
    assert heard(hearing, "a", "n", 300.1)
    assert not heard(hearing, "a", "n", 300.2)
    assert [heard(hearing, "a", "n", 3_000.0) for _ in range(4)] == [True, True, True, False]


def test_hearing_what_is_not_kept_does_not_count() -> None:
    hearing = Hearing(at_once=1, service_at_once=1)
    assert all(heard(hearing, "a", "n", 0.0, kept=False) for _ in range(50))
    assert heard(hearing, "a", "n", 0.0)
    assert not heard(hearing, "a", "n", 0.0)


def test_hearing_one_sender_at_all_notices_is_bounded() -> None:
    hearing = Hearing(at_once=2)
    assert [heard(hearing, "a", f"n{n}", 0.0) for n in range(7)] == [True] * 6 + [False]


def test_hearing_those_who_use_up_everything_do_not_silence_who_has_not_spoken() -> None:
    hearing = Hearing(at_once=5, service_at_once=10)
    assert [heard(hearing, sender, "n", 0.0) for sender in "ab" for _ in range(5)] == [True] * 10
    assert not heard(hearing, "a", "m", 1.0), "who has spoken waits with all others"
    assert [heard(hearing, f"new{n}", "n", 1.0) for n in range(10)] == [True] * 10
    assert not heard(hearing, "new1", "n", 1.0)
    assert not heard(hearing, "newest", "n", 1.0), "the whole is bounded too"
    assert heard(hearing, "newest", "n", 2.0)


def test_hearing_memory_is_bounded() -> None:
    allowances = Allowances(at_once=1, every=60.0, most_keys=100)
    for n in range(1_000):
        allowances.take(f"k{n}", 0.0)
    assert len(allowances._used_until) == 100
    assert allowances.wait("k999", 0.0) == 60.0
    assert allowances.wait("k0", 0.0) == 0.0


async def test_the_worklist_says_what_waits_for_whom_and_what_is_overdue(service: Service) -> None:
    it = Running(service, "A8")
    await it.open(VILLAGE, "village", "2022-03-01")
    code = it.path.rsplit("/", 1)[1]
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-01")
    await elected(service)
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
