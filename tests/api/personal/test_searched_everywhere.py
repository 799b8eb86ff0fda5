"""Sealed values are looked for in everything that the service keeps or gives out, before and after a forgetting."""

from __future__ import annotations

import io
import uuid
import zipfile
from typing import Final

from projections.catalogue import CATALOGUE
from service.audit import verify
from service.ledgers.rebuild.workers import rebuild
from service.ledgers.sheets import MEDIA_TYPE
from tests.api.bodies import TOWNSHIP, road
from tests.api.household.test_household_life import cow
from tests.api.log.test_audit_packs import ended
from tests.api.operations import operations
from tests.api.personal.plaintext import tables_with
from tests.api.procedure.test_procedures import posting
from tests.api.service import COUNTY, Service, new_code
from tests.api.webhooks.conftest import Hooked, hooked
from tests.receivers import Receiver, receiving

__all__ = ["hooked"]

NAME: Final = "帕丽旦·司马义"
CORRECTED: Final = "帕丽旦·司马义江"
LOAN: Final = "农信贷2019第7731号"
CONTACT: Final = "13899612345"
DETENTION: Final = "克检刑拘〔2023〕88号"
VALUES: Final = (NAME, CORRECTED, LOAN, CONTACT, DETENTION)
ORDER: Final = {"decidedOn": "2023-08-01", "reason": "户籍已迁出本县", "documentNo": "个信〔2023〕1号"}


async def household_s_life(service: Service) -> tuple[str, str]:
    """A household asset that was registered, corrected and closed; the asset and the household."""
    household, asset = new_code("HH"), new_code("H")
    card = cow(household, householder=NAME, loanRef=LOAN)
    await service.write("/v1/household-assets", {"asset": asset, "card": card, "occurredOn": "2021-07-15"})
    correction = {"changes": {"householder": CORRECTED}, "reason": "登记有误", "documentNo": "更1"}
    path = f"/v1/household-assets/{asset}"
    await service.write(f"{path}/registration-corrections", {"correction": correction}, version=1)
    closing = {"closedOn": "2021-07-20", "reason": "已迁出", "documentNo": "销1"}
    await service.write(f"{path}/closing", {"closing": closing}, version=2)
    return asset, household


async def detained_manager(service: Service) -> str:
    """A person with an asset in care who was detained."""
    person, asset = await service.person(TOWNSHIP), new_code()
    made = await service.write("/v1/assets", {"asset": asset, "card": road()})
    duties = [{"person": person, "duty": "MANAGER"}]
    custody = {"custodian": TOWNSHIP, "responsibleUnit": TOWNSHIP, "duties": duties, "provisional": True}
    await service.write(f"/v1/assets/{asset}/custody", {"custody": custody}, version=made["version"])
    fact = {"kind": "DETENTION", "happenedOn": "2023-07-01", "documentNo": DETENTION}
    await service.write(f"/v1/persons/{person}/leaving-facts", {"fact": fact}, "personnel")
    return person


async def objection(service: Service) -> None:
    """An objection of somebody who left a telephone number, to whatever notice is open."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(fundsPaidTo="TOWNSHIP")})
    confirmation = {
        "owners": [{"party": TOWNSHIP, "amount": "450000.00"}],
        "ownerKind": "TOWNSHIP",
        "countyDecision": "县批1号",
    }
    await service.write(
        f"/v1/assets/{asset}/ownership-confirmations", {"confirmation": confirmation}, "approver", version=1
    )
    by = {"organization": TOWNSHIP, "person": await service.person(TOWNSHIP)}
    about = {"stage": "OWNERSHIP", "asset": asset, "title": "村道确权公告"}
    today = service.app.state.context.today().isoformat()
    posted = posting("TOWNSHIP", TOWNSHIP, today)
    made = await service.write("/v1/notices", {"announcement": about, "posting": posted, "by": by})
    notice = made["resource"]["notice"]
    answer = await service.http.post(
        f"/v1/notices/{notice}/objections",
        json={"text": "份额不对", "contact": CONTACT},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 201, answer.text


async def pack_of(service: Service, person: str) -> bytes:
    """A finished audit pack."""
    ordered = await service.post("/v1/audit-packs", {"person": person}, "auditor")
    assert ordered.status_code == 202, ordered.text
    found = await ended(service, ordered.json()["pack"])
    assert found["state"] == "SUCCEEDED", found
    return (await service.get(found["file"], "auditor")).content


def unpacked(data: bytes) -> bytes:
    """A file's bytes; of an archive those of every file in it, and so on."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(unpacked(archive.read(name)) for name in archive.namelist())


def plain_in(told: bytes) -> list[str]:
    """The values that stand in what was told, as they are or escaped as JSON may."""
    return [
        one for one in VALUES if one.encode() in told or one.encode("unicode_escape").lower() in told.lower()
    ]


async def everything_told(service: Service) -> bytes:
    """Whatever can be asked for without a code, in every form, and the whole event feed, as an auditor gets them."""
    told = []
    for operation in operations():
        if operation.method != "GET" or "{" in operation.path or operation.required("query"):
            continue
        for accept in ("application/json", "application/x-ndjson", MEDIA_TYPE):
            headers = service.headers("auditor", Accept=accept)
            answer = await service.http.get(operation.path, headers=headers)
            if answer.status_code == 200:
                told.append(unpacked(answer.content))
    told.append((await service.get("/v1/events", "auditor", limit=1000)).content)
    assert len(told) > 100
    return b"".join(told)


async def test_sealed_values_stand_in_nothing_that_is_kept_or_given_out(hooked: Hooked) -> None:
    service = hooked.service
    receiver = Receiver()
    async with receiving(receiver):
        endpoint = await hooked.endpoint(receiver)
        asset, household = await household_s_life(service)
        person = await detained_manager(service)
        await objection(service)
        last = await service.head()
        await hooked.until_state(endpoint, "DELIVERED", last)
    pack = await pack_of(service, person)
    assert b"sealed:1:" in unpacked(pack), "the pack holds the detention, as a token"
    forgotten = await service.post(
        f"/v1/personal-data/household.{household}/forgetting", {"order": ORDER}, "office"
    )
    assert forgotten.status_code == 201, forgotten.text
    outcomes = await rebuild(hooked.url, tuple(CATALOGUE.values()), processes=1)
    assert [one.projection for one in outcomes if not (one.equal and one.swapped)] == []

    sent = b"".join(one.body for one in receiver.got)
    assert f"household_asset-{asset}".encode() in sent or asset.encode() in sent
    assert plain_in(sent) == []
    assert plain_in(unpacked(pack)) == []
    assert plain_in(await everything_told(service)) == []
    for value in VALUES:
        assert await tables_with(service.pool, value) == []
    assert await tables_with(service.pool, household), "the search finds what is there"

    shown = await service.read(f"/v1/household-assets/{asset}", "clerk")
    assert shown["resource"]["card"]["householder"] == "（已遗忘）"
    assert (await service.app.state.context.store.verify(COUNTY, thorough=True)).problem is None
    (key,) = await service.read("/v1/log/keys", "auditor")
    for one in (pack, await pack_of(service, person)):
        assert verify.verify(io.BytesIO(one), key["fingerprint"])["pinned"]
