"""The command line: `taizhang [--json] COMMAND …`. Every command has a room of its own, imported when it is called."""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.main import get_command

from service.exit_codes import MEANINGS, CommandFailed, ExitCode
from service.version import installed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Room:
    """A command: its module with `app = typer.Typer(…)`, and its line in the help (so that help imports nothing)."""

    module: str
    help: str


COMMANDS: Final[dict[str, Room]] = {
    "serve": Room("service.cli.serve", "Serve the HTTP API until interrupted."),
    "demo": Room("service.cli.demo", "Serve a sample county and walk through it."),
    "sample": Room("service.cli.sample", "Write the sample county into the log."),
    "import": Room("service.cli.imports", "Register assets from a spreadsheet."),
    "projections": Room("service.cli.projections", "Status, rebuild and verification of the ledgers."),
    "ledger": Room("service.cli.ledger", "A ledger at a moment, and between two moments."),
    "papers": Room("service.cli.papers", "The document store: condition, check, missing, purge."),
    "seal": Room("service.cli.seal", "Seal the ledgers of a year that units keep."),
    "policy": Room("service.cli.policy", "The rules a county works by: show, check, compare."),
    "calendar": Room("service.cli.calendar", "Holidays: years that are known; a year entered."),
    "history": Room("service.cli.history", "One asset as it was on a day, as known on a day."),
    "keys": Room("service.cli.keys", "Keys of the HTTP API: create, list, revoke."),
    "access": Room("service.cli.access", "Who may do what: the table of rights."),
    "webhooks": Room("service.cli.webhooks", "Webhooks: endpoints, deliveries, test, replay, listen."),
    "openapi": Room("service.cli.openapi", "Write or check the OpenAPI and event schemas."),
    "verify": Room("service.cli.verify", "Recompute the log, or verify an audit pack."),
    "audit": Room("service.cli.audit", "Audit packs that anyone can verify offline."),
    "checkpoint": Room("service.cli.checkpoint", "Signed statements of what the log is; witnesses."),
    "backup": Room("service.cli.backup", "Back up the embedded database with keys and policy."),
    "restore": Room("service.cli.restore", "Restore a backup into an empty data folder; verify it."),
    "doctor": Room("service.cli.doctor", "Check database, settings and migrations."),
    "migrations": Room("service.cli.migrations", "State of the schema, upgrade, comparison with the code."),
}


def main() -> None:
    """Run the command of `sys.argv` and leave with its exit code."""
    if sys.getfilesystemencoding() == "ascii":  # words beyond it would not be read
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  this very command
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. What a command may fail with is one sentence on stderr."""
    _speak_utf8()
    arguments, as_json = _without_json(arguments)
    name = next(iter(arguments), "")
    room = COMMANDS.get(name)
    _end_by_signals()
    terminal: Terminal | None = None
    try:
        if room is None:
            return _leave(get_command(_overview()), arguments or ["--help"], "taizhang", obj=as_json)
        from service.terminal import Terminal, configure_log

        terminal = Terminal(as_json)
        if not {"--help", "-h"} & set(arguments):
            configure_log(terminal.settings.log_level)
        return _leave(
            get_command(importlib.import_module(room.module).app), arguments[1:], f"taizhang {name}", terminal
        )
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at exit
        return ExitCode.REFUSED
    except Exception as failure:
        known = _expected(failure, terminal) or _not_text(arguments)
        if known is None:
            raise
        print(f"taizhang: {known.sentence}", file=sys.stderr)  # noqa: T201 - the terminal is where it belongs
        return known.exit_code


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale is: under LANG=C Python would fail at the first Chinese character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _leave(command: Callable[..., Any], arguments: list[str], name: str, obj: object) -> int:
    """Run a typer command; it ends by SystemExit in any case."""
    try:
        command.main(args=arguments, prog_name=name, obj=obj)  # type: ignore[attr-defined]
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    return ExitCode.OK


def _expected(failure: BaseException, terminal: Terminal | None) -> CommandFailed | None:
    """The failure as one sentence with an exit code; None if it is a fault of the program."""
    if isinstance(failure, CommandFailed):
        return failure
    if isinstance(failure, BaseExceptionGroup) and len(failure.exceptions) == 1:
        return _expected(failure.exceptions[0], terminal)
    if terminal is not None and "domain.refusals" in sys.modules:
        from domain.refusals import Refusal

        if isinstance(failure, Refusal):
            from service.cli.refused import refused

            return refused(terminal.settings, failure)
    if "service.database.migrate" in sys.modules:
        from service.database.migrate import MigrationBlocked, SchemaNewerThanCode, SchemaOlderThanCode

        sentence = str(failure)[:1].upper() + str(failure)[1:]
        if isinstance(failure, SchemaNewerThanCode | SchemaOlderThanCode):
            return CommandFailed(f"{sentence}.", ExitCode.SCHEMA_MISMATCH)
        if isinstance(failure, MigrationBlocked):
            return CommandFailed(f"{sentence}.", ExitCode.DATABASE_UNAVAILABLE)
    if "service.database.trouble" in sys.modules:
        from service.database.trouble import sentence as trouble_in_words

        told = trouble_in_words(failure)
        if told is not None:
            return CommandFailed(told, ExitCode.DATABASE_UNAVAILABLE)
    return None


def _not_text(arguments: list[str]) -> CommandFailed | None:
    """What to say of a failure where an argument has bytes that are no text in this locale; None: all are text."""
    wrong = next((one for one in arguments if any("\ud800" <= sign <= "\udfff" for sign in one)), None)
    return None if wrong is None else CommandFailed(f"{wrong!a} is no text in this locale.", ExitCode.USAGE)


def _end_by_signals() -> None:
    """SIGTERM and SIGHUP end a command the way Ctrl-C does: cleanly, with exit code 130, or 0 if it served.

    A script starts what it puts in the background with SIGINT ignored, which would ignore SIGTERM with it. SIGHUP
    ignored is what nohup is for and stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _as_interrupt)


def _as_interrupt(_signal: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


def _without_json(arguments: list[str]) -> tuple[list[str], bool]:
    """`--json` may stand anywhere before a lone `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [argument for argument in arguments[:end] if argument != "--json"]
    return before + arguments[end:], len(before) < end


def _overview_options(
    ctx: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Say what is asked of the program itself; `ctx.obj` is whether --json was given."""
    if version:
        said = {"version": installed_version()}
        print(json.dumps(said) if ctx.obj else f"taizhang {said['version']}")  # noqa: T201 - the terminal is where it belongs


def _overview() -> typer.Typer:
    """All commands by name and line only, for `taizhang --help` and for refusing unknown names."""
    from service.settings import known_variables

    app = typer.Typer(
        invoke_without_command=True,
        callback=_overview_options,
        help="台账: the asset register of a county's poverty-alleviation projects.",
        epilog="\b\n"
        + "\n".join(
            [
                "Every command takes --json: data on stdout as one JSON document, notes and progress on stderr.",
                "",
                "\b",
                "Exit codes:",
                *(f"  {code.value:<4} {meaning}" for code, meaning in MEANINGS.items()),
                "",
                "\b",
                "Environment:",
                *(f"  {name:<29} {meaning}" for name, meaning in known_variables().items()),
            ]
        ),
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    for name, room in COMMANDS.items():
        app.command(name, help=room.help)(lambda: None)
    return app
