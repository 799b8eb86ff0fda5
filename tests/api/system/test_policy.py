"""The county's policy over HTTP: public to read, changed by the county office alone, in force in every process at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.policy import Policy, versions_of
from service.commands.commands import CommandContext
from service.commands.founding import activate
from tests.api.bodies import road
from tests.api.service import COUNTY, REGULATION, Service, new_code, running
from tests.domain.saying import refused


def change(context: CommandContext, parameter: str, value: Any, days: int = 0) -> dict[str, Any]:
    begins = context.today() + timedelta(days=days)
    wanted = {
        "parameter": parameter,
        "value": value,
        "document": "陶政办发〔2026〕3号",
        "effectiveFrom": begins.isoformat(),
    }
    return {"change": wanted}


async def test_the_policy_of_a_day_is_public(service: Service) -> None:
    shown = (await service.get("/v1/policy", who=None, on="2025-05-01")).json()
    assert (shown["county"], shown["policy"]) == (COUNTY, "653022/陶政办发〔2021〕15号#2")
    assert [one["inForceFrom"] for one in shown["versions"]] == ["2021-06-17", "2025-05-01"]
    assert "国办函〔2021〕51号" in {one["documentNo"] for one in shown["documents"]}
    before = (await service.get("/v1/policy", who=None, on="2015-01-01")).json()
    assert (before["policy"], before["retroactive"]) == ("653022/陶政办发〔2021〕15号#1", True)
    assert (await service.get("/v1/policy", who=None, county="110101")).status_code == 404


async def test_parameter_that_no_decision_reads_is_said_to_be_not_in_effect(service: Service) -> None:
    shown = (await service.get("/v1/policy/parameters", who=None)).json()["parameters"]
    found = {one["id"]: one for one in shown}
    assert (found["P01"]["inEffect"], found["P01"]["unit"], found["P01"]["notInEffect"]) == (True, "YUAN", [])
    assert (found["P36"]["inEffect"], found["P36"]["notInEffect"][0]["part"]) == (False, None)
    (part,) = found["P23"]["notInEffect"]
    assert (found["P23"]["inEffect"], part["part"]) == (True, "operatingNetAtLeast")
    assert part["reason"]
    versions = (await service.get("/v1/policy", who=None)).json()["versions"]
    assert {one["issuedOn"] for one in versions} == {"2021-06-17"}


async def test_the_log_names_the_versions_that_were_activated(service: Service) -> None:
    policy = await service.app.state.context.load(Policy, COUNTY, COUNTY)
    assert policy.versions == versions_of(REGULATION)
    assert not await activate(service.app.state.context, COUNTY)


@pytest.mark.parametrize("who", ["clerk", "neighbour", "admin", "county", "auditor", "reader"])
async def test_nobody_but_the_office_changes_a_parameter(service: Service, who: str) -> None:
    body = change(service.app.state.context, "P19", 20)
    answer = await service.post("/v1/policy/parameter-changes", body, who)
    assert answer.status_code == 403
    assert answer.json()["code"] in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}


@pytest.mark.clause("C4.3-19")
async def test_policy_change_needs_the_asset_office_not_only_its_role(service: Service) -> None:
    """Refuses a township's change of a parameter even where its key was given the office's role."""
    key = {
        "label": "乡镇",
        "organization": "653022202000",
        "organizationKind": "TOWNSHIP",
        "roles": ["OFFICE"],
        "divisions": ["653022202000"],
    }
    made = await service.post("/v1/keys", key, "admin")
    token = made.json()["token"]
    answer = await service.post(
        "/v1/policy/parameter-changes", change(service.app.state.context, "P19", 20), token
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_NOT_ALLOWED")
    assert answer.json()["clause"] == "C4.3-19"


async def test_a_change_never_reaches_back(service: Service) -> None:
    before = await service.head()
    body = change(service.app.state.context, "P19", 20, days=-1)
    answer = await service.post("/v1/policy/parameter-changes", body, "office")
    assert (answer.status_code, answer.json()["code"]) == (409, "PARAMETER_RETROACTIVE")
    assert await service.head() == before


async def test_a_value_of_another_shape_is_refused(service: Service) -> None:
    for value in (0, "200000", "20万", None, {"days": 3}):
        body = change(service.app.state.context, "P19", value)
        answer = await service.post("/v1/policy/parameter-changes", body, "office")
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID"), value


async def registered(service: Service, **body: Any) -> dict[str, Any]:
    code = new_code()
    answer = await service.write("/v1/assets", {"asset": code, "card": road()} | body)
    (event,) = [
        one
        for one in (await service.read("/v1/events", "auditor", after=answer["position"] - 1))["events"]
        if one["position"] == answer["position"]
    ]
    return {"scope": answer["resource"]["scope"], "policy": event["basis"]["policy"]}


async def test_a_change_counts_in_every_process_from_its_day_on(database_url: str) -> None:
    """Asked of the log before every decision: the process that did not make the change judges by it at once."""
    async with running(database_url) as one, running(database_url) as other:
        today = one.app.state.context.today()
        yesterday = (today - timedelta(days=1)).isoformat()
        assert (await registered(other))["scope"] == "IN"
        await one.write(
            "/v1/policy/parameter-changes", change(one.app.state.context, "P16", "2020-01-01"), "office"
        )
        for service in (one, other):
            now = await registered(service)
            assert (now["scope"], now["policy"].endswith("#2+1")) == ("OUT", True)
            before = await registered(service, occurredOn=yesterday)
            assert (before["scope"], before["policy"].endswith("#2")) == ("IN", True)
            shown = await service.read("/v1/policy/parameters")
            assert {row["id"]: row["value"] for row in shown["parameters"]}["P16"] == "2020-01-01"
            past = await service.read("/v1/policy/parameters", on=yesterday)
            assert {row["id"]: row["value"] for row in past["parameters"]}["P16"] == "2013-01-01"
            (told,) = (await service.read("/v1/policy/parameter-changes"))["changes"]
            assert (told["parameter"], told["old"], told["new"]) == ("P16", "2013-01-01", "2020-01-01")
    async with running(database_url) as later:
        assert (await registered(later))["scope"] == "OUT"


async def test_history_is_not_judged_again(database_url: str) -> None:
    """What was registered stays as it was decided: replay asks no rule, whatever the parameter is now."""
    async with running(database_url) as service:
        context: CommandContext = service.app.state.context
        code = new_code()
        await service.write("/v1/assets", {"asset": code, "card": road()})
        before = await context.replay(type_of_asset(), COUNTY, code)
        await service.write("/v1/policy/parameter-changes", change(context, "P16", "2020-01-01"), "office")
        after = await context.replay(type_of_asset(), COUNTY, code)
        assert after.dump_state() == before.dump_state()
        assert (await service.read(f"/v1/assets/{code}"))["resource"]["scope"] == "IN"


def type_of_asset() -> Any:
    from domain.asset.asset import Asset

    return Asset


async def test_a_service_with_older_data_does_not_decide(database_url: str) -> None:
    """Another process activated a version this one's data does not have: it says so instead of judging wrongly."""
    async with running(database_url) as service:
        context: CommandContext = service.app.state.context
        newest = REGULATION.versions[-1]
        rows = {
            **REGULATION.rows,
            "policy.version": (
                REGULATION.versions[0],
                newest.model_copy(update={"in_force_until": date(2030, 12, 31)}),
                newest.model_copy(update={"number": 3, "in_force_from": date(2031, 1, 1)}),
            ),
        }
        newer = type(REGULATION)(
            county=COUNTY,
            name=REGULATION.name,
            tables=rows,
            articles=REGULATION.articles,
            codes=REGULATION.wording.codes,
            lifts=frozenset({"POLICY_OVERRIDE"}),
            text=REGULATION.text,
            divisions=REGULATION.divisions,
            digest="ab" * 32,
        )
        ahead = CommandContext(context.store, {COUNTY: newer}, context.clock)
        assert await activate(ahead, COUNTY)
        answer = await service.post("/v1/assets", {"asset": new_code(), "card": road()})
        assert (answer.status_code, answer.json()["code"]) == (503, "POLICY_DATA_OUTDATED")
        with refused("POLICY_DATA_OUTDATED"):
            await activate(context, COUNTY)
