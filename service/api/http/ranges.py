"""Files over HTTP in as many pieces as the line allows: what `Range` asks for, and how it is described."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import Request

from service.api.http.answers import FILE_TAG, headers

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)
WHOLE: Final[dict[str, Any]] = {
    "headers": headers("Accept-Ranges", "Content-Disposition")["headers"] | {"ETag": FILE_TAG}
}
PARTIAL: Final[dict[str, Any]] = {"headers": WHOLE["headers"] | headers("Content-Range")["headers"]}
RANGE: Final = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "所要的字节 / the bytes that are wanted",
    "schema": {"type": "string", "title": "所要的字节", "maxLength": 100},
}
IF_RANGE: Final = {
    "name": "If-Range",
    "in": "header",
    "required": False,
    "description": "只在文件仍有此摘要时续传 / only while the file has this digest",
    "schema": {"type": "string", "title": "续传所依据的摘要", "maxLength": 100},
}


def wanted_of(request: Request, said: dict[str, str], size: int) -> tuple[int, int, int] | None:
    """First byte, last byte and status of what is asked of a file; None if it has no such part.

    `said`: the headers of the whole file, its ETag among them; those of a part are added.
    """
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", said["ETag"]) != said["ETag"]:
        return 0, size - 1, 200
    part = part_of(wanted, size)
    if part is None:
        said["Content-Range"] = f"bytes */{size}"
        return None
    said["Content-Range"] = f"bytes {part[0]}-{part[1]}/{size}"
    return *part, 206


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte of one range of a file; None if it has no such part (or several are asked for)."""
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end < size else None
