"""Troubles with a provider or a token.

What exactly was wrong is told to the operator's log, not to whoever showed the token: it would say what to try next.
It is the refusal's `__cause__`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

import structlog

from domain.refusals import refuse

SILENCE_SECONDS: Final = 10.0
"""After a question that was not answered nobody waits for another one for so long."""

log = structlog.get_logger(__name__)


class ProviderTrouble(Exception):  # noqa: N818  names what happened
    """The provider cannot be used now; nobody is believed meanwhile."""

    code: ClassVar[str]


class ProviderSilent(ProviderTrouble):
    """Provider without an answer, or with one that is late, an error of its own, or unreadable."""

    code = "IDENTITY_PROVIDER_UNAVAILABLE"


class ProviderUnfit(ProviderTrouble):
    """Provider whose answer cannot be used: another issuer, no keys, an address without TLS."""

    code = "IDENTITY_PROVIDER_UNFIT"


class NotBelieved(Exception):  # noqa: N818
    """A token that says nothing. `str` is for the operator."""

    code: ClassVar[str] = "CREDENTIAL_INVALID"


class Outdated(NotBelieved):
    """A token that was good once."""

    code = "CREDENTIAL_EXPIRED"


class NotSignedIn(NotBelieved):
    """The person came back from the provider, and not as one who signed in there just now for us."""

    code = "SIGN_IN_FAILED"


@contextmanager
def refusing() -> Iterator[None]:
    """What goes wrong inside is a refusal: IDENTITY_PROVIDER_UNAVAILABLE or _UNFIT, CREDENTIAL_INVALID or _EXPIRED, SIGN_IN_FAILED."""
    try:
        yield
    except ProviderTrouble as trouble:
        raise refuse(trouble.code, seconds=int(SILENCE_SECONDS)) from trouble
    except NotBelieved as wrong:
        log.debug("not_believed", code=wrong.code, why=str(wrong))
        raise refuse(wrong.code) from wrong


@contextmanager
def noting() -> Iterator[None]:
    """Trouble that is met inside is told to the operator's log, once, where it is met."""
    try:
        yield
    except ProviderTrouble as trouble:
        log.warning("identity_provider_trouble", code=trouble.code, why=str(trouble))
        raise
