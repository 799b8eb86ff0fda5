"""Priority households over HTTP (C4.9-08): a plan that leaves one out without a reason is warned of, and reviewers see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.income.decided import aid, money, open_account, plan, village_key
from tests.api.income.incomes import earning, villages
from tests.api.service import Service

VILLAGES = villages()
OMITTED = "PRIORITY_HOUSEHOLD_OMITTED"
FOUR = ("MARGINALLY_ABOVE", "UNSTABLE_OUT_OF_POVERTY", "MARGINAL_AT_RISK", "SUDDEN_HARDSHIP")
"""收入水平略高于脱贫人口、脱贫不稳定户、边缘易致贫户、突发严重困难户 (四(九))."""


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def tagged(village: str, household: str, kind: str = FOUR[0], since: str = "2022-01-10") -> dict[str, Any]:
    tag = {
        "household": household, "kind": kind, "since": since,
        "source": "全国防返贫监测信息系统", "documentNo": "监测2022-1",
    }  # fmt: skip
    return {"village": village, "tag": tag}


async def tag(service: Service, village: str, household: str, *facts: str) -> None:
    await service.write("/v1/priority-households", tagged(village, household, *facts))


async def earned(service: Service, village: str) -> str:
    """An asset with 15,000 yuan that its village can plan."""
    life: Life = await earning(service, village)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", "15000.00", "2022-09-01"))
    return life.path.rpartition("/")[2]


async def proposed(
    service: Service, village: str, asset: str, given: list[str], omitted: dict[str, str] | None = None
) -> dict[str, Any]:
    """What a proposal comes to that gives to these households and leaves those out for a reason."""
    lines = [aid(one, f"{1000 + 500 * number}.00", 5 + number) for number, one in enumerate(given)]
    omissions = [{"household": one, "reason": why} for one, why in (omitted or {}).items()]
    return await service.write("/v1/income-plans", plan(village, asset, *lines, omissions=omissions))


def omissions_warned_of(told: dict[str, Any]) -> list[int]:
    return [one["params"]["households"] for one in told["warnings"] if one["code"] == OMITTED]


@pytest.mark.clause("C4.9-08")
async def test_priority_household_left_out_without_a_reason_is_warned_of(
    service: Service, village: str
) -> None:
    """Warns of a plan that leaves out a priority household without a reason, and shows it to the reviewers; with one it does not."""
    households = [f"H-{village[-4:]}-{number}" for number in range(1, 6)]
    for number, household in enumerate(households):
        await tag(service, village, household, FOUR[number % 4])
    asset = await earned(service, village)
    reasoned = await proposed(service, village, asset, households[:4], {households[4]: "已由低保兜底"})
    assert omissions_warned_of(reasoned) == []
    assert OMITTED not in reasoned["resource"]["warned"]
    silent = await proposed(service, village, asset, households[:4])
    assert omissions_warned_of(silent) == [1]
    path = f"/v1/income-plans/{silent['id']}"
    assert OMITTED in (await service.read(path))["resource"]["warned"]
    given = [aid(one, f"{1000 + 500 * number}.00", 5 + number) for number, one in enumerate(households)]
    amended = await service.write(f"{path}/amendments", plan(village, asset, *given) | {"reason": "补入"})
    assert OMITTED not in amended["resource"]["warned"]
    fewer = await service.write(f"{path}/amendments", plan(village, asset, *given[:2]) | {"reason": "缩减"})
    assert omissions_warned_of(fewer) == [3]
    assert OMITTED in fewer["resource"]["warned"]


async def test_tag_counts_from_its_first_day_to_its_last(service: Service, village: str) -> None:
    """The plan of 2 September 2022 is held against those who bear a tag on that day."""
    before, first, last, ended = (f"H-{village[-4:]}-{one}" for one in ("B", "F", "L", "E"))
    await tag(service, village, before, FOUR[1], "2022-09-03")
    await tag(service, village, first, FOUR[2], "2022-09-02")
    await tag(service, village, last, FOUR[3])
    await tag(service, village, ended, FOUR[0])
    path = f"/v1/priority-households/{village}/endings"
    for household, kind, until in ((last, FOUR[3], "2022-09-02"), (ended, FOUR[0], "2022-09-01")):
        end = {"household": household, "kind": kind, "until": until, "reason": "收入稳定"}
        await service.write(path, {"end": end})
    asset = await earned(service, village)
    other = f"H-{village[-4:]}-X"
    assert omissions_warned_of(await proposed(service, village, asset, [other])) == [2]
    assert omissions_warned_of(await proposed(service, village, asset, [other, first])) == [1]
    assert omissions_warned_of(await proposed(service, village, asset, [first, last])) == []


async def test_tags_that_contradict_the_roll_are_refused(service: Service, village: str) -> None:
    async def code(path: str, body: dict[str, Any], who: str = "clerk") -> tuple[int, str | None]:
        answer = await service.post(path, body, who)
        return answer.status_code, answer.json().get("code")

    roll, household = "/v1/priority-households", f"H-{village[-4:]}"
    end = {"household": household, "kind": FOUR[0], "until": "2022-06-30", "reason": "收入稳定"}
    assert await code(f"{roll}/{village}/endings", {"end": end}) == (404, "NOT_FOUND")
    await tag(service, village, household)
    again = await service.post(roll, tagged(village, household))
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    twice = tagged(village, household, since="2022-02-10")
    assert await code(roll, twice) == (409, "ALREADY_EXISTS")
    await tag(service, village, household, FOUR[1], "2022-02-10")
    assert await code(roll, tagged(village, household, "RICH")) == (422, "CODE_UNKNOWN")
    assert await code(roll, tagged(village, household, FOUR[2], "2999-01-01")) == (422, "DATE_IN_FUTURE")
    for wrong in ({"household": "H-NONE"}, {"kind": FOUR[3]}, {"until": "2022-01-09"}):
        assert (await code(f"{roll}/{village}/endings", {"end": end | wrong}))[1] == "NOT_FOUND", wrong
    await service.write(f"{roll}/{village}/endings", {"end": end})
    kept = await service.post(f"{roll}/{village}/endings", {"end": end})
    assert (kept.status_code, kept.json()["eventCount"]) == (200, 0)
    later = end | {"until": "2022-07-31"}
    assert (await code(f"{roll}/{village}/endings", {"end": later}))[1] == "NOT_FOUND"
    await tag(service, village, household, FOUR[0], "2022-07-01")


async def test_roll_is_kept_by_the_village_and_who_is_above_it(service: Service, village: str) -> None:
    stranger = await village_key(service, next(VILLAGES))
    refused = await service.post("/v1/priority-households", tagged(village, "H-1"), stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
    own = await village_key(service, village)
    await service.write("/v1/priority-households", tagged(village, "H-1"), own)
    shown = await service.read(f"/v1/priority-households/{village}")
    assert shown["resource"]["village"] == village
    (one,) = shown["resource"]["tags"]
    assert (one["kind"], one["since"], one.get("until")) == (FOUR[0], "2022-01-10", None)
