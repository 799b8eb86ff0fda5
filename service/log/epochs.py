"""Epochs of a county's log: what is said and signed when a log goes on without events that were signed (a restored backup).

The old keys have signed a log that is lost; they sign nothing else, ever. A new epoch begins with a new key and a note that
says what was kept, what was lost and why, signed by the new key and, where it is there, by the old one. Keys and checkpoints
of the epoch before are put away (`epoch-1/` in the folder of the keys). Whoever holds a lost checkpoint finds it in the note.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from service.algorithms.digests import SHA256, Digest, DigestUnknown, digest_named
from service.log.ends import ends_of
from service.log.signed_note import Note, NoteInvalid, VerifierKey
from service.log.signing_keys import SigningKeyMissing, SigningKeys, not_as_signed, origin_of
from service.log.tree import load_tree

_TEXT: Final = re.compile(
    r"(?P<origin>\S+)\nepoch (?P<number>[0-9]{1,9})\nbegan (?P<began>\S+)\nkept (?P<kept>[0-9]{1,18}) (?P<root>\S+)\n"
    r"(?P<lost>(?:lost [0-9]{1,18} \S+\n)+)(?:digest (?P<digest>\S+)\n)?"
    r"reason (?P<reason>[^\n]+)\nkey (?P<key>\S+)\n"
)


class NoEpochNeeded(Exception):  # noqa: N818  names a state
    """The log is what was signed of it, or its tables do not agree: a new epoch would mend nothing."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Epoch of a log, as its note tells it. Epoch 1 is every log's first; it has no note."""

    origin: str
    number: int
    began: datetime
    kept: tuple[int, bytes]
    """Events the log has when it begins, and the root they make."""
    lost: tuple[tuple[int, bytes], ...]
    """What was signed and is not this log: events, root."""
    reason: str
    key: VerifierKey
    """The key that signs from now on."""
    digest: Digest = SHA256
    """What the roots are made with; an epoch does not change it."""

    @property
    def text(self) -> str:
        """The text that is signed."""
        lost = "".join(f"lost {size} {_b64(root)}\n" for size, root in self.lost)
        named = "" if self.digest is SHA256 else f"digest {self.digest.name}\n"
        return (
            f"{self.origin}\nepoch {self.number}\nbegan {self.began.astimezone(UTC).isoformat()}\n"
            f"kept {self.kept[0]} {_b64(self.kept[1])}\n{lost}{named}reason {self.reason}\nkey {self.key}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `text`; `NoteInvalid`."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise NoteInvalid("the note of an epoch says epoch, began, kept, lost, reason and key")
        lost = [line.split(" ") for line in found["lost"].splitlines()]
        try:
            digest = SHA256 if found["digest"] is None else digest_named(found["digest"])
        except DigestUnknown as error:
            raise NoteInvalid(f"the note of an epoch cannot be read: {error}") from error
        return cls(
            found["origin"],
            int(found["number"]),
            datetime.fromisoformat(found["began"]),
            (int(found["kept"]), base64.b64decode(found["root"], validate=True)),
            tuple((int(size), base64.b64decode(root, validate=True)) for _, size, root in lost),
            found["reason"],
            VerifierKey.parse(found["key"]),
            digest,
        )


def notes_of(keys: SigningKeys, county: str) -> list[Note]:
    """The notes of a county's epochs, in order; `SigningKeyMissing` if one cannot be read."""
    notes = []
    for path in sorted(keys.folder.glob(f"{county}-epoch-*.note"), key=_number):
        try:
            note = Note.parse(path.read_text("utf-8"))
            Epoch.parse(note.text)
        except (OSError, UnicodeDecodeError, NoteInvalid, ValueError) as error:
            raise SigningKeyMissing(f"The note of an epoch cannot be read from {path}: {error}.") from error
        notes.append(note)
    return notes


async def begin(connection: Any, keys: SigningKeys, county: str, reason: str, now: datetime) -> Note:
    """Begin a new epoch of a log that is not what was signed of it; gives the note.

    `NoEpochNeeded` when the log is what was signed, or damaged in itself.
    """
    ends = next(iter(await ends_of(connection, county)), None)
    if ends is not None and ends.problem is not None:
        raise NoEpochNeeded(f"the log of {county} is not whole: {ends.problem}; an epoch does not mend that")
    head = 0 if ends is None or ends.head is None else ends.head
    signed = keys.kept(county)
    lost = [one for one in signed if await not_as_signed(connection, county, head, [one])]
    if not lost:
        raise NoEpochNeeded(
            f"the log of {county} is what was signed of it; there is nothing to begin anew for"
        )
    tree = await load_tree(connection, county, head)
    number = 2 + len(notes_of(keys, county))
    try:
        old = await keys.before(connection, county)
    except SigningKeyMissing:
        old = []
    new = await keys.begin_anew(connection, county, now)
    epoch = Epoch(
        origin_of(county), number, now, (head, tree.root()), tuple(sorted({(one.size, one.root) for one in lost})),
        " ".join(reason.split()), new.verifier, tree.digest,
    )  # fmt: skip
    note = Note(epoch.text, tuple(one.sign(epoch.text) for one in (new, *old)))
    keys.write_note(f"{county}-epoch-{number}.note", note)
    keys.put_away(county, number - 1, new.verifier)
    return note


def described(note: Note) -> dict[str, Any]:
    """An epoch for people and programs."""
    epoch = Epoch.parse(note.text)
    return {
        "origin": epoch.origin,
        "epoch": epoch.number,
        "began": epoch.began.isoformat(),
        "kept": epoch.kept[0],
        "lost": [size for size, _ in epoch.lost],
        "reason": epoch.reason,
        "key": str(epoch.key),
        "note": str(note),
    }


def lost_in(notes: Sequence[Note], size: int, root: bytes) -> int | None:
    """The number of the epoch whose note gives this checkpoint up; None: none does."""
    for epoch in (Epoch.parse(note.text) for note in notes):
        if (size, root) in epoch.lost:
            return epoch.number
    return None


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
