"""`taizhang backup` and `restore` with real processes: beside a running service, over nothing, and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from domain.organization.organization import Organization, OrganizationCard
from service.api.serving import running
from service.commands.actor import Actor
from service.commands.commands import CommandContext, stream_append
from service.commands.founding import FOUNDED_ON, system_actor
from service.database.backup import MANIFEST, Backup, BackupWrong, read
from service.database.embedded import holds_cluster
from service.exit_codes import CommandFailed, ExitCode
from service.log.appending import Append
from service.log.signed_note import Note, VerifierKey
from service.settings import Settings
from tests import papers, second_county as wuqia
from tests.infrastructure.conftest import taizhang

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Iterator

COUNTY: Final = "653022"


def said(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
async def backed_up(place: Path, environment: dict[str, str]) -> dict[str, Any]:
    """A county that was backed up while it was served, went on and signed; then stopped. Its witness keeps the checkpoint."""
    (place / "policy").mkdir()
    wuqia.write_second_county(place / "policy")
    environment["TAIZHANG_POLICY_DIR"] = str(place / "policy")
    settings = Settings(data=place / "data", policy_dir=place / "policy", port=0)
    witness = place / "witness.note"
    async with running(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        said(taizhang("--json", "checkpoint", "show", "100", environment=environment))
        backup = said(taizhang("--json", "backup", str(place / "backup"), environment=environment))
        head = (await service.app.state.context.store.head(COUNTY)).position
        await write_more(service.app.state.context)
        done = taizhang("checkpoint", "export", str(witness), environment=environment)
        assert done.returncode == 0, done.stderr
    return {"backup": backup, "head": head, "witness": witness}


async def write_more(context: CommandContext) -> None:
    """One more event of the log: a company."""
    card = OrganizationCard(
        name="新村合作社",
        kind="COMPANY",
        division=f"{COUNTY}000000",
        superior="COUNTY_GOV",
        valid_from=FOUNDED_ON,
    )
    made = Organization.define("NEWCOMER", card, context.occasion(COUNTY, FOUNDED_ON))
    actor = system_actor(COUNTY, "founding").envelope()
    await context.store.append(COUNTY, Append("more", actor, "more", None, [stream_append(context, made)]))


def elsewhere(place: Path, environment: dict[str, str], name: str, **more: str) -> dict[str, str]:
    return {**environment, "TAIZHANG_DATA": str(place / name)} | more


def serve(place: Path, name: str, keys: Path | None = None) -> Any:
    settings = Settings(data=place / name, policy_dir=place / "policy", port=0, keys=keys)
    return running(settings, host="127.0.0.1", port=0, county=COUNTY)


async def test_backup_is_whole_and_an_older_log_goes_on_only_in_a_new_epoch(
    place: Path, environment: dict[str, str], backed_up: dict[str, Any]
) -> None:
    backup, head = place / "backup", backed_up["head"]
    assert backed_up["backup"]["logs"][0]["position"] == head
    assert sorted(one.name for one in backup.iterdir()) == [MANIFEST, "keys", "policy", "postgresql"]
    assert (backup / "policy" / wuqia.COUNTY / "policy.toml").read_bytes() == (
        place / "policy" / wuqia.COUNTY / "policy.toml"
    ).read_bytes()

    # Over the living county nothing is restored.
    done = taizhang("restore", str(backup), environment=environment)
    assert (done.returncode, done.stdout) == (ExitCode.REFUSED, "")
    assert "nothing is restored over it" in done.stderr

    # Elsewhere, with the keys as they are now: restored, and not served.
    kept = elsewhere(place, environment, "restored", TAIZHANG_KEYS=str(place / "data" / "keys"))
    digest = backed_up["backup"]["digest"]
    told = said(taizhang("--json", "restore", str(backup), "--digest", digest, environment=kept))
    assert told["logs"][COUNTY]["position"] == head
    assert f"it has {head} events, but {head + 1} were signed" in told["olderThanSigned"][0]
    with pytest.raises(CommandFailed, match=f"{head + 1} were signed.*taizhang checkpoint epoch"):
        async with serve(place, "restored", place / "data" / "keys"):
            raise AssertionError("it serves")
    doctor = taizhang("doctor", "--json", environment=kept)
    assert not next(one for one in json.loads(doctor.stdout)["checks"] if one["check"] == f"log {COUNTY}")[
        "ok"
    ]
    assert taizhang("checkpoint", "show", environment=kept).returncode == ExitCode.REFUSED

    # A new epoch says so and is served; its checkpoint is another key's, and the witness sees it.
    old = VerifierKey.parse(said(taizhang("--json", "checkpoint", "keys", environment=kept))[0]["key"])
    epoch = said(taizhang("--json", "checkpoint", "epoch", "--reason", "硬盘损坏", environment=kept))
    assert (epoch["epoch"], epoch["kept"], epoch["lost"]) == (2, head, [head + 1])
    async with serve(place, "restored", place / "data" / "keys") as service:
        assert service.url
    note = place / "after.note"
    assert taizhang("checkpoint", "export", str(note), environment=kept).returncode == 0
    assert not Note.parse(note.read_text()).signed_by(old)
    assert Note.parse(note.read_text()).signed_by(VerifierKey.parse(epoch["key"]))
    witness = [
        "checkpoint", "cosign", str(note), "--key", str(place / "w.pem"), "--name", "w", "--log-key", str(old),
        "--out", str(place / "x"),
    ]  # fmt: skip
    refused = taizhang(*witness, environment=kept)
    assert "not signed by the log's key" in refused.stderr
    seen = taizhang("checkpoint", "consistency", str(backed_up["witness"]), environment=kept)
    assert (seen.returncode, "went on without it in epoch 2" in seen.stderr) == (ExitCode.REFUSED, True)
    assert [one["epoch"] for one in said(taizhang("--json", "checkpoint", "epochs", environment=kept))] == [2]

    # On a machine that has nothing of it, only the exported checkpoint tells; the policy comes along.
    bare = elsewhere(place, environment, "bare")
    del bare["TAIZHANG_POLICY_DIR"]
    told = said(
        taizhang(
            "--json", "restore", str(backup), "--checkpoint", str(backed_up["witness"]), environment=bare
        )
    )
    assert f"{head + 1} were signed" in told["olderThanSigned"][0]
    assert (place / "bare" / "policy" / wuqia.COUNTY / "policy.toml").is_file()
    with pytest.raises(CommandFailed, match=f"{head + 1} were signed"):
        async with serve(place, "bare"):
            raise AssertionError("it serves")


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def damages(backup: Path) -> Iterator[tuple[str, Path, str]]:
    """(what is done, to which file, what is told)"""
    table = next(
        path for path in (backup / "postgresql" / "base").rglob("*") if path.is_file() and path.stat().st_size
    )
    key = next((backup / "keys").glob("*.pem"))
    for path in (table, key, backup / "policy" / wuqia.COUNTY / "policy.toml"):
        yield "change", path, f"{path.relative_to(backup)} is not what was written"
        yield "remove", path, f"{path.relative_to(backup)} is missing"
    yield "add", backup / "postgresql" / "added", "it had no postgresql/added"
    yield "change", backup / MANIFEST, MANIFEST
    yield "remove", backup / MANIFEST, f"it has no {MANIFEST}"


async def test_backup_that_is_not_as_it_was_made_is_refused_by_name(
    place: Path, environment: dict[str, str], backed_up: dict[str, Any]
) -> None:
    backup = place / "backup"
    for done, path, told in damages(backup):
        before = path.read_bytes() if path.exists() else None
        {"change": change, "remove": Path.unlink, "add": Path.touch}[done](path)
        with pytest.raises(BackupWrong) as wrong:
            read(backup)
        assert told in wrong.value.sentence, (done, path)
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    assert read(backup).digest == backed_up["backup"]["digest"]
    empty = elsewhere(place, environment, "restored")
    for arguments, where, told in (
        (["restore", str(backup), "--digest", "0" * 64], empty, "is another backup"),
        (["restore", str(place / "policy")], empty, f"it has no {MANIFEST}"),
        (["backup", str(backup)], environment, "not empty"),
        (["backup", str(place / "data" / "backup")], environment, "data folder itself"),
    ):
        refused = taizhang(*arguments, environment=where)
        assert (refused.returncode, refused.stdout) == (ExitCode.REFUSED, "")
        assert told in refused.stderr.splitlines()[-1]
    assert not holds_cluster(place / "restored")

    # Whole by its digests, and what it says of the log is not true: nothing is left to be started on.
    manifest = backup / MANIFEST
    content = json.loads(manifest.read_text())
    content["about"]["logs"][0]["root"] = "00" * 32
    content["digest"] = Backup(backup, content["about"], read(backup).files).digest
    manifest.write_text(json.dumps(content))
    refused = taizhang("restore", str(backup), environment=elsewhere(place, environment, "third"))
    assert refused.returncode == ExitCode.REFUSED
    assert "are not those backed up" in refused.stderr
    assert not holds_cluster(place / "third")
    assert len(list((place / "third").glob("postgresql.not-verified-*"))) == 1


def test_server_s_database_is_left_to_its_own_tools(
    database_url: str, environment: dict[str, str], place: Path
) -> None:
    for command in ("backup", "restore"):
        done = taizhang(
            command, str(place / "b"), environment={**environment, "TAIZHANG_DATABASE_URL": database_url}
        )
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (ExitCode.REFUSED, "", 1)
        assert "docs/operations.md" in done.stderr


async def test_papers_are_backed_up_on_request_and_open_again_with_their_master_key(
    place: Path, environment: dict[str, str]
) -> None:
    content = papers.pdf("随备份走", padding=100_000)
    clerk = Actor("tests", "key", COUNTY, "COUNTY_GOV", "COUNTY_GOV", frozenset({"APPROVER"}), (COUNTY,))

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    async with running(
        Settings(data=place / "data", port=0), host="127.0.0.1", port=0, county=COUNTY
    ) as service:
        archive = service.app.state.archive
        await archive.receive(clerk, pieces(), "application/pdf", None)
        (archive.place.folder / "incoming" / "half").write_bytes(b"half")
        masters = archive.keys.folder
        said(taizhang("--json", "backup", str(place / "without"), environment=environment))
        said(taizhang("--json", "backup", str(place / "backup"), "--papers", environment=environment))
    assert not (place / "without" / "papers").exists()
    assert [path.name for path in (place / "backup" / "papers").iterdir()] == [COUNTY]
    other = elsewhere(place, environment, "restored")
    done = taizhang("restore", str(place / "backup"), environment=other)
    assert done.returncode == 0, done.stderr
    sealed = taizhang("--json", "papers", "check", environment=other)
    assert sealed.returncode == ExitCode.REFUSED, sealed.stderr
    assert [one["state"] for one in json.loads(sealed.stdout)["wrong"]] == [None]
    opened = said(
        taizhang("--json", "papers", "check", environment=other | {"TAIZHANG_MASTERS": str(masters)})
    )
    assert opened == {"read": 1, "wrong": []}
