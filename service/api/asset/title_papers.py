"""Papers of titles, asked by their numbers: whether what a 确权书 or 产权证 says still holds, and why not."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.standing import TitlePaperDoubt, doubts_of_share, doubts_of_title
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import Code, Fen, Name, Value
from service.api.http.reading import Read, Reading, get, routes

router = routes("/v1/title-papers", "title-papers 权证")

PaperNumber = Annotated[Name, Query(title="证书编号", description="确权书编号或产权证编号")]


class TitlePaper(Value):
    """A paper of a title as it was given, and whether what it says still holds."""

    number: Annotated[Name, UNIT] = Field(title="证书编号")
    kind: Literal["OWNERSHIP", "TITLE", "REAL_ESTATE"] = Field(
        title="权证种类", description="确权书 / 产权证 / 不动产证"
    )
    asset: Code = Field(title="资产编号")
    holder: Code = Field(title="持证单位")
    amount: Fen | None = Field(default=None, title="证载份额", description="确权书")
    issued_on: date = Field(title="发证日期")
    holds: bool = Field(title="所载内容是否仍然成立")
    doubts: tuple[TitlePaperDoubt, ...] = Field(
        title="不再成立的原因",
        description="已处置 / 尚未确权 / 产权不明晰 / 所有权人已变 / 份额已变（如竣工决算调整） / 已换发新证",
    )


@get(router, "", "按编号核验权证", "asset.read", response_model=TitlePaper)
async def check_title_paper(number: PaperNumber, read: Reading) -> Response:
    """Whether a village's certificate of its share or a certificate of title still says what is so (C4.5-06, C4.3-09).

    NOT_FOUND for a number that was never given in this county.
    """
    stream = await read.context.store.claimed(read.county, "certificate", number)
    if stream is None:
        raise refuse("NOT_FOUND", what=number)
    asset = await read.context.replay(Asset, read.county, stream.removeprefix(Asset.stream_of("")))
    return read.answer(_shown(asset, number, await _share(read, stream, number)))


async def _share(read: Read, stream: str, number: str) -> dict[str, Any] | None:
    """The 确权书 of a number as it was given, a later one of the same village or not; None: the number is of another paper."""
    for event in await read.context.store.read_stream(read.county, stream):
        if event.type == Asset.OwnershipCertificateIssued.TOPIC:
            given: dict[str, Any] = event.data["certificate"]
            if given["number"] == number:
                return given
    return None


def _shown(it: Asset, number: str, share: dict[str, Any] | None) -> dict[str, Any]:
    if share is not None:
        amount = Fen(share["amount"])
        doubts = doubts_of_share(it, share["village"], number, amount)
        told: dict[str, Any] = {"kind": "OWNERSHIP", "holder": share["village"], "amount": amount}
        told["issued_on"] = share["issuedOn"]
    else:
        paper = next(one for one in it.title_certificates.values() if one.number == number)
        doubts = doubts_of_title(it, paper.holder)
        told = {"kind": paper.kind, "holder": paper.holder, "issued_on": paper.decided_on}
    found = TitlePaper(number=number, asset=it.id, holds=not doubts, doubts=doubts, **told)
    return found.model_dump(mode="json", by_alias=True, exclude_none=True)
