"""Values that stand in the log since before they were sealed: masked at every exit, counted, never called forgotten."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from domain.household.asset import HouseholdAsset
from service.commands.commands import stream_append
from service.commands.founding import system_actor
from service.log.appending import Append
from service.personal.condition import condition
from tests.api.service import COUNTY, Service, new_code
from tests.examples import cow_card, occasion

NAME = "尼亚孜·托合提"
ORDER = {"decidedOn": "2021-08-01", "reason": "户籍已迁出本县", "documentNo": "个信〔2021〕1号"}


async def written_before(service: Service) -> tuple[str, str]:
    """A household asset as an earlier version recorded it: its asset and household."""
    asset, household = new_code("H"), new_code("HH")
    card = cow_card(household=household, householder=NAME)
    made = HouseholdAsset.register(asset, card, occasion(date(2021, 7, 15)))
    context = service.app.state.context
    append = Append(
        command_id=asset,
        actor=system_actor(COUNTY, "before").envelope(),
        correlation_id=asset,
        causation_id=None,
        streams=[stream_append(context, made)],
    )
    await context.store.append(COUNTY, append)
    return asset, household


async def test_a_value_of_before_is_seen_by_who_may_and_masked_for_others(service: Service) -> None:
    asset, _ = await written_before(service)
    path = f"/v1/household-assets/{asset}"
    assert (await service.read(path, "clerk"))["resource"]["card"]["householder"] == NAME
    for other in ("neighbour", "office", "reader"):
        shown = (await service.read(path, other))["resource"]["card"]
        assert shown["householder"] == "***", other
        rows = await service.read(
            "/v1/ledgers/household-register", other, asset=asset, min_position=await service.head()
        )
        assert [row["householder"] for row in rows["rows"]] in ([], ["***"]), other


async def test_a_value_of_before_is_read_in_plain_as_such_and_on_record(service: Service) -> None:
    asset, _ = await written_before(service)
    body = {"stream": f"household_asset-{asset}", "fields": ["householder"], "reason": "核对"}
    answer = await service.post("/v1/personal-data/readings", body)
    assert answer.status_code == 201, answer.text
    assert [(one["state"], one["value"]) for one in answer.json()["values"]] == [("PLAINTEXT", NAME)]


async def test_a_forgetting_says_how_many_events_of_before_it_cannot_reach(service: Service) -> None:
    asset, household = await written_before(service)
    closing = {"closedOn": "2021-07-20", "reason": "已迁出", "documentNo": "销1"}
    await service.write(f"/v1/household-assets/{asset}/closing", {"closing": closing}, version=1)
    path = f"/v1/personal-data/household.{household}/forgetting"
    answer = await service.write(path, {"order": ORDER}, "office")
    (forgetting,) = answer["resource"]["forgettings"]
    assert forgetting["plaintextEvents"] == 1
    assert "key" not in forgetting, "nothing was sealed that could be destroyed"


async def test_the_condition_counts_events_of_before(service: Service) -> None:
    context = service.app.state.context
    masters: Path = service.masters
    before = (await condition(service.pool, context, COUNTY, masters)).plaintext
    await written_before(service)
    found = await condition(service.pool, context, COUNTY, masters)
    assert (found.plaintext, found.wrong) == (before + 1, None)
    assert f"{before + 1} events from before sealing" in found.in_words()
