"""The handover certificate as a signed note: what a personnel office keeps, and checks without this service.

Two lines are signed with the key that signs the log's checkpoints: what this is, and the certificate as canonical
JSON. It names the place in the log, and the root of the tree there, at which everything was found handed over. A
note cannot know that its certificate was revoked later: that is asked of the service.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Self

import orjson
from pydantic import AfterValidator, Field, ValidationError

from domain.procedure.subject import canonical_content
from domain.values import BusinessDate, Code, Name, Value
from service.log.signed_note import Note, NoteInvalid, VerifierKey

_TITLE: Final = " clearance certificate"


def _root(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(raw) != 32:
        raise ValueError("not the root of a tree")
    return text


class ClearanceCertificate(Value):
    """What the certificate says."""

    certificate_no: Code = Field(title="证明编号")
    person: Code = Field(title="人员编号")
    name: Name = Field(title="姓名")
    issued_by: Code = Field(title="签发单位")
    issued_on: BusinessDate = Field(title="签发日期")
    cases: tuple[Code, ...] = Field(title="已办结的交接")
    position: int = Field(title="日志位置", description="核对到的日志位置", ge=1)
    root: Annotated[str, AfterValidator(_root)] = Field(title="日志根", description="该位置的树根，base64")

    def text(self, origin: str) -> str:
        """The text that is signed; `origin` is the log's name."""
        content = canonical_content(self.model_dump(mode="json", by_alias=True)).decode()
        return f"{origin}{_TITLE}\n{content}\n"

    @classmethod
    def parse(cls, text: str, origin: str) -> Self:
        """The inverse of `text`; `NoteInvalid` for any other spelling, or a certificate of another log."""
        first, _, content = text.partition("\n")
        try:
            found = cls.model_validate(orjson.loads(content))
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise NoteInvalid("a certificate is two lines: what it is, and its content as JSON") from error
        if first != f"{origin}{_TITLE}":
            raise NoteInvalid(f"this is not a certificate of {origin}")
        if found.text(origin) != text:
            raise NoteInvalid("a certificate has one spelling only")
        return found


def looks_like_certificate(raw: bytes) -> bool:
    """Whether a file says of itself that it is one."""
    return raw.split(b"\n", 1)[0].endswith(_TITLE.encode())


def verify_certificate(raw: bytes, key: VerifierKey) -> ClearanceCertificate:
    """What a certificate says, once the signature under it is found to be this key's; `NoteInvalid`."""
    try:
        note = Note.parse(raw.decode())
    except UnicodeDecodeError as error:
        raise NoteInvalid("a certificate is UTF-8 text") from error
    if not note.signed_by(key):
        raise NoteInvalid(f"it is not what {key.name} signed with this key (签名不符)")
    return ClearanceCertificate.parse(note.text, key.name)
