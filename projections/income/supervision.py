"""Supervision of income (收益监督看板, C4.9-01): of each operating asset and each unit what is due, came in, was paid out, lies idle.

Nothing is stored. What is due follows from contracts by the same function that judges a receipt; what came in and went out
are the lines of the income ledger; what a village has is the balance of its sub-account. Money is used up in the order in
which it came in: what lies idle is the newest of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import orjson

from domain.asset.facts.contract import last_day_of
from domain.income.account import UPKEEP
from domain.periods import rents
from domain.values import Fen, PartyShare, divided
from projections.asset import income as income_ledger, register as asset_register
from projections.engine.reading import Conditions
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.income import accounts, plans
from projections.organization import directory

LEDGERS: Final = (
    asset_register.PROJECTION.name,
    income_ledger.PROJECTION.name,
    accounts.PROJECTION.name,
    plans.PROJECTION.name,
    directory.PROJECTION.name,
)
"""What the board is read from."""


@dataclass(frozen=True, slots=True)
class IdleBounds:
    """Days after which money lies idle, by the county; None where it has set none."""

    unplanned: int | None = None
    """Since it came in, without a plan."""
    unpaid: int | None = None
    """Since the plan was proposed, without being paid."""


@dataclass(frozen=True, slots=True)
class WatchedAssets:
    """Which operating assets are looked at; what is None restricts nothing."""

    types: Sequence[str] | None = None
    village: str | None = None
    township: str | None = None
    asset: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it is every operating asset of the county: only then is a unit's account all about them."""
        return (self.types, self.village, self.township, self.asset) == (None, None, None, None)


@dataclass(slots=True)
class _Money:
    """Money of an asset or of a unit, in fen, and the days on which it came in."""

    due: int = 0
    overdue: int = 0
    overdue_since: date | None = None
    received: int = 0
    distributed: int = 0
    upkeep: int = 0
    planned: int = 0
    came_in: dict[date, int] = field(default_factory=dict)
    waiting: dict[date, int] = field(default_factory=dict)
    """What plans proposed on a day have not paid yet."""
    balance: int | None = None
    """Of the sub-account."""
    used: int | None = None
    """What went out of the sub-account."""

    def line(self, on: date, bounds: IdleBounds) -> Row:
        """What the board shows of it on a day."""
        used = self.distributed + self.upkeep if self.used is None else self.used
        left = _left(self.came_in, used + self.planned)
        return {
            "due": self.due,
            "overdue": self.overdue,
            "overdue_since": self.overdue_since,
            "received": self.received,
            "distributed": self.distributed,
            "upkeep": self.upkeep,
            "balance": self.balance,
            "planned": self.planned,
            "planned_since": min(self.waiting, default=None),
            "planned_idle": _older(self.waiting, on, bounds.unpaid),
            "unplanned": sum(left.values()),
            "unplanned_since": min(left, default=None),
            "unplanned_idle": _older(left, on, bounds.unplanned),
        }


def _left(came_in: Mapping[date, int], used: int) -> dict[date, int]:
    """What is left of money that came in by day once so much was used, the oldest first."""
    left: dict[date, int] = {}
    for day in sorted(came_in):
        part = min(used, came_in[day])
        used -= part
        if came_in[day] > part:
            left[day] = came_in[day] - part
    return left


def _older(money: Mapping[date, int], on: date, days: int | None) -> int | None:
    """The part that has lain for more than so many days; None without a bound."""
    if days is None:
        return None
    return sum(amount for day, amount in money.items() if on - day > timedelta(days=days))


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


# ---- what is due ---------------------------------------------------------------------------------------------------


def _add_due(
    money: _Money, contracts: Mapping[str, Mapping[str, Any]], received: Mapping[str, int], on: date
) -> None:
    """Add what is due under contracts on a day, and what of it was due before that day and did not come in."""
    for code, contract in contracts.items():
        left = received.get(code, 0)
        for begins, rent in _due_of(contract):
            if begins > on:
                break
            money.due += rent
            settled = min(left, rent)
            left -= settled
            if rent > settled and begins < on:
                money.overdue += rent - settled
                money.overdue_since = _earlier(money.overdue_since, begins)


def _due_of(contract: Mapping[str, Any]) -> Iterator[tuple[date, Fen]]:
    ended = contract.get("endedOn")
    last = last_day_of(
        contract["state"],
        date.fromisoformat(contract["endsOn"]),
        None if ended is None else date.fromisoformat(ended),
    )
    return rents(contract["annualIncome"], date.fromisoformat(contract["startsOn"]), last)


# ---- what the ledgers say ------------------------------------------------------------------------------------------

_LINES: Final = """
SELECT i.asset, i.holder, i.contract, i.entry, i.entered_on, sum(i.amount)::bigint AS amount
FROM income_ledger i WHERE i.county = $1 AND i.asset = ANY ($2)
GROUP BY i.asset, i.holder, i.contract, i.entry, i.entered_on"""

_PLANNED: Final = """
SELECT p.village AS unit, s ->> 'asset' AS asset, p.proposed_on,
    sum((s ->> 'amount')::bigint + coalesce(d.paid, 0))::bigint AS amount
FROM income_plan p CROSS JOIN LATERAL jsonb_array_elements(p.sources) s
LEFT JOIN (SELECT i.reference, i.asset, sum(i.amount)::bigint AS paid FROM income_ledger i
    WHERE i.county = $1 AND i.entry = 'DISTRIBUTION' GROUP BY i.reference, i.asset) d
    ON d.reference = p.income_plan AND d.asset = s ->> 'asset'
WHERE p.county = $1 AND p.state IN ('PROPOSED', 'PAYING') AND s ->> 'asset' = ANY ($2)
GROUP BY 1, 2, 3"""

_UPKEEP: Final = """
SELECT p.organization AS unit, p.asset, -sum(p.amount)::bigint AS amount FROM income_posting p
WHERE p.county = $1 AND p.cause = $3 AND p.asset = ANY ($2) GROUP BY 1, 2"""

_PLANS: Final = """
SELECT p.village AS unit, p.proposed_on, sum(p.amount - p.paid)::bigint AS amount FROM income_plan p
WHERE p.county = $1 AND p.state IN ('PROPOSED', 'PAYING') GROUP BY 1, 2"""

_ACCOUNTS: Final = """
SELECT p.organization AS unit, p.day, sum(p.amount)::bigint AS amount,
    coalesce(sum(p.amount) FILTER (WHERE p.amount > 0), 0)::bigint AS came_in
FROM income_posting p WHERE p.county = $1 GROUP BY 1, 2"""


async def _assets(connection: Connection, county: str, watched: WatchedAssets) -> list[Row]:
    conditions = Conditions()
    conditions.equal("a.county", county)
    conditions.equal("a.asset_class", "OPERATING")
    conditions.equal("a.scope", "IN")  # what is out of scope is for reference and never in a total (C1-01)
    conditions.equal("a.asset_type", None if watched.types is None else list(watched.types))
    conditions.equal("a.village", watched.village)
    conditions.equal("a.township", watched.township)
    conditions.equal("a.asset", watched.asset)
    found = await connection.fetch(
        "SELECT a.asset, a.asset_name, a.asset_type, a.village, a.township, a.owners, a.income_right_holders,"
        f" a.contracts FROM asset_register a WHERE {conditions.where} ORDER BY a.asset",
        *conditions.parameters,
    )
    parsed = ("owners", "income_right_holders", "contracts")
    return [dict(one) | {name: orjson.loads(one[name]) for name in parsed} for one in found]


def _shares(asset: Row) -> tuple[PartyShare, ...]:
    """Shares of those whose income it is: what receipts are attributed by."""
    held = asset["income_right_holders"] or asset["owners"]
    return tuple(PartyShare(party=one["party"], amount=Fen(one["amount"])) for one in held)


def _add_line(money: _Money, line: Row, *, of_holder: bool) -> None:
    """Add a line of the income ledger. What the confirmation of ownership attributes comes in for a holder, not for the asset."""
    amount = line["amount"]
    if line["entry"] == "DISTRIBUTION":
        money.distributed -= amount
    elif line["entry"] == "RECEIPT" or of_holder:
        money.received += amount
        day = line["entered_on"]
        money.came_in[day] = money.came_in.get(day, 0) + amount


def _add_planned(money: _Money, one: Row) -> None:
    if one["amount"] > 0:
        money.planned += one["amount"]
        money.waiting[one["proposed_on"]] = money.waiting.get(one["proposed_on"], 0) + one["amount"]


@dataclass(slots=True)
class _Board:
    """Assets that are looked at, and what the ledgers say of their money."""

    assets: list[Row]
    lines: list[Row]
    planned: list[Row]
    upkeep: list[Row]

    def by_asset(self, on: date) -> dict[str, _Money]:
        """The money of each asset."""
        moneys = {one["asset"]: _Money() for one in self.assets}
        settled: dict[str, dict[str, int]] = {}
        for line in self.lines:
            _add_line(moneys[line["asset"]], line, of_holder=False)
            if line["contract"] is not None and line["entry"] == "RECEIPT":
                of_asset = settled.setdefault(line["asset"], {})
                of_asset[line["contract"]] = of_asset.get(line["contract"], 0) + line["amount"]
        for asset in self.assets:
            code = asset["asset"]
            _add_due(moneys[code], asset["contracts"], settled.get(code, {}), on)
        for one in self.planned:
            _add_planned(moneys[one["asset"]], one)
        for one in self.upkeep:
            moneys[one["asset"]].upkeep += one["amount"]
        return moneys

    def by_unit(self, on: date) -> dict[str, _Money]:
        """The money of each unit whose income it is; dues by their shares, exact to the fen."""
        units: dict[str, _Money] = {}
        of_assets = self.by_asset(on)
        for asset in self.assets:
            whole, shares = of_assets[asset["asset"]], _shares(asset)
            for share in divided(whole.due, shares):
                units.setdefault(share.party, _Money()).due += share.amount
            for share in divided(whole.overdue, shares):
                money = units.setdefault(share.party, _Money())
                money.overdue += share.amount
                money.overdue_since = _earlier(money.overdue_since, whole.overdue_since)
        for line in self.lines:
            if line["holder"] is not None:
                _add_line(units.setdefault(line["holder"], _Money()), line, of_holder=True)
        for one in self.planned:
            _add_planned(units.setdefault(one["unit"], _Money()), one)
        for one in self.upkeep:
            units.setdefault(one["unit"], _Money()).upkeep += one["amount"]
        return units


async def _board(connection: Connection, county: str, watched: WatchedAssets) -> _Board:
    assets = await _assets(connection, county, watched)
    codes = [one["asset"] for one in assets]
    return _Board(
        assets,
        _rows(await connection.fetch(_LINES, county, codes)),
        _rows(await connection.fetch(_PLANNED, county, codes)),
        _rows(await connection.fetch(_UPKEEP, county, codes, UPKEEP)),
    )


def _rows(records: Iterable[Any]) -> list[Row]:
    return [dict(one) for one in records]


async def income_of_assets(
    connection: Connection, county: str, on: date, watched: WatchedAssets, bounds: IdleBounds
) -> list[Row]:
    """The board's line of each operating asset, by its code: `subject`, `name`, `village`, `township` and the money (fen)."""
    board = await _board(connection, county, watched)
    moneys = board.by_asset(on)
    return [
        {
            "subject": one["asset"],
            "name": one["asset_name"],
            "village": one["village"],
            "township": one["township"],
        }
        | moneys[one["asset"]].line(on, bounds)
        for one in board.assets
    ]


async def income_of_units(
    connection: Connection, county: str, on: date, watched: WatchedAssets, bounds: IdleBounds
) -> list[Row]:
    """The board's line of each unit whose income it is, by its code; with the sub-account where all assets are looked at."""
    board = await _board(connection, county, watched)
    units = board.by_unit(on)
    if watched.whole:
        await _look_at_accounts(connection, county, units)
    named = await connection.fetch(
        "SELECT o.organization, o.name FROM organization o WHERE o.county = $1 AND o.organization = ANY ($2)",
        county,
        list(units),
    )
    names = {one["organization"]: one["name"] for one in named}
    return [
        {"subject": unit, "name": names.get(unit), "village": None, "township": None}
        | units[unit].line(on, bounds)
        for unit in sorted(units)
    ]


async def _look_at_accounts(connection: Connection, county: str, units: dict[str, _Money]) -> None:
    """Put what lies on a unit's sub-account, and all that is planned with it, in the place of what its operating assets brought.

    Opening balance and interest are planned and paid like income, and upkeep and fees are gone.
    """
    posted: dict[str, list[Row]] = {}
    for one in _rows(await connection.fetch(_ACCOUNTS, county)):
        posted.setdefault(one["unit"], []).append(one)
    for unit, lines in posted.items():
        money = units.setdefault(unit, _Money())
        money.came_in = {one["day"]: one["came_in"] for one in lines if one["came_in"] > 0}
        money.balance = sum(one["amount"] for one in lines)
        money.used = sum(money.came_in.values()) - money.balance
        money.planned, money.waiting = 0, {}
    for one in _rows(await connection.fetch(_PLANS, county)):
        if one["unit"] in posted:
            _add_planned(units[one["unit"]], one)
