"""Dates over HTTP: nothing is said of tomorrow, no step comes before the one it rests on, the bounds stand in the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from domain.bounds import NOW, Bound, NotAfter
from domain.procedure.subject import digest_of
from service.clock import county_day, utc_now
from tests import contract
from tests.api.asset.test_titles import PARTS, Title, confirmed, joint, registered, write
from tests.api.bodies import TOWNSHIP, VILLAGE, confirmation, road, terms
from tests.api.contracts import decided
from tests.api.departure.departing import departure, kept_asset
from tests.api.operations import CODE_OF
from tests.api.plausible import Place, body_of, first_version, leaves, write_routes
from tests.api.procedure.test_procedures import (
    Running,
    elected,
    joint_title,
    parties,
    posting,
    representatives,
)
from tests.api.service import KEYS, Service, new_code


def dated(model: Any) -> Iterator[tuple[Place, tuple[Bound, ...]]]:
    """Every date of a body with its bounds."""
    for place, hint, marks in leaves(model):
        if hint is date:
            yield place, tuple(one for one in marks if isinstance(one, Bound))


UNASKED = {
    "/v1/ownership-advice": "asks what would be; nothing is recorded",
    "/v1/policy/parameter-changes": "its body cannot be made up: the value has the shape of its parameter",
    "/v1/divisions": "its body cannot be made up: the code is the county's",
}
"""Routes that are not walked, each with a reason."""

FACTS = [
    pytest.param(path, model, place, id=f"{path} {'.'.join(map(str, place))}")
    for path, model, _ in write_routes()
    for place, bounds in dated(model)
    if path not in UNASKED and any(isinstance(one, NotAfter) and one.anchor in NOW for one in bounds)
]
"""Every date of a request that cannot lie ahead."""


def test_walk_finds_the_dates_of_facts() -> None:
    assert len(FACTS) > 150


async def founded(service: Service) -> None:
    """The person, the asset and the procedure that made-up bodies name."""
    card = {"name": "张三", "organization": TOWNSHIP}
    await service.post("/v1/persons", {"person": "P-1", "card": card}, "personnel")
    await service.post("/v1/assets", {"asset": "A-1", "card": road()})
    subject = {"kind": "plan", "id": "A-1", "sha256": digest_of({"plan": 1}), "content": {"plan": 1}}
    opening = {"chain": "A5", "title": "确权", "subject": subject, "parties": parties()}
    signer = {"organization": TOWNSHIP, "person": "P-1"}
    await service.post("/v1/procedures", {"procedure": "X-1", "opening": opening, "by": signer}, "clerk")


def sensible(body: Any, tomorrow: str) -> Any:
    """A made-up body without what is wrong in it beside its date: a term without days, a number that does not add up."""
    if isinstance(body, dict):
        fitting = {"uscc": "N2653022MF12345676"} | ({"endsOn": "2098-01-01"} if "startsOn" in body else {})
        return {
            name: fitting.get(name, sensible(value, tomorrow)) if value != tomorrow else value
            for name, value in body.items()
        }
    return [sensible(one, tomorrow) for one in body] if isinstance(body, list) else body


@pytest.mark.parametrize(("path", "model", "place"), FACTS)
async def test_fact_of_tomorrow_is_refused(service: Service, path: str, model: Any, place: Place) -> None:
    await founded(service)
    tomorrow = (county_day(utc_now()) + timedelta(days=1)).isoformat()
    target = re.sub(r"\{(\w+)\}", lambda found: CODE_OF.get(found[1], "X-1"), path)
    body = sensible(body_of(model, place, tomorrow), tomorrow)
    for who in KEYS:
        answer = await service.post(target, body, who, version=first_version(path))
        if answer.json().get("code") not in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}:
            break
    assert (answer.status_code, answer.json()["code"]) == (422, "DATE_IN_FUTURE"), answer.text


def test_document_lists_the_bounds_of_every_date(service: Service) -> None:
    schemas = contract.document()["components"]["schemas"]

    def listed(schema: str, field: str) -> tuple[list[str], list[str]]:
        found = schemas[schema]["properties"][field]
        found = next((one for one in found.get("anyOf", ()) if one.get("format") == "date"), found)
        return found.get("x-not-before", []), found.get("x-not-after", [])

    assert listed("PutIntoUse", "inUseSince") == (
        ["completionDate", "acceptance.acceptedOn"],
        ["occurredOn"],
    )
    assert listed("ContractTerms", "endsOn") == (["startsOn + P1D"], [])
    assert listed("Acceptance", "acceptedOn") == (["constructionStart"], ["occurredOn"])
    assert listed("PutIntoUse", "occurredOn") == (["start"], ["today"])


async def refused(service: Service, path: str, body: dict[str, Any], who: str) -> dict[str, Any]:
    """The problem that says which two days are in the wrong order."""
    before = await service.head()
    version = None
    if path.startswith("/v1/assets/"):
        version = (await service.read("/".join(path.split("/")[:4])))["version"]
    answer = await service.post(path, body, who, version=version, Accept_Language="en")
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "DATE_ORDER"), answer.text
    assert await service.head() == before
    return dict(problem)


def days(problem: dict[str, Any]) -> tuple[str, str]:
    """The two names in the words of the problem."""
    found = re.search(
        r": (.+?) must not be after (\S+) \(the first is [\d-]+, the second [\d-]+\)", problem["detail"]
    )
    assert found, problem["detail"]
    return found[1], found[2]


@pytest.mark.clause("C4.3-01")
async def test_use_before_acceptance_is_refused(service: Service) -> None:
    """Refuses use before the acceptance; the day of the acceptance itself is one."""
    asset = await confirmed(service)  # accepted on 2021-06-10
    path = f"/v1/assets/{asset}/use"
    early = await refused(service, path, {"inUseSince": "2021-06-09"}, "clerk")
    assert days(early) == ("acceptance.acceptedOn", "inUseSince")
    assert early["clause"] == "C4.3-01"
    await write(service, asset, "use", {"inUseSince": "2021-06-10"}, "clerk")


async def test_filing_before_what_is_filed_is_refused(service: Service) -> None:
    asset = await registered(service, joint())
    proposal = {"proposal": {"villages": [one["party"] for one in PARTS]}, "occurredOn": "2021-06-20"}
    await write(service, asset, "joint-shares", proposal, "clerk")
    title = Title(service, asset)
    await title.open()
    await write(
        service, asset, "ownership-procedures", {"procedure": title.code, "occurredOn": "2021-06-20"}, "clerk"
    )
    await title.meet_and_post()
    await title.act("notice-completions", "NOTICE", "2021-07-13")
    for share in PARTS:
        certificate = {
            "village": share["party"],
            "amount": share["amount"],
            "number": new_code("Q"),
            "issuedOn": "2021-07-13",
        }
        given = {"certificate": certificate, "procedure": title.code}
        await write(service, asset, "ownership-certificates", given, "approver")

    body = confirmation() | {"owners": PARTS, "incomeRightHolders": PARTS, "procedure": title.code}
    await write(
        service,
        asset,
        "ownership-confirmations",
        {"confirmation": body, "occurredOn": "2021-07-16"},
        "approver",
    )
    await title.act("filings", "FILING", "2021-07-15")
    filing = {"procedure": title.code, "filedOn": "2021-07-15"}
    early = await refused(service, f"/v1/assets/{asset}/ownership-filings", filing, "clerk")
    assert days(early) == ("confirmedOn", "filedOn")
    await write(service, asset, "ownership-filings", filing | {"filedOn": "2021-07-16"}, "clerk")


async def test_certificate_is_not_answered_before_it_was_applied_for(service: Service) -> None:
    asset = await confirmed(service)
    asked = {"certificate": "Z1", "kind": "TITLE", "holder": VILLAGE, "appliedOn": "2022-03-01"}
    applied = await service.post(
        f"/v1/assets/{asset}/title-certificates",
        {"certificate": asked},
        "clerk",
        version=(await service.read(f"/v1/assets/{asset}"))["version"],
    )
    assert applied.status_code == 201, applied.text
    path = f"/v1/assets/{asset}/title-certificates/Z1/ineligibility"
    early = await refused(service, path, {"reason": "不属不动产", "decidedOn": "2022-02-28"}, "clerk")
    assert days(early)[1] == "decidedOn"
    assert "the first is 2022-03-01, the second 2022-02-28" in early["detail"]


@pytest.mark.clause("C4.9-04")
async def test_filing_is_not_answered_before_it_was_submitted(service: Service) -> None:
    """Refuses the answer to a filing on a day before the filing."""
    it = Running(service, "A8")
    await it.open(VILLAGE, "village", "2022-03-01")
    await it.act("steps", "PROPOSE", VILLAGE, "village", "2022-03-01")
    await elected(service)
    await it.act("meetings", "DECISION", VILLAGE, "village", None, meeting=representatives("2022-03-02"))
    sheet = posting("OWNER_LOCATION", VILLAGE, "2022-03-03")
    await it.act("notices", "NOTICE", VILLAGE, "village", None, posting=sheet)
    await it.act("reviews", "REVIEW", TOWNSHIP, "approver", "2022-03-05", verdict="APPROVED")
    await it.act("filings", "RECHECK", VILLAGE, "village", "2022-03-07")
    answer = {"filedBy": VILLAGE, "answer": "ACCEPTED"}
    body = await it.body("RECHECK", "AGRICULTURE", "2022-03-06", **answer)
    early = await refused(service, f"{it.path}/filing-answers", body, "agriculture")
    assert days(early)[1] == "occurredOn"
    await it.act("filing-answers", "RECHECK", "AGRICULTURE", "agriculture", "2022-03-07", **answer)


@pytest.mark.clause("C3-05")
async def test_objection_is_not_answered_before_it_was_filed_nor_a_step_taken_before_the_opening(
    service: Service,
) -> None:
    """Refuses an answer to an objection, and any step, on a day before what it answers or belongs to."""
    it = await joint_title(service)
    said = {"step": "NOTICE", "text": "份额不对", "occurredOn": "2021-07-05"}
    await service.write(f"{it.path}/objections", said, "neighbour")
    answer = {
        "step": "NOTICE",
        "by": await it.signer(TOWNSHIP),
        "outcome": "DISMISSED",
        "answer": "无误",
        "occurredOn": "2021-07-04",
    }
    await refused(service, f"{it.path}/objections/1/resolution", answer, "clerk")
    before = {"text": "多听意见", "occurredOn": "2021-06-27"}  # opened on 2021-06-28
    early = await refused(service, f"{it.path}/suggestions", before, "neighbour")
    assert days(early) == ("start", "occurredOn")
    await service.write(f"{it.path}/objections/1/resolution", answer | {"occurredOn": "2021-07-05"}, "clerk")


@pytest.mark.clause("C4.7-10")
async def test_year_is_not_depreciated_on_a_business_day_before_its_end(service: Service) -> None:
    """Refuses the year-end depreciation of 2025 with a business day in 2021."""
    asset = await confirmed(service)
    await write(service, asset, "use", {"inUseSince": "2021-08-15"}, "clerk")
    path = f"/v1/assets/{asset}/depreciation"
    for year in range(2021, 2025):
        await write(service, asset, "depreciation", {"year": year}, "clerk")
    early = await refused(service, path, {"year": 2025, "occurredOn": "2021-12-31"}, "clerk")
    assert days(early) == ("yearOverOn", "occurredOn")
    ahead = await service.post(
        path, {"year": 2090}, "clerk", version=(await service.read(f"/v1/assets/{asset}"))["version"]
    )
    assert ahead.json()["code"] == "DATE_IN_FUTURE"


@pytest.mark.clause("C4.10-09")
async def test_audit_that_ends_before_the_duty_began_clears_nobody(service: Service) -> None:
    """Refuses a departure audit whose last day is before the first day of the duty."""
    leaving = await departure(service, 0)
    leaving.assets = [await kept_asset(service, leaving.outgoing, "RESPONSIBLE")]  # from 2022-01-01 on
    await leaving.open("RESPONSIBLE", departsOn="2022-01-15")
    ordered = {"auditorOrganization": "AUDIT", "documentNo": "审委1号"}
    await service.write(f"{leaving.path}/audit-order", ordered, "personnel")
    audit = {
        "auditor": await service.person("AUDIT"),
        "auditorOrganization": "AUDIT",
        "cutOff": "2021-12-31",
        "opinion": "无保留意见",
        "reportNo": "审〔2022〕1号",
        "deltaReportNo": "补审1号",
    }
    early = await refused(service, f"{leaving.path}/audit", {"audit": audit}, "auditor")
    assert days(early) == ("inDutySince", "audit.cutOff")


@pytest.mark.clause("C4.7-03")
async def test_fact_of_after_its_business_day_and_a_contract_that_ends_as_it_begins_are_refused(
    service: Service,
) -> None:
    """Refuses a lease that ends on its first day; a lease of twenty years from 29 February to 29 February is twenty years."""
    asset = await confirmed(service)
    path = f"/v1/assets/{asset}/leases"
    short = terms(startsOn="2021-09-02", endsOn="2021-09-02")
    assert days(await refused(service, path, {"terms": short}, "clerk")) == ("startsOn", "endsOn")
    stated = {"terms": terms(signedOn="2021-09-02"), "occurredOn": "2021-09-01"}
    assert days(await refused(service, path, stated, "clerk")) == ("signedOn", "occurredOn")
    leap = terms(signedOn="2024-02-29", startsOn="2024-02-29", endsOn="2044-02-29")
    longer = terms("L2", signedOn="2024-02-29", startsOn="2024-02-29", endsOn="2044-03-01")
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    too_long = await service.post(path, {"terms": longer}, "clerk", version=version)
    assert too_long.json()["code"] == "LEASE_TERM_EXCEEDS_20Y"
    done = await service.post(path, await decided(service, asset, leap), "clerk", version=version)
    assert done.status_code == 201, done.text
