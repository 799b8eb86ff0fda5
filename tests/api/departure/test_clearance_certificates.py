"""The handover certificate: signed with the log's key, checked offline, and told to be revoked when it is."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.algorithms.signers import ED25519
from service.api.http.public import Asking
from service.audit import verify
from service.cli import main as cli
from service.exit_codes import ExitCode
from service.log.merkle import Frontier
from service.log.signed_note import SignerKey, VerifierKey
from tests.api.departure.departing import Departure, departure
from tests.api.service import Service, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service with a folder for keys."""
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


@dataclass
class Cleared:
    """Somebody who handed everything over and has the certificate."""

    leaving: Departure
    number: str
    issued: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/v1/clearance-certificates/{self.number}"


async def cleared(service: Service) -> Cleared:
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.hand_over()
    issued = await service.write(
        f"/v1/clearances/{leaving.outgoing}", {"issuedBy": "COUNTY_GOV"}, "personnel"
    )
    return Cleared(leaving, issued["resource"]["clearances"][-1]["certificateNo"], issued)


async def note_of(service: Service, one: Cleared) -> bytes:
    answer = await service.get(f"{one.path}/note", "personnel")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    return bytes(answer.content)


async def key_of(service: Service) -> str:
    keys = await service.read("/v1/log/keys")
    return str(next(one["key"] for one in keys if one["kind"] == "LOG" and "retiredAt" not in one))


async def test_the_certificate_verifies_with_the_public_key_of_the_log(signing: Service) -> None:
    one = await cleared(signing)
    raw = await note_of(signing, one)
    found = verify.verify_certificate(raw, await key_of(signing))
    assert (found["verdict"], found["person"]) == ("GOOD", one.leaving.outgoing)
    assert (found["name"], found["issuedBy"], found["cases"]) == (
        "张三",
        "COUNTY_GOV",
        [one.leaving.path.rsplit("/", 1)[1]],
    )
    assert found["position"] == one.issued["position"] - 1
    leaves = await signing.pool.fetch(
        "SELECT leaf FROM event WHERE position <= $1 ORDER BY position", found["position"]
    )
    root = Frontier().extended([row["leaf"] for row in leaves]).root()
    assert base64.b64decode(found["root"]) == root
    assert await note_of(signing, one) == raw


async def test_a_change_of_any_byte_fails(signing: Service) -> None:
    raw = await note_of(signing, await cleared(signing))
    key = await key_of(signing)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(verify.Bad):
            verify.verify_certificate(changed, key)


async def test_it_is_not_signed_by_another_log_s_key_nor_about_something_else(signing: Service) -> None:
    one = await cleared(signing)
    raw, key = await note_of(signing, one), await key_of(signing)
    for another in (
        SignerKey("taizhang/653023", ED25519.generate()).verifier,
        SignerKey("taizhang/653022", ED25519.generate()).verifier,
    ):
        with pytest.raises(verify.Bad, match="签名不符"):
            verify.verify_certificate(raw, str(another))
    with pytest.raises(verify.Bad, match="whole key"):
        verify.verify_certificate(raw, VerifierKey.parse(key).fingerprint)
    checkpoint = await signing.write("/v1/checkpoints", {}, "auditor")
    with pytest.raises(verify.Bad, match="不是交接证明"):
        verify.verify_certificate(checkpoint["note"].encode(), key)


async def test_certificate_and_the_history_somebody_kept(signing: Service) -> None:
    """Its place in the log belongs to the history of a checkpoint kept before or after it: with a proof."""
    before = await signing.write("/v1/checkpoints", {}, "auditor")
    one = await cleared(signing)
    raw, key = await note_of(signing, one), await key_of(signing)
    position = verify.verify_certificate(raw, key)["position"]
    after = await signing.write("/v1/checkpoints", {}, "auditor")
    for kept in (before, after):
        sizes = sorted([kept["size"], position])
        proof = await signing.get("/v1/log/proofs/consistency", "auditor", old_size=sizes[0], size=sizes[1])
        assert proof.status_code == 200, proof.text
        found = verify.verify_certificate(raw, key, verify.Since(kept["note"].encode(), proof.content))
        assert found["since"] == kept["size"]
        with pytest.raises(verify.Bad, match="old_size="):
            verify.verify_certificate(raw, key, verify.Since(kept["note"].encode(), None))
        wrong = proof.content.replace(
            b'"proof":["', b'"proof":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","'
        )
        with pytest.raises(verify.Bad, match="历史被改动"):
            verify.verify_certificate(raw, key, verify.Since(kept["note"].encode(), wrong))


async def test_a_revoked_certificate_is_told(signing: Service) -> None:
    one = await cleared(signing)
    state = await signing.read(one.path, "personnel")
    assert (state["state"], state["person"], state["name"]) == ("VALID", one.leaving.outgoing, "张三")
    finding = {"finding": "F-1", "text": "账外收入", "documentNo": "审〔2023〕9号"}
    found = {"auditorOrganization": "AUDIT", "finding": finding, "occurredOn": "2023-05-04"}
    await signing.write(f"{one.leaving.path}/findings", found, "auditor")
    state = await signing.read(one.path, "personnel")
    assert (state["state"], state["revokedOn"]) == ("REVOKED", "2023-05-04")
    assert state["revokedFor"].endswith("账外收入")
    refused = await signing.get(f"{one.path}/note", "personnel")
    assert (refused.status_code, refused.json()["code"]) == (409, "CLEARANCE_REVOKED")


def digest_of(raw: bytes) -> str:
    """The digest of what stands above a certificate's signatures, as a stranger makes it."""
    return hashlib.sha256(raw.rpartition(b"\n\n")[0] + b"\n").hexdigest()


async def asked(service: Service, one: Cleared, digest: str, county: str | None = None) -> dict[str, Any]:
    """What somebody without a key is told."""
    told = {"digest": digest} | ({} if county is None else {"county": county})
    answer = await service.http.get(f"{one.path}/standing", params=told)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def patient(signing: Service) -> None:
    """Nobody has asked yet."""
    signing.app.state.asking = Asking()


@pytest.mark.usefixtures("patient")
async def test_a_stranger_asks_whether_a_certificate_holds(signing: Service) -> None:
    """With what he holds, its number and text; told who issued it and when, and nothing about the person."""
    one = await cleared(signing)
    raw = await note_of(signing, one)
    told = await asked(signing, one, digest_of(raw))
    assert told == {
        "certificate": one.number, "state": "VALID", "issuedBy": "COUNTY_GOV", "issuedOn": told["issuedOn"],
    }  # fmt: skip
    assert await asked(signing, one, digest_of(raw), "653022") == told
    ask = verify.verify_certificate(raw, await key_of(signing))["ask"]
    assert (await signing.http.get(ask)).json() == told

    finding = {"finding": "F-1", "text": "账外收入", "documentNo": "审〔2023〕9号"}
    body = {"auditorOrganization": "AUDIT", "finding": finding, "occurredOn": "2023-05-04"}
    await signing.write(f"{one.leaving.path}/findings", body, "auditor")
    revoked = await asked(signing, one, digest_of(raw))
    assert revoked == told | {"state": "REVOKED", "revokedOn": "2023-05-04"}


@pytest.mark.usefixtures("patient")
async def test_a_later_certificate_of_the_same_person_supersedes(signing: Service) -> None:
    one = await cleared(signing)
    raw = await note_of(signing, one)
    again = await signing.write(
        f"/v1/clearances/{one.leaving.outgoing}", {"issuedBy": "COUNTY_GOV"}, "personnel"
    )
    later = again["resource"]["clearances"][-1]
    told = await asked(signing, one, digest_of(raw))
    assert (told["state"], told["supersededOn"]) == ("SUPERSEDED", later["issuedOn"])
    newest = Cleared(one.leaving, later["certificateNo"], again)
    assert (await asked(signing, newest, digest_of(await note_of(signing, newest))))["state"] == "VALID"


@pytest.mark.usefixtures("patient")
async def test_without_number_and_text_nothing_is_told(signing: Service) -> None:
    """A number that exists and one that does not are told the same; so is another certificate's text."""
    one, other = await cleared(signing), await cleared(signing)
    for number, digest in (
        (one.number, "0" * 64),
        (one.number, digest_of(await note_of(signing, other))),
        ("QZ-0000000000000000", digest_of(await note_of(signing, one))),
    ):
        told = await asked(signing, Cleared(one.leaving, number, {}), digest)
        assert told == {"certificate": number, "state": "UNKNOWN"}
    for digest in ("", "x", "0" * 63):
        answer = await signing.http.get(f"{one.path}/standing", params={"digest": digest})
        assert answer.status_code == 422, answer.text
    assert (await signing.http.get(f"{one.path}/standing")).status_code == 422


async def test_who_asks_on_and_on_is_slowed_down(signing: Service) -> None:
    """By address, wherever nothing is found too; others go on."""
    signing.app.state.asking = Asking(at_once=3, every=60.0)
    path = "/v1/clearance-certificates/QZ-0000000000000000/standing"
    codes = [(await signing.http.get(path, params={"digest": "0" * 64})).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    slowed = await signing.http.get(path, params={"digest": "0" * 64})
    assert (slowed.json()["code"], slowed.headers["retry-after"].isdecimal()) == ("TOO_MANY_REQUESTS", True)
    assert signing.app.state.asking._of_sender.wait("192.0.2.7", 0.0) == 0
    signing.app.state.asking = Asking()


async def test_a_number_that_nobody_gave_is_unknown(signing: Service) -> None:
    unknown = "/v1/clearance-certificates/QZ-0000000000000000"
    assert await signing.read(unknown, "personnel") == {
        "certificate": "QZ-0000000000000000",
        "state": "UNKNOWN",
    }
    answer = await signing.get(f"{unknown}/note", "personnel")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_without_the_key_the_state_is_told_all_the_same(signing: Service) -> None:
    one = await cleared(signing)
    app = signing.app
    kept, app.state.checkpoints = app.state.checkpoints, None
    answer = await signing.get(f"{one.path}/note", "personnel")
    state = await signing.read(one.path, "personnel")
    app.state.checkpoints = kept
    assert (answer.status_code, answer.json()["code"]) == (503, "SIGNING_KEY_UNAVAILABLE")
    assert state["state"] == "VALID"


async def test_the_command_line_checks_it_offline(
    signing: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = await cleared(signing)
    raw = await note_of(signing, one)
    key = await key_of(signing)
    file, forged = tmp_path / "certificate.txt", tmp_path / "forged.txt"
    file.write_bytes(raw)
    forged.write_bytes(raw.replace(one.leaving.outgoing.encode(), one.leaving.incoming.encode()))
    assert cli.run(["--json", "verify", str(file), "--key", key]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["good"], said["certificateNo"], said["person"]) == (True, one.number, one.leaving.outgoing)
    assert cli.run(["verify", str(file), "--key", key]) == 0
    assert f"GET {one.path}" in capsys.readouterr().out
    assert cli.run(["verify", str(forged), "--key", key]) == ExitCode.REFUSED
    assert "BAD" in capsys.readouterr().err
    fingerprint = VerifierKey.parse(key).fingerprint
    for wrong, code in (
        ([], ExitCode.SIGNER_UNKNOWN),
        (["--key", fingerprint], ExitCode.REFUSED),
        (["--key", str(tmp_path / "none.txt")], ExitCode.USAGE),
    ):
        assert cli.run(["verify", str(file), *wrong]) == code
        said = capsys.readouterr()
        assert "GOOD" not in said.out
        assert "通过" not in said.out
        assert said.err.count("\n") == 1
