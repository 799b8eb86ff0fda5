"""`taizhang webhooks`: what is sent to whom, on the database itself; and a receiver that verifies what it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from ipaddress import ip_network
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer
from rich.table import Table

from service.cli.stores import reading_store
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.policy_data import load_counties
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.log.signing_keys import folder_of
from service.terminal import Terminal
from service.webhooks.deliveries import attempts, counts, page
from service.webhooks.dialling import Dialler
from service.webhooks.replaying import Which, replay as put_again
from service.webhooks.running import Webhooks, webhooks_of
from service.webhooks.signing import PUBLIC_PREFIX, SECRET_PREFIX, SignatureWrong, verify

app = typer.Typer(
    help="Webhooks: endpoints, deliveries, test, replay; a receiver that verifies.", no_args_is_help=True
)
T = TypeVar("T")

MOST_BYTES: Final = 1_000_000
"""Largest body that the receiver takes."""
READ_SECONDS: Final = 15.0

Code = Annotated[str, typer.Argument(help="The endpoint's id (推送端点编号).")]


@app.command("list")
def list_endpoints(ctx: typer.Context) -> None:
    """All endpoints of the county, whosever they are."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(webhooks: Webhooks) -> list[dict[str, Any]]:
        listed = await webhooks.endpoints.of_county(county)
        waiting = await counts(webhooks.endpoints.pool, county, [one.endpoint for one in listed])
        return [
            {
                "endpoint": one.endpoint,
                "label": one.label,
                "organization": one.organization,
                "url": one.url,
                "state": one.state,
                "reason": one.reason,
                "position": one.position,
                "pending": waiting[one.endpoint]["PENDING"],
                "dead": waiting[one.endpoint]["DEAD"],
            }
            for one in listed
        ]

    rows = _on_webhooks(terminal, found)
    table = Table()
    table.add_column("编号 id", no_wrap=True)
    for heading in (
        "用途 label",
        "单位 unit",
        "地址 url",
        "状态 state",
        "位置 position",
        "待推送 pending",
        "缺口 dead",
    ):
        table.add_column(heading, overflow="fold")
    for row in rows:
        state = row["state"] if row["reason"] is None else f"{row['state']} {row['reason']}"
        table.add_row(
            row["endpoint"],
            row["label"],
            row["organization"],
            row["url"],
            state,
            *(str(row[name]) for name in ("position", "pending", "dead")),
        )
    terminal.emit(rows, lambda console: console.print(table))


@app.command()
def deliveries(
    ctx: typer.Context,
    endpoint: Code,
    *,
    state: Annotated[str | None, typer.Option(help="PENDING, DELIVERED or DEAD (the gaps).")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only of later positions.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 100,
    position: Annotated[int | None, typer.Option(min=0, help="Every attempt of this one; 0: tests.")] = None,
) -> None:
    """What was sent to an endpoint, or every attempt of one delivery."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(webhooks: Webhooks) -> list[dict[str, Any]]:
        one = await webhooks.endpoints.get(county, endpoint)
        if position is not None:
            return [dict(row) for row in await attempts(webhooks.endpoints.pool, one, position)]
        states = ("PENDING", "DELIVERED", "DEAD") if state is None else (state,)
        rows = await page(webhooks.endpoints.pool, one, states=states, after=after, limit=limit)
        return [dict(row) for row in rows]

    rows = _on_webhooks(terminal, found)
    names = (
        {
            "number": "次 no.",
            "attempted_at": "时间 time",
            "outcome": "结果 outcome",
            "address": "地址 address",
        }
        | {"status": "状态 status", "milliseconds": "毫秒 ms", "answer": "应答 answer"}
        if position is not None
        else {"position": "位置 position", "type": "事件 type", "state": "状态 state", "tries": "次数 tries"}
        | {"next_at": "下次 next", "outcome": "最近结果 outcome", "status": "状态码 status"}
    )
    table = Table(*names.values())
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    terminal.emit(rows, lambda console: console.print(table))


@app.command()
def test(ctx: typer.Context, endpoint: Code) -> None:
    """Send a signed test message now, and say what came of it."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def sent(webhooks: Webhooks) -> dict[str, Any]:
        return asdict(await webhooks.courier.test(await webhooks.endpoints.get(county, endpoint)))

    came = _on_webhooks(terminal, sent)
    line = f"{came['outcome']} {came['status'] or ''} {came['address'] or ''} {came['milliseconds']} ms\n{came['text']}"
    terminal.emit(came, lambda console: console.out(line))
    if came["outcome"] != "DELIVERED":
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def replay(
    ctx: typer.Context,
    endpoint: Code,
    first: Annotated[int, typer.Argument(min=1, help="From this position.")],
    last: Annotated[int, typer.Argument(min=1, help="Up to this one.")],
    *,
    which: Annotated[
        Which, typer.Option(help="ALL, FAILED (given up), MISSING (or never made).")
    ] = "MISSING",
) -> None:
    """Make deliveries due again; the running service sends them, under the same message ids."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def again(webhooks: Webhooks) -> int:
        one = await webhooks.endpoints.get(county, endpoint)
        store = webhooks.context.store
        return await put_again(
            store, webhooks.endpoints, webhooks.places, one, which, first, last, utc_now, _silent
        )

    number = _on_webhooks(terminal, again)
    terminal.emit(
        {"endpoint": endpoint, "deliveries": number},
        lambda console: console.print(f"{number} 项将重新推送 / to be sent again"),
    )


@app.command()
def reseal(ctx: typer.Context) -> None:
    """Make a new sealing key and seal every endpoint's secrets with it; the older key file may then be put away."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county
    name, number = _on_webhooks(terminal, lambda webhooks: webhooks.endpoints.reseal(county))
    terminal.emit(
        {"sealingKey": name, "secrets": number},
        lambda console: console.print(f"{name}.key 已封存 {number} 个签名密钥 / secrets sealed"),
    )


@app.command()
def listen(
    ctx: typer.Context,
    key: Annotated[
        list[str], typer.Argument(help="Secrets (whsec_…) and public keys (whpk_…); any that fits will do.")
    ],
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8787,
    status: Annotated[int, typer.Option(min=200, max=599, help="What to answer, to try failures.")] = 200,
    count: Annotated[int, typer.Option(min=0, help="Leave after so many good messages; 0: never.")] = 0,
) -> None:
    """Receive webhooks, verify their signatures, print them. Says challenges back, so an endpoint can be verified."""
    terminal: Terminal = ctx.obj
    if not all(one.startswith((SECRET_PREFIX, PUBLIC_PREFIX)) for one in key):
        raise CommandFailed(
            "A key begins with whsec_ or whpk_ (密钥须以 whsec_ 或 whpk_ 开头).", ExitCode.USAGE
        )
    terminal.run(_listen(terminal, key, host, port, status, count))


async def _listen(
    terminal: Terminal, known: list[str], host: str, port: int, status: int, count: int
) -> None:
    enough = asyncio.Event()
    good = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal good
        try:
            with suppress(
                asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, TimeoutError
            ):
                async with asyncio.timeout(READ_SECONDS):
                    headers, body = await _request(reader)
                    code, said = _judged(terminal, known, headers, body)
                    if code == 200 and status != 200:
                        code = status
                    writer.write(_answer(code, said))
                    await writer.drain()
                    good += code == 200
        finally:
            writer.close()
        if count and good >= count:
            enough.set()

    try:
        server = await asyncio.start_server(serve, host, port)
    except OSError as error:
        raise CommandFailed(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    async with server:
        address = server.sockets[0].getsockname()
        terminal.note(f"接收 listening  http://{address[0]}:{address[1]}/")
        await enough.wait()


async def _request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    """Headers and body of a POST; what is no request reads as one that will not verify."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
    headers = {
        name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines) if name
    }
    length = headers.get("content-length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    return headers, await reader.readexactly(min(size, MOST_BYTES))


def _judged(
    terminal: Terminal, known: list[str], headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, Any]]:
    """What to answer to a message, which is printed if it is good."""
    try:
        fits = verify(headers, body, known, utc_now())
        message = orjson.loads(body)
    except SignatureWrong as wrong:
        terminal.note(f"签名不符 not verified: {wrong}")
        return 401, {"error": str(wrong)}
    except orjson.JSONDecodeError:
        return 400, {"error": "no JSON"}
    data = message.get("data", {})
    line = (
        f"{fits} {headers['webhook-id']} {message.get('type')} {data.get('title', '')}"
        f" {data.get('asset') or data.get('subject') or ''} 版本 {data.get('version', '-')}"
    )
    terminal.emit(
        message | {"id": headers["webhook-id"], "signature": fits}, lambda console: console.out(line)
    )
    return 200, {"challenge": data["challenge"]} if "challenge" in data else {}


def _answer(code: int, said: dict[str, Any]) -> bytes:
    body = orjson.dumps(said)
    head = f"HTTP/1.1 {code} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + body


async def _silent(_done: int, _total: int | None) -> None:
    """Progress that is shown to nobody."""


def _on_webhooks(terminal: Terminal, work: Callable[[Webhooks], Awaitable[T]]) -> T:
    """Do something with the webhooks of the database; a refusal is one sentence."""
    settings = terminal.settings

    async def run() -> T:
        counties = load_counties(settings)
        async with open_database(settings) as database:
            await check(database.url)
            async with reading_store(database) as store:
                context = CommandContext(store=store, regulations=counties.usable, clock=utc_now)
                dialler = Dialler(tuple(ip_network(one) for one in settings.webhook_networks))
                webhooks = webhooks_of(context, database.pool, folder_of(settings, database), dialler)
                if webhooks is None:
                    raise AssertionError  # there is a folder
                return await work(webhooks)

    return terminal.run(run())
