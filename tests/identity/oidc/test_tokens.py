"""Tokens: what the provider signed for us is believed, and nothing that anybody else could have made."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, strategies as st
from joserfc.jwk import OKPKey, RSAKey

from domain.refusals import Refusal
from service.identity.oidc.provider import Provider
from service.identity.oidc.tokens import IdentityClaims, Tokens
from tests.identity.oidc.own_provider import (
    AUDIENCE,
    CLIENT,
    OwnProvider,
    by_hand,
    encoded,
    hmac_by,
    key_of,
    public,
    refused,
    signed,
    symmetric,
)

HALF_OF_SHA256 = "FPlcM-1UXiivOYozpUrp7Q"
HALF_OF_SHA512 = "9UL8Bx6o74X3_A6XW5iK4-LmMHW0iJMLZ2YNNd2z1kc"
"""printf 'an access token' | openssl dgst -sha256 -binary | head -c 16 | base64; -sha512, head -c 32"""


def tokens(own: OwnProvider, **more: Any) -> Tokens:
    return Tokens(own.provider(**more), clock=own.clock)


async def person(own: OwnProvider, token: str, **more: Any) -> IdentityClaims:
    return await tokens(own).of_person(token, nonce="n-1", **more)


# ---- what is believed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_id_token_of_the_provider_is_believed(own: OwnProvider, algorithm: str) -> None:
    own.keys[:] = [public(key_of(algorithm), "1", use="sig")]
    said = own.claims(auth_time=own.at(-60), amr=["pwd", "otp"], azp=CLIENT)
    assert await person(own, signed(said, algorithm=algorithm)) == IdentityClaims(
        issuer=own.issuer,
        subject="person-7",
        client="taizhang",
        name="阿依古丽",
        groups=("台账登记",),
        authenticated_at=datetime(2026, 11, 30, 0, 59, tzinfo=UTC),
        expires_at=datetime(2026, 11, 30, 1, 5, tzinfo=UTC),
        amr=("pwd", "otp"),
    )


async def test_what_a_provider_need_not_say_is_not_made_up(own: OwnProvider) -> None:
    claims = await person(own, signed(own.claims(name=None, groups=None)))
    assert (claims.name, claims.groups, claims.authenticated_at, claims.amr) == ("", None, None, ())
    named = await person(own, signed(own.claims(name=None, preferred_username="ayg")))
    assert named.name == "ayg"


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "application/at+jwt"])
async def test_access_token_of_a_system_is_believed(own: OwnProvider, typ: str | None) -> None:
    assert await tokens(own).of_system(signed(own.system_claims(), typ=typ)) == IdentityClaims(
        issuer=own.issuer,
        subject="system-3",
        client="finance",
        name="",
        groups=None,
        authenticated_at=None,
        expires_at=datetime(2026, 11, 30, 1, 5, tzinfo=UTC),
        amr=(),
    )


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ({"client_id": None, "azp": "tax"}, "tax"),
        ({"client_id": None}, "system-3"),
        ({"azp": "finance"}, "finance"),
    ],
)
async def test_client_of_a_system_is_who_got_the_token(
    own: OwnProvider, said: dict[str, Any], client: str
) -> None:
    assert (await tokens(own).of_system(signed(own.system_claims(**said)))).client == client


async def test_clocks_may_differ_by_a_minute(own: OwnProvider) -> None:
    await person(own, signed(own.claims(iat=own.at(-300), exp=own.at(-59))))
    await person(own, signed(own.claims(iat=own.at(60), nbf=own.at(60))))
    with refused("CREDENTIAL_EXPIRED", "exp"):
        await person(own, signed(own.claims(iat=own.at(-300), exp=own.at(-60))))


async def test_token_without_kid_is_believed_of_a_single_key(own: OwnProvider) -> None:
    own.keys.append(public(key_of("ES256"), "2", use="sig"))
    await person(own, signed(own.claims(), kid=None))
    own.keys.append(public(key_of("RS256", "another"), "3", use="sig"))
    with refused("CREDENTIAL_INVALID", "no key"):
        await person(own, signed(own.claims(), kid=None))


async def test_places_where_a_token_says_its_key_lies_are_not_looked_at(own: OwnProvider) -> None:
    theirs = key_of("RS256", "theirs")
    own.says["/theirs"] = {"keys": [public(theirs, "1")]}
    elsewhere = {"jku": f"{own.issuer}/theirs", "x5u": f"{own.issuer}/theirs", "jwk": public(theirs, "1")}
    await person(own, signed(own.claims(), **elsewhere))
    for told in (elsewhere, {name: elsewhere[name] for name in ("jwk",)}):
        with refused("CREDENTIAL_INVALID", "signature"):
            await person(own, signed(own.claims(), key=theirs, **told))
    assert own.times("/theirs") == 0


@pytest.mark.parametrize(
    ("algorithm", "half_hash"),
    [("RS256", HALF_OF_SHA256), ("EdDSA", HALF_OF_SHA512)],
)
async def test_access_token_is_held_against_its_hash(
    own: OwnProvider, algorithm: str, half_hash: str
) -> None:
    own.keys[:] = [public(key_of(algorithm), "1")]
    token = signed(own.claims(at_hash=half_hash), algorithm=algorithm)
    await person(own, token, access_token="an access token")
    with refused("CREDENTIAL_INVALID", "at_hash"):
        await person(own, token, access_token="another access token")


async def test_max_age_is_held_against_when_the_person_proved_who_they_are(own: OwnProvider) -> None:
    await person(own, signed(own.claims(auth_time=own.at(-360))), max_age=300)
    with refused("CREDENTIAL_EXPIRED", "auth_time"):
        await person(own, signed(own.claims(auth_time=own.at(-361))), max_age=300)
    with refused("CREDENTIAL_INVALID", "auth_time"):
        await person(own, signed(own.claims()), max_age=300)


# ---- what is not -----------------------------------------------------------------------------------------------------

Forge = Callable[[OwnProvider], str]


def pem(own: OwnProvider) -> bytes:
    return key_of("RS256").as_pem(private=False)


FORGED: dict[str, tuple[str, Forge]] = {
    "not signed": ("alg", lambda own: by_hand({"alg": "none", "kid": "1"}, own.claims())),
    "not signed, spelled otherwise": ("alg", lambda own: by_hand({"alg": "None", "kid": "1"}, own.claims())),
    "signature left out": ("signature", lambda own: by_hand({"alg": "RS256", "kid": "1"}, own.claims())),
    "by the public key as a secret": (
        "alg",
        lambda own: by_hand({"alg": "HS256", "kid": "1"}, own.claims(), hmac_by(pem(own))),
    ),
    "by the client's secret": (
        "alg",
        lambda own: signed(
            own.claims(), algorithm="HS256", key=symmetric(b"0123456789abcdef0123456789abcdef")
        ),
    ),
    "by an algorithm that is not on our list": ("alg", lambda own: signed(own.claims(), algorithm="RS512")),
    "by another key of that name": ("signature", lambda own: signed(own.claims(), key=key_of("RS256", "x"))),
    "content changed": (
        "signature",
        lambda own: changed(signed(own.claims()), json.dumps(own.claims(sub="person-8")).encode()),
    ),
    "key not known": ("no key", lambda own: signed(own.claims(), kid="2")),
    "critical header": ("crit", lambda own: signed(own.claims(), crit=["b64"], b64=True)),
    "an access token": ("typ", lambda own: signed(own.claims(), typ="at+jwt")),
    "a logout token": ("typ", lambda own: signed(own.claims(), typ="logout+jwt")),
    "another issuer": ("iss", lambda own: signed(own.claims(iss="https://other.example"))),
    "the issuer with a slash": ("iss", lambda own: signed(own.claims(iss=own.issuer + "/"))),
    "no issuer": ("iss", lambda own: signed(own.claims(iss=None))),
    "another audience": ("aud", lambda own: signed(own.claims(aud="other"))),
    "another audience that begins so": ("aud", lambda own: signed(own.claims(aud=CLIENT + "2"))),
    "other audiences": ("aud", lambda own: signed(own.claims(aud=["other", AUDIENCE]))),
    "no audience": ("aud", lambda own: signed(own.claims(aud=None))),
    "an empty list of audiences": ("aud", lambda own: signed(own.claims(aud=[]))),
    "several audiences and no party": ("azp", lambda own: signed(own.claims(aud=[CLIENT, "other"]))),
    "given to another client": ("azp", lambda own: signed(own.claims(aud=[CLIENT, "other"], azp="other"))),
    "given to another client alone": ("azp", lambda own: signed(own.claims(azp="other"))),
    "no nonce": ("nonce", lambda own: signed(own.claims(nonce=None))),
    "another nonce": ("nonce", lambda own: signed(own.claims(nonce="n-2"))),
    "a nonce that is a list": ("nonce", lambda own: signed(own.claims(nonce=["n-1"]))),
    "no end": ("exp", lambda own: signed(own.claims(exp=None))),
    "an end that is a text": ("exp", lambda own: signed(own.claims(exp="2027-01-01"))),
    "an end that is true": ("exp", lambda own: signed(own.claims(exp=True))),
    "an end beyond all calendars": ("exp", lambda own: signed(own.claims(exp=10**17))),
    "an end that is no number": ("no claims", lambda own: signed(not_a_number(own))),
    "no beginning": ("iat", lambda own: signed(own.claims(iat=None))),
    "issued later": ("iat", lambda own: signed(own.claims(iat=own.at(61)))),
    "not yet valid": ("nbf", lambda own: signed(own.claims(nbf=own.at(61)))),
    "no subject": ("sub", lambda own: signed(own.claims(sub=None))),
    "an empty subject": ("sub", lambda own: signed(own.claims(sub=""))),
    "a subject that is a number": ("sub", lambda own: signed(own.claims(sub=7))),
    "a subject of many characters": ("sub", lambda own: signed(own.claims(sub="7" * 256))),
    "a subject with a line's end": ("sub", lambda own: signed(own.claims(sub="7\n8"))),
    "groups that are a number": ("groups", lambda own: signed(own.claims(groups=7))),
    "groups that are objects": ("groups", lambda own: signed(own.claims(groups=[{"name": "系统管理员"}]))),
    "hundreds of groups": ("groups", lambda own: signed(own.claims(groups=["x"] * 501))),
    "a name of many characters": ("name", lambda own: signed(own.claims(name="台" * 256))),
    "means that are an object": ("amr", lambda own: signed(own.claims(amr={"otp": True}))),
    "a list of claims": ("no claims", lambda own: signed([own.claims()])),
    "claims that are no JSON": ("no claims", lambda own: signed(b"{")),
    "a header that is a list": ("no token", lambda own: by_hand(["alg"], own.claims())),
    "a header that is a text": ("no token", lambda own: by_hand("alg", own.claims())),
    "a header with a key's name that is a list": (
        "no token",
        lambda own: by_hand({"alg": "RS256", "kid": ["1"]}, own.claims()),
    ),
    "a header with a type that is a number": (
        "no token",
        lambda own: by_hand({"alg": "RS256", "kid": "1", "typ": 1}, own.claims()),
    ),
    "a header without end": (
        "no token",
        lambda own: by_hand({"alg": "RS256", "x": "x" * 5000}, own.claims()),
    ),
    "encrypted": ("no token", lambda own: "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA"),
    "too long": ("no token", lambda own: signed(own.claims(name="x" * 20_000))),
    "no token": ("no token", lambda own: "台账"),
    "nothing": ("no token", lambda own: ""),
}


def changed(token: str, payload: bytes) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encoded(payload).decode()}.{signature}"


def not_a_number(own: OwnProvider) -> bytes:
    return json.dumps(own.claims(exp=float("nan"))).encode()


@pytest.mark.parametrize(("why", "forge"), FORGED.values(), ids=FORGED)
async def test_forged_id_token_is_not_believed(own: OwnProvider, why: str, forge: Forge) -> None:
    with refused("CREDENTIAL_INVALID", why):
        await person(own, forge(own))


async def test_expired_id_token_is_told_from_a_wrong_one(own: OwnProvider) -> None:
    with refused("CREDENTIAL_EXPIRED", "exp"):
        await person(own, signed(own.claims(exp=own.at(-61))))


FORGED_OF_SYSTEMS: dict[str, tuple[str, Forge]] = {
    "not signed": ("alg", lambda own: by_hand({"alg": "none", "kid": "1"}, own.system_claims())),
    "by the public key as a secret": (
        "alg",
        lambda own: by_hand({"alg": "HS256", "kid": "1"}, own.system_claims(), hmac_by(pem(own))),
    ),
    "an id token": ("aud", lambda own: signed(own.claims())),
    "a logout token": ("typ", lambda own: signed(own.system_claims(), typ="logout+jwt")),
    "another audience": ("aud", lambda own: signed(own.system_claims(aud="https://other.example"))),
    "no audience": ("aud", lambda own: signed(own.system_claims(aud=None))),
    "another issuer": ("iss", lambda own: signed(own.system_claims(iss="https://other.example"))),
    "no end": ("exp", lambda own: signed(own.system_claims(exp=None))),
    "no subject": ("sub", lambda own: signed(own.system_claims(sub=None))),
    "two clients": ("azp", lambda own: signed(own.system_claims(azp="tax"))),
    "not yet valid": ("nbf", lambda own: signed(own.system_claims(nbf=own.at(61)))),
    "issued later": ("iat", lambda own: signed(own.system_claims(iat=own.at(61)))),
}


@pytest.mark.parametrize(("why", "forge"), FORGED_OF_SYSTEMS.values(), ids=FORGED_OF_SYSTEMS)
async def test_forged_access_token_is_not_believed(own: OwnProvider, why: str, forge: Forge) -> None:
    with refused("CREDENTIAL_INVALID", why):
        await tokens(own).of_system(forge(own))


async def test_expired_access_token_is_told_from_a_wrong_one(own: OwnProvider) -> None:
    with refused("CREDENTIAL_EXPIRED", "exp"):
        await tokens(own).of_system(signed(own.system_claims(exp=own.at(-61))))


async def test_access_tokens_are_taken_only_where_an_audience_is_named(own: OwnProvider) -> None:
    with refused("CREDENTIAL_INVALID", "aud"):
        await tokens(own, audience=None).of_system(signed(own.system_claims(aud=CLIENT)))


# ---- keys ------------------------------------------------------------------------------------------------------------

THEIRS: dict[str, Callable[[], dict[str, Any]]] = {
    "of encryption": lambda: public(key_of("RS256", "t"), "t", use="enc"),
    "that encrypts by its operations": lambda: public(key_of("RS256", "t"), "t", key_ops=["encrypt"]),
    "with operations that are none": lambda: public(key_of("RS256", "t"), "t", key_ops=7),
    "of another algorithm": lambda: public(key_of("RS256", "t"), "t", alg="PS256"),
    "with its private half": lambda: dict(key_of("RS256", "t").as_dict(private=True)) | {"kid": "t"},
    "of a kind that nobody knows": lambda: public(key_of("RS256", "t"), "t", kty="PQ"),
    "with a name that is a number": lambda: public(key_of("RS256", "t"), None) | {"kid": 5},
    "without a modulus": lambda: {"kty": "RSA", "kid": "t", "e": "AQAB"},
    "without end": lambda: {"kty": "RSA", "kid": "t", "e": "AQAB", "n": "_" * 4000},
    "that is no number": lambda: {"kty": "RSA", "kid": "t", "e": "AQAB", "n": "=" * 342},
    "off its curve": lambda: {"kty": "EC", "kid": "t", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
    "of another kind's curve": lambda: {"kty": "EC", "kid": "t", "crv": "Ed25519", "x": "AAAA", "y": "AAAA"},
    "of exchanges": lambda: public(OKPKey.generate_key("X25519"), "t"),
}


@pytest.mark.parametrize("theirs", THEIRS.values(), ids=THEIRS)
async def test_key_that_signs_nothing_is_left_out(
    own: OwnProvider, theirs: Callable[[], dict[str, Any]]
) -> None:
    """And leaves the others alone."""
    own.keys.append(theirs())
    provider = own.provider()
    with refused("CREDENTIAL_INVALID", "no key"):
        await Tokens(provider, clock=own.clock).of_person(
            signed(own.claims(), key=key_of("RS256", "t"), kid="t"), nonce="n-1"
        )
    await Tokens(provider, clock=own.clock).of_person(signed(own.claims()), nonce="n-1")


async def test_key_without_a_use_counts_unless_the_set_has_keys_of_encryption(own: OwnProvider) -> None:
    own.keys[:] = [public(key_of("RS256"), "1"), public(key_of("RS256", "t"), "t")]
    await person(own, signed(own.claims()))
    own.keys[1]["use"] = "enc"
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no key"):
        await person(own, signed(own.claims()))


async def test_symmetric_key_in_the_set_signs_nothing(own: OwnProvider) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    listed = {"kty": "oct", "kid": "s", "k": encoded(secret).decode(), "alg": "HS256", "use": "sig"}
    own.keys.append(listed)
    token = by_hand({"alg": "HS256", "kid": "s"}, own.claims(), hmac_by(secret))
    with refused("CREDENTIAL_INVALID", "alg"):
        await person(own, token)
    own.keys[:] = [listed]
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no key"):
        await person(own, signed(own.claims()))


async def test_two_keys_of_one_name_are_neither_believed(own: OwnProvider) -> None:
    own.keys.append(public(key_of("RS256", "another"), "1", use="sig"))
    for key in (key_of("RS256"), key_of("RS256", "another")):
        with refused("CREDENTIAL_INVALID", "no key"):
            await person(own, signed(own.claims(), key=key))


async def test_one_key_listed_twice_is_one_key(own: OwnProvider) -> None:
    own.keys.append(public(key_of("RS256"), "1", use="sig"))
    own.keys.append(public(key_of("RS256"), "1", use="sig", alg="PS256"))
    own.keys.append(public(key_of("ES256"), "1", use="sig"))
    await person(own, signed(own.claims()))


async def test_weak_key_is_left_out(own: OwnProvider) -> None:
    """2046 bits are as many characters as 2048."""
    with pytest.warns(match="2048"):
        weak = RSAKey.import_key(rsa.generate_private_key(65537, 2046))
    own.keys.append(public(weak, "w"))
    with pytest.warns(match="2048"), refused("CREDENTIAL_INVALID", "no key"):
        await person(own, signed(own.claims(), key=weak, kid="w"))


@given(
    token=st.text(max_size=80) | st.binary(max_size=80).map(lambda part: f"{encoded(part).decode()}.e30.AA")
)
async def test_whatever_is_shown_is_refused_and_nothing_breaks(token: str) -> None:
    provider = Provider(OwnProvider(port=1).settings())
    with pytest.raises(Refusal) as caught:
        await Tokens(provider).of_person(token, nonce="n-1")
    assert caught.value.code in {"CREDENTIAL_INVALID", "IDENTITY_PROVIDER_UNAVAILABLE"}
