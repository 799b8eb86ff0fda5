"""The document store as tests use it: uploads, downloads, and what lies in the folder."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.api.bodies import road
from tests.api.service import Service, new_code

ANY = "application/octet-stream"


@dataclass(slots=True)
class Store:
    service: Service
    folder: Path

    async def send(
        self, content: Any, who: str | None = "clerk", media_type: str = ANY, **params: str
    ) -> httpx.Response:
        """An upload; its answer, whatever it is."""
        sent = self.service.headers(who, Content_Type=media_type)
        return await self.service.http.post("/v1/documents", content=content, params=params, headers=sent)

    async def keep(self, content: bytes, who: str = "clerk") -> str:
        """An upload that has to succeed; the digest."""
        answer = await self.send(content, who)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["sha256"])

    async def refused(
        self, content: Any, who: str = "clerk", media_type: str = ANY, **params: str
    ) -> tuple[int, str]:
        """Status and code of an upload that has to be refused; nothing of it stays behind."""
        before = self.lying()
        answer = await self.send(content, who, media_type, **params)
        assert self.lying() == before
        assert not self.incoming()
        return answer.status_code, answer.json()["code"]

    async def fetch(self, digest: str, who: str = "clerk", **headers: str) -> httpx.Response:
        return await self.service.http.get(
            f"/v1/documents/{digest}/content", headers=self.service.headers(who, **headers)
        )

    async def fetch_by_hand(self, digest: str, who: str = "clerk") -> tuple[int, bytes, bool]:
        """What a server sends on: status, bytes, and whether the answer came to its end."""
        headers = {"host": "taizhang", **self.service.headers(who)}
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "root_path": "", "query_string": b"",
            "path": f"/v1/documents/{digest}/content", "raw_path": f"/v1/documents/{digest}/content".encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("taizhang", 80),
        }  # fmt: skip
        sent: list[Any] = []
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Any:
            return next(asked, None) or await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.service.app(scope, receive, send)
        bodies = sent[1:]
        return (
            sent[0]["status"],
            b"".join(one["body"] for one in bodies),
            bool(bodies and not bodies[-1].get("more_body")),
        )

    async def asset(self, *digests: str, kind: str = "ACCEPTANCE") -> str:
        """A road whose file names these papers."""
        asset = new_code("A")
        made = await self.service.write("/v1/assets", {"asset": asset, "card": road()})
        version = made["version"]
        for digest in digests:
            document = {"kind": kind, "document": new_code("D"), "sha256": digest}
            made = await self.service.write(
                f"/v1/assets/{asset}/documents", {"document": document}, version=version
            )
            version = made["version"]
        return asset

    def lying(self) -> list[Path]:
        """The objects of the store."""
        return sorted(self.folder.glob("[0-9]*/*/*"))

    def incoming(self) -> list[Path]:
        """What is being written, or was left behind."""
        return sorted(self.folder.glob("incoming/*"))
