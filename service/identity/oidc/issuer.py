"""The operator's settings for the county's identity provider: the settings TAIZHANG_OIDC_…, held to what is safe."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from service.exit_codes import SettingsWrong
from service.identity.oidc.asking import ANSWER_SECONDS, is_loopback
from service.identity.oidc.keys import SIGNING
from service.outward import target_of
from service.settings import Settings

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
SKEW_SECONDS: Final = 60
"""So far the provider's clock may be from ours."""
SCOPE: Final = "openid profile"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Identity provider as the operator sets it; ValueError for what no provider can be.

    `audience`: what access tokens of systems are made out to; None: systems have no access by tokens.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    audience: str | None = None
    scope: str = SCOPE
    algorithms: tuple[str, ...] = ALGORITHMS
    skew_seconds: int = SKEW_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        """Hold it to what is safe."""
        if not self.algorithms or not SIGNING.issuperset(self.algorithms):
            raise ValueError("algorithms of a key pair only")
        if self.audience == self.client_id:
            raise ValueError(
                "access tokens are made out to the client that persons sign in for: they could not be told apart"
            )
        if urlsplit(self.issuer).query:
            raise ValueError("a query in the issuer")
        for address in (self.issuer, self.redirect_uri):
            require_safe(address, loopback=True)

    @property
    def on_loopback(self) -> bool:
        """Whether it is on this machine and speaks plain HTTP, and so may all of its addresses."""
        return self.issuer.startswith("http://")

    @classmethod
    def from_settings(cls, settings: Settings) -> Issuer | None:
        """The provider that the settings name, None if they name none; `SettingsWrong`."""
        if settings.oidc_issuer is None:
            for name in ("client_id", "client_secret", "client_secret_file", "redirect_uri", "audience"):
                if getattr(settings, f"oidc_{name}") is not None:
                    raise SettingsWrong(
                        f"TAIZHANG_OIDC_{name.upper()} is set and TAIZHANG_OIDC_ISSUER is not."
                    )
            return None
        secret = _secret(settings)
        given = {
            "CLIENT_ID": settings.oidc_client_id,
            "CLIENT_SECRET": secret,
            "REDIRECT_URI": settings.oidc_redirect_uri,
        }
        for name, value in given.items():
            if value is None:
                raise SettingsWrong(f"TAIZHANG_OIDC_ISSUER is set and TAIZHANG_OIDC_{name} is not.")
        if settings.oidc_ca_file is not None:
            try:
                ssl.create_default_context(cafile=settings.oidc_ca_file)
            except OSError as error:
                raise SettingsWrong(f"TAIZHANG_OIDC_CA_FILE cannot be used: {error}.") from None
        try:
            return cls(
                issuer=settings.oidc_issuer,
                client_id=settings.oidc_client_id or "",
                client_secret=secret or "",
                redirect_uri=settings.oidc_redirect_uri or "",
                audience=settings.oidc_audience,
                scope=settings.oidc_scope,
                ca_file=settings.oidc_ca_file,
            )
        except ValueError as wrong:
            raise SettingsWrong(
                f"The identity provider of TAIZHANG_OIDC_… cannot be used: {wrong}."
            ) from None


def _secret(settings: Settings) -> str | None:
    """The client's secret, from the variable or from a file that only its owner reads."""
    path = settings.oidc_client_secret_file
    if path is None:
        return None if settings.oidc_client_secret is None else settings.oidc_client_secret.get_secret_value()
    if settings.oidc_client_secret is not None:
        raise SettingsWrong("TAIZHANG_OIDC_CLIENT_SECRET and TAIZHANG_OIDC_CLIENT_SECRET_FILE are both set.")
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsWrong(f"{path} can be read by others than its owner: chmod 600 it.")
        return path.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong(f"TAIZHANG_OIDC_CLIENT_SECRET_FILE cannot be read: {error}.") from None


def require_safe(address: str, *, loopback: bool) -> None:
    """ValueError for an address without TLS. `loopback`: whether plain HTTP will do on this machine."""
    target = target_of(address)
    if target.scheme != "https" and not (loopback and is_loopback(target.host)):
        raise ValueError(f"{address} has no TLS: https:// everywhere but on this machine")
