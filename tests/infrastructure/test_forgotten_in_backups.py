"""Who was forgotten stays forgotten in a backup from before: its files, its write-ahead log, and what is restored of it."""

from __future__ import annotations

import json
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import httpx
import pytest
from cryptography.exceptions import InvalidTag

from service.api.serving import running
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from service.personal.keys import USE, place_of
from service.sealing_keys import SealingKeyMissing, SealingKeys, opened_with
from service.settings import Settings
from tests.api.bodies import TOWNSHIP
from tests.api.household.test_household_life import cow
from tests.infrastructure.conftest import taizhang

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.api.serving import Running

COUNTY: Final = "653022"
FORGOTTEN, KEPT = "帕尔哈提·赛买提", "迪丽努尔·热合曼"
KEYS: Final = {
    "clerk": (TOWNSHIP, "TOWNSHIP", ["REGISTRAR"], [TOWNSHIP]),
    "office": ("ASSET_OFFICE", "ASSET_OFFICE", ["OFFICE"], [COUNTY]),
}


class Client:
    """Keys and requests of one running service."""

    def __init__(self, http: httpx.AsyncClient, tokens: dict[str, str]) -> None:
        self._http, self._tokens = http, tokens

    async def write(self, path: str, body: Any, who: str, version: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._tokens[who]}", "Idempotency-Key": uuid.uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = await self._http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def householder(self, asset: str) -> str:
        headers = {"Authorization": f"Bearer {self._tokens['clerk']}"}
        answer = await self._http.get(f"/v1/household-assets/{asset}", headers=headers)
        return str(answer.json()["resource"]["card"]["householder"])


@asynccontextmanager
async def served(place: Path, name: str) -> AsyncIterator[tuple[Running, Client]]:
    """The service on a data folder, with the keys and the master keys of the first one."""
    first = place / "data"
    settings = Settings(data=place / name, port=0, keys=first / "keys", masters=first / "masters")
    async with (
        running(settings, host="127.0.0.1", port=0, county=COUNTY) as service,
        httpx.AsyncClient(base_url=service.url) as http,
    ):
        credentials = Credentials(service.database.pool)
        tokens = {}
        for who, (unit, kind, roles, divisions) in KEYS.items():
            spec = KeySpec(COUNTY, who, unit, kind, roles, divisions)
            tokens[who] = (await credentials.create(spec, utc_now())).token
        yield service, Client(http, tokens)


def files_with(folder: Path, text: str) -> list[str]:
    """The files below a folder that hold a text."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in found if text.encode() in path.read_bytes())


async def wrapped_keys(pool: asyncpg.Pool) -> dict[str, tuple[str, str, bytes]]:
    rows = await pool.fetch("SELECT subject, key, master, wrapped FROM personal_key")
    return {row["subject"]: (row["key"], row["master"], row["wrapped"]) for row in rows}


async def test_an_old_backup_with_its_wal_brings_back_everybody_but_who_was_forgotten(
    place: Path, environment: dict[str, str]
) -> None:
    masters = SealingKeys(place / "data" / "masters", USE)
    backup = place / "backup"
    async with served(place, "data") as (service, client):
        for asset, household, name in (("H-1", "HH-1", FORGOTTEN), ("H-2", "HH-2", KEPT)):
            await client.write(
                "/v1/household-assets", {"asset": asset, "card": cow(household, householder=name)}, "clerk"
            )
        closing = {"closedOn": "2021-07-20", "reason": "已迁出", "documentNo": "销1"}
        await client.write("/v1/household-assets/H-1/closing", {"closing": closing}, "clerk", version=1)
        before = await wrapped_keys(service.database.pool)
        old = masters.secret(before["household.HH-1"][1])
        kept = environment | {"TAIZHANG_KEYS": str(place / "data" / "keys")}
        done = taizhang("--json", "backup", str(backup), environment=kept)
        assert done.returncode == 0, done.stderr
        order = {"decidedOn": "2021-08-01", "reason": "已迁出本县", "documentNo": "个信1"}
        await client.write("/v1/personal-data/household.HH-1/forgetting", {"order": order}, "office")
        assert await client.householder("H-1") == "（已遗忘）"
    for folder in (backup, place / "data"):
        assert files_with(folder, FORGOTTEN) == files_with(folder, KEPT) == []
    assert files_with(backup, "household.HH-1"), "the search finds what is there"

    # The old master key would open it, and no key that is left does.
    key, name, wrapped = before["household.HH-1"]
    assert len(opened_with(old, COUNTY, place_of(key), wrapped)) == 32
    with pytest.raises(SealingKeyMissing):
        masters.secret(name)
    for left in masters.names(COUNTY):
        with pytest.raises(InvalidTag):
            opened_with(masters.secret(left), COUNTY, place_of(key), wrapped)

    there = environment | {
        "TAIZHANG_DATA": str(place / "restored"),
        "TAIZHANG_KEYS": str(place / "data" / "keys"),
        "TAIZHANG_MASTERS": str(place / "data" / "masters"),
    }
    done = taizhang("--json", "restore", str(backup), environment=there)
    assert done.returncode == 0, done.stderr
    async with served(place, "restored") as (service, client):
        assert (await client.householder("H-1"), await client.householder("H-2")) == ("（已遗忘）", "迪**")
        assert set(await wrapped_keys(service.database.pool)) == {"household.HH-2"}
        doctor = taizhang("--json", "doctor", environment=there)
        (check,) = [
            one for one in json.loads(doctor.stdout)["checks"] if one["check"] == f"personal data {COUNTY}"
        ]
        assert (check["ok"], check["found"]) == (True, "1 keys of persons open")
        verified = taizhang("--json", "verify", environment=there)
        assert verified.returncode == 0, verified.stderr
    assert files_with(place / "restored", FORGOTTEN) == []
