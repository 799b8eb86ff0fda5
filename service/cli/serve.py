"""`taizhang serve`: the service, until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from service.api.serving import running
from service.terminal import Terminal

app = typer.Typer(help="Serve the HTTP API until interrupted.")


@app.callback(invoke_without_command=True)
def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on [TAIZHANG_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one [TAIZHANG_PORT].")] = None,
) -> None:
    """Serve the HTTP API until interrupted. The first start prints the bootstrap token, once."""
    terminal: Terminal = ctx.obj
    terminal.serve(lambda serving: _serve(terminal, host, port, serving))


async def _serve(terminal: Terminal, host: str | None, port: int | None, serving: asyncio.Event) -> None:
    settings = terminal.settings
    listening = settings.port if port is None else port
    async with running(
        settings, host=host or settings.host, port=listening, county=settings.county
    ) as service:
        terminal.note(f"数据 data      {service.database.data_folder or service.database.described}")
        terminal.note(f"服务 service   {service.url}   接口文档 {service.url}/docs")
        for reason in service.app.state.context.in_force.stopped.values():
            terminal.note(f"停用 not served  {reason.detail_zh}")
        bootstrap = service.bootstrap
        if bootstrap is not None:
            terminal.note(
                "首次启动令牌（只显示这一次；用它创建第一个管理员密钥后即失效，在此之前只接受本机访问）\n"
                "bootstrap token, shown only this once; it makes the first administrator key and is spent by that:"
            )
            terminal.emit(
                {"url": service.url, "bootstrapToken": bootstrap.token},
                lambda console: console.print(bootstrap.token, soft_wrap=True),
            )
        serving.set()
        await service.stopped()
