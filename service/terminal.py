"""The terminal: data on stdout (a table, or JSON with --json), notes and progress on stderr, the log on stderr."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import structlog
from rich.console import Console

from domain.sealed import hidden
from service.settings import Settings

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Terminal:
    """Terminal: the person or script that called, as a command sees it."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self.progress = Console(stderr=True, highlight=False, soft_wrap=True)
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """Settings of this call, read once; `SettingsWrong` if a variable is wrong."""
        if self._settings is None:
            self._settings = Settings.from_environment()
        return self._settings

    def note(self, line: str) -> None:
        """Print one line for people on stderr, as it is (no markup)."""
        self.progress.print(line, markup=False)

    def emit(self, data: Any, human: Callable[[Console], None] | None = None) -> None:
        """The result on stdout: one JSON document with --json (or when there is no human form), else `human`."""
        if self.json or human is None:
            said = orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2).decode()
            sys.stdout.buffer.write(hidden(said).encode() + b"\n")
            sys.stdout.buffer.flush()
        else:
            human(Console(highlight=False))

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on uvloop."""
        import uvloop

        return uvloop.run(coro)

    def serve(self, work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
        """Run what sets the event once it serves and goes on until it is interrupted: from then on that is how it ends
        well. An interruption before it is one: what was asked for had not been done.
        """
        import asyncio

        serving = asyncio.Event()
        try:
            self.run(work(serving))
        except KeyboardInterrupt:
            if not serving.is_set():
                raise


def configure_log(level: str = "info", as_json: bool | None = None) -> None:
    """Send structlog and logging to stderr; JSON lines when stderr is not a terminal (or as `as_json` says)."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    finish: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_dumps)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,  # not with everybody's data, nor for seconds
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(
        max(number, logging.WARNING)
    )  # other people's libraries speak up only when something is wrong
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)  # an outage is said once, by ourselves
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=False,
    )


def _dumps(value: Any, default: Callable[[Any], Any] = str, **_: Any) -> str:
    return orjson.dumps(value, default=default, option=orjson.OPT_NON_STR_KEYS).decode()
