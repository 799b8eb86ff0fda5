"""Signing in at an identity provider over HTTP, and a system that comes with the provider's access token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest_asyncio

from service.api.http.wrong_keys import WrongKeys
from tests.api.bodies import TOWNSHIP
from tests.api.service import Service, running
from tests.api.system.test_access import make_key
from tests.identity.oidc.own_provider import NOW, OwnProvider, providing, saying, signed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own() -> AsyncIterator[OwnProvider]:
    async with providing() as provider:
        yield provider


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str, own: OwnProvider) -> AsyncIterator[Service]:
    """The service beside a provider whose tokens are of one moment."""
    async with running(module_database_url, provider=own.provider(), clock=lambda: NOW) as one:
        yield one


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def link(service: Service, subject: str, kind: str, target: str, who: str = "admin") -> httpx.Response:
    body = {"subject": subject, "kind": kind, "target": target}
    return await service.http.post("/v1/identity-links", json=body, headers=service.headers(who))


async def begin(service: Service, return_to: str = "/todo") -> tuple[dict[str, str], str]:
    """What the provider is asked, and what the browser keeps."""
    answer = await service.http.post("/v1/sessions/provider", json={"returnTo": return_to})
    assert answer.status_code == 201, answer.text
    asked = parse_qs(urlsplit(answer.json()["address"]).query)
    return {name: values[0] for name, values in asked.items()}, answer.json()["binding"]


async def come_back(service: Service, own: OwnProvider, subject: str, **changes: Any) -> httpx.Response:
    """Begin, be that subject at the provider, come back; `changes`: what comes back otherwise."""
    asked, binding = await begin(service)
    own.says["/token"] = saying(200, {"id_token": signed(own.claims(sub=subject, nonce=asked["nonce"]))})
    body = {"binding": binding, "state": asked["state"], "code": "a code", "iss": own.issuer} | changes
    return await service.http.post("/v1/sessions/provider/completion", json=body)


async def clerk(service: Service, subject: str) -> str:
    """A township's clerk, linked and granted."""
    person = await service.person(TOWNSHIP)
    assert (await link(service, subject, "PERSON", person)).status_code == 201
    body = {"person": person, "organization": TOWNSHIP, "roles": ["REGISTRAR"], "documentNo": "〔2026〕3号"}
    given = await service.http.post("/v1/access-grants", json=body, headers=service.headers("admin"))
    assert given.status_code == 201
    return person


async def test_whom_the_provider_names_acts_as_the_person_linked(service: Service, own: OwnProvider) -> None:
    person = await clerk(service, "subject-1")
    answer = await come_back(service, own, "subject-1")
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert (session["person"], session["way"], session["returnTo"]) == (person, "PROVIDER", "/todo")
    assert session["actingFor"]["organization"] == TOWNSHIP
    shown = await service.read("/v1/sessions/current", session["token"])
    assert shown["person"] == person


async def test_a_sign_in_is_finished_once_by_the_browser_that_began_it(
    service: Service, own: OwnProvider
) -> None:
    await clerk(service, "subject-2")
    asked, binding = await begin(service)
    own.says["/token"] = saying(200, {"id_token": signed(own.claims(sub="subject-2", nonce=asked["nonce"]))})
    body = {"binding": binding, "state": asked["state"], "code": "a code", "iss": own.issuer}
    path = "/v1/sessions/provider/completion"
    other = await service.http.post(path, json=body | {"binding": "another browser's"})
    assert refused(other) == (401, "SIGN_IN_FAILED")
    assert (await service.http.post(path, json=body)).status_code == 201
    assert refused(await service.http.post(path, json=body)) == (401, "SIGN_IN_FAILED")


async def test_what_comes_back_otherwise_lets_nobody_in(service: Service, own: OwnProvider) -> None:
    await clerk(service, "subject-3")
    for changes in (
        {"state": "another"},
        {"iss": "https://elsewhere.example"},
        {"code": None, "error": "access_denied"},
    ):
        answer = await come_back(service, own, "subject-3", **changes)
        assert refused(answer) == (401, "SIGN_IN_FAILED"), changes


async def test_whom_nobody_linked_is_not_known(service: Service, own: OwnProvider) -> None:
    assert refused(await come_back(service, own, "stranger")) == (403, "IDENTITY_UNKNOWN")


async def test_a_link_taken_away_lets_nobody_in(service: Service, own: OwnProvider) -> None:
    person = await clerk(service, "subject-4")
    links = await service.read("/v1/identity-links", "admin")
    mine = next(one["link"] for one in links if one["target"] == person)
    gone = await service.http.delete(f"/v1/identity-links/{mine}", headers=service.headers("admin"))
    assert gone.status_code == 204
    assert refused(await come_back(service, own, "subject-4")) == (403, "IDENTITY_UNKNOWN")


async def test_a_path_that_leads_elsewhere_is_refused(service: Service) -> None:
    for elsewhere in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"):
        answer = await service.http.post("/v1/sessions/provider", json={"returnTo": elsewhere})
        assert refused(answer) == (422, "FIELD_INVALID"), elsewhere


async def test_beginnings_from_one_address_are_slowed(service: Service) -> None:
    before = service.app.state.beginnings
    service.app.state.beginnings = WrongKeys(at_once=2, every=60.0)
    try:
        told = [await service.http.post("/v1/sessions/provider", json={}) for _ in range(3)]
    finally:
        service.app.state.beginnings = before
    assert [answer.status_code for answer in told] == [201, 201, 429]


async def test_a_system_s_token_has_the_rights_of_its_key(service: Service, own: OwnProvider) -> None:
    key = (await make_key(service, roles=["OPERATOR"])).json()["id"]
    token = signed(own.system_claims(sub="system-9"))
    assert refused(await service.get("/v1/divisions", token)) == (403, "IDENTITY_UNKNOWN")
    assert (await link(service, "system-9", "KEY", key)).status_code == 201
    assert (await service.get("/v1/divisions", token)).status_code == 200
    assert refused(await service.post("/v1/assets", {}, token)) == (403, "ROLE_READ_ONLY")
    await service.http.delete(f"/v1/keys/{key}", headers=service.headers("admin"))
    service.app.state.identities.forget()  # five seconds later
    assert refused(await service.get("/v1/divisions", token)) == (401, "CREDENTIAL_INVALID")


async def test_a_person_s_link_is_no_system_s_and_the_reverse(service: Service, own: OwnProvider) -> None:
    await clerk(service, "subject-5")
    token = signed(own.system_claims(sub="subject-5"))
    assert refused(await service.get("/v1/divisions", token)) == (403, "IDENTITY_UNKNOWN")
    key = (await make_key(service)).json()["id"]
    await link(service, "system-5", "KEY", key)
    assert refused(await come_back(service, own, "system-5")) == (403, "IDENTITY_UNKNOWN")


async def test_a_token_made_out_to_somebody_else_is_none(service: Service, own: OwnProvider) -> None:
    key = (await make_key(service)).json()["id"]
    await link(service, "system-6", "KEY", key)
    for claims in (
        own.system_claims(sub="system-6", aud="https://another.example"),
        own.system_claims(sub="system-6", iss="https://another.example"),
        own.claims(sub="system-6"),  # an id token
    ):
        assert refused(await service.get("/v1/divisions", signed(claims))) == (401, "CREDENTIAL_INVALID")


async def test_links_name_what_is_there_and_once(service: Service) -> None:
    for kind, target in (("PERSON", "P-none"), ("KEY", "tzk_000000000000")):
        assert refused(await link(service, "nobody", kind, target)) == (422, "CODE_UNKNOWN")
    person = await service.person(TOWNSHIP)
    assert (await link(service, "twice", "PERSON", person)).status_code == 201
    assert refused(await link(service, "twice", "PERSON", person)) == (409, "ALREADY_EXISTS")
