"""Read in plain on record, restricted, held, forgotten: a household's life as data."""

from __future__ import annotations

from typing import Any

import pytest

from service.personal.forgetting import Forgetter
from service.personal.keys import USE
from service.sealing_keys import SealingKeyMissing, SealingKeys
from tests.api.bodies import VILLAGE
from tests.api.household.test_household_life import cow
from tests.api.income.decided import Decided, account_of, aid, payment, plan
from tests.api.organization.test_duties import asset_of, confirmed
from tests.api.personal.plaintext import tables_with
from tests.api.service import COUNTY, Service, new_code

ORDER = {"decidedOn": "2021-08-01", "reason": "户籍已迁出本县", "documentNo": "个信〔2021〕1号"}


class Household:
    """A household with one sealed name, and its asset."""

    def __init__(self, service: Service, code: str, asset: str) -> None:
        self.service, self.code, self.asset = service, code, asset
        self.path = f"/v1/personal-data/household.{code}"
        self.stream = f"household_asset-{asset}"

    async def shown(self) -> str:
        found = await self.service.read(f"/v1/household-assets/{self.asset}", "clerk")
        return str(found["resource"]["card"]["householder"])

    async def plain(self, who: str = "clerk") -> Any:
        body = {"stream": self.stream, "fields": ["householder"], "reason": "核对发放名单"}
        return await self.service.post("/v1/personal-data/readings", body, who)

    async def closed(self) -> None:
        closing = {"closedOn": "2021-07-20", "reason": "已迁出", "documentNo": "销1"}
        await self.service.write(
            f"/v1/household-assets/{self.asset}/closing", {"closing": closing}, version=1
        )


async def a_household(service: Service, name: str) -> Household:
    code, asset = new_code("HH"), new_code("H")
    body = {"asset": asset, "card": cow(code, householder=name), "occurredOn": "2021-07-15"}
    await service.write("/v1/household-assets", body)
    return Household(service, code, asset)


async def test_a_name_is_read_in_plain_by_who_may_and_that_is_on_record(service: Service) -> None:
    it = await a_household(service, "古丽娜尔")
    answer = await it.plain()
    assert answer.status_code == 201, answer.text
    (value,) = answer.json()["values"]
    assert (value["field"], value["state"], value["value"]) == ("card.householder", "OPEN", "古丽娜尔")
    records = await service.read("/v1/personal-data/readings", "auditor", limit=1000)
    (record,) = [one for one in records if one["number"] == answer.json()["reading"]]
    assert (record["stream"], record["subjects"], record["reason"]) == (
        it.stream,
        [f"household.{it.code}"],
        "核对发放名单",
    )
    assert await tables_with(service.pool, "古丽娜尔") == []
    chained = f'%/v1/personal-data/readings/{record["number"]}"%'
    found = "SELECT count(*) FROM reading WHERE convert_from(body, 'UTF8') LIKE $1"
    assert await service.pool.fetchval(found, chained) == 1, "its digest is in the chain of readings"


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("neighbour", "FORBIDDEN_PERSONAL_DATA"),
        ("office", "FORBIDDEN_PERSONAL_DATA"),
        ("reader", "ROLE_NOT_ALLOWED"),
    ],
)
async def test_a_name_is_not_read_in_plain_by_others(service: Service, who: str, code: str) -> None:
    it = await a_household(service, "艾合买提")
    answer = await it.plain(who)
    assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_name_is_looked_up_by_who_may_whatever_its_spaces(service: Service) -> None:
    it = await a_household(service, "热合曼江")
    body = {"form": "NAME", "value": "热 合 曼 江", "reason": "信访核查"}
    answer = await service.post("/v1/personal-data/lookups", body, "office")
    assert answer.status_code == 201, answer.text
    assert answer.json()["subjects"] == [{"subject": f"household.{it.code}", "streams": [it.stream]}]
    refused = await service.post("/v1/personal-data/lookups", body, "clerk")
    assert refused.json()["code"] == "ROLE_NOT_ALLOWED"


async def test_a_restricted_household_is_neither_read_nor_found(service: Service) -> None:
    it = await a_household(service, "阿依古丽")
    await service.write(f"{it.path}/restriction", {"order": ORDER}, "office")
    assert await it.shown() == "***"
    (value,) = (await it.plain()).json()["values"]
    assert (value["state"], value["value"]) == ("RESTRICTED", None)
    body = {"form": "NAME", "value": "阿依古丽", "reason": "信访核查"}
    assert (await service.post("/v1/personal-data/lookups", body, "office")).json()["subjects"] == []
    lifted = {"order": ORDER | {"documentNo": "个信〔2021〕2号"}}
    await service.write(f"{it.path}/restriction/lifting", lifted, "office")
    assert await it.shown() == "阿**"


async def test_a_restriction_from_before_the_first_value_holds_for_it(service: Service) -> None:
    household, asset = new_code("HH"), new_code("H")
    await service.write(f"/v1/personal-data/household.{household}/restriction", {"order": ORDER}, "office")
    it = Household(service, household, asset)
    assert not (await service.read(it.path, "office"))["resource"]["sealed"]
    body = {"asset": asset, "card": cow(household, householder="赛买提"), "occurredOn": "2021-07-15"}
    await service.write("/v1/household-assets", body)
    assert await it.shown() == "***"
    assert (await service.read(it.path, "office"))["resource"]["sealed"]


async def test_a_forgetting_that_a_stop_interrupted_is_finished_by_the_next_start(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision is in the log, the key is still there: what a stop between both leaves."""
    it = await a_household(service, "卡米力")
    await it.closed()

    async def stopped(_forgetter: Forgetter, _county: str, _keys: object) -> None:
        raise SealingKeyMissing("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(Forgetter, "forget", stopped)
        answer = await service.post(f"{it.path}/forgetting", {"order": ORDER}, "office")
        assert (answer.status_code, answer.json()["code"]) == (503, "SEALING_UNAVAILABLE")
        await service.app.state.erasure.settle(COUNTY)  # a start without the master key goes on
    assert await it.shown() == "卡**"
    await service.app.state.erasure.settle(COUNTY)
    assert await it.shown() == "（已遗忘）"


async def test_a_forgetting_that_is_sent_again_spares_what_was_recorded_since(service: Service) -> None:
    it = await a_household(service, "依明")
    await it.closed()
    body, sent = {"order": ORDER}, new_code("again")
    first = await service.post(f"{it.path}/forgetting", body, "office", key=sent)
    assert first.status_code == 201, first.text
    later = Household(service, it.code, new_code("H"))
    card = cow(it.code, householder="依明江")
    await service.write(
        "/v1/household-assets", {"asset": later.asset, "card": card, "occurredOn": "2021-09-01"}
    )
    again = await service.post(f"{it.path}/forgetting", body, "office", key=sent)
    assert again.content == first.content
    assert (await it.shown(), await later.shown()) == ("（已遗忘）", "依**")


async def test_a_decision_about_a_subject_heeds_the_version_it_rests_on(service: Service) -> None:
    it = await a_household(service, "莫明")
    stale = await service.post(f"{it.path}/restriction", {"order": ORDER}, "office", version=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_STALE"), "nothing was decided yet"
    first = await service.write(f"{it.path}/restriction", {"order": ORDER}, "office")
    lifted = {"order": ORDER | {"documentNo": "个信〔2021〕2号"}}
    stale = await service.post(
        f"{it.path}/restriction/lifting", lifted, "office", version=first["version"] - 1
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_STALE")
    await service.write(f"{it.path}/restriction/lifting", lifted, "office", version=first["version"])


async def test_a_household_with_an_asset_in_the_register_is_not_forgotten(service: Service) -> None:
    it = await a_household(service, "吐尔逊")
    answer = await service.post(f"{it.path}/forgetting", {"order": ORDER}, "office")
    assert (answer.status_code, answer.json()["code"]) == (409, "PERSONAL_DATA_IN_USE")
    assert answer.json()["missing"] == [it.stream]


async def test_a_legal_hold_forbids_forgetting_and_names_its_document(service: Service) -> None:
    it = await a_household(service, "帕提古丽")
    await it.closed()
    hold = {"hold": "BQ-1", "placedOn": "2021-07-25", "reason": "专项审计", "documentNo": "审保〔2021〕3号"}
    await service.write(f"{it.path}/holds", {"hold": hold}, "auditor")
    answer = await service.post(f"{it.path}/forgetting", {"order": ORDER}, "office")
    assert (answer.status_code, answer.json()["code"]) == (409, "PERSONAL_DATA_ON_HOLD")
    assert "审保〔2021〕3号" in answer.json()["detail"]
    assert await it.shown() == "帕**"
    await service.write(f"{it.path}/holds/BQ-1/release", {"order": ORDER}, "auditor")
    forgotten = await service.write(f"{it.path}/forgetting", {"order": ORDER}, "office")
    assert forgotten["resource"]["forgettings"][0]["plaintextEvents"] == 0
    assert await it.shown() == "（已遗忘）"


async def test_a_forgotten_household_is_read_by_nobody_and_the_log_still_proves(service: Service) -> None:
    it, other = await a_household(service, "玉素甫江"), await a_household(service, "玉素甫江")
    await it.closed()
    before = await service.pool.fetch("SELECT position, leaf FROM event ORDER BY position")
    masters = SealingKeys(service.masters, USE)
    old = masters.current(COUNTY)
    await service.write(f"{it.path}/forgetting", {"order": ORDER}, "office")
    assert await it.shown() == "（已遗忘）"
    (value,) = (await it.plain()).json()["values"]
    assert (value["state"], value["subject"], value["value"]) == ("FORGOTTEN", None, None)
    assert await other.shown() == "玉**"
    body = {"form": "NAME", "value": "玉素甫江", "reason": "信访核查"}
    found = (await service.post("/v1/personal-data/lookups", body, "office")).json()["subjects"]
    assert found == [{"subject": f"household.{other.code}", "streams": [other.stream]}]
    assert old not in masters.names(COUNTY)
    assert (await service.app.state.context.store.verify(COUNTY, thorough=True)).problem is None
    after = await service.pool.fetch(
        "SELECT position, leaf FROM event ORDER BY position LIMIT $1", len(before)
    )
    assert after == before


async def test_keys_of_an_old_backup_bring_back_everybody_but_who_was_forgotten(service: Service) -> None:
    it, other = await a_household(service, "努尔兰"), await a_household(service, "巴合提")
    await it.closed()
    backup = [dict(row) for row in await service.pool.fetch("SELECT * FROM personal_key")]
    await service.write(f"{it.path}/forgetting", {"order": ORDER}, "office")
    later = await a_household(service, "库尔班")
    await service.pool.execute("DELETE FROM personal_key")
    await service.pool.executemany(
        "INSERT INTO personal_key VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [tuple(row.values()) for row in backup],
    )
    assert await it.shown() == "***", "the master key that wrapped it is gone"
    await service.app.state.erasure.settle(COUNTY)
    assert (await it.shown(), await other.shown()) == ("（已遗忘）", "巴**")
    assert await later.shown() == "（已遗忘）", (
        "it came after the backup, and its event would not be there either"
    )


async def test_a_folder_of_master_keys_that_is_not_there_makes_nobody_forgotten(service: Service) -> None:
    it, other = await a_household(service, "买合木提"), await a_household(service, "肉孜")
    await it.closed()
    await service.write(f"{it.path}/forgetting", {"order": ORDER}, "office")
    later = await a_household(service, "司马义")
    elsewhere = service.masters.with_name(f"{service.masters.name}-elsewhere")
    elsewhere.mkdir()
    for path in service.masters.glob("*.key"):
        path.rename(elsewhere / path.name)
    await service.app.state.erasure.settle(COUNTY)
    assert (await other.shown(), await later.shown()) == ("***", "***")
    for path in elsewhere.glob("*.key"):
        path.rename(service.masters / path.name)
    elsewhere.rmdir()
    assert (await other.shown(), await later.shown()) == ("肉**", "司**")


async def test_a_household_reads_its_own_name_in_plain_on_record_and_no_other_ones(service: Service) -> None:
    own, other = Household(service, "H-0012", new_code("H")), await a_household(service, "阿不力孜")
    body = {"asset": own.asset, "card": cow(own.code, householder="吐鲁洪"), "occurredOn": "2021-07-15"}
    await service.write("/v1/household-assets", body)
    answer = await own.plain("household")
    assert answer.status_code == 201, answer.text
    assert [(one["state"], one["value"]) for one in answer.json()["values"]] == [("OPEN", "吐鲁洪")]
    records = await service.read("/v1/personal-data/readings", "auditor", limit=1000)
    (record,) = [one for one in records if one["number"] == answer.json()["reading"]]
    assert (record["organization"], record["subjects"]) == ("H-0012", ["household.H-0012"])
    refused = await other.plain("household")
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN_PERSONAL_DATA")


async def test_a_household_that_is_still_to_be_paid_is_not_forgotten(service: Service) -> None:
    """三(七) and 四(九): what a plan has for it, until the last yuan is paid or the plan is withdrawn."""
    it = await a_household(service, "依力哈木")
    await it.closed()
    life = await confirmed(service)
    asset = asset_of(life)
    await account_of(service, VILLAGE, on="2021-09-01")
    receipt = {"receipt": new_code("R"), "amount": "3000.00", "receivedOn": "2022-09-01", "voucherNo": "收1"}
    await life.step("income-receipts", {"receipt": receipt})
    given_up = await service.write("/v1/income-plans", plan(VILLAGE, asset, aid(it.code, "120.00", 5)))

    async def still_due() -> list[str]:
        answer = await service.post(f"{it.path}/forgetting", {"order": ORDER}, "office")
        assert (answer.status_code, answer.json()["code"]) == (409, "PERSONAL_DATA_IN_USE")
        return list(answer.json()["missing"])

    assert await still_due() == [f"income_plan-{given_up['id']}:120.00"]
    withdrawal = {"reason": "名单有误", "occurredOn": "2022-09-03"}
    await service.write(f"/v1/income-plans/{given_up['id']}/withdrawal", withdrawal)
    lines = aid(it.code, "500.00", 5), aid(new_code("HH"), "300.00", 4)
    decided = Decided(service, VILLAGE, await service.write("/v1/income-plans", plan(VILLAGE, asset, *lines)))
    stream = f"income_plan-{decided.plan.rpartition('/')[2]}"
    assert await still_due() == [f"{stream}:500.00"]
    await decided.through()
    for number, on, amounts in (
        ("P-1", "2022-10-10", ((1, "499.99"), (2, "300.00"))),
        ("P-2", "2022-10-11", ((1, "0.01"),)),
    ):
        part = payment(f"{number}-{stream}", on, *amounts)
        await service.write(f"{decided.plan}/execution", decided.paid(part))
        if number == "P-1":
            assert await still_due() == [f"{stream}:0.01"]
    await service.write(f"{it.path}/forgetting", {"order": ORDER}, "office")
    assert await it.shown() == "（已遗忘）"
