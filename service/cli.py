"""The command line: `taizhang COMMAND`. Every command lives in a room of its own, imported when it is called."""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click
import typer
from typer.core import TyperGroup
from typer.main import get_command

from service.exit_codes import MEANINGS, CommandFailed, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Room:
    """A command: the module with its `app = typer.Typer(…)`, and its line in the help (so that help imports nothing)."""

    module: str
    help: str


COMMANDS: Final[dict[str, Room]] = {
    "serve": Room("service.cli_serve", "Serve the HTTP API until interrupted."),
    "demo": Room("service.cli_demo", "Serve with sample data, and walk through it."),
    "sample": Room("service.cli_sample", "Write sample data into the log."),
    "import": Room("service.cli_import", "Register assets from a spreadsheet."),
    "projections": Room("service.cli_projections", "Status, rebuild and verification of the ledgers."),
    "history": Room("service.cli_history", "One asset as it was on a day, as known on a day."),
    "keys": Room("service.cli_keys", "Keys for the HTTP API: create, list, revoke."),
    "openapi": Room("service.cli_openapi", "Write or check the OpenAPI and event schemas."),
    "verify": Room("service.cli_verify", "Recompute the log's Merkle tree and compare."),
    "doctor": Room("service.doctor", "Check database, settings and migrations."),
    "migrations": Room("service.schema_check", "State of the schema, upgrade, comparison with the code."),
}


class _Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; treated like Ctrl-C."""


class _Rooms(TyperGroup):
    """The group of all commands; imports a command's room when the command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command with its options, imported now; for the help of the whole only its name and line."""
        room = COMMANDS.get(cmd_name)
        if room is None:
            return None
        if ctx.resilient_parsing or not ctx.meta.get("entered"):
            return _Line(cmd_name, help=room.help, short_help=room.help)
        command = get_command(importlib.import_module(room.module).app)
        command.name = cmd_name
        return command
