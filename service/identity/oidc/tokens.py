"""Tokens of the provider, verified: the id token of a person who signed in, the access token of a system.

A token is believed when a key of the provider signed it by an allowed algorithm, and it says that it comes from the
provider, is made out to us, and holds now. Keys are found by `kid` in the provider's own set; what a token says of keys
elsewhere (`jku`, `jwk`, `x5u`, `x5c`) is not read.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import CompactSignature, extract_compact, validate_compact
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

from service.clock import utc_now
from service.identity.oidc.provider import Provider
from service.identity.oidc.trouble import NotBelieved, Outdated, refusing

LONGEST: Final = 16 * 1024
"""Characters of a token; a longer one is not looked at."""
LONGEST_TEXT: Final = 255
"""Characters of a subject, a client, a name or a group."""
MOST_GROUPS: Final = 500

_ID_TOKEN_TYPES: Final = (None, "jwt")
_ACCESS_TOKEN_TYPES: Final = (None, "jwt", "at+jwt", "application/at+jwt")
_SHA: Final = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class IdentityClaims:
    """Claims of the provider about who acts. `subject` is unique within `issuer` and never given to anybody else.

    `client`: the client that the token was given to: of a person's sign-in this service, of a system's token the system.
    `groups`: in the provider's order; None where it says nothing of groups. `authenticated_at`: when the person proved
    who they are, if the provider says; `amr`: by what means (RFC 8176). Of a system `name` is empty.
    """

    issuer: str
    subject: str
    client: str
    name: str
    groups: tuple[str, ...] | None
    authenticated_at: datetime | None
    expires_at: datetime
    amr: tuple[str, ...]


class Tokens:
    """Verifies tokens of one provider."""

    def __init__(self, provider: Provider, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._provider = provider
        self._clock = clock

    async def of_person(
        self, token: str, *, nonce: str, access_token: str | None = None, max_age: int | None = None
    ) -> IdentityClaims:
        """What an id token says. `max_age`: seconds since the person proved who they are, if it was asked for.

        CREDENTIAL_INVALID, CREDENTIAL_EXPIRED; IDENTITY_PROVIDER_UNAVAILABLE or _UNFIT where it cannot be judged.
        """
        with refusing():
            issuer = self._provider.issuer
            signed = await self._signed(token, _ID_TOKEN_TYPES)
            said = self._held(
                signed,
                aud={"essential": True, "value": issuer.client_id},
                iat={"essential": True},
                nonce={"essential": True},
            )
            if not _equal_in_constant_time(said["nonce"], nonce):
                raise NotBelieved("nonce: of another sign-in")
            authorized = said.get("azp")
            if authorized is None and isinstance(said["aud"], list) and len(said["aud"]) > 1:
                raise NotBelieved("azp: several audiences and no party")
            if authorized is not None and authorized != issuer.client_id:
                raise NotBelieved("azp: given to another client")
            if access_token is not None and "at_hash" in said:
                expected = _half_hash(signed.headers()["alg"], access_token)
                if not _equal_in_constant_time(said["at_hash"], expected):
                    raise NotBelieved("at_hash: of another access token")
            authenticated = None if said.get("auth_time") is None else _moment(said, "auth_time")
            if max_age is not None:
                if authenticated is None:
                    raise NotBelieved("auth_time: asked for and not said")
                if (self._clock() - authenticated).total_seconds() > max_age + issuer.skew_seconds:
                    raise Outdated("auth_time: too long ago")
            return IdentityClaims(
                issuer=issuer.issuer,
                subject=_text(said, "sub"),
                client=issuer.client_id,
                name=name_in(said),
                groups=groups_in(said),
                authenticated_at=authenticated,
                expires_at=_moment(said, "exp"),
                amr=_texts(said, "amr") or (),
            )

    async def of_system(self, token: str) -> IdentityClaims:
        """What an access token says that a system got by its own credentials; refusals as `of_person`.

        `subject` is whose token it is. A token that the same client got for one of its users has that user's subject:
        what is granted to a system is granted to its subject, not to its client.
        """
        with refusing():
            issuer = self._provider.issuer
            if issuer.audience is None:
                raise NotBelieved("aud: no access tokens are taken")
            signed = await self._signed(token, _ACCESS_TOKEN_TYPES)
            said = self._held(signed, aud={"essential": True, "value": issuer.audience})
            clients = {said[name] for name in ("client_id", "azp") if isinstance(said.get(name), str)}
            if len(clients) > 1:
                raise NotBelieved("azp: another client than client_id")
            subject = _text(said, "sub")
            return IdentityClaims(
                issuer=issuer.issuer,
                subject=subject,
                client=_text({"client": next(iter(clients), subject)}, "client"),
                name="",
                groups=groups_in(said),
                authenticated_at=None,
                expires_at=_moment(said, "exp"),
                amr=(),
            )

    async def _signed(self, token: str, types: Sequence[str | None]) -> CompactSignature:
        """The token, if a key of the provider signed it; `NotBelieved`, `ProviderTrouble`."""
        if len(token) > LONGEST or not token.isascii():
            raise NotBelieved("no token")
        registry = self._provider.registry
        try:
            signed = extract_compact(token.encode(), registry=registry)
            header = _header(signed.headers())
            registry.check_header(header)
        except (JoseError, ValueError) as wrong:
            raise NotBelieved(f"no token: {wrong}") from None
        if "crit" in header:
            raise NotBelieved("crit: nothing beyond the standard is known here")
        typ = header.get("typ")
        if (None if typ is None else typ.lower()) not in types:
            raise NotBelieved(f"typ: {typ!r:.40} is a token for something else")
        algorithm = header["alg"]
        if algorithm not in self._provider.issuer.algorithms:
            raise NotBelieved(f"alg: {algorithm!r:.40} is not allowed")
        key = await self._provider.key(header.get("kid"), algorithm)
        try:
            good = validate_compact(signed, key, registry=registry)
        except (JoseError, ValueError) as wrong:
            raise NotBelieved(f"signature: {wrong}") from None
        if not good:
            raise NotBelieved("signature: of another key or another token")
        return signed

    def _held(self, signed: CompactSignature, **options: ClaimsOption) -> Mapping[str, Any]:
        """What a signed token says, held against issuer, audience and clock."""
        try:
            said = orjson.loads(signed.payload)
        except orjson.JSONDecodeError:
            raise NotBelieved("no claims") from None
        if not isinstance(said, dict):
            raise NotBelieved("no claims")
        issuer = self._provider.issuer
        options["iss"] = {"essential": True, "value": issuer.issuer}
        options["sub"] = options["exp"] = {"essential": True}
        registry = JWTClaimsRegistry(int(self._clock().timestamp()), issuer.skew_seconds, **options)
        try:
            registry.validate(said)
        except ExpiredTokenError:
            raise Outdated("exp: over") from None
        except ClaimError as wrong:
            raise NotBelieved(f"{wrong.claim}: {wrong}") from None
        return said


def name_in(said: Mapping[str, Any]) -> str:
    """The name to show for a person; empty where none is said."""
    return next((_text(said, one) for one in ("name", "preferred_username") if said.get(one)), "")


def groups_in(said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The groups that are said, None where nothing is; `NotBelieved` for what are no groups."""
    return _texts(said, "groups")


def _header(found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError("no header")  # noqa: TRY004  what is wrong is a token, not a type of ours
    return found


def _equal_in_constant_time(said: object, expected: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), expected.encode())


def _half_hash(algorithm: str, token: str) -> str:
    """`at_hash` (OpenID Connect Core, 3.1.3.6); Ed25519 hashes by SHA-512."""
    digest = _SHA.get(algorithm[-3:], hashlib.sha512)(token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or not value.isprintable():
        raise NotBelieved(f"{name}: no text of 1 to {LONGEST_TEXT} characters")
    return value


def _texts(said: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    values = said.get(name)
    if values is None:
        return None
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, list) or len(values) > MOST_GROUPS:
        raise NotBelieved(f"{name}: no list of texts")
    return tuple(_text({name: value}, name) for value in values)


def _moment(said: Mapping[str, Any], name: str) -> datetime:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotBelieved(f"{name}: no moment")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise NotBelieved(f"{name}: no moment") from None
