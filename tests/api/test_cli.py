"""`taizhang keys`, `history` and `openapi` on a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.service import running
from tests.workbooks import csv_of, ledger, row


def taizhang(database_url: str, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, what came on stdout as JSON, what came on stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.program", "--json", *arguments],
        env={**os.environ, "TAIZHANG_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run.returncode, json.loads(run.stdout) if run.stdout.strip() else None, run.stderr


async def test_keys_made_at_the_terminal_open_the_service(database_url: str) -> None:
    options = ("--organization", TOWNSHIP, "--kind", "TOWNSHIP", "--role", "READER", "--role", "REGISTRAR")
    code, made, _ = taizhang(
        database_url, "keys", "create", "经办", *options, "--division", TOWNSHIP, "--days", "1"
    )
    assert code == 0
    async with running(database_url) as service:
        assert (await service.get("/v1/divisions", made["token"])).status_code == 200
    _, listed, _ = taizhang(database_url, "keys", "list")
    assert made["id"] in {one["id"] for one in listed}
    assert made["token"] not in json.dumps(listed)
    assert taizhang(database_url, "keys", "revoke", made["id"])[0] == 0
    async with running(database_url) as service:
        assert (await service.get("/v1/divisions", made["token"])).status_code == 401
    code, _, said = taizhang(database_url, "keys", "revoke", "tzk_none")
    assert (code, "Traceback" in said) == (1, False)
    assert taizhang(database_url, "keys", "bootstrap")[1] == {"bootstrapPending": False}


async def test_kind_of_a_key_made_at_the_terminal_follows_from_its_unit(database_url: str) -> None:
    async with running(database_url):
        pass  # its county is founded
    make = ("keys", "create", "甲", "--role", "READER", "--organization")
    assert taizhang(database_url, *make, TOWNSHIP)[0] == 0
    _, listed, _ = taizhang(database_url, "keys", "list")
    assert [one["organization_kind"] for one in listed if one["label"] == "甲"] == ["TOWNSHIP"]
    for unit, kind, role, word in (
        (TOWNSHIP, "COUNTY_GOV", "READER", "FIELD_INVALID"),
        (TOWNSHIP, "HOUSEHOLD", "READER", "FIELD_INVALID"),
        ("NOBODY", "TOWNSHIP", "READER", "CODE_UNKNOWN"),
        ("H-1", "HOUSEHOLD", "REGISTRAR", "FIELD_INVALID"),
    ):
        code, _, said = taizhang(
            database_url, "keys", "create", "乙", "--role", role, "--organization", unit, "--kind", kind
        )
        assert (code, word in said, "Traceback" in said) == (1, True, False), said
    household = ("--organization", "H-1", "--kind", "HOUSEHOLD", "--role", "READER")
    assert taizhang(database_url, "keys", "create", "农户", *household)[0] == 0
    _, listed, _ = taizhang(database_url, "keys", "list")
    assert "乙" not in {one["label"] for one in listed}


async def test_doctor_tells_of_a_key_whose_kind_is_not_its_unit_s(database_url: str) -> None:
    async with running(database_url) as service:
        credentials: Credentials = service.app.state.credentials
        for unit, kind in ((TOWNSHIP, "COUNTY_GOV"), ("NOBODY", "TOWNSHIP"), (TOWNSHIP, "TOWNSHIP")):
            spec = KeySpec("653022", "旧", unit, kind, ["READER"], ["653022"])
            await credentials.create(spec, utc_now())
    _, said, _ = taizhang(database_url, "doctor")
    (found,) = [one for one in said["checks"] if one["check"] == "keys 653022"]
    assert not found["ok"]
    assert f"acts as COUNTY_GOV for {TOWNSHIP}, which is TOWNSHIP" in found["found"]
    assert "acts as TOWNSHIP for NOBODY, which nobody defined" in found["found"]
    assert found["found"].count("acts as") == 2


async def test_history_is_read_from_the_log(database_url: str) -> None:
    async with running(database_url) as service:
        await service.write("/v1/assets", {"asset": "A-1", "card": road(), "occurredOn": "2021-01-01"})
        await service.write("/v1/assets/A-1/use", {"inUseSince": "2022-01-01"}, version=1)
    code, events, _ = taizhang(database_url, "history", "A-1")
    assert (code, [one["type"] for one in events]) == (0, ["asset.registered", "asset.put_into_use"])
    _, then, said = taizhang(database_url, "history", "A-1", "--as-of", "2021-06-01")
    assert then is not None, said
    assert (then["version"], then["resource"]["operation"]) == (1, "NOT_IN_USE")
    _, known, _ = taizhang(database_url, "history", "A-1", "--known-at", utc_now().isoformat())
    assert known["resource"]["operation"] == "IN_USE"
    _, changed, _ = taizhang(database_url, "history", "A-1", "--from-as-of", "2021-06-01")
    assert {one["field"]: (one["before"], one["after"]) for one in changed["changes"]} == {
        "inUseSince": (None, "2022-01-01"),
        "operation": ("NOT_IN_USE", "IN_USE"),
    }
    assert [one["type"] for one in changed["events"]] == ["asset.put_into_use"]
    for arguments, code in (
        (("A-2",), 1),
        (("A-2", "--from-as-of", "2021-06-01"), 1),
        (("A-1", "--as-of", "soon"), 2),
        (("A-1", "--known-at", "2021-01-01"), 2),
    ):
        ended, _, said = taizhang(database_url, "history", *arguments)
        assert (ended, "Traceback" in said) == (code, False), arguments


def test_openapi_is_checked_at_the_terminal(database_url: str) -> None:
    assert taizhang(database_url, "openapi", "--check")[0] == 0


async def test_a_spreadsheet_is_imported_at_the_terminal(database_url: str, tmp_path: Path) -> None:
    async with running(database_url) as service:
        person = await service.person(TOWNSHIP)
    rows = [row(number) for number in range(1, 4)]
    rows[2]["资产类型"] = "飞船"
    good, bad, lost = tmp_path / "好.csv", tmp_path / "坏.xlsx", tmp_path / "reasons.xlsx"
    good.write_text(csv_of([row(9)]), "gb18030")
    bad.write_bytes(ledger(rows))
    who = ("--unit", TOWNSHIP, "--compiled-by", person)
    code, result, said = taizhang(database_url, "import", str(bad), *who, "--dry-run")
    assert (code, result["ok"], result["rejected"], result["registered"]) == (1, 2, 1, 0), said
    code, result, _ = taizhang(database_url, "import", str(bad), *who, "--report", str(lost))
    assert (code, result["registered"], lost.exists()) == (1, 0, True)
    assert taizhang(database_url, "import", str(bad), *who, "--partial")[1]["registered"] == 2
    code, result, _ = taizhang(database_url, "import", str(good), *who)
    assert (code, result["registered"]) == (0, 1)
    code, _, said = taizhang(database_url, "import", str(good), *who)
    assert (code, "BATCH_ALREADY_IMPORTED" in said, "Traceback" in said) == (1, True, False)
    assert taizhang(database_url, "import", str(good))[0] == 2
    template = tmp_path / "template.xlsx"
    assert taizhang(database_url, "import", "--template", str(template))[0] == 0
    assert template.read_bytes().startswith(b"PK")
    lines = tmp_path / "one.ndjson"
    lines.write_text(json.dumps({"asset": "L-1", "card": road()}) + "\n")
    assert taizhang(database_url, "import", str(lines))[1]["registered"] == 1
    async with running(database_url) as service:
        batches = await service.read("/v1/imports", min_position=await service.head())
        assert len(batches["rows"]) == 2


async def test_dry_run_of_a_county_that_is_not_founded_records_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """A clerk looks at a ledger before there is a county: it is judged by the county's data, the log stays empty."""
    rows = [row(number) for number in range(1, 4)]
    rows[2]["所在村"] = "蓬莱村"
    file = tmp_path / "台账.xlsx"
    file.write_bytes(ledger(rows))
    mapping = tmp_path / "对应.json"
    mapping.write_text(json.dumps({"words": [{"field": "location", "word": "蓬莱村", "code": VILLAGE}]}))
    code, result, said = taizhang(database_url, "import", str(file), "--dry-run")
    assert (code, result["ok"], result["rejected"], result["registered"]) == (1, 2, 1, 0), said
    assert [(one["word"], one["rows"]) for one in result["unresolvedWords"]] == [("蓬莱村", 1)]
    code, result, said = taizhang(database_url, "import", str(file), "--dry-run", "--mapping", str(mapping))
    assert (code, result["ok"], result["registered"]) == (0, 3, 0), said
    mapping.write_text('{"columns": [{"heading": "备注", "field": "remark"}]}')
    code, _, said = taizhang(database_url, "import", str(file), "--dry-run", "--mapping", str(mapping))
    assert (code, "CODE_UNKNOWN" in said, "Traceback" in said) == (1, True, False)
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM event") == 0
        assert await connection.fetchval("SELECT count(*) FROM claim") == 0
    finally:
        await connection.close()
