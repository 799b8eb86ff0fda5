"""`make bench`: every benchmark on one durable server of this machine; a table, and `bench-results.json`.

`--only append,http` chooses; `--url` takes a server of yours instead of an embedded one.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from service.database.embedded import EmbeddedServer
from tests.benchmarks.targets import judged

MODULES = (
    "append",
    "aggregate",
    "http",
    "rebuild",
    "spreadsheet",
    "pack",
    "clearance",
    "handover",
    "moments",
    "questions",
    "reading",
    "sealing",
    "waits",
    "docs",
)
RESULTS = Path("bench-results.json")


@contextmanager
def durable_server() -> Iterator[str]:
    """An embedded server with the service's own durable settings, thrown away afterwards."""
    parent = Path(tempfile.mkdtemp(prefix="taizhang-bench-"))
    parent.chmod(0o755)
    try:
        with EmbeddedServer(parent / "data") as server:
            yield server.url("postgres")
    finally:
        shutil.rmtree(parent, ignore_errors=True)


async def measure(url: str, names: list[str], console: Console) -> list[dict[str, Any]]:
    """Run the chosen modules one after the other."""
    results: list[dict[str, Any]] = []
    for name in names:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        console.print(f"[bold]{name}[/] …")
        for row in await module.run(url):
            results.append(judged({"benchmark": name, **row}))
            console.print(f"  {row['name']}: {_figure(row['value'])} {row['unit']}")
    return results


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def table_of(results: list[dict[str, Any]]) -> Table:
    """The results as people read them."""
    table = Table(
        "benchmark",
        "what",
        "value",
        "unit",
        "ratio",
        "compared with",
        "target",
        "met",
        title=platform.platform(),
    )
    for row in results:
        ratio = row.get("ratio")
        table.add_row(
            row["benchmark"],
            row["name"],
            _figure(row["value"]),
            row["unit"],
            "" if ratio is None else f"{ratio:.2f} ×",
            row.get("compared_with") or "",
            row["target"] or "",
            {None: "", True: "yes", False: "NO"}[row["met"]],
        )
    return table


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(MODULES), help="comma-separated modules")
    parser.add_argument("--url", default=os.environ.get("TAIZHANG_DATABASE_URL"), help="server to measure on")
    arguments = parser.parse_args()
    names = [name for name in arguments.only.split(",") if name]
    if unknown := sorted(set(names) - set(MODULES)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    console = Console(stderr=True)
    if arguments.url:
        results = asyncio.run(measure(arguments.url, names, console))
    else:
        with durable_server() as url:
            results = asyncio.run(measure(url, names, console))
    RESULTS.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    Console(file=sys.stdout, width=160).print(table_of(results))
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
