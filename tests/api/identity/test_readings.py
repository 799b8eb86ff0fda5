"""What auditors read over HTTP is on record before they have it; by the service as it is delivered and configured."""

from __future__ import annotations

from typing import Any

import pytest

from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from service.ledgers.sheets import MEDIA_TYPE
from tests.api.household.test_household_life import entered
from tests.api.service import COUNTY, Service


async def watcher(service: Service) -> str:
    """The key of a 审计管理员."""
    spec = KeySpec(COUNTY, "watcher", "COUNTY_GOV", "COUNTY_GOV", ["LOG_AUDITOR"], [COUNTY])
    return (await Credentials(service.pool).create(spec, utc_now())).token


async def since(service: Service, who: str, after: int) -> list[dict[str, Any]]:
    return list((await service.read("/v1/readings", who, after=after, limit=1000))["readings"])


@pytest.mark.clause("C5.4-01")
async def test_what_an_auditor_reads_is_on_record_with_subject_filter_and_count(service: Service) -> None:
    """Records who read what by which operation and how much of it, in every form; nobody else's reading, and no refusal."""
    who = await watcher(service)
    before = len(await since(service, who, 0))
    life = await entered(service)
    ledger = "/v1/ledgers/household-register"
    about = {"asset": life.asset, "min_position": await service.head()}
    for key in ("clerk", "auditor"):
        await service.read(ledger, key, **about)
        for form in ("application/x-ndjson", MEDIA_TYPE):
            head = service.headers(key, Accept=form)
            assert (await service.http.get(ledger, params=about, headers=head)).status_code == 200
        await service.read(life.path, key)
        assert (await service.get("/v1/household-assets/none", key)).status_code == 404
    known = await service.get(life.path, "auditor")
    head = service.headers("auditor", If_None_Match=known.headers["etag"])
    assert (await service.http.get(life.path, headers=head)).status_code == 304
    found = await since(service, who, before)
    assert [(one["operation"], one["subject"], one.get("rows")) for one in found] == [
        ("read_household_register", ledger, 1),
        ("read_household_register", ledger, 1),
        ("read_household_register", ledger, 1),
        ("read_household_asset", life.path, 1),
        ("read_household_asset", life.path, 1),
        ("read_household_asset", life.path, 1),
    ]
    assert {one["organization"] for one in found} == {"AUDIT"}
    assert f"asset={life.asset}" in found[0]["query"]
    assert [one["number"] for one in found] == list(range(before + 1, before + 7))


@pytest.mark.clause("C5.4-01")
async def test_a_reading_that_cannot_be_recorded_is_refused(service: Service) -> None:
    """Tells an auditor nothing while the record cannot be kept; others read on."""
    life = await entered(service)
    await service.pool.execute("ALTER TABLE reading RENAME TO elsewhere")
    try:
        for accept in ("application/json", "application/x-ndjson"):
            head = service.headers("auditor", Accept=accept)
            answer = await service.http.get("/v1/ledgers/household-register", headers=head)
            assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
            assert life.asset not in answer.text
        assert (await service.get(life.path, "clerk")).status_code == 200
    finally:
        await service.pool.execute("ALTER TABLE elsewhere RENAME TO reading")
    assert (await service.get(life.path, "auditor")).status_code == 200


@pytest.mark.clause("C5.4-01")
async def test_only_who_watches_the_auditors_reads_what_they_read(service: Service) -> None:
    """Refuses the record of readings to auditors themselves, to administrators and to the office."""
    for who in ("auditor", "admin", "office", "operator", "reader"):
        answer = await service.get("/v1/readings", who)
        assert answer.json()["code"] in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}, who
