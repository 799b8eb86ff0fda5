"""The verifier for everybody: what its digest is, and the file. Not about a county, and without a key.

A digest that is published here, in the documents of a version and by the command line is compared by whoever was handed a
verifier, or found one in a pack, before believing what it says.
"""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from domain.values import Sha256, Value
from service.algorithms.digests import SHA256, SM3
from service.api.http.answers import FILE_TAG, headers
from service.api.http.intake import IntakeRoute
from service.api.http.reading import READ_PROBLEMS
from service.audit.pack import verifier_source
from service.audit.verify import FORMAT
from service.version import installed_version

router = APIRouter(
    prefix="/v1/audit/verifier",
    tags=["audit-packs 审计包"],
    route_class=IntakeRoute,
    responses={status: READ_PROBLEMS[status] for status in (400, 403, 408, 422, 429, 431, 500, 503)},
)
_FILE = "/v1/audit/verifier/verify.py"


class PublishedVerifier(Value):
    """The verifier of this version."""

    version: str = Field(title="服务版本")
    format: str = Field(title="审计包格式", description="它能核验的格式")
    sha256: Sha256 = Field(title="文件摘要", description="SHA-256，与 sha256sum 相同")
    sm3: str = Field(title="文件摘要（SM3）", pattern="^[0-9a-f]{64}$")
    bytes: int = Field(title="文件字节数")
    file: str = Field(title="下载路径")


@router.get("", summary="核验程序", response_model=PublishedVerifier)
async def read_verifier() -> Response:
    """The digest of the verifier that this version puts into packs, to compare a copy with (C4.10-09)."""
    source = verifier_source()
    told = PublishedVerifier(
        version=installed_version(),
        format=FORMAT,
        sha256=SHA256.of(source).hex(),
        sm3=SM3.of(source).hex(),
        bytes=len(source),
        file=_FILE,
    )
    return Response(told.model_dump_json(by_alias=True), media_type="application/json")


@router.get(
    "/verify.py",
    summary="下载核验程序",
    response_class=Response,
    responses={
        200: {
            "description": "Python 程序 / the program",
            "content": {"text/x-python": {"schema": {"type": "string"}}},
            "headers": headers("Content-Disposition")["headers"] | {"ETag": FILE_TAG},
        }
    },
)
async def read_verifier_file() -> Response:
    """The verifier: one Python file that needs nothing else."""
    source = verifier_source()
    return Response(
        source,
        media_type="text/x-python",
        headers={
            "Content-Disposition": 'attachment; filename="verify.py"',
            "ETag": f'"{SHA256.of(source).hex()}"',
        },
    )
