"""Signed checkpoints: what they say, who signs them, and that nobody can sign two pasts of one log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson
import pymerkle
import pytest

from service.algorithms.digests import SHA256
from service.algorithms.signers import ED25519
from service.log.checkpoints import Checkpoints, CheckpointWrong, NoCheckpoint
from service.log.event_store import EventStore
from service.log.merkle import Frontier, Tree, verify_consistency
from service.log.signed_note import Checkpoint, Note, NoteInvalid, SignerKey, VerifierKey
from service.log.signing_keys import SigningKeyMissing
from service.log.tree import LogTreeWrong, load_tree
from tests.log.test_verification import tamper
from tests.projections.history import COUNTY, RandomHistory, append_all
from tests.proofs import root_of_multi_proof, verify_inclusion

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVENTS = 700


@pytest.fixture
async def log(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Checkpoints]:
    """A log of several blocks, and its checkpoints."""
    async with EventStore(pool) as store:
        await append_all(store, RandomHistory(3).take(EVENTS))
        yield Checkpoints(pool, tmp_path / "keys", lambda: NOW)


async def bodies(pool: asyncpg.Pool) -> list[bytes]:
    return [row["body"] for row in await pool.fetch("SELECT body FROM event ORDER BY position")]


async def test_a_checkpoint_is_a_signed_note_of_size_and_root(log: Checkpoints, pool: asyncpg.Pool) -> None:
    made = await log.make(COUNTY)
    (key,) = await log.known_keys(COUNTY)
    independent = pymerkle.InmemoryTree(algorithm="sha256")
    for body in await bodies(pool):
        independent.append_entry(body)
    origin, size, root, index, blank, line, end = str(made.note).split("\n")
    assert (origin, size, blank, end) == (f"taizhang/{COUNTY}", str(EVENTS), "", "")
    assert base64.b64decode(root) == independent.get_root()
    assert index == f"index {len(made.index.entries)} {base64.b64encode(made.index.root).decode()}"
    assert line.startswith(f"— taizhang/{COUNTY} ")
    assert made.note.signed_by(key.verifier)
    assert Note.parse(str(made.note)) == made.note
    assert (await log.latest(COUNTY), await log.stored(COUNTY, EVENTS)) == (made.note, made.note)
    again = await log.make(COUNTY)
    assert str(again.note) == str(made.note), "the same log says the same, byte for byte"


async def test_every_size_and_proof_agrees_with_another_implementation(
    log: Checkpoints, pool: asyncpg.Pool
) -> None:
    entries = await bodies(pool)
    whole = Tree(map(SHA256.leaf, entries))
    for size in (1, 2, 255, 256, 257, 511, 512, 513, EVENTS):
        checkpoint = (await log.make(COUNTY, size)).checkpoint
        independent = pymerkle.InmemoryTree(algorithm="sha256")
        for entry in entries[:size]:
            independent.append_entry(entry)
        assert checkpoint.root == independent.get_root() == whole.root(size)
        position = size // 2 + 1
        tree = await log.tree(COUNTY, size, positions=(position,), sizes=(position,))
        proof = tree.inclusion_proof(position - 1)
        assert proof == whole.inclusion_proof(position - 1, size)
        assert verify_inclusion(
            SHA256.leaf(entries[position - 1]), position - 1, size, proof, checkpoint.root
        )
        steps = tree.consistency_proof(position)
        assert verify_consistency(position, whole.root(position), size, checkpoint.root, steps)


async def test_one_proof_for_many_events(log: Checkpoints, pool: asyncpg.Pool) -> None:
    entries = await bodies(pool)
    chosen = [1, 2, 255, 256, 257, 300, EVENTS]
    tree = await log.tree(COUNTY, EVENTS, positions=tuple(chosen))
    places = [position - 1 for position in chosen]
    proof = tree.multi_proof(places)
    leaves = [SHA256.leaf(entries[place]) for place in places]
    root = (await log.make(COUNTY)).checkpoint.root
    assert root_of_multi_proof(leaves, places, EVENTS, proof) == root
    assert root_of_multi_proof([*leaves[1:], leaves[0]], places, EVENTS, proof) != root
    assert root_of_multi_proof(leaves, [0, 2, *places[2:]], EVENTS, proof) != root
    assert root_of_multi_proof(leaves, places, EVENTS, proof[:-1]) is None
    assert root_of_multi_proof(leaves, places, EVENTS, [*proof, root]) is None
    assert root_of_multi_proof(leaves[:-1], places[:-1], EVENTS, proof) != root


async def test_the_index_says_how_far_streams_go_and_where_people_are_named(
    log: Checkpoints, pool: asyncpg.Pool
) -> None:
    """At every size the same, whether the log has moved on or not."""
    now = (await log.make(COUNTY)).index
    then = (await log.make(COUNTY, 400)).index
    rows = await pool.fetch(
        "SELECT stream, max(version) AS version, max(position) AS position FROM event"
        " WHERE position <= 400 GROUP BY stream"
    )
    assert {row["stream"] for row in rows} == {
        key.removeprefix("stream/") for key in then.values if key.startswith("stream/")
    }
    for row in rows:
        assert then.values[f"stream/{row['stream']}"] == {
            "version": row["version"],
            "position": row["position"],
        }
    cared: dict[str, set[str]] = {}
    for row in await pool.fetch("SELECT stream, body FROM event WHERE type = 'asset.custody_assigned'"):
        for duty in orjson.loads(row["body"])["data"]["custody"]["duties"]:
            cared.setdefault(duty["person"], set()).add(row["stream"])
    assert cared
    for person, streams in cared.items():
        assert streams <= set(now.values[f"person/{person}"])
    assert list(now.keys) == sorted(now.keys)
    place = now.place(f"stream/{rows[0]['stream']}")
    assert verify_inclusion(
        SHA256.leaf(now.entries[place]), place, len(now.entries), now.tree().inclusion_proof(place), now.root
    )
    with pytest.raises(KeyError):
        now.place("person/nobody")


async def test_a_log_whose_past_was_changed_gets_no_checkpoint(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """Even by somebody who rewrote leaf, blocks and head: what was signed stays said."""
    before = await log.make(COUNTY)
    forged = SHA256.leaf(b"forged")
    await tamper(database_url, f"UPDATE event SET leaf = '\\x{forged.hex()}' WHERE position = 300")
    await pool.execute("DELETE FROM log_block")
    with pytest.raises(LogTreeWrong):
        await log.make(COUNTY)
    leaves = [row["leaf"] for row in await pool.fetch("SELECT leaf FROM event ORDER BY position")]
    rewritten = Tree(leaves)
    with pytest.raises(CheckpointWrong, match="not whole"):
        await tamper(database_url, f"UPDATE log_head SET root = '\\x{rewritten.root().hex()}'")
        await log.make(COUNTY)
    frontier = Frontier().extended(leaves).to_bytes()
    await tamper(database_url, f"UPDATE log_head SET frontier = '\\x{frontier.hex()}'")
    with pytest.raises(CheckpointWrong, match="is not what it was"):
        await log.make(COUNTY)
    with pytest.raises(LogTreeWrong, match="event 300"):
        await log.consistent(COUNTY, Checkpoint("x", EVENTS - 1, before.checkpoint.root, 0, bytes(32)))


async def test_a_grown_log_is_consistent_with_what_it_was(log: Checkpoints) -> None:
    old = (await log.make(COUNTY, 301)).checkpoint
    await log.make(COUNTY)
    latest, proof = await log.consistent(COUNTY, old)
    assert latest.size == EVENTS
    assert verify_consistency(301, old.root, EVENTS, latest.root, proof)


async def test_sizes_the_log_never_had(log: Checkpoints) -> None:
    for size in (EVENTS + 1, -1):
        with pytest.raises(NoCheckpoint):
            await log.make(COUNTY, size)
        with pytest.raises(NoCheckpoint):
            await log.tree(COUNTY, size)
    with pytest.raises(NoCheckpoint):
        await log.make(COUNTY, 0)  # nothing is no log that could be signed
    with pytest.raises(NoCheckpoint):
        await log.latest(COUNTY)


async def test_the_private_key_is_its_owners_alone(log: Checkpoints) -> None:
    await log.make(COUNTY)
    (file,) = log.keys.folder.glob("*.pem")
    assert file.stat().st_mode & 0o777 == 0o600
    assert log.keys.folder.stat().st_mode & 0o777 == 0o700
    file.chmod(0o640)
    with pytest.raises(SigningKeyMissing, match="chmod 600"):
        await log.make(COUNTY)
    file.rename(file.with_suffix(".away"))
    with pytest.raises(SigningKeyMissing, match="cannot be read"):
        await log.make(COUNTY)


async def test_first_checkpoints_at_once_make_one_key(log: Checkpoints) -> None:
    await asyncio.gather(*(log.make(COUNTY) for _ in range(4)))
    assert len(await log.known_keys(COUNTY)) == 1
    assert len(list(log.keys.folder.glob("*.pem"))) == 1


async def test_an_old_key_still_verifies_after_rotation(log: Checkpoints) -> None:
    old = await log.make(COUNTY, 300)
    await log.rotate(COUNTY)
    new = await log.make(COUNTY)
    first, second = (one.verifier for one in await log.known_keys(COUNTY))
    assert first.key_id != second.key_id
    assert old.note.signed_by(first)
    assert not old.note.signed_by(second)
    assert new.note.signed_by(second)
    assert not new.note.signed_by(first)
    both = await log.make(COUNTY, 300)
    assert both.note.signed_by(first)
    assert both.note.signed_by(second)


async def test_a_witness_signs_beside_the_log(log: Checkpoints) -> None:
    made = await log.make(COUNTY)
    witness = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    stranger = SignerKey("audit.example/county", ED25519.generate(), witness=True)
    signed = Note(made.note.text, (*made.note.signatures, witness.cosign(made.note.text, 1_700_000_000)))
    with pytest.raises(NoteInvalid):
        await log.witness(COUNTY, signed, stranger.verifier)
    with pytest.raises(NoteInvalid):
        await log.witness(COUNTY, made.note, witness.verifier)
    other = made.note.text.replace(f"\n{EVENTS}\n", "\n699\n")
    with pytest.raises((CheckpointWrong, NoCheckpoint)):
        await log.witness(COUNTY, Note(other, (witness.cosign(other, 1),)), witness.verifier)
    assert await log.witness(COUNTY, signed, witness.verifier) == EVENTS
    kept = await log.latest(COUNTY)
    assert kept.signed_by(witness.verifier)
    assert [one.kind for one in await log.known_keys(COUNTY)] == ["LOG", "WITNESS"]


def test_keys_and_notes_are_read_in_one_spelling() -> None:
    key = SignerKey("taizhang/653022", ED25519.generate()).verifier
    assert VerifierKey.parse(str(key)) == key
    assert key.fingerprint == hashlib.sha256(key.public).hexdigest()
    for wrong in ("", "a+b", f"{key}x", str(key).replace("taizhang", "taizhanh")):
        with pytest.raises(NoteInvalid):
            VerifierKey.parse(wrong)
    for note in ("", "text\n", "text\n\n", "text\n\nno signature\n", "text\n\n— a AAAA\n"):
        with pytest.raises(NoteInvalid):
            Note.parse(note)
    good = Checkpoint("log", 3, bytes(32), 1, bytes(32)).text
    assert Checkpoint.parse(good).size == 3
    for wrong in ("", "log\n3\n", good.replace("3", "03"), good + "more\n", good.replace("index", "indes")):
        with pytest.raises(NoteInvalid):
            Checkpoint.parse(wrong)


async def test_a_tree_without_its_leaves_gives_no_proof(log: Checkpoints, pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        tree = await load_tree(connection, COUNTY, EVENTS)
        with pytest.raises(KeyError):
            tree.inclusion_proof(0)
