"""The pack: what it holds follows from the log, the same bytes every time, and its figures add up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import asyncpg
import openpyxl
import pytest
import pytest_asyncio

from domain.asset.asset import Asset
from domain.refusals import Refusal
from projections.departure.custody import in_care as in_care_by_name, in_care_by_post
from service.audit import verify
from service.clock import utc_now
from service.commands.history import fold
from service.ledgers.projector import Projector
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from tests.audit.packs import PERSON, Log, files_of, found, log_with
from tests.projections.history import COUNTY, VILLAGES, Log as Made, RandomHistory, append_all, card, custody

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIGURES = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Log]:
    """One log for the module."""
    async with log_with(module_database_url, tmp_path_factory.mktemp("packs")) as made:
        yield made


@pytest.mark.parametrize("person", ["P-0001", "P-0003", "P-0010", "P-0017", "P-0024"])
@pytest.mark.parametrize(
    ("first", "last"),
    [(None, None), (date(2021, 7, 1), date(2021, 7, 20)), (date(2021, 6, 1), date(2021, 6, 30))],
)
async def test_every_figure_follows_from_the_events(
    log: Log, person: str, first: date | None, last: date | None
) -> None:
    """The verifier folds the events in its own way; tables, spreadsheet and page say the same."""
    packed = await log.pack(person=person, first=first, last=last)
    result = verify.verify(packed.path)
    assert (result["good"], result["verdict"]) == (False, verify.UNPINNED)
    assert (result["assets"], result["events"]) == (packed.assets, packed.events)
    assert result["pinned"] is False
    (key,) = await log.checkpoints.known_keys(COUNTY)
    for pinned in (key.verifier.fingerprint, str(key.verifier)):
        assert verify.verify(packed.path, pinned)["verdict"] == "GOOD"


async def test_opening_plus_events_is_closing(log: Log) -> None:
    """To the fen, asset by asset, although a third of the history was recorded out of order."""
    packed = await log.pack(first=date(2021, 6, 25), last=date(2021, 7, 20))
    tables = json.loads(files_of(packed.path)[verify.TABLES_FILE])
    assert len(tables["balances"]) > 4
    changes: dict[str, list[int]] = {}
    for event in tables["events"]:
        sums = changes.setdefault(event[1], [0, 0, 0, 0])
        changes[event[1]] = [a + b for a, b in zip(sums, event[8:12], strict=True)]
    moved = 0
    for row in tables["balances"][:-1]:
        opening, change, closing = (row[2 + n * FIGURES : 2 + (n + 1) * FIGURES] for n in range(3))
        assert [a + b for a, b in zip(opening, change, strict=True)] == closing
        assert [change[0], change[1], change[3], change[4]] == changes.get(row[0], [0, 0, 0, 0])
        moved += any(change)
    assert moved > 1
    total = tables["balances"][-1]
    for column in range(2, 2 + 3 * FIGURES):
        assert total[column] == sum(row[column] for row in tables["balances"][:-1])
    for holder in tables["holders"]:
        assert holder[1] + holder[2] - holder[3] == holder[4]
    assert sum(row[4] for row in tables["income"]) == sum(row[2] - row[3] for row in tables["holders"])


async def test_the_ledgers_are_what_the_asset_itself_was_on_those_days(log: Log) -> None:
    """Opening and closing agree with the replay of the aggregate as of the day before and the last day."""
    first, last = date(2021, 6, 25), date(2021, 7, 20)
    packed = await log.pack(first=first, last=last)
    tables = json.loads(files_of(packed.path)[verify.TABLES_FILE])
    compared = 0
    for row in tables["balances"][:-1]:
        events = await log.store.read_stream(COUNTY, Asset.stream_of(row[0]))
        for day, at in ((first - timedelta(days=1), 2), (last, 2 + 2 * FIGURES)):
            reading = fold(log.store.codec, events, as_of=day, known_at=None)
            if reading.unplaced:
                continue  # dated before what they rest on: there is no one way to show them
            compared += 1
            asset = reading.asset
            due = [0] * FIGURES
            if asset is not None:
                value, worn = asset.card.original_value, asset.accumulated_depreciation
                books = [0, 0, 0] if asset.disposed_on else [value, worn, asset.net_book_value]
                due = [*books, asset.income_received, asset.income_distributed]
            assert row[at : at + FIGURES] == due, (row[0], day)
    assert compared > 3


_KEEPERS = (
    "SELECT person FROM custody_ledger WHERE county = $1 AND person IS NOT NULL AND since <= $2"
    " AND (until IS NULL OR until > $2) GROUP BY person ORDER BY count(*) DESC, person LIMIT 3"
)


async def test_in_care_is_what_the_custody_ledger_says(log: Log) -> None:
    """On every day of the period: by name, and by post where units were not merged."""
    async with Projector(log.pool, log.store) as projector:
        head = await log.store.head(COUNTY)
        await projector.wait_for(COUNTY, None, head.position, 30)
        day = date(2021, 7, 10)
        keepers = await log.pool.fetch(_KEEPERS, COUNTY, day)
        assert len(keepers) == 3
        for person in (one["person"] for one in keepers):
            packed = await log.pack(person=person)
            inventory = json.loads(files_of(packed.path)[verify.TABLES_FILE])["inventory"]
            async with log.pool.acquire() as connection:
                named = await in_care_by_name(connection, COUNTY, person, on=day)
                by_post = await in_care_by_post(connection, COUNTY, person, day)
            wanted = {line["asset"] for line in (*named, *by_post)}
            shown = {
                row[1]
                for row in inventory
                for span in row[17].split("；")
                if span.split(" ")[1] <= day.isoformat() <= span.split(" ")[3]
            }
            assert wanted <= shown
            assert wanted


async def test_the_same_bytes_under_every_locale_zone_and_hash_seed(log: Log, tmp_path: Path) -> None:
    here = await log.pack("here.zip")
    url = str(log.pool._connect_args[0])
    for seed, zone, language in (
        ("0", "UTC", "C"),
        ("7", "America/St_Johns", "zh_CN.UTF-8"),
        ("99", "Asia/Kabul", ""),
    ):
        out = tmp_path / f"{seed}.zip"
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TAIZHANG_") or name.startswith("TAIZHANG_TEST_")
        } | {
            "TAIZHANG_DATABASE_URL": url,
            "TAIZHANG_KEYS": str(log.folder / "keys"),
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "LANG": language,
            "LC_ALL": language,
        }
        command = [
            sys.executable,
            "-m",
            "tests.program",
            "--json",
            "audit",
            "pack",
            PERSON,
        ]
        run = subprocess.run(  # noqa: ASYNC221  nobody else waits for this loop
            [*command, "--out", str(out)], env=environment, capture_output=True, check=False, timeout=60
        )
        assert run.returncode == 0, run.stderr.decode()
        assert json.loads(run.stdout)["sha256"] == here.sha256
        assert out.read_bytes() == here.path.read_bytes()


async def test_a_pack_as_known_then_is_the_pack_made_then(database_url: str, tmp_path: Path) -> None:
    """What was recorded later changes nothing in what was known at a moment: byte for byte the same pack."""
    random = RandomHistory(5, alive=60, departures=0.01)
    async with log_with(database_url, tmp_path, 900, random) as log:
        then = utc_now()
        before = await log.pack("before.zip")
        await append_all(log.store, random.take(300))
        again = await log.pack("again.zip", known_at=then)
        assert again.size == before.size == 900
        then_made, made_again = files_of(before.path), files_of(again.path)
        told = {verify.MANIFEST, verify.SIGNATURE, verify.PAGE, verify.WORKBOOK}
        assert {name for name in then_made if then_made[name] != made_again[name]} == told, (
            "it says what was asked"
        )
        third = await log.pack("third.zip", known_at=then)
        assert third.path.read_bytes() == again.path.read_bytes()
        now = await log.pack("now.zip")
        assert now.size == 1_200
        assert now.sha256 != before.sha256


async def test_procedures_about_the_assets_are_shown(log: Log) -> None:
    tables = json.loads(files_of((await log.pack()).path)[verify.TABLES_FILE])
    shown = [row for row in tables["events"] if row[5] == "procedure.opened"]
    assert shown
    assert {row[1] for row in shown} <= {row[1] for row in tables["inventory"]}
    assert all(row[8:12] == [0, 0, 0, 0] for row in shown)


async def test_only_what_one_unit_is_responsible_for(log: Log) -> None:
    whole = await log.pack()
    rows = json.loads(files_of(whole.path)[verify.TABLES_FILE])["inventory"]
    unit = rows[0][1].rpartition("-")[0]
    packed = await log.pack("unit.zip", unit=unit)
    assert 0 < packed.assets < whole.assets
    assert found(files_of(packed.path)) is None


async def test_somebody_without_any_care_has_an_empty_list_that_is_proved(log: Log) -> None:
    packed = await log.pack(first=date(2001, 1, 1), last=date(2001, 12, 31))
    assert packed.assets == 0
    assert verify.verify(packed.path)["assets"] == 0


async def test_a_person_the_log_does_not_know(log: Log) -> None:
    with pytest.raises(Refusal) as refused:
        await log.pack(person="P-9999")
    assert refused.value.code == "NOT_FOUND"
    assert not (log.folder / "x.zip").exists()


async def test_the_spreadsheet_opens_elsewhere_and_is_ready_to_print(log: Log) -> None:
    """Read by another library it says what the tables say, with styles, filters and titles in their places."""
    packed = await log.pack()
    tables = json.loads(files_of(packed.path)[verify.TABLES_FILE])
    with zipfile.ZipFile(packed.path) as pack, pack.open(verify.WORKBOOK) as file:
        book = openpyxl.load_workbook(BytesIO(file.read()))
    assert book.sheetnames == [verify.COVER, *(title for title, _, _ in verify.SHEETS)]
    left_out = {(key, header) for key, (_, columns) in verify.TABLES.items() for header, _ in columns}
    for title, key, columns in verify.SHEETS:
        sheet, kinds = book[title], dict(verify.TABLES[key][1])
        places = {header: place for place, (header, _) in enumerate(verify.TABLES[key][1])}
        rows = list(sheet.iter_rows(min_row=verify.HEADER_ROW, max_col=len(columns), values_only=True))
        assert list(rows[0]) == [header for header, _ in columns]
        for header, _ in columns:
            left_out.discard((key, header))
        for shown, due in zip(rows[1:], tables[key], strict=False):
            for (header, _), cell in zip(columns, shown, strict=True):
                if header == "记录日期":
                    continue  # the day of a moment
                value, kind = due[places[header]], kinds[header]
                if kind == "m":
                    assert round(cell * 100) == value
                elif kind == "n":
                    assert cell == value
                else:  # names may stand without their codes
                    assert cell in {value or None, re.sub("（[A-Za-z0-9.:_-]+）", "", value)}, header
        assert sheet.print_title_rows == "$1:$4"
        assert sheet.sheet_state == "visible"
    on_the_cover = {("cases", header) for header, _ in verify.TABLES["cases"][1]}
    assert left_out - on_the_cover == {("inventory", "处置日期"), ("events", "记录时间"), ("events", "事件")}
    money = book["清册"]["G5"]
    assert (money.number_format, money.alignment.shrink_to_fit) == ("#,##0.00", True)
    assert (book["清册"]["A4"].font.b, book["清册"]["A4"].fill.fgColor.rgb) == (True, "FFE8EEF4")
    assert book["期初期末"].auto_filter.ref == f"A4:H{4 + len(tables['balances'])}"
    assert book["封面"].sheet_state == "visible"


async def test_what_passed_through_within_one_day_is_on_the_list(database_url: str, tmp_path: Path) -> None:
    """Received and handed on on 1 July: on both lists; had by another up to the day before, as was recorded later: on both."""
    village, day = VILLAGES[0], date(2021, 7, 1)
    history = Made()
    for person in ("P-GIVER", "P-TAKER"):
        card_ = {"name": "某某", "organization": village}
        history.add(f"person-{person}", "person.registered", {"card": card_})
    for asset in ("passed", "back"):
        stream = f"asset-{asset}"
        registered = {"card": card(1_000_00, village, asset), "scope": "IN"}
        history.add(stream, "asset.registered", registered, date(2020, 1, 1))
        history.add(stream, "asset.custody_assigned", custody(village, {"P-GIVER": "MANAGER"}), day)
    handed = {
        "case": "D-1", "duty": "MANAGER", "outgoing": "P-GIVER", "incoming": "P-TAKER", "supervisor": "P-S",
    }  # fmt: skip
    history.add("asset-passed", "asset.handed_over", handed, day)
    earlier = custody(village, {"P-TAKER": "MANAGER"})
    history.add("asset-back", "asset.custody_assigned", earlier, day - timedelta(days=1))
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
        await append_all(store, history.events)
        log = Log(pool, store, Checkpoints(pool, tmp_path / "keys", utc_now), tmp_path)
        listed = {}
        for person in ("P-GIVER", "P-TAKER"):
            packed = await log.pack(f"{person}.zip", person)
            assert found(files_of(packed.path)) is None
            tables = json.loads(files_of(packed.path)[verify.TABLES_FILE])
            listed[person] = {row[1]: row[17] for row in tables["inventory"]}
    assert listed["P-GIVER"]["passed"] == "管理人员 2021-07-01 至 2021-07-01"
    assert listed["P-GIVER"]["back"].startswith("管理人员 2021-07-01 至 ")
    assert set(listed["P-TAKER"]) == {"passed", "back"}
    assert listed["P-TAKER"]["back"] == "管理人员 2021-06-30 至 2021-06-30"


async def test_animals_sold_in_another_order_than_recorded(database_url: str, tmp_path: Path) -> None:
    """The later sale is recorded first: at a day between the two only the earlier one counts, in pack and asset alike."""
    village, between = VILLAGES[0], date(2021, 9, 5)
    history = Made()
    history.add("person-P-1", "person.registered", {"card": {"name": "某某", "organization": village}})
    registered = {"card": card(1_000_00, village, "羊群", quantity="60"), "scope": "IN"}
    history.add("asset-herd", "asset.registered", registered, date(2020, 1, 1))
    history.add(
        "asset-herd", "asset.custody_assigned", custody(village, {"P-1": "MANAGER"}), date(2021, 1, 1)
    )
    for day, change, left in ((date(2021, 9, 10), "-5", "55"), (date(2021, 9, 1), "-2", "53")):
        sale = {"kind": "SALE", "change": change, "happenedOn": day.isoformat()}
        history.add("asset-herd", "asset.herd_count_changed", {"herdChange": sale, "quantity": left}, day)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
        await append_all(store, history.events)
        log = Log(pool, store, Checkpoints(pool, tmp_path / "keys", utc_now), tmp_path)
        for last, count in ((between, "58"), (date(2021, 9, 30), "53")):
            packed = await log.pack(f"{count}.zip", "P-1", last=last)
            assert found(files_of(packed.path)) is None
            (row,) = json.loads(files_of(packed.path)[verify.TABLES_FILE])["inventory"]
            assert row[6] == count
            events = await store.read_stream(COUNTY, "asset-herd")
            shown = fold(store.codec, events, as_of=last, known_at=None).asset
            assert shown is not None
            assert str(shown.quantity) == count
