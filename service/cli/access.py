"""`taizhang access`: the table of rights."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from service.commands.authorization import ACTIONS, rights
from service.commands.visibility import SIGHTS
from service.terminal import Terminal

app = typer.Typer(help="Who may do what: the table of rights.", no_args_is_help=True)

_SCOPES = {
    "COUNTY": "全县 county",
    "JURISDICTION": "所辖 jurisdiction",
    "UNIT": "本单位 unit",
    "SELF": "本户 itself",
}


@app.callback()
def _several() -> None:
    """Keep `matrix` a command of its own name, though it is the only one."""


@app.command()
def matrix(ctx: typer.Context) -> None:
    """Print role × kind of organisation × scope × action, and who sees whose personal data, as the service decides."""
    terminal: Terminal = ctx.obj
    listed: list[dict[str, Any]] = [
        {"action": one.action, "role": str(one.role), "kinds": one.kinds, "scope": str(one.scope)}
        for one in rights()
    ]
    seen: list[dict[str, Any]] = [
        {
            "subject": str(one.subject),
            "level": str(one.level),
            "roles": sorted(one.roles),
            "kinds": None if one.kinds is None else sorted(one.kinds),
            "unit": one.unit,
            "reach": str(one.reach),
            "clause": one.clause,
        }
        for one in SIGHTS
    ]
    data = Table(
        "个人信息 personal data", "密级 up to", "角色 role", "单位类型 kinds", "范围 reach", "条款 clause"
    )
    for row in seen:
        kinds = row["unit"] or ("不限 any" if row["kinds"] is None else " ".join(row["kinds"]))
        data.add_row(
            row["subject"], row["level"], " ".join(row["roles"]), kinds, _SCOPES[row["reach"]], row["clause"]
        )
    table = Table("事项 action", "角色 role", "单位类型 kinds", "范围 scope")
    for one in rights():
        kinds = "不限 any" if one.kinds is None else " ".join(one.kinds)
        table.add_row(one.action, one.role, kinds, _SCOPES[one.scope])
    terminal.note(f"{len(ACTIONS)} actions, {len(listed)} rights, {len(seen)} sights of personal data.")
    terminal.emit({"rights": listed, "sights": seen}, lambda console: console.print(table, data))
