"""A person signs in at the provider: the code flow with PKCE (RFC 7636), state, nonce and the provider's name (RFC 9207).

`begin` gives an address to send the person to, and what has to be kept until they come back; whoever calls keeps it, for
that browser alone, and uses it once. `finish` turns what they came back with into claims.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from domain.refusals import refuse
from service.clock import utc_now
from service.identity.oidc.asking import ProviderAnswer
from service.identity.oidc.provider import Metadata, Provider
from service.identity.oidc.tokens import IdentityClaims, Tokens, groups_in, name_in
from service.identity.oidc.trouble import (
    NotBelieved,
    NotSignedIn,
    ProviderSilent,
    ProviderUnfit,
    noting,
    refusing,
)

PENDING_MINUTES: Final = 10
"""So long a person may take at the provider."""
_LONGEST_RETURN: Final = 2000
_OUR_FAULT: Final = frozenset(
    {"invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope"}
)
"""What the token endpoint says to a client that it knows otherwise (RFC 6749, 5.2)."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that has begun. Kept until the person comes back; all of it is secret but `return_to`."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun_at: datetime
    return_to: str
    """Where in this service the person wanted to go: a path."""
    max_age: int | None = None


class SignIn:
    """Sign-ins at one provider."""

    def __init__(self, provider: Provider, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._provider = provider
        self._clock = clock
        self._tokens = Tokens(provider, clock=clock)

    async def begin(self, return_to: str = "/", *, max_age: int | None = None) -> tuple[str, Pending]:
        """The address to send the person to, and what to keep.

        `max_age`: the person has to have proved who they are within so many seconds; 0: now. FIELD_INVALID for a
        `return_to` that leads out of this service; IDENTITY_PROVIDER_UNAVAILABLE, IDENTITY_PROVIDER_UNFIT.
        """
        if not _is_path(return_to):
            raise refuse(
                "FIELD_INVALID", field="returnTo", reason="不是本服务的路径 / not a path of this service"
            )
        with refusing():
            metadata = await self._provider.metadata()
        issuer = self._provider.issuer
        pending = Pending(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            begun_at=self._clock(),
            return_to=return_to,
            max_age=max_age,
        )
        asked = {
            "response_type": "code",
            "client_id": issuer.client_id,
            "redirect_uri": issuer.redirect_uri,
            "scope": issuer.scope,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": _challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        if max_age is not None:
            asked["max_age"] = str(max_age)
        return _with_query(metadata.authorization, asked), pending

    async def finish(
        self,
        pending: Pending,
        *,
        state: str | None,
        code: str | None,
        iss: str | None,
        error: str | None = None,
    ) -> IdentityClaims:
        """Who signed in. `state`, `code`, `iss`, `error`: what the person's browser came back with.

        SIGN_IN_FAILED for another browser's, a late, a refused or a used one; CREDENTIAL_INVALID, CREDENTIAL_EXPIRED for
        tokens that say nothing; IDENTITY_PROVIDER_UNAVAILABLE, IDENTITY_PROVIDER_UNFIT.
        """
        with refusing():
            if state is None or not hmac.compare_digest(
                state.encode(errors="replace"), pending.state.encode()
            ):
                raise NotSignedIn("state: of another sign-in")
            if self._clock() - pending.begun_at > timedelta(minutes=PENDING_MINUTES):
                raise NotSignedIn("state: begun too long ago")
            metadata = await self._provider.metadata()
            if iss != self._provider.issuer.issuer and (iss is not None or metadata.names_itself):
                raise NotSignedIn("iss: of another provider")
            if error is not None or not code:
                raise NotSignedIn(f"the provider says {error or 'nothing'!s:.60}")
            given = await self._exchange(metadata, code, pending.verifier)
        access_token = given.get("access_token")
        access_token = access_token if isinstance(access_token, str) else None
        claims = await self._tokens.of_person(
            given["id_token"], nonce=pending.nonce, access_token=access_token, max_age=pending.max_age
        )
        if metadata.userinfo is None or access_token is None or (claims.name and claims.groups is not None):
            return claims
        with refusing():
            return await self._completed(claims, metadata.userinfo, access_token)

    async def end_session_address(self, return_to: str) -> str | None:
        """Where to send a person so that the provider ends its session too; None where it has no such address.

        `return_to`: the full address of this service that the provider knows and sends the person back to.
        IDENTITY_PROVIDER_UNAVAILABLE, IDENTITY_PROVIDER_UNFIT.
        """
        with refusing():
            metadata = await self._provider.metadata()
        if metadata.end_session is None:
            return None
        asked = {"client_id": self._provider.issuer.client_id, "post_logout_redirect_uri": return_to}
        return _with_query(metadata.end_session, asked)

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        """The code for tokens. `NotSignedIn` for one that is used or not ours, `ProviderTrouble`."""
        issuer = self._provider.issuer
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": issuer.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if metadata.authenticates_by == "client_secret_basic":
            both = f"{quote_plus(issuer.client_id)}:{quote_plus(issuer.client_secret)}"
            headers["Authorization"] = f"Basic {b64encode(both.encode()).decode()}"
        else:
            form |= {"client_id": issuer.client_id, "client_secret": issuer.client_secret}
        with noting():
            return _tokens_in(await self._provider.asker.post(metadata.token, headers, form))

    async def _completed(self, claims: IdentityClaims, userinfo: str, access_token: str) -> IdentityClaims:
        """The claims with what the id token left out. `NotBelieved`, `ProviderSilent`."""
        with noting():
            answer = await self._provider.asker.get(userinfo, {"Authorization": f"Bearer {access_token}"})
            said = answer.document
            if answer.status != 200 or said is None:
                raise ProviderSilent(f"{userinfo}: status {answer.status}, not a document")
        if said.get("sub") != claims.subject:
            raise NotBelieved("sub: of another person than the id token's")
        groups = groups_in(said) if claims.groups is None else claims.groups
        return replace(claims, name=claims.name or name_in(said), groups=groups)


def _tokens_in(answer: ProviderAnswer) -> Mapping[str, Any]:
    """The token endpoint's answer; the settings are to blame for `invalid_client` and such, the code for `invalid_grant`."""
    said = answer.document or {}
    if answer.status == 200 and isinstance(said.get("id_token"), str):
        return said
    error = said.get("error")
    if isinstance(error, str) and error in _OUR_FAULT:
        raise ProviderUnfit(f"does not take this service's question: {error}")
    if error == "invalid_grant":
        raise NotSignedIn("code: used, over or of another sign-in")
    if answer.status == 200:
        raise ProviderUnfit("gives no id token")
    raise ProviderSilent(f"token endpoint: status {answer.status}, {error!r:.60}")


def _is_path(address: str) -> bool:
    """Whether a browser takes it for a path here, and not for another host (`//host`, a backslash for a slash)."""
    return (
        address.startswith("/")
        and not address.startswith("//")
        and "\\" not in address
        and address.isprintable()
        and len(address) <= _LONGEST_RETURN
    )


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"
