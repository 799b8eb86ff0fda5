"""Sign-ins at the strict provider of provider.mjs, and access tokens of systems; run by bin/strict-provider.

    python -m tests.identity.oidc.strict.walk SAID

SAID: the line that the provider printed. By the machine's clock, which is the provider's. Every step is printed; the
first that goes wrong ends it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from domain.refusals import Refusal
from service.identity.oidc.issuer import Issuer
from service.identity.oidc.provider import Provider
from service.identity.oidc.sign_in import SignIn
from service.identity.oidc.tokens import Tokens


async def consented(address: str, redirect: str) -> dict[str, str]:
    """What the browser comes back with after both forms."""
    async with httpx.AsyncClient() as browser:
        sent = await browser.get(address)
        for form in ({"prompt": "login", "login": "person-7", "password": "x"}, {"prompt": "consent"}):
            sent = await arrived(browser, sent, redirect)
            sent = await browser.post(sent.url, data=form)
        sent = await arrived(browser, sent, redirect)
    back = sent.headers["location"]
    return {name: value for name, [value] in parse_qs(urlsplit(back).query).items()}


async def arrived(browser: httpx.AsyncClient, sent: httpx.Response, redirect: str) -> httpx.Response:
    """Follow the provider's own redirects, to a form or to the one that leads back to us."""
    while sent.status_code in {302, 303} and not sent.headers["location"].startswith(redirect):
        sent = await browser.get(sent.url.join(sent.headers["location"]))
    assert sent.status_code in {200, 302, 303}, sent.text
    return sent


async def refused(code: str, awaited: Any) -> None:
    try:
        await awaited
    except Refusal as refusal:
        assert refusal.code == code, (refusal.code, refusal.__cause__)
        print(f"   {code}: {refusal.__cause__}")
    else:
        raise AssertionError(f"not refused: {code}")


async def persons(said: dict[str, Any], algorithm: str) -> None:
    issuer = Issuer(
        issuer=said["issuer"],
        client_id=f"taizhang-{algorithm}",
        client_secret=said["secret"],
        redirect_uri=said["redirect"],
        audience=said["audience"],
    )
    provider = Provider(issuer)
    signing = SignIn(provider)
    assert (await provider.metadata()).names_itself

    address, pending = await signing.begin("/v1/assets", max_age=300)
    back = await consented(address, said["redirect"])
    await refused("SIGN_IN_FAILED", signing.finish(pending, **{**back, "iss": "https://other.example"}))
    claims = await signing.finish(pending, **back)
    assert (claims.subject, claims.client) == ("person-7", issuer.client_id)
    assert (claims.name, claims.groups) == ("阿依古丽", ("台账登记", "审计"))
    assert claims.authenticated_at is not None
    print(f"-- {algorithm}: {claims.subject} signed in, groups {', '.join(claims.groups)}")
    await refused("SIGN_IN_FAILED", signing.finish(pending, **back))

    address, pending = await signing.begin()
    back = await consented(address, said["redirect"])
    await refused("SIGN_IN_FAILED", signing.finish(replace(pending, verifier="x" * 64), **back))

    address, pending = await signing.begin()
    back = await consented(address, said["redirect"])
    await refused("CREDENTIAL_INVALID", signing.finish(replace(pending, nonce="another"), **back))

    forgetful = SignIn(Provider(replace(issuer, client_secret="another")))
    address, pending = await forgetful.begin()
    back = await consented(address, said["redirect"])
    await refused("IDENTITY_PROVIDER_UNFIT", forgetful.finish(pending, **back))

    address_of_end = await signing.end_session_address("https://taizhang.example/signed-out")
    assert address_of_end is not None
    async with httpx.AsyncClient() as browser:
        shown = await browser.get(address_of_end)
    assert shown.status_code == 200, shown.text


async def systems(said: dict[str, Any], algorithm: str) -> None:
    issuer = Issuer(
        issuer=said["issuer"],
        client_id="taizhang",
        client_secret=said["secret"],
        redirect_uri=said["redirect"],
        audience=said["audience"],
    )
    tokens = Tokens(Provider(issuer))

    async def token(audience: str) -> str:
        async with httpx.AsyncClient(auth=(f"finance-{algorithm}", quoted(said["secret"]))) as system:
            form = {"grant_type": "client_credentials", "resource": audience}
            given = await system.post(f"{said['issuer']}/token", data=form)
        assert given.status_code == 200, given.text
        return str(given.json()["access_token"])

    claims = await tokens.of_system(await token(said["audience"]))
    assert (claims.client, claims.subject) == (f"finance-{algorithm}", f"finance-{algorithm}")
    print(f"-- {algorithm}: {claims.subject} has access until {claims.expires_at:%H:%M:%S}Z")
    await refused("CREDENTIAL_INVALID", tokens.of_system(await token("https://other.example/v1")))
    await refused("CREDENTIAL_INVALID", tokens.of_person(await token(said["audience"]), nonce="n"))


def quoted(secret: str) -> str:
    """As the standard wants it before Basic (RFC 6749, 2.3.1)."""
    return "".join(char if char.isalnum() else "+" if char == " " else f"%{ord(char):02X}" for char in secret)


async def walk(said: dict[str, Any]) -> None:
    for algorithm in said["algorithms"]:
        await persons(said, algorithm)
        await systems(said, algorithm)
    print("the strict provider and this service understand each other")


if __name__ == "__main__":
    asyncio.run(walk(json.loads(Path(sys.argv[1]).read_text("utf-8").splitlines()[0])))
