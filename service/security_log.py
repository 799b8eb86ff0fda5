"""The security log: who was let in, who was not, who was denied what, and which keys were given and taken away.

One JSON object per line, in a file per day (UTC) that is kept for 180 days (网络安全法 第二十一条: at least six months), and
nothing is left out by the level of the ordinary log. A line names a key by its id, an address, an action and a code; no
name of a person, no token, no body, no path with what stands in it.
"""

from __future__ import annotations

import logging
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from time import monotonic
from typing import Any, Final

import orjson

from service.clock import utc_now

KEPT_DAYS: Final = 180
SIGN_IN_EVERY: Final = 3600.0
"""Seconds: a key that goes on being used from one address is told once in so long."""
_MOST_KNOWN: Final = 10_000

_logger: Final = logging.getLogger("taizhang.security")
_logger.propagate = False
_logger.setLevel(logging.INFO)
_seen: Final[dict[tuple[str, str], float]] = {}


def keep_in(folder: Path) -> None:
    """Write to this folder from now on; made for its owner alone if it is not there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stop()
    handler = TimedRotatingFileHandler(
        folder / "security.jsonl", when="midnight", backupCount=KEPT_DAYS, utc=True, encoding="utf-8"
    )
    (folder / "security.jsonl").chmod(0o600)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _logger.addHandler(handler)


def stop() -> None:
    """Write nowhere any more."""
    for handler in _logger.handlers[:]:
        _logger.removeHandler(handler)
        handler.close()


def record(event: str, **what: Any) -> None:
    """One line, if the log is kept anywhere."""
    if _logger.handlers:
        line = {"at": utc_now().isoformat(timespec="milliseconds"), "event": event, **what}
        _logger.info(orjson.dumps(line, default=str).decode())


def record_sign_in(actor: str, county: str, address: str) -> None:
    """A key was shown and is good; told once an hour for each key and address."""
    now = monotonic()
    last = _seen.get((actor, address))
    if last is None or now - last > SIGN_IN_EVERY:
        if len(_seen) >= _MOST_KNOWN:
            _seen.clear()
        _seen[actor, address] = now
        record("sign_in", actor=actor, county=county, address=address)
