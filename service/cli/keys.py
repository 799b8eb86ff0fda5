"""`taizhang keys`: make, list and revoke API keys on the database itself, for operators who lost or never had one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Annotated, Any

import typer
from rich.table import Table

from service.cli.stores import writing_store
from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.commands import CommandContext
from service.commands.credentials import Credentials, KeySpec, end_of
from service.commands.founding import found
from service.commands.key_units import kind_of_sender
from service.commands.policy_data import load_regulation
from service.database.database import Database, open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.terminal import Terminal

app = typer.Typer(help="Keys for the HTTP API: create, list, revoke.", no_args_is_help=True)


@app.command()
def create(
    ctx: typer.Context,
    label: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    organization: Annotated[str, typer.Option(help="Unit the key acts for.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    division: Annotated[
        list[str] | None,
        typer.Option(help="Division codes the key covers; the whole county if none is given."),
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Address or network the key is good from, say 10.1.2.0/24; any if none is given."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Kind of that unit, which the log knows: another is refused. HOUSEHOLD for a household."
        ),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Days until it expires; never if not given, an AUDITOR's after 180."),
    ] = None,
) -> None:
    """Make a key. Its secret is printed once and kept nowhere."""
    terminal: Terminal = ctx.obj
    county, now = terminal.settings.county, utc_now()
    outside = [code for code in division or () if not code.startswith(county)]
    if outside:
        raise CommandFailed(f"{', '.join(outside)} is not in county {county} (区划不在本县).")
    networks = _networks(address or ())

    async def make(database: Database) -> dict[str, str]:
        async with writing_store(terminal.settings, database) as store:
            regulations = {county: load_regulation(terminal.settings)}
            context = CommandContext(store=store, regulations=regulations, clock=utc_now)
            await found(context, county)
            spec = KeySpec(
                county=county,
                label=label,
                organization=organization,
                organization_kind=await kind_of_sender(context, county, organization, kind, role),
                roles=role,
                divisions=division or [county],
                addresses=networks,
                expires_at=end_of(role, None if days is None else now + timedelta(days=days), now),
            )
        made = await Credentials(database.pool).create(spec, now)
        return {"id": made.id, "token": made.token}

    made = _on_database(terminal, make)
    terminal.note("The token is shown this once (密钥只显示这一次).")
    terminal.emit(made, lambda console: console.print(made["token"], soft_wrap=True))


def _networks(given: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(one)) for one in given)
    except ValueError as wrong:
        raise CommandFailed(f"--address: {wrong} (地址不对).", ExitCode.USAGE) from None


@app.command("list")
def list_keys(ctx: typer.Context) -> None:
    """All keys of the county, without secrets."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county
    rows = _on_credentials(terminal, lambda credentials: credentials.of_county(county))
    table = Table(
        "编号 id",
        "用途 label",
        "单位 organization",
        "角色 roles",
        "区划 divisions",
        "状态 state",
        "最近使用 last used",
    )
    for row in rows:
        table.add_row(
            row["id"],
            row["label"],
            row["organization"],
            " ".join(row["roles"]),
            " ".join(row["divisions"]),
            _state(row, utc_now()),
            ""
            if row["last_used_at"] is None
            else f"{row['last_used_at']:%Y-%m-%d %H:%M} {row['last_used_from']}",
        )
    terminal.emit(rows, lambda console: console.print(table))


@app.command()
def revoke(ctx: typer.Context, key: Annotated[str, typer.Argument(help="The key's public id.")]) -> None:
    """Stop a key from working; in running services within five seconds."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def stop(credentials: Credentials) -> None:
        await credentials.revoke(county, key, utc_now())

    _on_credentials(terminal, stop)
    terminal.emit({"revoked": key}, lambda console: console.print(f"{key} revoked"))


@app.command()
def bootstrap(ctx: typer.Context) -> None:
    """Whether the first token is still unspent: until it is, the service answers this machine only."""
    terminal: Terminal = ctx.obj
    pending = _on_credentials(terminal, lambda credentials: credentials.bootstrap_pending())
    said = (
        "unspent: the service answers this machine only (尚未使用)"
        if pending
        else "none to spend (无待用令牌)"
    )
    terminal.emit({"bootstrapPending": pending}, lambda console: console.print(said))


def _on_credentials(terminal: Terminal, work: Callable[[Credentials], Awaitable[Any]]) -> Any:
    return _on_database(terminal, lambda database: work(Credentials(database.pool)))


def _on_database(terminal: Terminal, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with open_database(terminal.settings) as database:
            await check(database.url)
            return await work(database)

    return terminal.run(run())


def _state(row: dict[str, Any], now: datetime) -> str:
    if row["revoked_at"] is not None:
        return "已停用 revoked"
    if row["expires_at"] is not None and row["expires_at"] <= now:
        return "已过期 expired"
    return "有效 valid"
