"""A service whose webhooks reach receivers of the tests, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.clock import utc_now
from tests.api.bodies import road
from tests.api.service import Service, new_code, running
from tests.receivers import Net, Receiver, eventually, receiving

ENDPOINTS = "/v1/webhook-endpoints"


@dataclass(slots=True)
class Hooked:
    """A service, its small internet, and a clock that can be put forward."""

    service: Service
    net: Net
    ahead: timedelta = timedelta()
    url: str = ""
    keys: Path = field(default_factory=Path)

    def now(self) -> datetime:
        return utc_now() + self.ahead

    async def made(self, receiver: Receiver, who: str = "auditor", **body: Any) -> dict[str, Any]:
        """A new endpoint that is not verified yet, with its keys."""
        url = self.net.put(receiver)
        answer = await self.service.post(ENDPOINTS, {"url": url, "label": "县纪委监委"} | body, who)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def endpoint(self, receiver: Receiver, who: str = "auditor", **body: Any) -> str:
        """A new endpoint that has passed its verification; its id."""
        code = str((await self.made(receiver, who, **body))["endpoint"]["endpoint"])
        answer = await self.service.post(f"{ENDPOINTS}/{code}/verification", {}, who)
        assert (answer.status_code, answer.json()["state"]) == (200, "ACTIVE"), answer.text
        return code

    async def asset(self, **changes: Any) -> str:
        """A new asset, which is one event."""
        asset = new_code()
        await self.service.write("/v1/assets", {"asset": asset, "card": road(**changes)})
        return asset

    async def report(self, asset: str, version: int) -> int:
        """One more event of an asset; its position."""
        state = "IDLE" if version % 2 else "IN_USE"
        body = {"report": {"state": state, "reportedOn": "2022-01-01"}}
        made = await self.service.write(f"/v1/assets/{asset}/status-reports", body, version=version)
        return int(made["position"])

    async def deliveries(self, code: str, who: str = "auditor", **params: Any) -> list[dict[str, Any]]:
        found = await self.service.read(f"{ENDPOINTS}/{code}/deliveries", who, **params)
        return list(found["deliveries"])

    async def attempts(self, code: str, position: int, who: str = "auditor") -> list[dict[str, Any]]:
        found = await self.service.read(f"{ENDPOINTS}/{code}/deliveries/{position}", who)
        return list(found["attempts"])

    async def state(self, code: str, who: str = "auditor") -> dict[str, Any]:
        return dict(await self.service.read(f"{ENDPOINTS}/{code}", who))

    async def until_state(self, code: str, wanted: str, position: int, seconds: float = 10) -> None:
        """Wait until a delivery is in a state."""

        async def there() -> bool:
            found = await self.deliveries(code, after=position - 1, limit=1)
            return bool(found) and (found[0]["position"], found[0]["state"]) == (position, wanted)

        await eventually(there, seconds)


@asynccontextmanager
async def hooking(database_url: str, folder: Path) -> AsyncIterator[Hooked]:
    """A service with webhooks."""
    net = Net()
    hooked: list[Hooked] = []
    clock = lambda: hooked[0].now() if hooked else utc_now()  # noqa: E731
    async with running(
        database_url, folder / "keys", dialler=net.dialler(total_seconds=1.0), clock=clock
    ) as service:
        hooked.append(Hooked(service, net, url=database_url, keys=folder / "keys"))
        yield hooked[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hooked(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hooked]:
    """The service of a module; every test makes endpoints and assets of its own."""
    async with hooking(module_database_url, tmp_path_factory.mktemp("webhooks")) as one:
        yield one


__all__ = ["ENDPOINTS", "Hooked", "hooking", "receiving"]
