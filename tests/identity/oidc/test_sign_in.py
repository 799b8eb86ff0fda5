"""A sign-in: begun by us, finished once, by the same browser, with the provider that it was begun at."""

from __future__ import annotations

import hashlib
from base64 import b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.refusals import Refusal
from service.identity.oidc.sign_in import Pending, SignIn
from service.identity.oidc.tokens import IdentityClaims
from tests.identity.oidc.own_provider import (
    CLIENT,
    REDIRECT,
    SECRET,
    OwnProvider,
    key_of,
    refused,
    saying,
    signed,
)
from tests.identity.oidc.test_provider import never


def sign_in(own: OwnProvider, **more: Any) -> SignIn:
    return SignIn(own.provider(**more), clock=own.clock)


async def begun(own: OwnProvider, signing: SignIn, **claims: Any) -> Pending:
    """A sign-in that the provider has consented to: it will give these claims for any code."""
    _, pending = await signing.begin("/v1/assets")
    said = {"nonce": pending.nonce, **claims}
    own.says["/token"] = {
        "token_type": "Bearer",
        "access_token": "an access token",
        "id_token": signed(own.claims(**said)),
    }
    own.says["/userinfo"] = {"sub": "person-7", "name": "阿依古丽", "groups": ["台账登记"]}
    return pending


async def finished(own: OwnProvider, signing: SignIn, pending: Pending, **more: Any) -> IdentityClaims:
    back = {"state": pending.state, "code": "c-1", "iss": own.issuer, **more}
    return await signing.finish(pending, **back)


# ---- the address ------------------------------------------------------------------------------------------------------


async def test_person_is_sent_with_state_nonce_and_challenge(own: OwnProvider) -> None:
    address, pending = await sign_in(own).begin("/v1/assets?page=2", max_age=0)
    parts = urlsplit(address)
    assert address.startswith(f"{own.issuer}/authorize?")
    challenge = urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
    assert {name: value for name, [value] in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "max_age": "0",
    }
    assert pending.verifier not in address
    assert (pending.return_to, pending.begun_at, pending.max_age) == ("/v1/assets?page=2", own.now, 0)
    assert (len(pending.state), len(pending.nonce), len(pending.verifier)) == (43, 43, 64)


async def test_every_sign_in_has_secrets_of_its_own(own: OwnProvider) -> None:
    signing = sign_in(own)
    some = [(await signing.begin())[1] for _ in range(5)]
    assert len({secret for one in some for secret in (one.state, one.nonce, one.verifier)}) == 15


async def test_address_with_a_query_keeps_it(own: OwnProvider) -> None:
    own.discovery["authorization_endpoint"] += "?realm=county"
    address, _ = await sign_in(own).begin()
    assert parse_qs(urlsplit(address).query)["realm"] == ["county"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil.example"),
        *("javascript:alert(1)", "", "/\t/evil.example", "/a\r\nSet-Cookie: a=b", "/" + "a" * 2000),
    ],
)
async def test_person_is_not_sent_out_of_the_service_afterwards(own: OwnProvider, elsewhere: str) -> None:
    with pytest.raises(Refusal) as caught:
        await sign_in(own).begin(elsewhere)
    assert caught.value.code == "FIELD_INVALID"


async def test_secrets_of_a_sign_in_are_not_shown(own: OwnProvider) -> None:
    _, pending = await sign_in(own).begin()
    assert not any(one in repr(pending) for one in (pending.state, pending.nonce, pending.verifier))


# ---- the way back -----------------------------------------------------------------------------------------------------


async def test_person_who_comes_back_is_who_the_provider_says(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing, auth_time=own.at(-5))
    claims = await finished(own, signing, pending)
    assert (claims.subject, claims.name, claims.groups) == ("person-7", "阿依古丽", ("台账登记",))
    assert claims.authenticated_at == own.now - timedelta(seconds=5)
    asked = own.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/token")
    assert asked.form == {
        "grant_type": "authorization_code",
        "code": "c-1",
        "redirect_uri": REDIRECT,
        "code_verifier": pending.verifier,
    }


async def test_secret_is_shown_as_the_provider_takes_it(own: OwnProvider) -> None:
    """Basic is the rule where it says nothing; both parts are percent-encoded (RFC 6749, 2.3.1)."""
    signing = sign_in(own)
    await finished(own, signing, await begun(own, signing))
    scheme, _, both = own.asked[-1].headers["authorization"].partition(" ")
    assert (scheme, b64decode(both)) == ("Basic", b"taizhang:a+secret%3A+%2B%2F%25%26")
    own.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    signing = sign_in(own)
    await finished(own, signing, await begun(own, signing))
    assert "authorization" not in own.asked[-1].headers
    assert (own.asked[-1].form["client_id"], own.asked[-1].form["client_secret"]) == (CLIENT, SECRET)


@pytest.mark.parametrize("state", [None, "", "other", "台账", "\udc80"])
async def test_another_browsers_answer_is_not_taken(own: OwnProvider, state: str | None) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing)
    with refused("SIGN_IN_FAILED", "state"):
        await finished(own, signing, pending, state=state)
    assert own.times("/token") == 0


async def test_answer_of_another_sign_in_is_not_taken(own: OwnProvider) -> None:
    """The state of one browser's with the code of another's: the nonce tells."""
    signing = sign_in(own)
    pending = await begun(own, signing)
    await begun(own, signing)
    with refused("CREDENTIAL_INVALID", "nonce"):
        await finished(own, signing, pending)


async def test_answer_that_comes_late_is_not_taken(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing)
    own.now += timedelta(minutes=10)
    own.says["/token"]["id_token"] = signed(own.claims(nonce=pending.nonce))
    await finished(own, signing, pending)
    own.now += timedelta(seconds=1)
    with refused("SIGN_IN_FAILED", "state"):
        await finished(own, signing, pending)


async def test_answer_of_another_provider_is_not_taken(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing)
    for iss in ("https://other.example", own.issuer + "/", "", None):
        with refused("SIGN_IN_FAILED", "iss"):
            await finished(own, signing, pending, iss=iss)
    assert own.times("/token") == 0


async def test_provider_that_does_not_name_itself_is_believed_and_another_name_is_not(
    own: OwnProvider,
) -> None:
    del own.discovery["authorization_response_iss_parameter_supported"]
    signing = sign_in(own)
    pending = await begun(own, signing)
    await finished(own, signing, pending, iss=None)
    with refused("SIGN_IN_FAILED", "iss"):
        await finished(own, signing, pending, iss="https://other.example")


@pytest.mark.parametrize(
    "back",
    [{"error": "access_denied", "code": None}, {"error": "access_denied"}, {"code": None}, {"code": ""}],
)
async def test_person_whom_the_provider_turns_away_is_not_signed_in(
    own: OwnProvider, back: dict[str, Any]
) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing)
    with refused("SIGN_IN_FAILED", "the provider says"):
        await finished(own, signing, pending, **back)
    assert own.times("/token") == 0


async def test_age_that_was_asked_for_is_held_against_the_answer(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = replace(await begun(own, signing, auth_time=own.at(-400)), max_age=300)
    with refused("CREDENTIAL_EXPIRED", "auth_time"):
        await finished(own, signing, pending)


ANSWERS: dict[str, tuple[str, str, Any]] = {
    "code used": ("SIGN_IN_FAILED", "code", saying(400, {"error": "invalid_grant"})),
    "secret wrong": ("IDENTITY_PROVIDER_UNFIT", "does not take", saying(401, {"error": "invalid_client"})),
    "client not allowed": (
        "IDENTITY_PROVIDER_UNFIT",
        "does not take",
        saying(400, {"error": "unauthorized_client"}),
    ),
    "question not understood": (
        "IDENTITY_PROVIDER_UNFIT",
        "does not take",
        saying(400, {"error": "invalid_request"}),
    ),
    "too many questions": (
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "token endpoint",
        saying(429, {"error": "slow_down"}),
    ),
    "no id token": ("IDENTITY_PROVIDER_UNFIT", "gives no id token", {"access_token": "a"}),
    "an id token that is a number": ("IDENTITY_PROVIDER_UNFIT", "gives no id token", {"id_token": 7}),
    "broken": ("IDENTITY_PROVIDER_UNAVAILABLE", "token endpoint", 500),
    "no JSON": ("IDENTITY_PROVIDER_UNFIT", "gives no id token", b"<html>"),
    "error that is an object": (
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "token endpoint",
        saying(400, {"error": {}}),
    ),
    "sends elsewhere": (
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "token endpoint",
        saying(307, {}, "Location: /stolen"),
    ),
    "silent": ("IDENTITY_PROVIDER_UNAVAILABLE", "http://127.0.0.1", never),
}


@pytest.mark.parametrize(("code", "why", "said"), ANSWERS.values(), ids=ANSWERS)
async def test_code_that_the_provider_does_not_honour_signs_nobody_in(
    own: OwnProvider, code: str, why: str, said: Any
) -> None:
    signing = sign_in(own, answer_seconds=2 if said is never else 20)
    pending = await begun(own, signing)
    own.says["/token"] = said
    with refused(code, why):
        await finished(own, signing, pending)
    assert own.times("/stolen") == 0


async def test_token_that_somebody_else_signed_signs_nobody_in(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing)
    forged = signed(own.claims(nonce=pending.nonce), key=key_of("RS256", "x"))
    own.says["/token"]["id_token"] = forged
    with refused("CREDENTIAL_INVALID", "signature"):
        await finished(own, signing, pending)


async def test_token_is_held_against_the_access_token_beside_it(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing, at_hash="FPlcM-1UXiivOYozpUrp7Q")
    await finished(own, signing, pending)
    own.says["/token"]["access_token"] = "another access token"
    with refused("CREDENTIAL_INVALID", "at_hash"):
        await finished(own, signing, pending)


# ---- what the id token leaves out ------------------------------------------------------------------------------------


async def test_what_the_id_token_leaves_out_is_asked_for(own: OwnProvider) -> None:
    signing = sign_in(own)
    claims = await finished(own, signing, await begun(own, signing, name=None, groups=None))
    assert (claims.name, claims.groups) == ("阿依古丽", ("台账登记",))
    assert own.asked[-1].headers["authorization"] == "Bearer an access token"


async def test_what_the_id_token_says_counts(own: OwnProvider) -> None:
    signing = sign_in(own)
    claims = await finished(own, signing, await begun(own, signing, name=None, groups=[]))
    assert (claims.name, claims.groups) == ("阿依古丽", ())


async def test_nothing_is_asked_for_that_is_known(own: OwnProvider) -> None:
    signing = sign_in(own)
    await finished(own, signing, await begun(own, signing))
    assert own.times("/userinfo") == 0


async def test_answer_about_another_person_is_not_taken(own: OwnProvider) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing, groups=None)
    own.says["/userinfo"]["sub"] = "person-8"
    with refused("CREDENTIAL_INVALID", "sub"):
        await finished(own, signing, pending)


@pytest.mark.parametrize(
    "said",
    [500, 401, b"eyJ.AA.AA", saying(302, {}, "Location: /stolen")],
    ids=["500", "401", "no document", "elsewhere"],
)
async def test_person_of_whom_the_groups_are_not_known_is_not_signed_in(own: OwnProvider, said: Any) -> None:
    signing = sign_in(own)
    pending = await begun(own, signing, groups=None)
    own.says["/userinfo"] = said
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}/userinfo"):
        await finished(own, signing, pending)
    assert own.times("/stolen") == 0


async def test_provider_without_userinfo_is_not_asked(own: OwnProvider) -> None:
    del own.discovery["userinfo_endpoint"]
    signing = sign_in(own)
    claims = await finished(own, signing, await begun(own, signing, groups=None))
    assert claims.groups is None


# ---- the end ----------------------------------------------------------------------------------------------------------


async def test_person_is_sent_to_end_the_session_there_too(own: OwnProvider) -> None:
    address = await sign_in(own).end_session_address("https://taizhang.example/signed-out")
    assert address is not None
    assert address.startswith(f"{own.issuer}/end?of=session&")
    assert {name: value for name, [value] in parse_qs(urlsplit(address).query).items()} == {
        "of": "session",
        "client_id": CLIENT,
        "post_logout_redirect_uri": "https://taizhang.example/signed-out",
    }


async def test_provider_that_ends_no_sessions_has_no_address_for_it(own: OwnProvider) -> None:
    del own.discovery["end_session_endpoint"]
    assert await sign_in(own).end_session_address("https://taizhang.example/") is None


async def test_nobody_begins_or_ends_at_a_provider_that_does_not_answer(own: OwnProvider) -> None:
    own.says["/.well-known/openid-configuration"] = 500
    signing = sign_in(own)
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", own.issuer):
        await signing.begin()
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", own.issuer):
        await signing.end_session_address("https://taizhang.example/")
