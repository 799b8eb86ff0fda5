"""Counters of a running service, for Prometheus: names, units and labels in one place; `docs/operations.md` explains
them.

Counted per process. Nothing here names a person, an asset or a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST

_COUNTED: Final = CollectorRegistry()

APPEND_SECONDS: Final = Histogram(
    "taizhang_append_seconds",
    "From a command's arrival at the log to its answer",
    ("county",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=_COUNTED,
)
BATCH_COMMANDS: Final = Histogram(
    "taizhang_append_batch_commands",
    "Commands that one transaction of the log stored",
    ("county",),
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 512),
    registry=_COUNTED,
)
EVENTS: Final = Counter("taizhang_events", "Events stored by this process", ("county",), registry=_COUNTED)
CONFLICTS: Final = Counter(
    "taizhang_append_conflicts",
    "Transactions of the log that stored nothing: a conflict, or another process was faster",
    ("county",),
    registry=_COUNTED,
)
FAILURES: Final = Counter(
    "taizhang_append_failures",
    "Failures of the log's writer itself: everybody who waited was answered, and it began anew",
    ("county",),
    registry=_COUNTED,
)
REFUSALS: Final = Counter(
    "taizhang_refusals", "Requests refused, by code", ("code", "status"), registry=_COUNTED
)
RESPONSES: Final = Counter("taizhang_responses", "Requests answered", ("method", "status"), registry=_COUNTED)
EXPORTS: Final = Counter("taizhang_exports", "Lists given out as files", ("format",), registry=_COUNTED)
OPERATIONS: Final = Counter(
    "taizhang_operations",
    "Long work that ended: audit packs, imports, …",
    ("kind", "state"),
    registry=_COUNTED,
)
PAST_FOLDS: Final = Counter(
    "taizhang_past_folds",
    "Past moments folded in a process of their own: done, given up because nobody waited any more, died",
    ("outcome",),
    registry=_COUNTED,
)


def exposition(
    ledgers: Sequence[Mapping[str, Any]], clock: Mapping[str, Any], pools: Iterable[tuple[str, Any]]
) -> bytes:
    """Everything in Prometheus' text format. `ledgers` as `Projector.health` gives them, `clock` as readiness does,
    `pools` by the name of their share.
    """
    asked = CollectorRegistry()
    head = Gauge("taizhang_log_position", "Events of the log", ("county",), registry=asked)
    lag = Gauge(
        "taizhang_ledger_lag_events",
        "Events a ledger is behind the log",
        ("county", "ledger"),
        registry=asked,
    )
    halted = Gauge(
        "taizhang_ledger_halted",
        "1: a ledger stands still at an event that it cannot apply, or was never built by this version",
        ("county", "ledger"),
        registry=asked,
    )
    frozen = Gauge(
        "taizhang_ledger_frozen",
        "1: a ledger is behind and does not move, or nobody keeps it",
        ("county", "ledger"),
        registry=asked,
    )
    for one in ledgers:
        head.labels(one["county"]).set(one["head"])
        lag.labels(one["county"], one["projection"]).set(one["behind"])
        halted.labels(one["county"], one["projection"]).set(one["state"] != "RUNNING")
        frozen.labels(one["county"], one["projection"]).set(not one["healthy"])
    gained = Gauge("taizhang_clock_gained_seconds", "What the clock gained on the uptime", registry=asked)
    gained.set(clock["gainedSeconds"])
    behind = Gauge(
        "taizhang_clock_behind_log_seconds",
        "How far the log's last moment lies ahead",
        ("county",),
        registry=asked,
    )
    for county, seconds in clock["behindLogSeconds"].items():
        behind.labels(county).set(seconds)
    size = Gauge("taizhang_pool_connections", "Open connections to the database", ("share",), registry=asked)
    used = Gauge("taizhang_pool_used", "Connections that are in use", ("share",), registry=asked)
    most = Gauge("taizhang_pool_most", "Connections that may be opened", ("share",), registry=asked)
    for share, pool in pools:
        size.labels(share).set(pool.get_size())
        used.labels(share).set(pool.get_size() - pool.get_idle_size())
        most.labels(share).set(pool.get_max_size())
    return generate_latest(asked) + generate_latest(_COUNTED)
