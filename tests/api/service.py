"""A running service for tests: the application with its lifespan, a founded county, and keys of several units."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from domain.regulation import Regulation, RegulationInvalid
from service.api.app import ServiceParts, create_app
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from service.commands.founding import found
from service.paper.places import PaperFolder
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE

COUNTY = "653022"
KEYS: dict[str, tuple[str, str, list[str], list[str]]] = {
    "admin": ("COUNTY_GOV", "COUNTY_GOV", ["ADMIN"], [COUNTY]),
    "clerk": (TOWNSHIP, "TOWNSHIP", ["REGISTRAR"], [TOWNSHIP]),
    "approver": (TOWNSHIP, "TOWNSHIP", ["APPROVER"], [TOWNSHIP]),
    "finance": ("FINANCE", "DEPARTMENT", ["REGISTRAR", "APPROVER"], [COUNTY]),
    "neighbour": (OTHER_TOWNSHIP, "TOWNSHIP", ["REGISTRAR", "APPROVER", "PERSONNEL"], [OTHER_TOWNSHIP]),
    "village": (VILLAGE, "VILLAGE", ["REGISTRAR"], [VILLAGE]),
    "agriculture": ("AGRICULTURE", "DEPARTMENT", ["APPROVER"], [COUNTY]),
    "commerce": ("COMMERCE", "DEPARTMENT", ["REGISTRAR"], [COUNTY]),
    "county": ("COUNTY_GOV", "COUNTY_GOV", ["APPROVER"], [COUNTY]),
    "office": ("ASSET_OFFICE", "ASSET_OFFICE", ["OFFICE"], [COUNTY]),
    "personnel": ("COUNTY_GOV", "COUNTY_GOV", ["PERSONNEL"], [COUNTY]),
    "auditor": ("AUDIT", "DEPARTMENT", ["AUDITOR"], [COUNTY]),
    "operator": ("COUNTY_GOV", "COUNTY_GOV", ["OPERATOR"], [COUNTY]),
    "reader": (TOWNSHIP, "TOWNSHIP", ["READER"], [TOWNSHIP]),
    "household": ("H-0012", "HOUSEHOLD", ["READER"], [VILLAGE]),
    "second_village": ("653022202201", "VILLAGE", ["REGISTRAR"], ["653022202201"]),
    "log_auditor": ("COUNTY_GOV", "COUNTY_GOV", ["LOG_AUDITOR"], [COUNTY]),
    "quiet_village": ("653022202209", "VILLAGE", ["REGISTRAR"], ["653022202209"]),
}
"""Name → organisation, its kind, roles, divisions."""


@dataclass(slots=True)
class Service:
    """The service and how tests talk to it."""

    app: FastAPI
    pool: asyncpg.Pool
    http: httpx.AsyncClient
    masters: Path
    """Folder of the master keys of personal data."""
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str | None, **more: str) -> dict[str, str]:
        """Credential and further headers; underscores in names become hyphens."""
        known = {} if who is None else {"Authorization": f"Bearer {self.tokens.get(who, who)}"}
        return known | {name.replace("_", "-"): value for name, value in more.items()}

    async def get(self, path: str, who: str | None = "reader", **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers(who))

    async def post(
        self,
        path: str,
        body: Any,
        who: str | None = "clerk",
        *,
        version: int | None = None,
        key: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """A write with a fresh idempotency key, unless one is given."""
        sent = self.headers(who, Idempotency_Key=key or str(uuid.uuid4()), **headers)
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        return await self.http.post(path, json=body, headers=sent)

    async def write(
        self, path: str, body: Any, who: str = "clerk", *, version: int | None = None
    ) -> dict[str, Any]:
        """A write that has to succeed; its answer."""
        answer = await self.post(path, body, who, version=version)
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    async def read(self, path: str, who: str = "reader", **params: Any) -> Any:
        """A read that has to succeed; its answer."""
        answer = await self.get(path, who, **params)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def head(self) -> int:
        """How many events the log holds."""
        return int((await self.app.state.context.store.head(COUNTY)).position)

    async def person(self, organization: str, name: str = "张三") -> str:
        """A new person of a unit."""
        code = f"P-{uuid.uuid4().hex[:10]}"
        await self.write(
            "/v1/persons", {"person": code, "card": {"name": name, "organization": organization}}, "personnel"
        )
        return code


def new_code(prefix: str = "A") -> str:
    """A code nobody else uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@asynccontextmanager
async def running(
    database_url: str,
    keys: Path | None = None,
    *,
    regulations: dict[str, Regulation] | None = None,
    invalid: dict[str, RegulationInvalid] | None = None,
    pool: asyncpg.Pool | None = None,
    **parts: Any,
) -> AsyncIterator[Service]:
    """The service on a database, with founded counties (only the packaged one unless told) and all its keys.

    `invalid`: counties whose data cannot be used; `pool`: its connections, if not a few without shares; `parts`:
    further ones of `ServiceParts`.
    """
    async with AsyncExitStack() as stack:
        if pool is None:
            pool = await stack.enter_async_context(asyncpg.create_pool(database_url, min_size=2, max_size=12))
        served = regulations or {COUNTY: REGULATION}
        parts.setdefault("masters", Path(stack.enter_context(tempfile.TemporaryDirectory())))
        parts.setdefault("papers", PaperFolder(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        app = create_app(ServiceParts(pool, served, invalid or {}, keys=keys, **parts))
        async with app.router.lifespan_context(app):
            for county in served:
                await found(app.state.context, county)
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
                service = Service(app, pool, http, parts["masters"])
                credentials = Credentials(pool)
                for name, (organization, kind, roles, divisions) in KEYS.items():
                    spec = KeySpec(COUNTY, name, organization, kind, roles, divisions)
                    service.tokens[name] = (await credentials.create(spec, utc_now())).token
                yield service


REGULATION = Regulation.load(county=COUNTY)
