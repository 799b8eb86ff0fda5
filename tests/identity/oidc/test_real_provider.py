"""A sign-in at a provider that is not ours (oidc-provider-mock on Authlib), by a browser that follows its forms."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from service.identity.oidc.issuer import Issuer
from service.identity.oidc.provider import Provider
from service.identity.oidc.sign_in import Pending, SignIn
from tests.identity.oidc.own_provider import CLIENT, REDIRECT, SECRET, refused

with warnings.catch_warnings(
    record=True
):  # it imports what Authlib no longer recommends, and Authlib insists
    import oidc_provider_mock

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    user = oidc_provider_mock.User(
        sub="person-7", claims={"name": "阿依古丽", "groups": ["台账登记", "审计"]}
    )
    with oidc_provider_mock.run_server_in_thread(user_claims=[user], require_nonce=True) as server:
        address = f"http://localhost:{server.server_port}"
        yield Issuer(
            issuer=address, client_id=CLIENT, client_secret=SECRET, redirect_uri=REDIRECT, answer_seconds=20
        )
    del os.environ["AUTHLIB_INSECURE_TRANSPORT"]


def its_clock(issuer: Issuer) -> datetime:
    """The provider's: ours stands where the tests want it."""
    said = httpx.get(issuer.issuer + "/jwks").headers["date"]
    return parsedate_to_datetime(said).astimezone(UTC)


async def consented(address: str, person: str | None) -> dict[str, str]:
    """What the browser comes back with, from the form that the provider shows."""

    def browse() -> dict[str, str]:
        with httpx.Client() as browser:
            assert browser.get(address).status_code == 200
            form = {"action": "deny"} if person is None else {"sub": person}
            sent = browser.post(address, data=form)
        assert sent.status_code in {302, 303}
        assert sent.headers["location"].startswith(REDIRECT)
        return {name: value for name, [value] in parse_qs(urlsplit(sent.headers["location"]).query).items()}

    return await asyncio.to_thread(browse)


async def begun(issuer: Issuer) -> tuple[SignIn, str, Pending]:
    signing = SignIn(Provider(issuer), clock=lambda: its_clock(issuer))
    return signing, *await signing.begin("/v1/assets")


async def test_person_signs_in(issuer: Issuer) -> None:
    """Name and groups come from userinfo: this provider puts none into the id token."""
    signing, address, pending = await begun(issuer)
    back = await consented(address, "person-7")
    claims = await signing.finish(pending, state=back["state"], code=back["code"], iss=back.get("iss"))
    assert (claims.issuer, claims.subject, claims.client) == (issuer.issuer, "person-7", CLIENT)
    assert (claims.name, claims.groups) == ("阿依古丽", ("台账登记", "审计"))
    assert claims.expires_at > its_clock(issuer)


async def test_code_is_good_for_one_sign_in(issuer: Issuer) -> None:
    signing, address, pending = await begun(issuer)
    back = await consented(address, "person-7")
    await signing.finish(pending, state=back["state"], code=back["code"], iss=None)
    with refused("SIGN_IN_FAILED", "code"):
        await signing.finish(pending, state=back["state"], code=back["code"], iss=None)


async def test_code_of_another_sign_in_is_told_by_its_nonce(issuer: Issuer) -> None:
    signing, address, _ = await begun(issuer)
    stolen = await consented(address, "person-7")
    _, mine = await signing.begin()
    with refused("CREDENTIAL_INVALID", "nonce"):
        await signing.finish(mine, state=mine.state, code=stolen["code"], iss=None)


async def test_person_who_refuses_is_not_signed_in(issuer: Issuer) -> None:
    signing, address, pending = await begun(issuer)
    back = await consented(address, None)
    with refused("SIGN_IN_FAILED", "the provider says access_denied"):
        await signing.finish(pending, state=pending.state, code=None, iss=None, error=back["error"])


async def test_session_there_can_be_ended(issuer: Issuer) -> None:
    signing, _, _ = await begun(issuer)
    address = await signing.end_session_address("https://taizhang.example/signed-out")
    assert address is not None
    shown = await asyncio.to_thread(httpx.get, address)
    assert shown.status_code == 200
    assert "https://taizhang.example/signed-out" in shown.text
