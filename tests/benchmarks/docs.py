"""How soon the pages of the interface show something in a browser: Debian's Chromium without a window.

    python -m tests.benchmarks --only docs

From the request to the first contentful paint as the browser itself reports it, and until every operation of the page
stands there (`/docs`: every subject). A new profile for each page, so nothing is cached; the median of three.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from service.api.http.document import subjects
from tests.api.process import served
from tests.benchmarks.http import database

TIMES: Final = 3
SECONDS: Final = 60.0
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
_SEEN: Final = """(() => {
    const paint = performance.getEntriesByType("paint").find((one) => one.name === "first-contentful-paint");
    return [paint ? paint.startTime : null, document.querySelectorAll(%s).length];
})()"""


class Browser:
    """A browser that is driven over a pipe, a JSON message and a zero byte at a time."""

    def __init__(self, read: int, write: int) -> None:
        self._from, self._to = os.fdopen(read, "rb", buffering=0), os.fdopen(write, "wb", buffering=0)
        self._rest, self._last = b"", 0
        self._session: str | None = None

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result; events are passed over."""
        self._last += 1
        asked: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            asked["sessionId"] = self._session
        self._to.write(json.dumps(asked).encode() + b"\0")
        while True:
            told = self._message()
            if told.get("id") == self._last:
                return cast("dict[str, Any]", told["result"])

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = self._from.read(1 << 16)
            if not read:
                raise RuntimeError("the browser ended")
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return cast("dict[str, Any]", json.loads(message))

    def open(self) -> None:
        """Take the first page that the browser has."""
        targets = self("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def shown(self, url: str, what: str, many: int) -> tuple[float, float]:
        """Seconds to the first paint, and until so many elements stand there."""
        began = time.perf_counter()
        self("Page.navigate", url=url)
        while time.perf_counter() - began < SECONDS:
            found = self("Runtime.evaluate", expression=_SEEN % json.dumps(what), returnByValue=True)
            painted, there = found.get("result", {}).get("value") or (None, 0)
            if painted is not None and there >= many:
                return painted / 1000, time.perf_counter() - began
            time.sleep(0.02)
        raise TimeoutError(f"{url} shows {there} of {many}")


@contextmanager
def browser(program: str) -> Iterator[Browser]:
    """A browser of its own, with nothing cached."""
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()

    def pipes() -> None:  # the browser reads commands at 3 and answers at 4
        os.dup2(their_in, 103)
        os.dup2(their_out, 104)
        os.dup2(103, 3)
        os.dup2(104, 4)

    with TemporaryDirectory(prefix="taizhang-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=pipes,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        one = Browser(our_in, our_out)
        try:
            one.open()
            yield one
        finally:
            process.terminate()
            process.wait(30)


async def run(url: str) -> list[dict[str, Any]]:
    """Measure; nothing where there is no Chromium."""
    program = shutil.which("chromium")
    if program is None:
        return []
    every = subjects()
    largest = max(every, key=lambda one: one.operations)
    pages = {
        "/docs": ("li > a", len(every)),
        f"/docs/{largest.name}, {largest.operations} operations": (".opblock", largest.operations),
    }
    results: list[dict[str, Any]] = []
    async with database(url) as own:
        with served(own) as (base, _):
            for page, (what, many) in pages.items():
                taken = []
                for _ in range(TIMES):
                    with browser(program) as one:
                        taken.append(one.shown(base + page.partition(",")[0], what, many))
                for name, part in (("first paint", 0), ("everything shown", 1)):
                    value = median(times[part] for times in taken)
                    results.append({"name": f"{page}: {name}", "value": value, "unit": "s"})
    return results
