"""The settings TAIZHANG_OIDC_…: all that a provider needs, or a sentence that names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.exit_codes import SettingsWrong
from service.identity.oidc.issuer import Issuer
from service.settings import Settings

GIVEN = {
    "ISSUER": "https://id.example",
    "CLIENT_ID": "taizhang",
    "CLIENT_SECRET": "top secret",
    "REDIRECT_URI": "https://taizhang.example/signed-in",
}


def issuer_of(monkeypatch: pytest.MonkeyPatch, **given: str | Path) -> Issuer | None:
    for name, value in given.items():
        monkeypatch.setenv(f"TAIZHANG_OIDC_{name}", str(value))
    return Issuer.from_settings(Settings.from_environment())


def wrong(monkeypatch: pytest.MonkeyPatch, **given: str | Path) -> str:
    with pytest.raises(SettingsWrong) as caught:
        issuer_of(monkeypatch, **given)
    return caught.value.sentence


def test_no_provider_is_named_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert issuer_of(monkeypatch) is None


def test_provider_is_what_the_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"AUDIENCE": "https://taizhang.example/v1", "SCOPE": "openid profile groups"}
    assert issuer_of(monkeypatch, **GIVEN, **more) == Issuer(
        issuer="https://id.example",
        client_id="taizhang",
        client_secret="top secret",
        redirect_uri="https://taizhang.example/signed-in",
        audience="https://taizhang.example/v1",
        scope="openid profile groups",
        algorithms=("RS256", "ES256", "EdDSA"),
        skew_seconds=60,
        answer_seconds=5.0,
    )


def test_secret_may_stand_in_a_file_of_its_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    file.chmod(0o600)
    given = {name: value for name, value in GIVEN.items() if name != "CLIENT_SECRET"}
    issuer = issuer_of(monkeypatch, **given, CLIENT_SECRET_FILE=file)
    assert issuer is not None
    assert issuer.client_secret == "from a file"
    assert "CLIENT_SECRET_FILE are both set" in wrong(monkeypatch, CLIENT_SECRET="another")
    monkeypatch.delenv("TAIZHANG_OIDC_CLIENT_SECRET")
    file.chmod(0o640)
    assert "can be read by others" in wrong(monkeypatch)
    file.chmod(0o600)
    file.write_text("\n")
    assert "TAIZHANG_OIDC_CLIENT_SECRET is not" in wrong(monkeypatch)
    file.write_bytes(b"\xff")
    assert "CLIENT_SECRET_FILE cannot be read" in wrong(monkeypatch)
    file.unlink()
    assert "CLIENT_SECRET_FILE cannot be read" in wrong(monkeypatch)


@pytest.mark.parametrize("name", ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"])
def test_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given = {one: value for one, value in GIVEN.items() if one != name}
    assert f"TAIZHANG_OIDC_{name} is not" in wrong(monkeypatch, **given)


@pytest.mark.parametrize(
    "name", ["CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "AUDIENCE", "CLIENT_SECRET_FILE"]
)
def test_variable_without_a_provider_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert (
        wrong(monkeypatch, **{name: "x"}) == f"TAIZHANG_OIDC_{name} is set and TAIZHANG_OIDC_ISSUER is not."
    )


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("ISSUER", "http://id.example", "has no TLS"),
        ("REDIRECT_URI", "http://taizhang.example/", "has no TLS"),
        ("AUDIENCE", "taizhang", "told apart"),
        ("SCOPE", "profile", "OIDC_SCOPE"),
        ("CA_FILE", "/nowhere/ca.pem", "TAIZHANG_OIDC_CA_FILE"),
    ],
)
def test_variable_that_is_wrong_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    assert why in wrong(monkeypatch, **{**GIVEN, name: value})


def test_secret_is_in_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "top secret" not in wrong(monkeypatch, **{**GIVEN, "ISSUER": "http://id.example"})
    assert "top secret" not in repr(Settings.from_environment())
