"""Signatures and seals: what other implementations accept; what cannot be opened is told, never guessed."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from service.sealing_keys import SealingKeyMissing, SealingKeys
from service.webhooks.signing import SignatureWrong, SigningKey, headers_of, verify

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)


def test_hmac_is_that_of_the_standards_own_example() -> None:
    key = SigningKey("HMAC", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    moment = datetime.fromtimestamp(1614265330, UTC)
    signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert key.shown == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_every_key_signs_and_any_one_known_is_enough() -> None:
    keys = [SigningKey.fresh("HMAC"), SigningKey.fresh("HMAC"), SigningKey.fresh("ED25519")]
    headers = headers_of("msg_1", NOW, "中".encode(), keys)
    for key in keys:
        assert verify(headers, "中".encode(), [SigningKey.fresh("HMAC").shown, key.shown], NOW)
    with pytest.raises(SignatureWrong):
        verify(
            headers, "中".encode(), [SigningKey.fresh("HMAC").shown, SigningKey.fresh("ED25519").shown], NOW
        )


def test_ed25519_verifies_by_the_public_key_alone() -> None:
    key = SigningKey.fresh("ED25519")
    version, _, signature = key.sign("msg_1", NOW, b"{}").partition(",")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.shown.removeprefix("whpk_")))
    text = b"msg_1.%d.{}" % int(NOW.timestamp())
    public.verify(base64.b64decode(signature), text)
    assert version == "v1a"
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), text + b" ")


@pytest.mark.parametrize(
    ("ahead", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_timestamp_may_be_five_minutes_off(ahead: int, good: bool) -> None:
    key = SigningKey.fresh("HMAC")
    headers = headers_of("msg_1", NOW, b"{}", [key])
    moment = datetime.fromtimestamp(NOW.timestamp() + ahead, UTC)
    if good:
        assert verify(headers, b"{}", [key.shown], moment) == "v1"
    else:
        with pytest.raises(SignatureWrong, match="300"):
            verify(headers, b"{}", [key.shown], moment)


def test_library_of_the_standard_makes_the_same_signature() -> None:
    key = SigningKey.fresh("HMAC")
    assert Webhook(key.shown).sign("msg_1", NOW, "{}") == key.sign("msg_1", NOW, b"{}")


def test_sealed_secret_opens_only_at_its_place_and_with_its_key(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path / "keys", "webhooks")
    name, sealed = keys.seal("653022", "W-1/HMAC-1", b"secret")
    assert b"secret" not in sealed
    assert keys.open("653022", "W-1/HMAC-1", name, sealed) == b"secret"
    for county, place in (("653022", "W-2/HMAC-1"), ("653023", "W-1/HMAC-1")):
        with pytest.raises(SealingKeyMissing):
            keys.open(county, place, name, sealed)
    with pytest.raises(SealingKeyMissing):
        keys.open("653022", "W-1/HMAC-1", name, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_next_key_seals_and_the_one_before_still_opens_what_it_sealed(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path, "webhooks")
    first, sealed = keys.seal("653022", "W-1/1", b"a")
    second = keys.make_next("653022")
    assert (first, second) == ("653022-webhooks-0001", "653022-webhooks-0002")
    assert keys.seal("653022", "W-1/2", b"b")[0] == second
    assert keys.open("653022", "W-1/1", first, sealed) == b"a"
    (tmp_path / f"{first}.key").unlink()
    with pytest.raises(SealingKeyMissing, match="cannot be read"):
        keys.open("653022", "W-1/1", first, sealed)


def test_sealing_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path, "webhooks")
    name, sealed = keys.seal("653022", "W-1/1", b"a")
    path = tmp_path / f"{name}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(SealingKeyMissing, match="chmod 600"):
        keys.open("653022", "W-1/1", name, sealed)
    path.chmod(0o600)
    path.write_text("nonsense")
    with pytest.raises(SealingKeyMissing, match="no sealing key"):
        keys.open("653022", "W-1/1", name, sealed)
