"""Exceptions over HTTP: the county government's own key grants, a request names the number, a typed word lifts nothing."""

from __future__ import annotations

from typing import Any

import pytest

from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests.api.asset.test_asset_life import Life
from tests.api.bodies import TOWNSHIP, VILLAGE, custody
from tests.api.disposals import parting
from tests.api.organization.test_duties import asset_of, confirmed
from tests.api.service import COUNTY, Service, new_code

WELL = "WELL_OPERATING_NOT_DISPOSABLE"


async def running_well(service: Service) -> Life:
    """A village's production line that is in use."""
    life = await confirmed(service)
    await life.step("use", {"inUseSince": "2021-08-15"})
    await life.step(
        "custody", {"custody": custody(await service.person(VILLAGE)), "occurredOn": "2021-08-16"}
    )
    return life


def grant(asset: str, **changes: Any) -> dict[str, Any]:
    return {
        "override": new_code("PO"),
        "overrideGrant": {
            "code": WELL,
            "asset": asset,
            "documentNo": "陶政函〔2022〕30号",
            "documentSha256": "a" * 64,
            "reason": "整村搬迁，确需处置",
            "grantedOn": "2022-03-01",
            "expiresOn": "2022-12-31",
        }
        | changes,
    }


async def granted(service: Service, asset: str, **changes: Any) -> str:
    return str((await service.write("/v1/policy-overrides", grant(asset, **changes), "county"))["id"])


async def propose(
    service: Service, life: Life, overrides: list[Any], on: str = "2022-04-01"
) -> tuple[int, Any]:
    proposal = {"disposal": "D1", "kind": "AUCTION", "reason": "整村搬迁"}
    body = (await parting(service, life.path, proposal, on)).body | {"overrides": overrides}
    answer = await service.post(f"{life.path}/disposals", body, version=life.version)
    return answer.status_code, answer.json()


@pytest.mark.clause("C4.12-01")
async def test_what_runs_well_is_proposed_only_under_an_exception_of_the_county_government(
    service: Service,
) -> None:
    """Refuses the disposal of what runs well, also with an exception typed into the request, until the county grants one."""
    life = await running_well(service)
    status, refusal = await propose(service, life, [])
    assert (status, refusal["code"], refusal["clause"]) == (409, WELL, "C4.12-01")
    assert refusal["liftedBy"] == "POLICY_OVERRIDE" and "/v1/policy-overrides" in refusal["detail"]
    typed = {
        "code": WELL,
        "documentNo": "1号",
        "reason": "理由",
        "grantedBy": "小卖部",
        "expiresOn": "2030-01-01",
    }
    status, refusal = await propose(service, life, [typed])
    assert (status, refusal["code"]) == (422, "FIELD_INVALID")
    status, refusal = await propose(service, life, ["PO-NONE"])
    assert (status, refusal["code"]) == (422, "CODE_UNKNOWN")
    number = await granted(service, asset_of(life))
    status, answer = await propose(service, life, [number])
    assert status == 201
    (event,) = [
        one
        for one in (await service.read("/v1/events", "auditor", after=answer["position"] - 2))["events"]
        if one["position"] == answer["events"][0]["position"]
    ]
    (used,) = event["basis"]["overrides"]
    assert (used["override"], used["grantedBy"], used["documentNo"]) == (
        number,
        "COUNTY_GOV",
        "陶政函〔2022〕30号",
    )


@pytest.mark.parametrize(
    "who", ["clerk", "approver", "village", "office", "agriculture", "auditor", "admin", "personnel"]
)
async def test_nobody_but_the_county_government_grants_or_revokes(service: Service, who: str) -> None:
    life = await confirmed(service)
    answer = await service.post("/v1/policy-overrides", grant(asset_of(life)), who)
    assert (answer.status_code, answer.json()["code"]) in {(403, "ROLE_NOT_ALLOWED"), (403, "ROLE_READ_ONLY")}
    number = await granted(service, asset_of(life))
    ended = {"revocation": {"revokedOn": "2022-05-01", "documentNo": "撤1号", "reason": "情况变化"}}
    answer = await service.post(f"/v1/policy-overrides/{number}/revocation", ended, who)
    assert answer.status_code == 403


async def test_exception_outside_its_days_revoked_or_for_another_asset_lifts_nothing(
    service: Service,
) -> None:
    life, other = await running_well(service), await confirmed(service)
    number = await granted(service, asset_of(life))
    for day in ("2022-02-28", "2023-01-01"):
        status, refusal = await propose(service, life, [number], day)
        assert (status, refusal["code"]) == (409, "OVERRIDE_NOT_IN_FORCE"), day
    foreign = await granted(service, asset_of(other))
    status, refusal = await propose(service, life, [foreign])
    assert (status, refusal["code"]) == (409, "OVERRIDE_OTHER_SUBJECT")
    ended = {"revocation": {"revokedOn": "2022-04-01", "documentNo": "撤1号", "reason": "情况变化"}}
    await service.write(f"/v1/policy-overrides/{number}/revocation", ended, "county")
    status, refusal = await propose(service, life, [number])
    assert (status, refusal["code"]) == (409, "OVERRIDE_REVOKED")
    status, _ = await propose(service, life, [number], "2022-03-31")
    assert status == 201


async def test_exception_from_a_rule_that_has_none_is_refused(service: Service) -> None:
    life = await confirmed(service)
    answer = await service.post(
        "/v1/policy-overrides", grant(asset_of(life), code="APPRAISAL_REQUIRED"), "county"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "OVERRIDE_NOT_POSSIBLE")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"expiresOn": None}, 422, "FIELD_REQUIRED"),
        ({"expiresOn": "2022-02-28"}, 422, "DATE_ORDER"),
        ({"grantedOn": "2099-01-01", "expiresOn": "2099-12-31"}, 422, "DATE_IN_FUTURE"),
        ({"asset": "A-NOBODY"}, 422, "CODE_UNKNOWN"),
        ({"code": "NO_SUCH_CODE"}, 409, "OVERRIDE_NOT_POSSIBLE"),
    ],
)
async def test_grant_that_cannot_be_is_refused(
    service: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    life = await confirmed(service)
    body = grant(asset_of(life))
    body["overrideGrant"] |= changes
    answer = await service.post("/v1/policy-overrides", body, "county")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_key_that_only_calls_itself_the_county_government_grants_nothing(service: Service) -> None:
    """The unit's kind is that of the log, also for a credential made before kinds were looked up."""
    life = await confirmed(service)
    spec = KeySpec(COUNTY, "自称", TOWNSHIP, "COUNTY_GOV", ["APPROVER"], [COUNTY])
    made = await Credentials(service.pool).create(spec, utc_now())
    answer = await service.post("/v1/policy-overrides", grant(asset_of(life)), made.token)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_exceptions_of_an_asset_are_listed_with_whether_they_hold(service: Service) -> None:
    life = await confirmed(service)
    first = await granted(service, asset_of(life))
    second = await granted(service, asset_of(life), code="OWNER_RULE_CONFLICT", expiresOn="2022-03-31")
    listed = await service.read("/v1/policy-overrides", asset=asset_of(life))
    assert [(one["override"], one["inForce"]) for one in listed] == [(first, False), (second, False)]
    held = await service.read("/v1/policy-overrides", asset=asset_of(life), in_force_on="2022-04-01")
    assert [one["override"] for one in held] == [first]
    assert (await service.read(f"/v1/policy-overrides/{second}"))["resource"]["grantedBy"] == "COUNTY_GOV"
    assert (await service.get("/v1/policy-overrides/PO-NONE")).status_code == 404


async def test_command_that_no_exception_concerns_does_not_take_one(service: Service) -> None:
    life = await confirmed(service)
    body = {"inUseSince": "2021-08-15", "overrides": ["PO-1"]}
    answer = await service.post(f"{life.path}/use", body, version=life.version)
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_UNKNOWN")
