"""`taizhang openapi`: write the interface's documents from the code, or check that they are in step."""

from typing import Annotated

import typer

from service.exit_codes import CommandFailed
from service.terminal import Terminal

app = typer.Typer(help="Write openapi/ from the routes and events.")


@app.callback(invoke_without_command=True)
def openapi(
    ctx: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if the files are not in step.")
    ] = False,
) -> None:
    """Write openapi/http-api.json and openapi/events.json."""
    from service.api.openapi import FOLDER, differences, write

    terminal: Terminal = ctx.obj
    if check:
        stale = differences()
        if stale:
            names = ", ".join(stale)
            raise CommandFailed(
                f"{names} not in step with the code; run: make openapi (接口文档与程序不一致)"
            )
        terminal.emit({"inStep": True}, lambda console: console.print("in step"))
        return
    changed = write()
    terminal.emit(
        {"written": changed, "folder": str(FOLDER)},
        lambda console: console.print(f"{', '.join(changed) or 'nothing'} changed in {FOLDER}"),
    )
