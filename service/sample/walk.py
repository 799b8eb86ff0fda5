"""Shared by the parts of the demonstration: a credential's view of the service, and the table of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from rich.table import Table


class DemoFailed(Exception):  # noqa: N818  the demonstration's own ending
    """A step of the walk was answered otherwise than it should have been."""


@dataclass(slots=True)
class Client:
    """One credential's view of the service."""

    http: httpx.AsyncClient
    token: str
    keys: Iterator[str]
    """Idempotency keys for the writes of the walk, in their order."""

    async def knows(self, path: str) -> bool:
        """Whether there is something at a path."""
        answer = await self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})
        if answer.status_code != 404:
            _expect(answer, 200)
        return answer.status_code == 200

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Read; anything but 200 ends the demonstration."""
        answer = await self.http.get(path, params=params, headers={"Authorization": f"Bearer {self.token}"})
        return _expect(answer, 200)

    async def post(
        self, path: str, body: Mapping[str, Any], *, version: int | None = None, expect: int = 201
    ) -> dict[str, Any]:
        """Write with a fresh idempotency key; `expect` is the status that the walk counts on."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": next(self.keys)}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return _expect(await self.http.post(path, json=body, headers=headers), expect)


def _expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        msg = f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:800]}"
        raise DemoFailed(msg)
    body: dict[str, Any] = answer.json()
    return body


@dataclass(slots=True)
class Walk:
    """One asset's way: its path, its version after the last step, and the table of what happened."""

    path: str
    version: int
    table: Table

    def note(self, step: str, answer: dict[str, Any], text: str = "") -> None:
        """One line for something that was recorded."""
        types = "、".join(one["type"] for one in answer["events"]) or "—"
        self.table.add_row(step, types, str(answer.get("position") or ""), text)

    def refused(self, step: str, answer: dict[str, Any]) -> None:
        """One line for something that was refused, with the clause that stands behind it."""
        self.table.add_row(
            f"[red]{step}", f"[red]{answer['code']}", answer["clause"] or "", answer["detail"][:64]
        )

    async def step(self, who: Client, name: str, noun: str, body: dict[str, Any], text: str = "") -> None:
        """Record the next fact about the asset."""
        answer = await who.post(f"{self.path}/{noun}", body, version=self.version)
        self.version = answer["version"]
        self.note(name, answer, text)

    async def try_in_vain(self, who: Client, name: str, noun: str, body: dict[str, Any]) -> None:
        """Something the regulation does not allow."""
        self.refused(name, await who.post(f"{self.path}/{noun}", body, version=self.version, expect=409))
