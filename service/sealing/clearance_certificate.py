"""The handover certificate as a signed note: what a personnel office keeps, and checks without this service.

Two lines are signed with the key that signs the log's checkpoints: what this is, and the certificate as canonical
JSON. It names the place in the log, and the root of the tree there, at which everything was found handed over. A
note cannot know that its certificate was revoked later: that is asked of the service.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from domain.procedure.subject import canonical_content
from domain.values import BusinessDate, Code, Name, Value

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
    """Text of the certificate; `service.audit.verify` reads it back."""

    certificate_no: Code = Field(title="证明编号")
    person: Code = Field(title="人员编号")
    name: Name = Field(title="姓名")
    issued_by: Code = Field(title="签发单位")
    issued_on: BusinessDate = Field(title="签发日期")
    cases: tuple[Code, ...] = Field(title="已办结的交接")
    position: int = Field(title="日志位置", description="核对到的日志位置", ge=1)
    root: Annotated[str, AfterValidator(_root)] = Field(title="日志根", description="该位置的树根，base64")
    digest: str | None = Field(default=None, title="摘要算法", description="日志的摘要算法；不填为 SHA-256")

    def text(self, origin: str) -> str:
        """The text that is signed; `origin` is the log's name."""
        content = canonical_content(self.model_dump(mode="json", by_alias=True, exclude_none=True)).decode()
        return f"{origin}{_TITLE}\n{content}\n"
