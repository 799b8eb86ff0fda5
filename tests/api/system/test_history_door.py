"""The door of imported history over HTTP: the asset office alone, until the declared day, and marked wherever it is shown."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

import service as package
from service.api.http.writing import Historical
from tests.api.asset.test_titles import confirmed
from tests.api.bodies import TOWNSHIP, VILLAGE, terms
from tests.api.inventory.test_imports import ledger, outcome, sent, unique
from tests.api.plausible import write_routes
from tests.api.service import Service


async def version_of(service: Service, asset: str) -> int:
    return int((await service.read(f"/v1/assets/{asset}"))["version"])


SOURCE: Final = "2013—2021年村级档案"


async def contract(service: Service, asset: str, who: str) -> httpx.Response:
    old = terms(signedOn="2021-06-16", startsOn="2021-06-17", endsOn="2024-06-16")
    path = f"/v1/assets/{asset}/historical-contracts"
    body = {"terms": old, "provenance": SOURCE}
    return await service.post(path, body, who, version=await version_of(service, asset))


async def distribution(service: Service, asset: str, who: str) -> httpx.Response:
    told = {
        "plan": "OLD-1",
        "holder": VILLAGE,
        "amount": "1.00",
        "paidOn": "2021-06-16",
        "voucherNo": "付1",
        "lines": [{"use": "COLLECTIVE_ECONOMY", "amount": "1.00"}],
        "decisionDocument": "村代会〔2021〕1号",
        "noticeDocument": "公示001",
        "townshipReview": "审001",
        "filingDocument": "备001",
    }
    path = f"/v1/assets/{asset}/income-distributions"
    body = {"distribution": told, "provenance": SOURCE}
    return await service.post(path, body, who, version=await version_of(service, asset))


async def disposal(service: Service, asset: str, who: str) -> httpx.Response:
    sale = {"disposedOn": "2021-06-16", "price": "0.00", "documentNo": "处置1号"}
    proposal = {"disposal": f"OLD-{who}", "kind": "SCRAP", "reason": "报废"}
    path = f"/v1/assets/{asset}/historical-disposals"
    body = {"proposal": proposal, "sale": sale, "provenance": SOURCE}
    return await service.post(path, body, who, version=await version_of(service, asset))


ENTRIES: Final[dict[str, Callable[[Service, str, str], Awaitable[httpx.Response]]]] = {
    "/v1/assets/{asset}/historical-contracts": contract,
    "/v1/assets/{asset}/historical-disposals": disposal,
    "/v1/assets/{asset}/income-distributions": distribution,
}


def test_every_command_with_a_provenance_is_one_of_the_door() -> None:
    """A body that says where history is from is `Historical`, and stands in the tests below; nothing else gives a decision its source."""
    found = {path: model for path, model, _ in write_routes() if "provenance" in model.model_fields}
    assert found.keys() == ENTRIES.keys()
    assert all(issubclass(model, Historical) for model in found.values())
    assert {action for path, _, action in write_routes() if path in found} == {"history.enter"}
    elsewhere = {
        "commands/history_door.py": "the door itself",
        "inventory/judged.py": "rows of a file that the door let in",
        "cli/imports.py": "lines of a file that the door let in",
        "commands/founding.py": "divisions and units of a county that has nothing yet",
        "commands/commands.py": "hands on what founding says",
        "sample/loading.py": "a made-up county that has nothing yet",
    }
    root = Path(package.__file__).parent
    named = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "take_as_history")
        or (
            isinstance(node, ast.Call)
            and "ccasion" in ast.unparse(node.func)
            and any(one.arg == "provenance" for one in node.keywords)
        )
    }
    assert named == elsewhere.keys()


@pytest.mark.clause("C4.3-19")
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
async def test_history_is_entered_by_the_office_alone(
    service: Service, entry: Callable[[Service, str, str], Awaitable[httpx.Response]]
) -> None:
    """Refuses history that a township, a village or a department enters, whatever source it names."""
    asset = await confirmed(service)
    for who in ("clerk", "village", "finance", "county"):
        answer = await entry(service, asset, who)
        assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_NOT_ALLOWED"), who


async def test_history_is_marked_wherever_it_is_shown(service: Service) -> None:
    """The answer, the card, the timeline, the events, the register, a unit's ledger and the income ledger name the source."""
    asset = await confirmed(service)
    answer = await contract(service, asset, "office")
    assert answer.status_code == 201, answer.text
    position, told = answer.json()["position"], answer.json()
    assert "HISTORY_IMPORTED" in {one["code"] for one in told["warnings"]}
    mark = {"event": "asset.leased", "occurredOn": "2021-06-16", "source": SOURCE}
    assert told["resource"]["importedHistory"] == [mark]
    card = await service.read(f"/v1/assets/{asset}")
    assert card["resource"]["importedHistory"] == [mark]
    (event,) = [
        one
        for one in (await service.read(f"/v1/assets/{asset}/timeline", min_position=position))["entries"]
        if one["type"] == "asset.leased"
    ]
    assert event["provenance"] == SOURCE
    assert "HISTORY_IMPORTED" in {one["code"] for one in event["warnings"]}
    (row,) = (await service.read("/v1/ledgers/asset-register", asset=asset, min_position=position))["rows"]
    assert row["importedHistory"] == [mark]
    assert row["contracts"]["L1"]["importedFrom"] == SOURCE
    kept = await service.read(f"/v1/ledgers/kept/{VILLAGE}/VILLAGE_REGISTER", limit=1000)
    (line,) = [one for one in kept["rows"] if one["asset"] == asset]
    assert line["importedHistory"] == [mark]
    others = [one for one in kept["rows"] if one["asset"] != asset]
    assert all(one["importedHistory"] == [] for one in others)


async def declare(service: Service, day: str, who: str = "office") -> httpx.Response:
    body = {"cutOver": {"day": day, "document": "陶政办发〔2026〕20号"}}
    return await service.post("/v1/policy/history-cut-over", body, who)


@pytest.mark.clause("C4.3-19")
async def test_history_is_closed_after_the_declared_day(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuses history on the day after the county's cut-over by whatever command, and to open what is closed."""
    context = service.app.state.context
    today = context.today()
    assert await service.read("/v1/policy/history-cut-over") == {
        "county": "653022",
        "open": True,
        "cutOver": None,
    }
    past = await declare(service, (today - timedelta(days=1)).isoformat())
    assert (past.status_code, past.json()["code"]) == (409, "CUT_OVER_RETROACTIVE")
    for who in ("clerk", "admin", "county"):
        assert (await declare(service, today.isoformat(), who)).json()["code"] == "ROLE_NOT_ALLOWED"
    asset, other = await confirmed(service), await confirmed(service)
    assert (await declare(service, today.isoformat())).status_code == 201
    assert (await contract(service, asset, "office")).status_code == 201  # the day itself is open
    versions = {one: await version_of(service, one) for one in (asset, other)}
    clock = context.clock

    def tomorrow() -> datetime:
        return clock() + timedelta(days=1)

    monkeypatch.setattr(context, "clock", tomorrow)
    shown = await service.read("/v1/policy/history-cut-over")
    assert (shown["open"], shown["cutOver"]["day"]) == (False, today.isoformat())
    for path, entry in ENTRIES.items():
        answer = await entry(service, other, "office")
        assert (answer.status_code, answer.json()["code"]) == (409, "HISTORY_CLOSED"), path
        assert answer.json()["clause"] == "C4.3-19"
    rows = ledger(unique(1, 验收结论="", 验收日期="", 验收文号=""))
    closed = await sent(service, rows, "office", provenance="2013年台账", unit=TOWNSHIP)
    assert (closed.status_code, closed.json()["code"]) == (409, "HISTORY_CLOSED")
    again = await declare(service, (today + timedelta(days=30)).isoformat())
    assert (again.status_code, again.json()["code"]) == (409, "HISTORY_CLOSED")
    assert {one: await version_of(service, one) for one in versions} == versions


async def test_the_importer_asks_the_door_itself(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was taken before the door closed, and is read after it, is refused: nothing of it is recorded."""
    rows = ledger(unique(1, 验收结论="", 验收日期="", 验收文号=""))
    from service.api.inventory import imports

    async def let_in(*_: Any) -> None:
        return

    monkeypatch.setattr(imports, "through_door", let_in)
    done = await outcome(service, rows, "clerk", provenance="2013年台账")
    assert done["problem"]["code"] == "ROLE_NOT_ALLOWED"
