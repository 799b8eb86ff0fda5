"""Histories for the ledgers' tests and benchmarks: single events by hand, and long random ones from a seed.

The random ones keep to the order in which an asset's life can go, so that every event means something; whether the
regulation would have allowed it is not asked here. `test_history` checks every shape against the event classes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from domain.recorded import RecordedEvent
from domain.values import split_exactly
from service.log.codec import canonical
from service.log.event_store import Append, EventStore, NewEvent, StreamAppend
from tests.projections.duties_history import ASSET_EVENTS, DUTIES, household_events, unit_events
from tests.projections.inventory_history import batch_facts, stocktake_facts

COUNTY: Final = "653022"
OTHER_COUNTY: Final = "653023"
FIRST_DAY: Final = date(2021, 6, 17)
VILLAGES: Final = tuple(
    f"6530222{township:02d}2{village:02d}" for township in range(1, 4) for village in range(1, 5)
)
SHA: Final = "ab" * 32
GOLDEN: Final = Path(__file__).parents[1] / "domain" / "history"
"""One stored event of every type."""
BASIS: Final = {
    "policy": "653022-2021-15",
    "clauses": ["C4.6-02"],
    "warnings": [],
    "findings": [],
    "overrides": [],
}
WARNED: Final = BASIS | {
    "warnings": [
        {
            "code": "NOTICE_MISSING",
            "clause": "C4.5-04",
            "detailZh": "未公示",
            "detailEn": "no notice",
            "params": {},
        }
    ]
}
ON_BEHALF: Final = BASIS | {
    "warnings": [
        {
            "code": "RECORDED_ON_BEHALF",
            "clause": "C4.7-04",
            "detailZh": "代为登记",
            "detailEn": "recorded on behalf",
            "params": {"unit": "653022202208、653022202201", "recorder": "653022202000"},
        }
    ]
}
ACTOR: Final = {"id": "k_01", "kind": "api-key", "organization": "653022202000"}


@dataclass
class Log:
    """A log in memory: gives positions and versions."""

    county: str = COUNTY
    events: list[RecordedEvent] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    keep: bool = True
    position: int = 0

    def add(
        self,
        stream: str,
        event_type: str,
        data: dict[str, Any],
        on: date = FIRST_DAY,
        *,
        basis: dict[str, Any] | None = None,
    ) -> RecordedEvent:
        """Record one event."""
        self.position += 1
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        event = RecordedEvent(
            county=self.county,
            position=self.position,
            stream=stream,
            version=version,
            type=event_type,
            schema=1,
            occurred_on=on,
            recorded_at=datetime(2022, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.position),
            actor=ACTOR,
            command_id=f"c-{self.position}",
            correlation_id=f"c-{self.position}",
            causation_id=None,
            basis=basis or BASIS,
            data=data,
        )
        if self.keep:
            self.events.append(event)
        return event


def card(
    value: int = 100_000_00, village: str = VILLAGES[0], name: str = "防渗渠", **changes: Any
) -> dict[str, Any]:
    """A register card; `value` in fen."""
    return {
        "assetName": name,
        "assetContent": "灌溉用防渗渠",
        "assetClass": "OPERATING",
        "assetType": "SHOP",
        "completionDate": "2019-09-30",
        "usefulLifeYears": 20,
        "quantity": "12.5",
        "unitOfMeasure": "公里",
        "items": [],
        "originalValue": value,
        "fundingLines": [
            {"source": "FISCAL_DEV", "amount": value - value // 3, "allocatedOn": "2018-03-01"},
            {"source": "AID_XJ", "amount": value // 3, "allocatedOn": "2018-04-01"},
        ],
        "location": village,
        "projectScope": "SINGLE_VILLAGE",
        "implementer": village,
        "implementerKind": "VILLAGE",
        "villageUse": False,
        "equityInvestment": False,
        "acceptance": {"result": "PASSED", "acceptedOn": "2019-10-15", "documentNo": "陶验〔2019〕1号"},
    } | changes


def confirmation(
    shares: dict[str, int],
    kind: str = "VILLAGE",
    income: dict[str, int] | None = None,
    attributed: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Ownership confirmed: fen by party; `attributed`: income from before that now finds its holders."""
    return {
        "confirmation": {
            "owners": [{"party": party, "amount": amount} for party, amount in shares.items()],
            "ownerKind": kind,
            "incomeRightHolders": [
                {"party": party, "amount": amount}
                for party, amount in (shares if income is None else income).items()
            ],
            "ownershipBasis": "财政资金",
            "incomeRightBasis": "财政资金",
        },
        "rule": "R7",
        "regime": "RURAL_COLLECTIVE",
        "attributions": [{"party": party, "amount": amount} for party, amount in (attributed or {}).items()],
        "externalDuties": DUTIES,
    }


def custody(
    custodian: str, persons: dict[str, str], *, post: str | None = None, provisional: bool = False
) -> dict[str, Any]:
    """Custody with named persons: duty by person."""
    found: dict[str, Any] = {
        "custodian": custodian,
        "responsibleUnit": custodian,
        "duties": [{"person": person, "duty": duty} for person, duty in persons.items()],
        "provisional": provisional,
    }
    if post is not None:
        found["firstResponsible"] = {"organization": custodian, "position": post}
    return {"custody": found}


def terms(
    contract: str, starts: str = "2021-01-01", ends: str = "2025-12-31", **changes: Any
) -> dict[str, Any]:
    """A lease."""
    return {
        "terms": {
            "contract": contract,
            "mode": "LEASED",
            "operator": {"operator": "OP-1", "name": "陶乡合作社"},
            "signedOn": "2020-12-20",
            "startsOn": starts,
            "endsOn": ends,
            "signer": VILLAGES[0],
            "clauses": {"term": "五年"},
            "decisionDocument": "村民会议纪要1号",
            "annualIncome": 5_000_00,
        }
        | changes
    }


def receipt(
    number: str, amount: int, shares: dict[str, int], on: str = "2021-12-20", **changes: Any
) -> dict[str, Any]:
    """Income received, attributed in fen."""
    return {
        "receipt": {
            "receipt": number,
            "amount": amount,
            "receivedOn": on,
            "accountKind": "COLLECTIVE",
            "voucherNo": f"记-{number}",
        }
        | changes,
        "attributions": [{"party": party, "amount": part} for party, part in shares.items()],
    }


def distribution(plan: str, holder: str, amounts: list[int], on: str = "2021-12-28") -> dict[str, Any]:
    """An approved plan paid out, one line per amount (fen)."""
    return {
        "distribution": {
            "plan": plan,
            "holder": holder,
            "amount": sum(amounts),
            "paidOn": on,
            "voucherNo": f"付-{plan}",
            "lines": [
                {"use": "PUBLIC_POST", "amount": amount, "household": f"H-{n}"}
                for n, amount in enumerate(amounts, 1)
            ],
            "decisionDocument": "决议1号",
            "noticeDocument": "公示1号",
            "townshipReview": "审核1号",
            "filingDocument": "备案1号",
        }
    }


def notice(person: str, successor: str | None = None, kind: str = "MANAGER") -> dict[str, Any]:
    """Who leaves."""
    found = {
        "person": person,
        "kind": kind,
        "organization": VILLAGES[0],
        "reason": "TRANSFER",
        "departsOn": "2022-05-31",
    }
    return found | ({"successor": successor} if successor else {})


def defined(name: str, **changes: Any) -> dict[str, Any]:
    """A division's or a unit's card."""
    return {"card": {"name": name, "validFrom": "2000-01-01"} | changes}


# Long random histories


@dataclass
class _Life:
    """What the generator has to remember of one asset."""

    asset: str
    village: str
    value: int
    shares: dict[str, int] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    contract: str | None = None
    contracts: int = 0
    balance: int = 0
    unattributed: int = 0
    transfer: str | None = None
    applied: str | None = None
    year: int = 2020
    accumulated: int = 0
    in_use: bool = False
    idle: bool = False
    disposal: str | None = None
    covers: list[str] = field(default_factory=list)
    events: int = 0
    in_case: bool = False
    supervised: bool = False
    disposed: bool = False

    @property
    def stream(self) -> str:
        return f"asset-{self.asset}"


class RandomHistory:
    """Events of a county's life, for ever, from a seed. Assets live about 16 events, households about 4."""

    def __init__(
        self,
        seed: int,
        county: str = COUNTY,
        *,
        alive: int = 200,
        departures: float = 0.003,
        disposed: float = 1.0,
        reassigned: float = 1.0,
    ) -> None:
        """`alive`: assets that things happen to at a time; `departures`: cases per step; `disposed`: part of the
        assets that end so, the others come to rest; `reassigned`: how often custody that is assigned changes.
        """
        self.random = random.Random(seed)
        self.log = Log(county, keep=False)
        self.alive = alive
        self.departures = departures
        self.disposed = disposed
        self.reassigned = reassigned
        self.lives: list[_Life] = []
        self.households: list[str] = []
        self.persons: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[RecordedEvent]:
        yield from self._directory()
        yield from self._golden("fund_allocation", "fund_reconciliation", "joint_review", "ledger_seal")
        yield from self._golden(
            "procedure",
            "public_notice",
            "inspection",
            "violation_case",
            "policy_override",
            "revitalisation_case",
            "income_sub_account",
            "priority_households",
            "income_plan",
            "maintenance_expense",
            "cost_guarantee",
            "operator_selection",
            "incentive_plan",
            "relief_plan",
            "public_welfare_post",
            "annual_result",
            "proceeds_pool",
        )
        confirmed = {"entry": self.log.position, "secretary": "P-SECRETARY"}
        village = f"organization-{VILLAGES[0]}"
        yield self.log.add(village, "organization.recording_confirmed", confirmed, FIRST_DAY, basis=BASIS)
        while True:
            chance = self.random.random()
            if not self.lives or (len(self.lives) < self.alive and chance < 0.15):
                yield self._register()
            elif chance < 0.10:
                yield self._household()
            elif chance < 0.10 + self.departures:
                yield from self._departure()
            elif chance > 0.998:
                yield from self._inventory()
            else:
                yield from self._live(self.random.choice(self.lives))

    def take(self, count: int) -> list[RecordedEvent]:
        """The first `count` events."""
        events = iter(self)
        return [next(events) for _ in range(count)]

    def _golden(self, *kinds: str) -> Iterator[RecordedEvent]:
        """One life of each kind, told by its golden events."""
        told = [orjson.loads(path.read_bytes()) for path in GOLDEN.glob("*.json")]
        for event in sorted(told, key=lambda one: (one["stream"], one["version"])):
            if event["stream"].partition("-")[0] in kinds:
                yield self.add(event["stream"], event["type"], event["data"])

    def _day(self) -> date:
        return FIRST_DAY + timedelta(days=self.log.position // 50 + self.random.randrange(-30, 30))

    def add(self, stream: str, event_type: str, data: dict[str, Any]) -> RecordedEvent:
        chance = self.random.random()
        basis = WARNED if chance < 0.05 else ON_BEHALF if chance < 0.06 else BASIS
        return self.log.add(stream, event_type, data, self._day(), basis=basis)

    def _directory(self) -> Iterator[RecordedEvent]:
        for n, village in enumerate(VILLAGES):
            parent = village[:9] + "000"
            yield self.add(
                f"division-{village}", "division.defined", defined(f"第{n}村", level="village", parent=parent)
            )
            unit = defined(f"第{n}村集体", kind="VILLAGE", superior=parent, division=village)
            yield self.add(f"organization-{village}", "organization.defined", unit)
            yield self._person(village)
            yield self._person(village)
        yield self.add(
            f"division-{VILLAGES[-1]}",
            "division.succeeded",
            {"successor": VILLAGES[0], "closedOn": "2021-01-01", "documentNo": "新民函1号"},
        )
        yield self.add(
            f"organization-{VILLAGES[-1]}",
            "organization.succeeded",
            {"successor": VILLAGES[0], "closedOn": "2021-01-01", "documentNo": "新民函1号"},
        )
        collective = {"uscc": "N2653022MF12345676", "name": "合作社", "registeredOn": "2020-06-01"}
        yield self.add(
            f"organization-{VILLAGES[0]}", "organization.collective_registered", {"collective": collective}
        )
        replaced = {
            "collective": collective | {"uscc": "N2653022MF76543213", "registeredOn": "2021-06-01"},
            "former": "N2653022MF12345676",
            "documentNo": "农登变2号",
        }
        yield self.add(f"organization-{VILLAGES[0]}", "organization.collective_replaced", replaced)
        for village in VILLAGES:
            who = self.random.choice(self.persons)
            post = {"position": "PARTY_SECRETARY", "person": who}
            taken = post | {"since": "2018-01-01", "documentNo": "任1号"}
            yield self.add(f"organization-{village}", "organization.position_appointed", taken)
            if self.random.random() < 0.5:
                left = post | {"until": "2020-12-31", "reason": "换届"}
                yield self.add(f"organization-{village}", "organization.position_ended", left)
            for made in unit_events(village):
                yield self.add(*made)

    def _person(self, village: str) -> RecordedEvent:
        person = f"P-{len(self.persons) + 1:04d}"
        self.persons.append(person)
        return self.add(
            f"person-{person}",
            "person.registered",
            {"card": {"name": f"某{person}", "organization": village}},
        )

    def _register(self) -> RecordedEvent:
        self.number += 1
        village = self.random.choice(VILLAGES)
        life = _Life(
            f"{village}-{self.number:06d}",
            village,
            self.random.randrange(1, 5_000_000) * 100 + self.number % 7,
        )
        self.lives.append(life)
        chance = self.random.random()
        changes: dict[str, Any] = {"assetClass": "OPERATING" if chance < 0.3 else "PUBLIC_WELFARE"}
        if chance >= 0.3:
            changes |= {"subclass": "INFRASTRUCTURE", "assetType": "LINED_CANAL"}
        data = {
            "card": card(life.value, village, f"第{self.number}号资产", **changes),
            "scope": "IN" if self.random.random() < 0.95 else "OUT",
        }
        return self.add(life.stream, "asset.registered", data)

    def _household(self) -> RecordedEvent:
        if self.households and self.random.random() < 0.75:
            inspection = {
                "inspectedOn": self._day().isoformat(),
                "present": self.random.random() < 0.97,
                "condition": "良好",
                "cooperated": True,
            }
            stream = f"household_asset-{self.random.choice(self.households)}"
            if self.random.random() < 0.3:
                return self.add(stream, *self.random.choice(household_events(self._household_card(stream))))
            return self.add(stream, "household_asset.inspected", {"inspection": inspection})
        self.number += 1
        village = self.random.choice(VILLAGES)
        asset = f"{village}-H{self.number:06d}"
        self.households.append(asset)
        if len(self.households) > 1000:
            self.households.pop(0)
        data = {"card": self._household_card(asset), "externalDuties": DUTIES}
        return self.add(f"household_asset-{asset}", "household_asset.registered", data)

    def _household_card(self, asset: str) -> dict[str, Any]:
        return {
            "assetName": "羊",
            "assetContent": "多浪羊",
            "assetType": "HOUSEHOLD_LIVESTOCK",
            "household": f"H-{self.number}",
            "location": asset.removeprefix("household_asset-").partition("-")[0],
            "completionDate": "2019-05-01",
            "quantity": "10",
            "unitOfMeasure": "只",
            "originalValue": self.random.randrange(1, 20_000) * 100,
            "fundingLines": [],
        }

    def _live(self, life: _Life) -> Iterator[RecordedEvent]:
        if life.disposal is not None or (
            life.events > 14 and not life.in_case and self.random.random() < 0.5
        ):
            if life.disposal is None and self.random.random() >= self.disposed:
                self.lives.remove(life)
            else:
                yield from self._dispose(life)
            return
        step = self.random.choice(_STEPS)
        made = getattr(self, f"_{step}")(life)
        if made is not None:
            life.events += 1
            yield self.add(life.stream, *made)

    def _confirm(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.shares:
            return None
        others = self.random.choice((0, 0, 0, 1, 2))
        parties = list(dict.fromkeys([life.village, *self.random.sample(VILLAGES, others)]))
        part = life.value // len(parties)
        life.shares = dict.fromkeys(parties, part)
        life.shares[life.village] += life.value - part * len(parties)
        attributed = {life.village: life.unattributed} if life.unattributed else {}
        life.balance = life.unattributed
        return "asset.ownership_confirmed", confirmation(life.shares, attributed=attributed)

    def _title_paper(self, life: _Life) -> tuple[str, dict[str, Any]]:
        """One of the papers of a title, before the confirmation or after it."""
        share = {"party": life.village, "amount": life.value}
        day = self._day().isoformat()
        before: list[tuple[str, dict[str, Any]]] = [
            (
                "asset.joint_shares_proposed",
                {"plan": {"basis": "TAGGED_LINES_PRO_RATA", "investments": [share], "shares": [share]}},
            ),
            (
                "asset.quantification_plan_proposed",
                {
                    "plan": {
                        "proposedBy": life.village,
                        "lines": [
                            {
                                "township": life.village[:9] + "000",
                                "village": life.village,
                                "coveredPoorHouseholds": 12,
                                "economyFactor": "1",
                                "amount": life.value,
                            }
                        ],
                    }
                },
            ),
            (
                "asset.ownership_procedure_started",
                {"procedure": "PR-1", "chain": "A5", "subjectSha256": SHA},
            ),
            (
                "asset.county_decision_issued",
                {
                    "decision": {
                        "documentNo": "政函1号",
                        "decidedOn": day,
                        "reasons": "按方案确定",
                        "owners": [],
                    }
                },
            ),
            (
                "asset.title_dispute_opened",
                {"dispute": {"openedOn": day, "reason": "界址不清", "claimants": []}},
            ),
            (
                "asset.ownership_certificate_issued",
                {
                    "certificate": {
                        "village": life.village,
                        "amount": life.value,
                        "number": f"确{self.log.position}号",
                        "issuedOn": day,
                    }
                },
            ),
        ]
        application = f"Z-{self.log.position}"
        certificate = {"kind": "TITLE", "holder": life.village, "appliedOn": day, "state": "APPLIED"}
        after: list[tuple[str, dict[str, Any]]] = [
            ("asset.ownership_filed", {"addressee": "AGRICULTURE", "procedure": "PR-1", "filedOn": day}),
            (
                "asset.right_assigned",
                {
                    "assignment": {
                        "right": "SUPERVISION",
                        "holder": life.village,
                        "basisDocument": "文1号",
                        "since": day,
                    }
                },
            ),
            (
                "asset.property_registered",
                {"registration": {"party": life.village, "registrationNo": "产1号", "registeredOn": day}},
            ),
        ]
        if life.shares and life.applied is None:
            life.applied = application
            after = [
                (
                    "asset.title_certificate_applied",
                    {"certificate": {"certificate": application} | certificate},
                )
            ]
        elif life.shares and self.random.random() < 0.5:
            asked, life.applied = life.applied, None
            after = [
                (
                    "asset.title_certificate_issued",
                    {"certificate": asked, "number": f"产权{asked}", "issuedOn": day},
                ),
                (
                    "asset.title_certificate_ineligible",
                    {"certificate": asked, "reason": "资料不全", "decidedOn": day},
                ),
            ]
        return self.random.choice(after if life.shares else before)

    def _book(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        party = self.random.choice(list(life.shares) or [life.village])
        amount = life.shares.get(party, life.value)
        booking = {"party": party, "amount": amount, "voucherNo": "记-1", "bookedOn": "2021-07-01"}
        return "asset.booked", {"booking": booking}

    def _custody(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.in_case or (life.persons and self.random.random() >= self.reassigned):
            return None
        chosen = self.random.sample(self.persons, 2)
        life.persons = {chosen[0]: "MANAGER", chosen[1]: "RESPONSIBLE"}
        post = "PARTY_SECRETARY" if self.random.random() < 0.7 else None
        return "asset.custody_assigned", custody(
            life.village, life.persons, post=post, provisional=not life.shares
        )

    def _supervision(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.supervised and self.random.random() >= self.reassigned:
            return None
        life.supervised = True
        unit = self.random.choice(VILLAGES)
        first = {"organization": unit, "position": "PARTY_SECRETARY"}
        return "asset.supervision_assigned", {"supervision": [{"supervisor": unit, "firstSupervisor": first}]}

    def _use(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.in_use:
            return None
        life.in_use = True
        return "asset.put_into_use", {"inUseSince": "2020-01-01"}

    def _status(self, life: _Life) -> tuple[str, dict[str, Any]]:
        idle = self.random.random() < 0.2
        report = {"state": "IDLE" if idle else "IN_USE", "reportedOn": self._day().isoformat()}
        opened = ["IDLE"] if idle and not life.idle else []
        cleared = ["IDLE"] if life.idle and not idle else []
        life.idle = idle
        return "asset.operation_status_reported", {
            "report": report,
            "openedRisks": opened,
            "clearedRisks": cleared,
        }

    def _maintain(self, life: _Life) -> tuple[str, dict[str, Any]]:
        maintenance = {
            "doneOn": self._day().isoformat(),
            "content": "清淤",
            "cost": 1_200_00,
            "voucherNo": "记-2",
        }
        return "asset.maintenance_done", {"maintenance": maintenance, "costShares": []}

    def _depreciate(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        amount = life.value // 20
        if not life.in_use or life.accumulated + amount > life.value:
            return None
        life.year += 1
        life.accumulated += amount
        facts = {"year": life.year, "amount": amount, "accumulated": life.accumulated, "shares": []}
        return "asset.depreciation_posted", facts

    def _lease(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if not life.shares or life.contract is not None:
            return None
        life.contracts += 1
        life.contract = f"{life.asset}-C{life.contracts}"
        if self.random.random() < 0.7:
            return "asset.leased", terms(life.contract)
        return "asset.operating_contract_signed", terms(life.contract, mode="CONTRACTED")

    def _contract(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.contract is None:
            return None
        chance = self.random.random()
        if chance < 0.3:
            consent = {
                "consentDocument": "同意书1号",
                "consentedOn": "2021-06-01",
                "consentedBy": [life.village],
            }
            return "asset.operating_contract_changed", terms(life.contract, annualIncome=6_000_00) | consent
        if chance < 0.5:
            return "asset.holdover_started", {"contract": life.contract, "since": "2026-01-01"}
        ended, life.contract = life.contract, None
        facts = {"contract": ended, "endedOn": "2022-01-01", "outcome": "TERMINATED", "reason": "协商一致"}
        return "asset.operating_contract_ended", facts

    def _cover(self, life: _Life) -> tuple[str, dict[str, Any]]:
        """A contract's cover, given or given back."""
        if life.covers and self.random.random() < 0.4:
            release = {"releasedOn": "2023-02-01", "reason": "退还保证金"}
            return "asset.risk_mitigation_released", {"cover": life.covers.pop(), "release": release}
        life.covers.append(f"RC-{self.log.position}")
        cover = {
            "cover": life.covers[-1],
            "kind": "DEPOSIT",
            "provider": "甲合作社",
            "beneficiary": life.village,
            "amount": self.random.randrange(1, 100_000),
            "validFrom": "2021-06-01",
            "validTo": "2022-06-01",
            "ruleRef": "克扶领发〔2020〕2号" if self.random.random() < 0.5 else None,
        }
        return "asset.risk_mitigation_added", {
            "contract": f"{life.asset}-C{max(life.contracts, 1)}",
            "cover": cover,
        }

    def _income(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        amount = self.random.randrange(1, 100_000)
        if not life.shares:
            life.unattributed += amount
            return "asset.income_received", receipt(
                f"R-{self.log.position}", amount, {}, self._day().isoformat()
            )
        first, *others = life.shares
        part = amount // len(life.shares)
        parts = dict.fromkeys(others, part) | {first: amount - part * len(others)}
        life.balance += parts[first]
        number = f"R-{self.log.position}"
        return "asset.income_received", receipt(number, amount, parts, self._day().isoformat())

    def _distribute(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        if life.balance < 100:
            return None
        amounts = [life.balance // 4, life.balance // 4 + 1]
        life.balance -= sum(amounts)
        return "asset.income_distributed", distribution(
            f"D-{self.log.position}", next(iter(life.shares)), amounts
        )

    def _document(self, life: _Life) -> tuple[str, dict[str, Any]]:
        document = {"kind": "PHOTO", "document": f"D-{self.log.position}", "sha256": SHA, "title": "照片"}
        return "asset.document_archived", {"document": document}

    def _duty(self, life: _Life) -> tuple[str, dict[str, Any]]:
        del life  # at any time of any asset's life
        return self.random.choice(ASSET_EVENTS)

    def _risk(self, life: _Life) -> tuple[str, dict[str, Any]]:
        chance = self.random.random()
        if chance < 0.5:
            kind = "LOSS" if chance < 0.4 else "TITLE_UNCLEAR"
            return "asset.risk_flagged", {"kind": kind, "reason": "疑似流失"}
        return "asset.risk_cleared", {"kind": "LOSS", "reason": "已核实"}

    def _correct(self, life: _Life) -> tuple[str, dict[str, Any]]:
        corrected = card(life.value, life.village, f"更正{self.log.position}")
        facts = {
            "scope": "IN",
            "changed": ["assetName"],
            "old": {"assetName": "旧"},
            "reason": "笔误",
            "documentNo": "更1号",
        }
        return "asset.registration_corrected", {"card": corrected} | facts

    def _settle(self, life: _Life) -> tuple[str, dict[str, Any]] | None:
        """The works settled at more than was registered, or at less: everybody keeps the part."""
        return self.settlement(life) if self.random.random() < 0.5 else None

    def settlement(self, life: _Life, **changes: Any) -> tuple[str, dict[str, Any]] | None:
        """The value of a final settlement, and the shares by their ratio."""
        if not life.shares:
            return None
        before, life.value = life.value, life.accumulated + self.random.randrange(1, 5_000_000) * 100
        life.shares = split_exactly(life.value, life.shares)
        owners = [{"party": party, "amount": amount} for party, amount in life.shares.items()]
        told = card(life.value, life.village, f"决算{self.log.position}", **changes)
        settled = {"document": "D-1", "settledOn": "2021-06-30", "originalValue": life.value}
        return "asset.final_settlement_recorded", {
            "settlement": settled | {"fundingLines": told["fundingLines"]},
            "card": told,
            "scope": "IN",
            "difference": life.value - before,
            "owners": owners,
            "incomeRightHolders": owners if self.random.random() < 0.7 else [],
        }

    def _dispose(self, life: _Life) -> Iterator[RecordedEvent]:
        add = self.add
        if life.disposal is None:
            life.disposal = "X-1"
            proposal = {"disposal": "X-1", "kind": "SCRAP", "reason": "无法使用"}
            yield add(life.stream, "asset.disposal_proposed", {"proposal": proposal})
            return
        if self.random.random() < 0.1:
            life.disposal, life.events = None, 0
            yield add(
                life.stream,
                "asset.disposal_closed",
                {"disposal": "X-1", "outcome": "WITHDRAWN", "reason": "恢复使用"},
            )
            return
        appraisal = {
            "method": "IN_HOUSE",
            "value": 100_00,
            "baseDate": "2022-01-01",
            "reportNo": "评1号",
            "signers": [],
        }
        yield add(
            life.stream,
            "asset.appraisal_recorded",
            {"disposal": "X-1", "appraisal": appraisal, "netBookValue": life.value - life.accumulated},
        )
        published = {
            "publishedOn": "2022-02-01",
            "channel": "WEBSITE",
            "place": life.village,
            "evidenceSha256": SHA,
        }
        yield add(life.stream, "asset.appraisal_published", {"disposal": "X-1", "publication": published})
        yield add(
            life.stream,
            "asset.disposal_forwarded",
            {"disposal": "X-1", "level": "TOWNSHIP", "opinion": "同意"},
        )
        approval = {
            "approver": "653022000000",
            "approverLevel": "COUNTY_GOV",
            "documentNo": "批1号",
            "approvedOn": "2022-03-01",
        }
        yield add(
            life.stream, "asset.disposal_approved", {"disposal": "X-1", "approval": approval, "value": 100_00}
        )
        sale = {"disposedOn": "2022-04-01", "price": 90_00, "documentNo": "处1号"}
        disposed = {
            "disposal": "X-1",
            "kind": "SCRAP",
            "sale": sale,
            "netBookValue": life.value - life.accumulated,
        }
        disposed["endedContracts"] = [life.contract] if life.contract else []
        yield add(life.stream, "asset.disposed", disposed)
        proceeds = {"disposal": "X-1", "amount": 90_00, "receivedOn": "2022-04-02", "voucherNo": "收1号"}
        yield add(life.stream, "asset.disposal_proceeds_received", proceeds)
        life.disposed = True
        if life in self.lives:
            self.lives.remove(life)

    def _leave(self, leaver: str, case: str) -> Iterator[RecordedEvent]:
        person, number = f"person-{leaver}", f"QZ-{self.number}"
        clearance = {
            "certificateNo": number,
            "issuedOn": "2022-06-02",
            "issuedBy": "COUNTY_GOV",
            "position": 1,
            "cases": [case.partition("-")[2]],
        }
        yield self.add(person, "person.clearance_issued", {"clearance": clearance})
        formality = {
            "kind": "TRANSFER",
            "carriedOutOn": "2022-06-03",
            "documentNo": "调1号",
            "certificateNo": number,
        }
        yield self.add(person, "person.formality_carried_out", {"formality": formality})
        revoked = {"certificateNo": number, "reason": "账外收入"}
        yield self.add(person, "person.clearance_revoked", revoked)
        fact = {"kind": "REMOVED", "happenedOn": "2022-06-04"}
        yield self.add(person, "person.leaving_recorded", {"fact": fact})

    def _departure(self) -> Iterator[RecordedEvent]:
        leaver, successor, supervisor = self.random.sample(self.persons, 3)
        cared = [life for life in self.lives if life.persons.get(leaver) == "MANAGER" and not life.in_case]
        if not cared:
            return
        self.number += 1
        stream = f"departure_case-DC-{self.number}"
        assets = sorted(life.asset for life in cared)
        for life in cared:
            life.in_case = True
        yield self.add(
            stream, "departure_case.opened", {"notice": notice(leaver), "assets": assets[:-1] or assets}
        )
        if assets[:-1]:
            yield self.add(stream, "departure_case.lines_added", {"assets": assets[-1:]})
        yield self.add(stream, "departure_case.successor_named", {"successor": successor})
        if len(assets) > 1:
            moved = {"assets": assets[:1], "incoming": supervisor}
            yield self.add(stream, "departure_case.lines_reassigned", moved)
            back = {"assets": assets[:1], "incoming": successor}
            yield self.add(stream, "departure_case.lines_reassigned", back)
        lines = [
            {"asset": asset, "book": "AGREES", "physical": found, "documents": "COMPLETE"}
            for asset, found in zip(assets, ["MISSING", *["FOUND"] * len(assets)], strict=False)
        ]
        yield self.add(stream, "departure_case.reconciliation_recorded", {"lines": lines})
        settled = {"asset": assets[0], "resolution": "已找回", "documentNo": "核1号"}
        yield self.add(stream, "departure_case.difference_resolved", settled)
        done = {"count": len(assets), "differences": 1}
        yield self.add(stream, "departure_case.reconciliation_completed", done)
        yield self.add(stream, "departure_case.lines_accepted", {"assets": assets, "acceptedBy": successor})
        disputed = {"asset": assets[0], "disputedBy": successor, "reason": "数量不符"}
        yield self.add(stream, "departure_case.line_disputed", disputed)
        resolved = {"asset": assets[0], "resolution": "已补齐", "documentNo": "处2号"}
        yield self.add(stream, "departure_case.dispute_resolved", resolved)
        yield self.add(
            stream, "departure_case.lines_accepted", {"assets": assets[:1], "acceptedBy": successor}
        )
        audit = {
            "auditor": "P-A",
            "auditorOrganization": "AUDIT",
            "cutOff": "2022-05-31",
            "opinion": "无保留",
            "reportNo": "审1号",
        }
        yield self.add(stream, "departure_case.audit_completed", {"audit": audit})
        yield self.add(stream, "departure_case.list_sealed", {"listSha256": SHA, "count": len(assets)})
        refusal = {
            "supervisor": supervisor,
            "organization": VILLAGES[0],
            "refusedOn": "2022-06-01",
            "reason": "拒不到场",
            "listSha256": SHA,
        }
        yield self.add(stream, "departure_case.signing_refused", {"refusal": refusal})
        for role, person in (("OUTGOING", leaver), ("INCOMING", successor), ("SUPERVISOR", supervisor)):
            signature = {
                "role": role,
                "person": person,
                "organization": VILLAGES[0],
                "signedOn": "2022-06-01",
                "listSha256": SHA,
            }
            yield self.add(stream, "departure_case.signed", {"signature": signature})
        completed = {"listSha256": SHA, "successor": successor, "supervisor": supervisor}
        yield self.add(stream, "departure_case.completed", completed)
        ordered = {"auditorOrganization": "AUDIT", "documentNo": "审委1号"}
        yield self.add(stream, "departure_case.audit_ordered", ordered)
        interim = {
            "person": supervisor,
            "appointedBy": VILLAGES[0],
            "since": "2022-05-01",
            "until": "2022-06-01",
            "inventoryNo": "盘1号",
        }
        yield self.add(stream, "departure_case.interim_custodian_appointed", {"interim": interim})
        finding = {"finding": "F1", "asset": assets[0], "text": "账外收入", "documentNo": "审9号"}
        yield self.add(stream, "departure_case.finding_raised", {"finding": finding})
        settled = {"finding": "F1", "resolution": "已追回", "documentNo": "改9号"}
        yield self.add(stream, "departure_case.finding_resolved", settled)
        yield self.add(stream, "departure_case.completed", completed)
        yield from self._leave(leaver, stream)
        case = stream.partition("-")[2]
        for life in cared:
            life.in_case = False
            life.persons.pop(leaver)
            life.persons[successor] = "MANAGER"
            handed = {
                "case": case,
                "duty": "MANAGER",
                "outgoing": leaver,
                "incoming": successor,
                "supervisor": supervisor,
            }
            yield self.add(life.stream, "asset.handed_over", handed)

    def _inventory(self) -> Iterator[RecordedEvent]:
        self.number += 1
        assets = sorted(life.asset for life in self.random.sample(self.lives, min(5, len(self.lives))))
        facts = (
            batch_facts(self.number, assets, VILLAGES[0], self.random)
            if self.random.random() < 0.5
            else stocktake_facts(self.number, assets, self.random)
        )
        for stream, event_type, data in facts:
            yield self.add(stream, event_type, data)

    def _transfer(self, life: _Life) -> tuple[str, dict[str, Any]]:
        if life.transfer is not None:
            if self.random.random() < 0.5:
                items = [{"item": "1", "result": "ACCEPTED"}]
                return "asset.transfer_items_accepted", {
                    "transfer": life.transfer,
                    "receiver": VILLAGES[1],
                    "items": items,
                }
            done, life.transfer = life.transfer, None
            if self.random.random() < 0.2:
                refused = {"transfer": done, "receiver": VILLAGES[1], "reason": "型号不符"}
                return "asset.transfer_refused", refused
            return "asset.transfer_completed", {
                "transfer": done,
                "deliverer": life.village,
                "receiver": VILLAGES[1],
            }
        life.transfer = f"T-{self.log.position}"
        transfer = {
            "transfer": life.transfer,
            "deliverer": life.village,
            "receiver": VILLAGES[1],
            "initiatedOn": "2021-06-01",
            "items": [{"item": "1", "name": "资产"}],
            "documents": [],
            "accepted": {},
            "state": "INITIATED",
        }
        return "asset.transfer_initiated", {"transfer": transfer}


_STEPS: Final = (
    "confirm", "confirm", "book", "custody", "custody", "supervision", "use", "status", "status", "maintain",
    "maintain", "depreciate", "depreciate", "lease", "contract", "income", "income", "distribute", "document",
    "risk", "correct", "settle", "transfer", "duty", "title_paper", "cover", "cover",
)  # fmt: skip


# Into a log


async def append_all(store: EventStore, events: list[RecordedEvent], *, at_once: int = 200) -> int:
    """Append events to their county's log in order, some to one command; returns the last position."""
    last = 0
    for start in range(0, len(events), at_once):
        streams: dict[str, list[RecordedEvent]] = {}
        command = 0
        for event in events[start : start + at_once]:
            if event.stream in streams and next(reversed(streams)) != event.stream:
                last = await _append(store, streams, command)
                streams = {}
            streams.setdefault(event.stream, []).append(event)
            command = event.position
        last = await _append(store, streams, command)
    return last


async def _append(store: EventStore, streams: dict[str, list[RecordedEvent]], command: int) -> int:
    first = next(iter(streams.values()))[0]
    receipt_ = await store.append(
        first.county,
        Append(
            command_id=f"c-{command}",
            actor=ACTOR,
            correlation_id=f"c-{command}",
            causation_id=None,
            streams=[
                StreamAppend(
                    stream,
                    events[0].version - 1,
                    [
                        NewEvent(event.type, event.schema, event.occurred_on, event.data, event.basis)
                        for event in events
                    ],
                )
                for stream, events in streams.items()
            ],
        ),
    )
    return receipt_.last_position


def stored(event: RecordedEvent) -> tuple[Any, ...]:
    """An event as a row of the log's table, with an invented leaf: for logs filled by COPY."""
    body = canonical(
        {
            "actor": event.actor,
            "basis": event.basis,
            "causationId": event.causation_id,
            "claims": [],
            "commandId": event.command_id,
            "correlationId": event.correlation_id,
            "county": event.county,
            "data": event.data,
            "occurredOn": event.occurred_on.isoformat(),
            "recordedAt": event.recorded_at.isoformat(timespec="microseconds")[:26] + "Z",
            "schema": event.schema,
            "stream": event.stream,
            "type": event.type,
            "version": event.version,
        }
    )
    return (
        event.county, event.position, event.stream, event.version, event.type, event.schema, event.occurred_on,
        event.recorded_at, body, bytes(32),
    )  # fmt: skip


async def fill_log(connection: Any, events: list[RecordedEvent]) -> None:
    """COPY events into the log and set its head: fast, and without a tree. Only for empty logs of tests."""
    await connection.copy_records_to_table("event", records=map(stored, events))
    await connection.execute(
        "INSERT INTO log_head (county, position, recorded_at, frontier, root) VALUES ($1, $2, $3, '', $4)"
        " ON CONFLICT (county) DO UPDATE SET position = excluded.position, recorded_at = excluded.recorded_at",
        events[-1].county,
        events[-1].position,
        events[-1].recorded_at,
        bytes(32),
    )


def as_text(value: Any) -> str:
    """Any JSON as one line, for messages."""
    return orjson.dumps(value).decode()
