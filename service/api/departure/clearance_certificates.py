"""Handover certificates (移交证明): whether one holds, and the signed text that can be checked without this service.

Whoever holds a certificate may ask whether it still holds, without a key: he names its number and the digest of its text,
so that nothing can be found out by trying numbers, and is told nothing about the person.
"""

from __future__ import annotations

import base64
import hmac
from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from domain.organization.person import Clearance, Person
from domain.refusals import refuse
from domain.values import Code, Sha256, Value
from service.algorithms.digests import SHA256
from service.api.http.answers import headers
from service.api.http.public import COUNTY_PARAMETER, PublicReading, asked_now
from service.api.http.reading import RULED, Read, Reading, described, get, routes
from service.api.log.checkpoints import as_problem, checkpoints_of
from service.log.checkpoints import Checkpoints
from service.log.signed_note import Note
from service.log.signing_keys import origin_of
from service.log.tree import LogTree
from service.sealing.clearance_certificate import ClearanceCertificate

router = routes("/v1/clearance-certificates", "care 管护责任")

CertificateNo = Annotated[Code, Path(title="证明编号")]


class CertificateState(Value):
    """State of a certificate as the log knows it now."""

    certificate: str = Field(title="证明编号")
    state: Literal["VALID", "REVOKED", "UNKNOWN"] = Field(
        title="证明状态", description="有效 / 已撤销 / 未曾签发"
    )
    person: str | None = Field(default=None, title="人员编号")
    name: str | None = Field(default=None, title="姓名")
    issued_on: date | None = Field(default=None, title="签发日期")
    issued_by: str | None = Field(default=None, title="签发单位")
    cases: tuple[str, ...] | None = Field(default=None, title="已办结的交接")
    position: int | None = Field(default=None, title="日志位置", description="核对到的日志位置")
    revoked_on: date | None = Field(default=None, title="撤销日期")
    revoked_for: str | None = Field(default=None, title="撤销原因")


@get(router, "/{certificate}", "核验移交证明", "clearance.read", response_model=CertificateState)
async def check_clearance_certificate(certificate: CertificateNo, read: Reading) -> Response:
    """Whether a certificate holds now: valid, revoked with the reason, or never issued in this county (C4.10-11)."""
    found = await _find(read, certificate)
    if found is None:
        return read.answer({"certificate": certificate, "state": "UNKNOWN"})
    person, clearance = found
    state = CertificateState(
        certificate=certificate,
        state="REVOKED" if clearance.revoked else "VALID",
        person=person.id,
        name=person.card.name,
        issued_on=clearance.issued_on,
        issued_by=clearance.issued_by,
        cases=clearance.cases,
        position=clearance.position,
        revoked_on=clearance.revoked_on,
        revoked_for=clearance.revoked_for,
    )
    return read.answer(state.model_dump(mode="json", by_alias=True, exclude_none=True))


@get(
    router,
    "/{certificate}/note",
    "下载移交证明",
    "clearance.read",
    response_class=Response,
    responses={
        200: {
            "description": "签名文本 / the signed text",
            "content": {"text/plain": {"schema": {"type": "string"}}},
            **headers("Content-Disposition"),
        },
        **RULED,
    },
)
async def read_clearance_note(certificate: CertificateNo, read: Reading) -> Response:
    """The certificate signed with the log's key (C2SP signed note); `taizhang verify FILE --key KEY` checks it offline.

    CLEARANCE_REVOKED for one that no longer holds, NOT_FOUND for one that was never issued.
    """
    found = await _find(read, certificate)
    if found is None:
        raise refuse("NOT_FOUND", what=certificate)
    person, clearance = found
    if clearance.revoked:
        raise refuse("CLEARANCE_REVOKED", certificate=certificate, reason=clearance.revoked_for)
    note = await as_problem(_signed(checkpoints_of(read.request), read.county, person, clearance))
    return Response(
        str(note),
        media_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{certificate}.txt"'},
    )


class CertificateStanding(Value):
    """Standing of a certificate, as told to a stranger who holds its text."""

    certificate: str = Field(title="证明编号")
    state: Literal["VALID", "REVOKED", "SUPERSEDED", "UNKNOWN"] = Field(
        title="证明状态",
        description="有效 / 已撤销 / 同一人员已另行签发 / 没有这样的证明（编号或摘要不符）",
    )
    issued_by: str | None = Field(default=None, title="签发单位")
    issued_on: date | None = Field(default=None, title="签发日期")
    revoked_on: date | None = Field(default=None, title="撤销日期")
    superseded_on: date | None = Field(default=None, title="另行签发日期")


@router.get(
    "/{certificate}/standing",
    summary="公开核验移交证明",
    response_model=CertificateStanding,
    responses=described({429: "过于频繁 / too many requests"}),
    openapi_extra={"parameters": [COUNTY_PARAMETER]},
)
async def read_clearance_standing(
    certificate: CertificateNo,
    read: PublicReading,
    digest: Annotated[
        Sha256,
        Query(
            title="证明摘要",
            description="签名文本中空行之前的内容（含末尾换行）按日志的摘要算法（SHA-256，或 SM3）算得",
        ),
    ],
) -> Response:
    """Whether a certificate that somebody holds still holds: valid, revoked and when, or followed by a later one (C4.10-11).

    For everybody, with its number and the digest of its text: without both the answer is UNKNOWN, whichever is wrong.
    TOO_MANY_REQUESTS for an address that asks on and on.
    """
    asked_now(read)
    found = await _find(read, certificate)
    unknown = CertificateStanding(certificate=certificate, state="UNKNOWN")
    standing = unknown if found is None else await as_problem(_standing(read, *found, digest))
    return read.answer((standing or unknown).model_dump(mode="json", by_alias=True, exclude_none=True))


async def _standing(
    read: Read, person: Person, clearance: Clearance, digest: str
) -> CertificateStanding | None:
    """What is told of it; None if the digest is not that of its text."""
    log = checkpoints_of(read.request)
    tree = await log.tree(read.county, clearance.position)
    text = _text(read.county, tree, person, clearance)
    if not hmac.compare_digest(tree.digest.of(text.encode()).hex(), digest):
        return None
    later = [one for one in person.clearances if one.position > clearance.position and not one.revoked]
    state: Literal["VALID", "REVOKED", "SUPERSEDED"] = "SUPERSEDED" if later else "VALID"
    return CertificateStanding(
        certificate=clearance.certificate_no,
        state="REVOKED" if clearance.revoked else state,
        issued_by=clearance.issued_by,
        issued_on=clearance.issued_on,
        revoked_on=clearance.revoked_on,
        superseded_on=None if clearance.revoked or not later else later[0].issued_on,
    )


async def _find(read: Read, certificate: str) -> tuple[Person, Clearance] | None:
    """Person of a certificate, by the number that its issue claimed; None if none did. From the events, not a cache."""
    stream = await read.context.store.claimed(read.county, "clearance_certificate", certificate)
    if stream is None:
        return None
    person = await read.context.replay(Person, read.county, stream.removeprefix(Person.stream_of("")))
    return person, next(one for one in person.clearances if one.certificate_no == certificate)


async def _signed(log: Checkpoints, county: str, person: Person, clearance: Clearance) -> Note:
    """The certificate with the root that the log's tree had where everything was found handed over."""
    tree = await log.tree(county, clearance.position)
    return await log.signed(county, _text(county, tree, person, clearance))


def _text(county: str, tree: LogTree, person: Person, clearance: Clearance) -> str:
    """What is signed: the same whenever it is made."""
    content = ClearanceCertificate(
        certificate_no=clearance.certificate_no,
        person=person.id,
        name=person.card.name,
        issued_by=clearance.issued_by,
        issued_on=clearance.issued_on,
        cases=clearance.cases,
        position=clearance.position,
        root=base64.b64encode(tree.root()).decode(),
        digest=None if tree.digest is SHA256 else tree.digest.name,
    )
    return content.text(origin_of(county))
