"""`taizhang openapi`: write the interface's documents from the code, or check that they are in step."""

from pathlib import Path
from typing import Annotated

import typer

import service
from service.exit_codes import CommandFailed, ExitCode
from service.terminal import Terminal

app = typer.Typer(help="Write openapi/ from the routes and events.")


@app.callback(invoke_without_command=True)
def openapi(
    ctx: typer.Context,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 if the files are not in step.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the documents; a checkout's own openapi/ if not given.", file_okay=False
        ),
    ] = None,
) -> None:
    """Write openapi/http-api.json and openapi/events.json."""
    if folder is None and not (Path(service.__file__).parents[1] / "pyproject.toml").is_file():
        raise CommandFailed("This is no checkout; say where the documents are: --folder", ExitCode.USAGE)
    from service.api.openapi import FOLDER, differences, write

    terminal: Terminal = ctx.obj
    folder = folder or FOLDER
    if check:
        stale = differences(folder)
        if stale:
            names = ", ".join(stale)
            raise CommandFailed(
                f"{names} not in step with the code; run: make openapi (接口文档与程序不一致)"
            )
        terminal.emit({"inStep": True}, lambda console: console.print("in step"))
        return
    changed = write(folder)
    terminal.emit(
        {"written": changed, "folder": str(folder)},
        lambda console: console.print(f"{', '.join(changed) or 'nothing'} changed in {folder}"),
    )
