"""Checkpoints and proofs over HTTP, as somebody checks them who has nothing but the answers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from service.algorithms.digests import SHA256
from service.algorithms.signers import ED25519
from service.log.merkle import verify_consistency
from service.log.signed_note import Note, SignerKey, VerifierKey
from tests.api.bodies import road
from tests.api.service import Service, new_code, running
from tests.proofs import verify_inclusion


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service with a folder for keys."""
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


def raw(texts: Any) -> Any:
    return [base64.b64decode(one) for one in texts] if isinstance(texts, list) else base64.b64decode(texts)


async def test_without_keys_nothing_is_signed(signing: Service) -> None:
    app = signing.app
    kept, app.state.checkpoints = app.state.checkpoints, None
    answer = await signing.get("/v1/checkpoints/latest")
    app.state.checkpoints = kept
    assert (answer.status_code, answer.json()["code"]) == (503, "SIGNING_KEY_UNAVAILABLE")


async def test_a_checkpoint_is_made_once_and_read_by_everybody(signing: Service) -> None:
    assert (await signing.get("/v1/checkpoints/latest")).json()["code"] == "NOT_FOUND"
    made = await signing.write("/v1/checkpoints", {}, "auditor")
    assert made["size"] == await signing.head()
    assert await signing.write("/v1/checkpoints", {"size": made["size"]}, "operator") == made
    assert await signing.read("/v1/checkpoints/latest") == made
    assert await signing.read(f"/v1/checkpoints/{made['size']}") == made
    (key,) = await signing.read("/v1/log/keys")
    assert Note.parse(made["note"]).signed_by(VerifierKey.parse(key["key"]))
    assert (await signing.get("/v1/checkpoints/1")).json()["code"] == "NOT_FOUND"
    for nothing in (0, -1, False, True, "7"):
        refused = await signing.post("/v1/checkpoints", {"size": nothing}, "operator")
        assert (refused.status_code, refused.json()["code"]) == (422, "FIELD_INVALID"), nothing
    beyond = await signing.post("/v1/checkpoints", {"size": 10**9}, "auditor")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "NOT_FOUND")


async def test_events_come_with_proofs_that_they_are_in_the_log_of_a_size(signing: Service) -> None:
    """Each proof leads to the root of that size; what came after it has none; messages have none."""
    name, before = "proven", await signing.head()
    await signing.write("/v1/feeds", {"feed": name, "label": "县财政一体化"}, "auditor")
    await signing.write("/v1/assets", {"asset": new_code(), "card": road()})
    await signing.write("/v1/assets", {"asset": new_code(), "card": road()})
    size = await signing.head()
    await signing.write("/v1/assets", {"asset": new_code(), "card": road()})
    for path, more in ((f"/v1/feeds/{name}/events", {}), ("/v1/events", {"after": before})):
        events = (await signing.read(path, "auditor", proof_size=size, **more))["events"]
        assert [one["position"] for one in events] == [size - 1, size, size + 1]
        assert events[2].get("proof") is None
        root = raw(events[0]["proof"]["root"])
        for event in events[:2]:
            proof = event["proof"]
            assert (proof["position"], proof["size"]) == (event["position"], size)
            leaf, way = raw(proof["leaf"]), raw(proof["proof"])
            assert verify_inclusion(leaf, event["position"] - 1, size, way, root)
            alone = await signing.read("/v1/log/proofs/inclusion", position=event["position"], size=size)
            assert alone == proof
    for params, code in (
        ({"proof_size": size + 2}, "POSITION_UNKNOWN"),
        ({"form": "thin", "proof_size": 1}, "FIELD_INVALID"),
    ):
        answer = await signing.get(f"/v1/feeds/{name}/events", "auditor", **params)
        assert answer.json()["code"] == code


async def test_an_event_is_proved_to_be_in_the_log(signing: Service) -> None:
    await signing.write("/v1/assets", {"asset": new_code(), "card": road()})
    head = await signing.head()
    body = await signing.pool.fetchval("SELECT body FROM event WHERE position = $1", head)
    proof = await signing.read("/v1/log/proofs/inclusion", position=head)
    assert raw(proof["leaf"]) == SHA256.leaf(body) == hashlib.sha256(b"\x00" + body).digest()
    assert verify_inclusion(SHA256.leaf(body), head - 1, head, raw(proof["proof"]), raw(proof["root"]))
    made = await signing.write("/v1/checkpoints", {}, "auditor")
    assert made["root"] == proof["root"]
    earlier = await signing.read("/v1/log/proofs/inclusion", position=3, size=7)
    leaf = raw(earlier["leaf"])
    assert verify_inclusion(leaf, 2, 7, raw(earlier["proof"]), raw(earlier["root"]))
    for asked in ({"position": head + 1}, {"position": 8, "size": 7}, {"position": 1, "size": head + 1}):
        refused = await signing.get("/v1/log/proofs/inclusion", **asked)
        assert (refused.status_code, refused.json()["code"]) == (422, "POSITION_UNKNOWN")


async def test_the_log_is_proved_to_have_grown_only(signing: Service) -> None:
    old = await signing.write("/v1/checkpoints", {}, "auditor")
    await signing.write("/v1/assets", {"asset": new_code(), "card": road()})
    new = await signing.write("/v1/checkpoints", {}, "auditor")
    proof = await signing.read("/v1/log/proofs/consistency", old_size=old["size"])
    assert (proof["oldRoot"], proof["root"]) == (old["root"], new["root"])
    assert verify_consistency(
        old["size"], raw(old["root"]), new["size"], raw(new["root"]), raw(proof["proof"])
    )
    refused = await signing.get("/v1/log/proofs/consistency", old_size=new["size"] + 1)
    assert refused.json()["code"] == "POSITION_UNKNOWN"


async def test_a_witness_signs_beside_the_log(signing: Service) -> None:
    made = await signing.write("/v1/checkpoints", {}, "auditor")
    witness = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    note = Note.parse(made["note"])
    signed = str(Note(note.text, (*note.signatures, witness.cosign(note.text, 1_700_000_000))))
    path = f"/v1/checkpoints/{made['size']}/witnesses"
    stranger = SignerKey("audit.example/county", ED25519.generate(), witness=True).verifier
    for body in ({"note": signed, "key": str(stranger)}, {"note": "x", "key": "y"}):
        answer = await signing.post(path, body, "office")
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID")
    wrong = await signing.post(
        "/v1/checkpoints/1/witnesses", {"note": signed, "key": str(witness.verifier)}, "office"
    )
    assert wrong.json()["code"] == "FIELD_INVALID"
    kept = await signing.write(path, {"note": signed, "key": str(witness.verifier)}, "office")
    assert Note.parse(kept["note"]).signed_by(witness.verifier)
    kinds = [one["kind"] for one in await signing.read("/v1/log/keys")]
    assert kinds == ["LOG", "WITNESS"]


async def test_a_log_that_was_rewritten_is_called_so(signing: Service) -> None:
    made = await signing.write("/v1/checkpoints", {}, "auditor")
    text = await signing.pool.fetchval("SELECT text FROM checkpoint WHERE size = $1", made["size"])
    forged = text.replace(made["root"], base64.b64encode(bytes(32)).decode())
    await signing.pool.execute("UPDATE checkpoint SET text = $1 WHERE size = $2", forged, made["size"])
    answer = await signing.post("/v1/checkpoints", {}, "auditor")
    await signing.pool.execute("UPDATE checkpoint SET text = $1 WHERE size = $2", text, made["size"])
    assert (answer.status_code, answer.json()["code"]) == (503, "CHECKPOINT_CONFLICT")
