"""`taizhang history ASSET`: an asset's events, its state as it was on a day and as it was known at a moment, and what
differs between two of these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from service.cli.days import day_if_given, moment_if_given
from service.cli.stores import reading_store
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.history import When, asset_changes, asset_history
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed
from service.terminal import Terminal

app = typer.Typer(
    help="One asset: its events, its state as it was on a day and as it was known at a moment, or what changed since."
)


@app.command()
def history(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(help="Asset code.")],
    *,
    as_of: Annotated[
        str | None, typer.Option(help="Business date, YYYY-MM-DD: what had happened by then.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Moment with offset, RFC 3339: what was recorded by then.")
    ] = None,
    from_as_of: Annotated[
        str | None, typer.Option(help="Business date: what has changed since, up to the other moment or now.")
    ] = None,
    from_known_at: Annotated[
        str | None, typer.Option(help="Moment: what has changed since it was known like that.")
    ] = None,
) -> None:
    """Read from the log, never from a ledger. Without a date: all events."""
    terminal: Terminal = ctx.obj
    day, moment = day_if_given("--as-of", as_of), moment_if_given("--known-at", known_at)
    county = terminal.settings.county
    was = day_if_given("--from-as-of", from_as_of), moment_if_given("--from-known-at", from_known_at)
    if was != (None, None):
        found = terminal.run(_changes(terminal, county, asset, was, (day, moment)))
        changes = Table("字段", "名称", "变更前", "变更后", title=asset)
        for one in found["changes"]:
            said = [
                "" if one[side] is None else orjson.dumps(one[side]).decode() for side in ("before", "after")
            ]
            changes.add_row(one["field"], one["title"] or "", *said)
        terminal.emit(found, lambda console: console.print(changes))
        return
    if day is None and moment is None:
        events = terminal.run(_events(terminal, county, asset))
        table = Table("位置", "业务日期", "记录时间", "事件", "操作者", "条款", title=asset)
        for event in events:
            table.add_row(
                str(event["position"]),
                event["occurredOn"],
                event["recordedAt"],
                f"{event['title']} {event['type']}",
                event["actor"]["id"],
                " ".join(event["clauses"]),
            )
        terminal.emit(events, lambda console: console.print(table))
        return
    terminal.emit(terminal.run(_state(terminal, county, asset, day, moment)))


async def _events(terminal: Terminal, county: str, asset: str) -> list[dict[str, Any]]:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with reading_store(database) as store:
            found = await store.read_stream(county, Asset.stream_of(asset))
    if not found:
        raise CommandFailed(f"{asset} is not in the log of {county} (日志中没有该资产).")
    return [
        {
            "position": event.position,
            "version": event.version,
            "occurredOn": event.occurred_on.isoformat(),
            "recordedAt": event.recorded_at.isoformat(),
            "type": event.type,
            "title": EVENT_TYPES[event.type].TITLE,
            "actor": event.actor,
            "clauses": event.basis.get("clauses", []),
        }
        for event in found
    ]


async def _state(
    terminal: Terminal, county: str, asset: str, as_of: date | None, known_at: datetime | None
) -> dict[str, Any]:
    return await _answered(terminal, lambda it: asset_history(it, county, asset, as_of, known_at))


async def _changes(terminal: Terminal, county: str, asset: str, was: When, now: When) -> dict[str, Any]:
    return await _answered(terminal, lambda it: asset_changes(it, county, asset, was, now))


async def _answered(
    terminal: Terminal, question: Callable[[CommandContext], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with reading_store(database) as store:
            county = terminal.settings.county
            context = CommandContext(store, {county: load_regulation(terminal.settings)}, utc_now)
            return await question(context)
