"""The provider: what it says of itself is held to what the operator said, and without its keys nobody is believed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from domain.refusals import Refusal
from service.identity.oidc.asking import ANSWER_BYTES
from service.identity.oidc.issuer import Issuer
from service.identity.oidc.provider import Provider, metadata_in
from service.identity.oidc.tokens import IdentityClaims, Tokens
from service.identity.oidc.trouble import ProviderSilent, ProviderUnfit
from tests.identity.oidc.own_provider import (
    Asked,
    OwnProvider,
    key_of,
    providing,
    public,
    refused,
    saying,
    signed,
)

DISCOVERY = "/.well-known/openid-configuration"


async def person(own: OwnProvider, provider: Provider, kid: str = "1", key: str = "") -> IdentityClaims:
    token = signed(own.claims(), kid=kid, key=key_of("RS256", key))
    return await Tokens(provider, clock=own.clock).of_person(token, nonce="n-1")


# ---- what it says of itself ------------------------------------------------------------------------------------------

UNFIT: dict[str, tuple[str, Callable[[OwnProvider], dict[str, Any]]]] = {
    "another issuer": ("calls itself", lambda own: {"issuer": "http://127.0.0.2"}),
    "the issuer with a slash": ("calls itself", lambda own: {"issuer": own.issuer + "/"}),
    "no issuer": ("calls itself", lambda own: {"issuer": None}),
    "an issuer that is a list": ("calls itself", lambda own: {"issuer": [own.issuer]}),
    "keys elsewhere without TLS": ("jwks_uri", lambda own: {"jwks_uri": "http://idp.example/keys"}),
    "keys in a file": ("jwks_uri", lambda own: {"jwks_uri": "file:///etc/passwd"}),
    "keys at a number": ("jwks_uri", lambda own: {"jwks_uri": 7}),
    "no keys": ("has no jwks_uri", lambda own: {"jwks_uri": None}),
    "tokens elsewhere without TLS": (
        "token_endpoint",
        lambda own: {"token_endpoint": "http://10.0.0.1/token"},
    ),
    "tokens at a name that begins like this machine's": (
        "token_endpoint",
        lambda own: {"token_endpoint": "http://localhost.example/token"},
    ),
    "sign-in without TLS": (
        "authorization_endpoint",
        lambda own: {"authorization_endpoint": "http://a.example/"},
    ),
    "sign-in by a script": (
        "authorization_endpoint",
        lambda own: {"authorization_endpoint": "javascript:alert(1)"},
    ),
    "userinfo without TLS": ("userinfo_endpoint", lambda own: {"userinfo_endpoint": "http://a.example/"}),
    "end of sessions without TLS": (
        "end_session_endpoint",
        lambda own: {"end_session_endpoint": "http://a.example"},
    ),
    "no PKCE": ("does not know PKCE", lambda own: {"code_challenge_methods_supported": ["plain"]}),
    "PKCE that is a text": ("does not know PKCE", lambda own: {"code_challenge_methods_supported": "S256"}),
    "secrets by a key": (
        "takes no client",
        lambda own: {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ),
}


@pytest.mark.parametrize(("why", "said"), UNFIT.values(), ids=UNFIT)
async def test_provider_that_does_not_fit_is_not_used(
    own: OwnProvider, why: str, said: Callable[[OwnProvider], dict[str, Any]]
) -> None:
    own.discovery.update(said(own))
    with refused("IDENTITY_PROVIDER_UNFIT", why):
        await person(own, own.provider())
    assert own.times("/keys") == 0


async def test_provider_without_its_luxuries_is_used(own: OwnProvider) -> None:
    for name in ("userinfo_endpoint", "end_session_endpoint", "code_challenge_methods_supported"):
        del own.discovery[name]
    provider = own.provider()
    await person(own, provider)
    metadata = await provider.metadata()
    assert (metadata.userinfo, metadata.end_session) == (None, None)


async def test_issuer_in_a_folder_is_asked_in_its_folder(own: OwnProvider) -> None:
    own.says["/realms/county" + DISCOVERY] = own.discovery | {"issuer": own.issuer + "/realms/county/"}
    provider = own.provider(issuer=own.issuer + "/realms/county/")
    assert (await provider.metadata()).token == f"{own.issuer}/token"


# ---- what the operator says of it ------------------------------------------------------------------------------------

GIVEN = {
    "issuer": "https://id.example",
    "client_id": "taizhang",
    "client_secret": "s",
    "redirect_uri": "https://t.example/",
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://id.example"},
        {"issuer": "http://10.1.2.3:8080"},
        {"issuer": "http://localhost.example"},
        {"issuer": "http://127.0.0.1.example"},
        {"issuer": "ftp://id.example"},
        {"issuer": "id.example"},
        {"issuer": "https://id.example/?a=b"},
        {"issuer": "https://id.example/#a"},
        {"issuer": "https://user:secret@id.example"},
        {"redirect_uri": "http://t.example/"},
        {"algorithms": ()},
        {"algorithms": ("RS256", "none")},
        {"algorithms": ("RS256", "HS256")},
        {"audience": "taizhang"},
    ],
    ids=str,
)
def test_issuer_that_is_not_safe_cannot_be_named(wrong: dict[str, Any]) -> None:
    Issuer(**GIVEN)
    with pytest.raises(ValueError, match=r"."):
        Issuer(**{**GIVEN, **wrong})


@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.8.9.1", "localhost", "[::1]:80"])
def test_issuer_without_tls_is_on_this_machine(host: str) -> None:
    assert Issuer(**{**GIVEN, "issuer": f"http://{host}"}).on_loopback


def test_issuer_with_tls_has_no_address_without_it_on_this_machine() -> None:
    """Else whoever writes its document makes this service ask its own machine."""
    issuer = Issuer(**GIVEN)
    said = {"issuer": issuer.issuer, "authorization_endpoint": "https://id.example/authorize"}
    said |= {"token_endpoint": "https://id.example/token", "jwks_uri": "https://10.0.0.1/keys"}
    assert metadata_in(issuer, said).jwks == "https://10.0.0.1/keys"
    with pytest.raises(ProviderUnfit, match="jwks_uri"):
        metadata_in(issuer, said | {"jwks_uri": "http://127.0.0.1/keys"})


def test_secret_is_not_shown() -> None:
    assert "top secret" not in repr(Issuer(**{**GIVEN, "client_secret": "top secret"}))


# ---- keys that change ------------------------------------------------------------------------------------------------


async def test_keys_are_asked_for_once(own: OwnProvider) -> None:
    provider = own.provider()
    await asyncio.gather(*(person(own, provider) for _ in range(20)))
    own.steady += 599
    await person(own, provider)
    assert (own.times(DISCOVERY), own.times("/keys")) == (1, 1)
    own.steady += 1
    await asyncio.gather(*(person(own, provider) for _ in range(20)))
    assert (own.times(DISCOVERY), own.times("/keys")) == (2, 2)


async def test_rotated_key_is_believed_and_the_one_before_no_more(own: OwnProvider) -> None:
    provider = own.provider()
    await person(own, provider)
    own.keys[:] = [public(key_of("RS256", "next"), "2", use="sig")]
    own.steady += 30
    await person(own, provider, "2", "next")
    with refused("CREDENTIAL_INVALID", "no key"):
        await person(own, provider)


async def test_made_up_keys_make_nobody_ask_more_than_every_half_minute(own: OwnProvider) -> None:
    provider = own.provider()
    for _ in range(3):
        for number in range(10):
            with refused("CREDENTIAL_INVALID", "no key"):
                await person(own, provider, f"made up {number}")
        own.steady += 29.9
    assert own.times("/keys") == 2  # at 0 s, and the first time after 30 s


async def test_many_who_show_a_new_key_at_once_ask_once(own: OwnProvider) -> None:
    provider = own.provider()
    await person(own, provider)
    own.keys.append(public(key_of("RS256", "next"), "2", use="sig"))
    own.steady += 30
    await asyncio.gather(*(person(own, provider, "2", "next") for _ in range(20)))
    assert own.times("/keys") == 2


# ---- a provider that does not answer, or not so ----------------------------------------------------------------------


async def never(_: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drop_by_drop(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless(_: Asked, writer: asyncio.StreamWriter) -> None:
    """Until the other side hangs up."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def hang_up(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def no_http(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    await writer.drain()


async def cut_off(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"keys":')
    await writer.drain()


BROKEN: dict[str, Any] = {
    "never stops": endless,
    "hangs up": hang_up,
    "speaks no HTTP": no_http,
    "breaks off": cut_off,
    "is broken": 500,
    "knows nothing": 404,
    "sends elsewhere": saying(302, {"keys": []}, "Location: /elsewhere"),
    "says it with another status": saying(201, {"keys": []}),
    "says no JSON": b"<html>",
    "says a list": b"[]",
    "says brackets without end": b"[" * 100_000,
    "says bytes": b"\xff\xfe",
    "says too much": b'{"keys": []' + b" " * ANSWER_BYTES + b"}",
}


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_nobody_is_believed_while_the_provider_is_broken(
    own: OwnProvider, path: str, broken: Any
) -> None:
    own.says["/elsewhere"] = own.says[path]
    own.says[path] = broken
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}{path}: "):
        await person(own, own.provider())
    assert own.times("/elsewhere") == 0


async def late(_: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    await writer.drain()


async def test_answer_that_comes_after_its_time_is_none(own: OwnProvider) -> None:
    own.says[DISCOVERY] = late
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}{DISCOVERY}: no answer within 2 s"):
        await person(own, own.provider(answer_seconds=2))


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("slow", [never, drop_by_drop])
async def test_nobody_is_waited_for_without_end(own: OwnProvider, path: str, slow: Any) -> None:
    own.says[path] = slow
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}{path}: no answer within 2 s"):
        await person(own, own.provider(answer_seconds=2))


async def test_nobody_is_believed_where_nobody_listens() -> None:
    nobody = OwnProvider(port=1)
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", f"{nobody.issuer}{DISCOVERY}: "):
        await person(nobody, nobody.provider())


@pytest.mark.parametrize(
    "document", [{}, {"keys": {}}, {"keys": None}, {"keys": [{"kty": "RSA"}] * 65}], ids=str
)
async def test_nobody_is_believed_by_a_set_of_keys_that_is_none(
    own: OwnProvider, document: dict[str, Any]
) -> None:
    own.says["/keys"] = document
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no set"):
        await person(own, own.provider())


async def test_set_of_thousands_of_keys_is_not_read(own: OwnProvider) -> None:
    """Short enough to be read, were they counted."""
    own.keys.extend({"kid": str(number)} for number in range(5000))
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no set"):
        await person(own, own.provider())


async def test_set_of_no_keys_of_ours_believes_nobody(own: OwnProvider) -> None:
    own.keys[:] = [{"kty": "oct", "k": "AAAA", "kid": "1"}, "key", {}]
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no key"):
        await person(own, own.provider())


async def test_silent_provider_is_believed_for_an_hour_and_no_longer(own: OwnProvider) -> None:
    provider = own.provider()
    await person(own, provider)
    own.says[DISCOVERY] = 503
    own.steady += 3599
    await person(own, provider)
    own.steady += 1
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", ""):
        await person(own, provider)


async def test_key_that_is_not_known_of_a_silent_provider_is_not_judged(own: OwnProvider) -> None:
    """It may be good; who is known goes on working."""
    provider = own.provider()
    await person(own, provider)
    own.says["/keys"] = 503
    own.steady += 30
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", ""):
        await person(own, provider, "2", "next")
    await person(own, provider)


async def test_provider_that_takes_all_its_keys_back_is_obeyed_at_once(own: OwnProvider) -> None:
    provider = own.provider()
    await person(own, provider)
    own.keys.clear()
    own.steady += 600
    with refused("IDENTITY_PROVIDER_UNFIT", f"{own.issuer}/keys: no key"):
        await person(own, provider)


async def test_silent_provider_is_waited_for_by_one_at_a_time_and_not_again_at_once(own: OwnProvider) -> None:
    own.says[DISCOVERY] = never
    provider = own.provider(answer_seconds=2)

    async def refusal() -> str:
        with pytest.raises(Refusal) as caught:
            await person(own, provider)
        return caught.value.code

    assert set(await asyncio.gather(*(refusal() for _ in range(20)))) == {"IDENTITY_PROVIDER_UNAVAILABLE"}
    await refusal()
    assert own.times(DISCOVERY) == 1
    own.steady += 10
    await refusal()
    assert own.times(DISCOVERY) == 2


async def test_those_who_are_known_do_not_wait_for_a_silent_provider(own: OwnProvider) -> None:
    provider = own.provider(answer_seconds=30)
    await person(own, provider)
    asked, own.says[DISCOVERY] = asyncio.Event(), None

    async def never_again(request: Asked, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.sleep(60)

    own.says[DISCOVERY] = never_again
    own.steady += 600
    first = asyncio.create_task(person(own, provider))
    await asked.wait()
    await asyncio.wait_for(person(own, provider), 20)
    assert not first.done()
    first.cancel()


async def test_refusal_says_when_to_come_again(own: OwnProvider) -> None:
    """HTTP makes Retry-After of it."""
    own.says[DISCOVERY] = 503
    with pytest.raises(Refusal) as caught:
        await person(own, own.provider())
    assert caught.value.params == {"seconds": 10}


async def test_provider_that_comes_back_is_used_again(own: OwnProvider) -> None:
    said, own.says[DISCOVERY] = own.says[DISCOVERY], 503
    provider = own.provider()
    with refused("IDENTITY_PROVIDER_UNAVAILABLE", ""):
        await person(own, provider)
    own.says[DISCOVERY] = said
    own.steady += 10
    await person(own, provider)


async def test_trouble_is_said_anew_and_does_not_grow(own: OwnProvider) -> None:
    """The same exception raised again and again would carry the stacks of all who met it."""
    own.says[DISCOVERY] = 503
    provider, causes = own.provider(), []
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            await person(own, provider)
        causes.append(caught.value.__cause__)
    assert [type(one) for one in causes] == [ProviderSilent, ProviderSilent]
    assert causes[0] is not causes[1]
    assert not issubclass(ProviderSilent, ProviderUnfit)


# ---- TLS --------------------------------------------------------------------------------------------------------------


def certified(folder: Path, address: str) -> tuple[ssl.SSLContext, Path]:
    """A certificate of this address that signs itself, for the provider; and the file of it, for the operator."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "id.example")])
    began = datetime.fromtimestamp(folder.stat().st_mtime, UTC)  # certificates go by the machine's clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(began - timedelta(days=1))
        .not_valid_after(began + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public_part, private_part = folder / "certificate.pem", folder / "key.pem"
    public_part.write_bytes(certificate.public_bytes(Encoding.PEM))
    private_part.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public_part, private_part)
    return context, public_part


async def test_provider_is_known_by_the_certificate_that_the_operator_names(tmp_path: Path) -> None:
    context, file = certified(tmp_path, "127.0.0.1")
    async with providing(context) as own:
        await person(own, own.provider(ca_file=file))
        with refused(
            "IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}{DISCOVERY}: [SSL: CERTIFICATE_VERIFY_FAILED]"
        ):
            await person(own, own.provider())


async def test_provider_with_a_certificate_of_another_host_is_not_known(tmp_path: Path) -> None:
    context, file = certified(tmp_path, "127.0.0.2")
    async with providing(context) as own:
        with refused(
            "IDENTITY_PROVIDER_UNAVAILABLE", f"{own.issuer}{DISCOVERY}: [SSL: CERTIFICATE_VERIFY_FAILED]"
        ):
            await person(own, own.provider(ca_file=file))


# ---- below ------------------------------------------------------------------------------------------------------------


async def test_proxy_of_the_environment_is_not_asked(
    own: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await person(own, own.provider())


async def test_provider_is_asked_for_what_can_be_read(own: OwnProvider) -> None:
    await person(own, own.provider())
    asked = own.asked[0].headers
    assert (asked["accept"], asked["accept-encoding"]) == ("application/json", "identity")
    assert asked["host"] == f"127.0.0.1:{own.port}"
