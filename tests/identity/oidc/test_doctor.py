"""`taizhang doctor` says whether the identity provider can be used, and why not."""

from __future__ import annotations

import pytest

from service.cli.doctor import CheckResult, identity_provider
from service.settings import Settings
from tests.identity.oidc.own_provider import OwnProvider


async def examined(monkeypatch: pytest.MonkeyPatch, own: OwnProvider) -> list[CheckResult]:
    given = {
        "ISSUER": own.issuer,
        "CLIENT_ID": "c",
        "CLIENT_SECRET": "s",
        "REDIRECT_URI": "https://t.example/",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"TAIZHANG_OIDC_{name}", value)
    return await identity_provider(Settings.from_environment())


async def test_provider_that_can_be_used_is_in_order(
    monkeypatch: pytest.MonkeyPatch, own: OwnProvider
) -> None:
    found = f"{own.issuer} answers, and its keys can be used"
    assert await examined(monkeypatch, own) == [CheckResult("identity provider", ok=True, found=found)]


async def test_provider_that_cannot_be_used_is_not_and_why(
    monkeypatch: pytest.MonkeyPatch, own: OwnProvider
) -> None:
    own.keys.clear()
    found = f"{own.issuer}/keys: no key that may sign"
    assert await examined(monkeypatch, own) == [CheckResult("identity provider", ok=False, found=found)]
    own.says["/keys"] = 500
    [told] = await examined(monkeypatch, own)
    assert (told.ok, told.found) == (False, f"{own.issuer}/keys: status 500, not a document")


async def test_no_provider_is_nothing_to_say() -> None:
    assert await identity_provider(Settings.from_environment()) == []
