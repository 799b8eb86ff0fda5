"""Both counties of the tests served by one service, each with its own keys and units."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.regulation import Regulation
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests import second_county as wuqia
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.service import COUNTY, REGULATION, Service, running

NEIGHBOURS = {COUNTY: "653022202209", wuqia.COUNTY: "653024100202"}
UNITS = {COUNTY: (TOWNSHIP, VILLAGE), wuqia.COUNTY: (wuqia.TOWNSHIP, wuqia.VILLAGE)}
KEYS = {
    "clerk": (wuqia.TOWNSHIP, "TOWNSHIP", "REGISTRAR", wuqia.TOWNSHIP),
    "approver": (wuqia.TOWNSHIP, "TOWNSHIP", "APPROVER", wuqia.TOWNSHIP),
    "village": (wuqia.VILLAGE, "VILLAGE", "REGISTRAR", wuqia.VILLAGE),
    "personnel": ("COUNTY_GOV", "COUNTY_GOV", "PERSONNEL", wuqia.COUNTY),
    "auditor": ("AUDIT", "DEPARTMENT", "AUDITOR", wuqia.COUNTY),
    "office": ("ASSET_OFFICE", "ASSET_OFFICE", "OFFICE", wuqia.COUNTY),
    "reader": (wuqia.TOWNSHIP, "TOWNSHIP", "READER", wuqia.TOWNSHIP),
}


@dataclass(frozen=True, slots=True)
class County:
    """One of the two: its own keys, its own units."""

    code: str
    service: Service

    @property
    def township(self) -> str:
        return UNITS[self.code][0]

    @property
    def village(self) -> str:
        return UNITS[self.code][1]

    def road(self, **changes: Any) -> dict[str, Any]:
        return road(location=self.village, implementer=self.township, **changes)

    async def head(self) -> int:
        return int((await self.service.app.state.context.store.head(self.code)).position)

    async def registered(self, asset: str, **changes: Any) -> dict[str, Any]:
        return await self.service.write("/v1/assets", {"asset": asset, "card": self.road(**changes)})

    async def listed(self) -> set[str]:
        asked = {"limit": 1000, "min_position": await self.head()}
        return {
            row["asset"] for row in (await self.service.read("/v1/ledgers/asset-register", **asked))["rows"]
        }


Both = tuple[County, County]


@asynccontextmanager
async def both(database_url: str, data: Path, keys: Path) -> AsyncIterator[Both]:
    """Both counties, served by one service; `data` and `keys` are empty folders."""
    wuqia.write_second_county(data)
    served = {COUNTY: REGULATION, wuqia.COUNTY: Regulation.load(data, wuqia.COUNTY)}
    async with running(database_url, keys, regulations=served) as service:
        other = Service(service.app, service.pool, service.http, service.masters)
        await give_keys(other)
        yield County(COUNTY, service), County(wuqia.COUNTY, other)


async def give_keys(other: Service) -> None:
    """Keys of the second county's units."""
    for name, (organization, kind, role, division) in KEYS.items():
        spec = KeySpec(wuqia.COUNTY, name, organization, kind, [role], [division])
        other.tokens[name] = (await Credentials(other.pool).create(spec, utc_now())).token
