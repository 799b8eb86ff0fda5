"""`taizhang access`: the table of rights."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from service.commands.authorization import ACTIONS, rights
from service.terminal import Terminal

app = typer.Typer(help="Who may do what: the table of rights.", no_args_is_help=True)

_SCOPES = {"COUNTY": "全县 county", "JURISDICTION": "所辖 jurisdiction", "UNIT": "本单位 unit"}


@app.callback()
def _several() -> None:
    """Keep `matrix` a command of its own name, though it is the only one."""


@app.command()
def matrix(ctx: typer.Context) -> None:
    """Print role × kind of organisation × scope × action, as the service decides by it."""
    terminal: Terminal = ctx.obj
    listed: list[dict[str, Any]] = [
        {"action": one.action, "role": str(one.role), "kinds": one.kinds, "scope": str(one.scope)}
        for one in rights()
    ]
    table = Table("事项 action", "角色 role", "单位类型 kinds", "范围 scope")
    for one in rights():
        kinds = "不限 any" if one.kinds is None else " ".join(one.kinds)
        table.add_row(one.action, one.role, kinds, _SCOPES[one.scope])
    terminal.note(f"{len(ACTIONS)} actions, {len(listed)} rights.")
    terminal.emit(listed, lambda console: console.print(table))
