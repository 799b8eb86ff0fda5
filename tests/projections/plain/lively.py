"""Random histories with more in them: what comes twice, overlaps, or comes too late, for the plain models to tell apart.

Titles confirmed anew, contracts for parts beside each other, several transfers and cases open at once, a second level and
a second payment of a disposal, cases whose events come in any order, losses of everything, seals and reviews side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from domain.recorded import RecordedEvent
from tests.projections.duties_history import DUTIES
from tests.projections.history import (
    SHA,
    VILLAGES,
    RandomHistory,
    _Life,
    card,
    confirmation,
    custody,
    notice,
    terms,
)

Fact = tuple[str, dict[str, Any]]


class LivelyHistory(RandomHistory):
    """A random history in which a third of the steps are of these kinds."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, alive=12, departures=0.02)
        self.parts: dict[str, dict[str, str]] = {}
        """Contracts for parts: asset → code → running, by the state they are in."""
        self.offers: dict[str, list[str]] = {}
        self.gone: list[_Life] = []
        self.cases: dict[str, list[str]] = {}
        self.completed: set[str] = set()
        self.findings: dict[str, list[str]] = {}
        self.reviews: dict[str, list[str]] = {}
        self.seals: list[str] = []
        self.posts: dict[tuple[str, str], int] = {}

    def _live(self, life: _Life) -> Iterator[RecordedEvent]:
        if self.random.random() < 0.35:
            made = self.random.choice(
                (
                    self._again,
                    self._part,
                    self._part,
                    self._offer,
                    self._corrected_quantity,
                    self._late_payment,
                    self._doubt,
                    *[self._passed_on] * 5,
                )
            )(life)
            if made is not None:
                yield self.add(*made)
            return
        if self.random.random() < 0.25:
            made = self.random.choice(
                (*[self._case] * 4, *[self._review] * 3, self._seal, self._office, self._office)
            )()
            if made is not None:
                yield self.add(*made)
            return
        yield from super()._live(life)

    # ---- an asset

    def _again(self, life: _Life) -> tuple[str, str, dict[str, Any]] | None:
        """The title confirmed a second time, for others, with a holder of the right of use of its own."""
        if not life.shares:
            return None
        parties = self.random.sample(VILLAGES, self.random.randint(1, 3))
        part = life.value // len(parties)
        life.shares = dict.fromkeys(parties, part) | {parties[0]: life.value - part * (len(parties) - 1)}
        data = confirmation(life.shares, income={self.random.choice(VILLAGES): life.value})
        if self.random.random() < 0.5:
            data["confirmation"]["userRightHolder"] = VILLAGES[5]
        further = DUTIES[0] | {"system": "SYS_STATE_ASSET", "afterStocktake": True, "ruleGap": True}
        data["externalDuties"] = self.random.sample([*DUTIES, further], self.random.randint(0, 3))
        return life.stream, "asset.ownership_confirmed", data

    def _part(self, life: _Life) -> tuple[str, str, dict[str, Any]] | None:
        """A contract for a part, beside others; held over, changed, ended by time."""
        if not life.shares:
            return None
        held = self.parts.setdefault(life.asset, {})
        running = [code for code, state in held.items() if state != "ENDED"]
        if not running or self.random.random() < 0.4:
            code = f"{life.asset}-P{len(held)}"
            held[code] = "ACTIVE"
            ends = f"20{self.random.randint(23, 29)}-06-30"
            operator = {"operator": f"OP-{len(held)}", "name": "合作社"}
            return life.stream, "asset.leased", terms(code, ends=ends, part=code[-2:], operator=operator)
        code = self.random.choice(running)
        match self.random.randrange(4):
            case 0:
                held[code] = "HOLDOVER"
                return life.stream, "asset.holdover_started", {"contract": code, "since": "2024-01-01"}
            case 1:
                consent = {
                    "consentDocument": "同意书2号",
                    "consentedOn": "2021-06-01",
                    "consentedBy": [life.village],
                }
                changed = terms(code, ends="2026-01-31", annualIncome=7_000_00)
                return life.stream, "asset.operating_contract_changed", changed | consent
            case _:
                held[code] = "ENDED"
                ended = {"contract": code, "endedOn": "2023-07-01", "outcome": "EXPIRED", "reason": "到期"}
                return life.stream, "asset.operating_contract_ended", ended

    def _offer(self, life: _Life) -> tuple[str, str, dict[str, Any]]:
        """Several transfers open at once, closed in any order."""
        offered = self.offers.setdefault(life.asset, [])
        if not offered or self.random.random() < 0.5:
            offered.append(f"T-{self.log.position}")
            transfer = {
                "transfer": offered[-1],
                "receiver": VILLAGES[2],
                "initiatedOn": "2021-06-01",
                "items": [],
            }
            return life.stream, "asset.transfer_initiated", {"transfer": transfer}
        code = offered.pop(self.random.randrange(len(offered)))
        how = self.random.choice(("asset.transfer_completed", "asset.transfer_refused"))
        return life.stream, how, {"transfer": code, "receiver": VILLAGES[2], "reason": "不符"}

    def _corrected_quantity(self, life: _Life) -> tuple[str, str, dict[str, Any]]:
        """A correction of quantity and value after herds came and went and depreciation was posted."""
        before = self.quantities.get(life.asset, "12.5")
        now = self.quantities[life.asset] = f"{self.random.randint(20, 90)}"
        told = card(life.value, life.village, f"更正{self.log.position}", quantity=now, remarks="更正数量")
        facts = {
            "scope": "OUT",
            "changed": ["quantity"],
            "old": {"quantity": before},
            "reason": "笔误",
            "documentNo": "更2号",
        }
        return life.stream, "asset.registration_corrected", {"card": told} | facts

    def settlement(self, life: _Life, **changes: Any) -> tuple[str, dict[str, Any]] | None:
        """A final settlement after corrections and confirmations, or before others of them: as many as there are by the card."""
        quantity = self.quantities.get(life.asset, "12.5")
        return super().settlement(life, **({"quantity": quantity} | changes))

    def _doubt(self, life: _Life) -> tuple[str, str, dict[str, Any]]:
        """The title in doubt, confirmed or not."""
        return life.stream, "asset.risk_flagged", {"kind": "TITLE_UNCLEAR", "reason": "界址不清"}

    def _passed_on(self, life: _Life) -> tuple[str, str, dict[str, Any]] | None:
        """Several managers, one person with both duties, a duty passed to somebody who has it already."""
        if life.in_case:
            return None
        some = self.random.sample(self.persons[:5], 3)
        if not life.persons and self.random.random() < 0.3:
            handed = {"case": "LC-0", "duty": "MANAGER", "outgoing": some[0], "incoming": some[1]}
            return life.stream, "asset.handed_over", handed | {"supervisor": "P-0002"}
        if not life.persons or self.random.random() < 0.3:
            said = custody(life.village, dict.fromkeys(some, "MANAGER"))
            said["custody"]["duties"].append({"person": some[0], "duty": "RESPONSIBLE"})
            life.persons = dict.fromkeys(some, "MANAGER")
            return life.stream, "asset.custody_assigned", said
        outgoing, duty = self.random.choice(list(life.persons.items()))
        if self.random.random() < 0.3:
            duty = "RESPONSIBLE"
        else:
            del life.persons[outgoing]
            life.persons[some[0]] = duty
        case = self.random.choice([*self.cases, "LC-0"])
        handed = {
            "case": case,
            "duty": duty,
            "outgoing": outgoing,
            "incoming": some[0],
            "supervisor": "P-0002",
        }
        return life.stream, "asset.handed_over", handed

    @property
    def quantities(self) -> dict[str, str]:
        """What each card says after its last correction."""
        return self.__dict__.setdefault("_quantities", {})

    def _correct(self, life: _Life) -> Fact:
        event_type, data = super()._correct(life)
        data["old"] = data["old"] | {"quantity": self.quantities.pop(life.asset, "12.5")}
        return event_type, data

    def _late_payment(self, life: _Life) -> tuple[str, str, dict[str, Any]] | None:
        """Money of a disposal that comes later; and a case that lists what is gone."""
        if not self.gone:
            return None
        sold = self.random.choice(self.gone)
        if self.random.random() < 0.3:
            return self._open([sold.asset, life.asset])
        paid = {
            "disposal": "X-1",
            "amount": self.random.randrange(1, 500),
            "receivedOn": "2022-05-01",
            "voucherNo": "收2号",
        }
        return sold.stream, "asset.disposal_proceeds_received", paid

    def _dispose(self, life: _Life) -> Iterator[RecordedEvent]:
        for event in super()._dispose(life):
            if event.type == "asset.disposed" and self.random.random() < 0.5:
                sold_on = event.occurred_on - timedelta(days=self.random.randrange(40))
                event.data["sale"]["disposedOn"] = sold_on.isoformat()
            yield event
            if event.type == "asset.disposal_proposed":
                yield self.add(*self._open([life.asset]))
            if event.type == "asset.disposal_forwarded":
                further = {"disposal": "X-1", "level": "AGRICULTURE", "opinion": "同意"}
                yield self.add(life.stream, "asset.disposal_forwarded", further)
            if event.type == "asset.disposed":
                self.gone.append(life)

    # ---- cases, whose events come in any order

    def _open(self, assets: list[str]) -> tuple[str, str, dict[str, Any]]:
        case = f"LC-{self.log.position}"
        self.cases[case] = list(dict.fromkeys(assets))
        data: dict[str, Any] = {
            "notice": notice(self.random.choice(self.persons), self.random.choice([None, "P-0001"]))
        }
        data |= {"assets": self.cases[case], "dueOn": "2022-06-30", "versions": [3] * len(self.cases[case])}
        return f"departure_case-{case}", "departure_case.opened", data

    def _case(self) -> tuple[str, str, dict[str, Any]] | None:
        cared = [life for life in self.lives if life.persons]
        if not cared:
            return None
        if len(self.cases) < 4 or self.random.random() < 0.04:
            chosen = self.random.sample(cared, min(len(cared), self.random.randint(1, 4)))
            return self._open([life.asset for life in chosen])
        case = self.random.choice(list(self.cases)[-4:])
        some = self.random.sample(self.cases[case], self.random.randint(1, len(self.cases[case])))
        return f"departure_case-{case}", *self._of_case(case, some, self.random.choice(cared).asset)

    def _of_case(self, case: str, some: list[str], further: str) -> Fact:
        person = self.random.choice(self.persons)
        found = self.findings.setdefault(case, [])
        match self.random.randrange(16):
            case 0:
                self.cases[case] = list(dict.fromkeys([*self.cases[case], further]))
                return "departure_case.lines_added", {"assets": [further], "versions": [4]}
            case 1:
                return "departure_case.successor_named", {"successor": person}
            case 2 | 3:
                return "departure_case.lines_accepted", {"assets": some, "acceptedBy": person}
            case 4:
                return "departure_case.line_disputed", {
                    "asset": some[0],
                    "disputedBy": person,
                    "reason": "数量不符",
                }
            case 5:
                return "departure_case.dispute_resolved", {
                    "asset": some[0],
                    "resolution": "补齐",
                    "documentNo": "处3号",
                }
            case 6:
                return "departure_case.lines_reassigned", {"assets": some, "incoming": person}
            case 7 | 8:
                book, physical, papers = self.random.choice(
                    (
                        ("AGREES", "FOUND", "COMPLETE"),
                        ("DIFFERS", "FOUND", "COMPLETE"),
                        ("AGREES", "MISSING", "COMPLETE"),
                        ("AGREES", "FOUND", "INCOMPLETE"),
                    )
                )
                compared = [
                    {"asset": one, "book": book, "physical": physical, "documents": papers} for one in some
                ]
                return "departure_case.reconciliation_recorded", {"lines": compared}
            case 9:
                return "departure_case.difference_resolved", {
                    "asset": some[0],
                    "resolution": "已核",
                    "documentNo": "核3号",
                }
            case 10:
                return "departure_case.reconciliation_completed", {"count": 1, "differences": 0}
            case 11:
                return "departure_case.list_sealed", {"listSha256": f"{self.log.position:064x}", "count": 1}
            case 12:
                role = self.random.choice(("OUTGOING", "INCOMING", "SUPERVISOR"))
                signed = {
                    "role": role,
                    "person": person,
                    "organization": VILLAGES[1],
                    "signedOn": "2022-06-01",
                    "listSha256": SHA,
                }
                return "departure_case.signed", {"signature": signed}
            case 13 if found:
                code = found.pop()
                return "departure_case.finding_resolved", {
                    "finding": code,
                    "resolution": "追回",
                    "documentNo": "改3号",
                }
            case 14:
                return "departure_case.completed", {
                    "listSha256": SHA,
                    "successor": person,
                    "supervisor": "P-0002",
                }
            case _:
                found.append(f"F-{self.log.position}")
                raised = {"finding": found[-1], "asset": some[0], "text": "账外", "documentNo": "审3号"}
                return "departure_case.finding_raised", {"finding": raised, "dueOn": "2022-09-30"}

    # ---- posts and people

    def _office(self) -> tuple[str, str, dict[str, Any]]:
        """Posts taken, taken again and given up; certificates issued and revoked, one after another."""
        unit, person = self.random.choice(VILLAGES[:3]), self.random.choice(self.persons[:4])
        post, number = {"position": "ASSET_MANAGER", "person": person}, f"QZ-{self.random.randrange(3)}"
        if self.random.random() < 0.5:
            held = self.posts.setdefault((unit, person), 0)
            if held and self.random.random() < 0.5:
                self.posts[unit, person] = 0
                left = post | {"until": "2021-12-31", "reason": f"换届{self.log.position}"}
                return f"organization-{unit}", "organization.position_ended", left
            self.posts[unit, person] += 1
            taken = post | {"since": self._day().isoformat(), "documentNo": f"任{self.log.position}号"}
            return f"organization-{unit}", "organization.position_appointed", taken
        made: dict[str, dict[str, Any]] = {
            "clearance_issued": {"clearance": {"certificateNo": number}},
            "clearance_revoked": {"certificateNo": number, "reason": "账外收入"},
            "formality_carried_out": {
                "formality": {"kind": "TRANSFER", "carriedOutOn": self._day().isoformat()}
            },
            "leaving_recorded": {"fact": {"kind": "REMOVED", "happenedOn": self._day().isoformat()}},
        }
        what = self.random.choice(list(made))
        return f"person-{person}", f"person.{what}", made[what]

    # ---- households

    def _household(self) -> RecordedEvent:
        del self.households[:-6]
        if self.households and self.random.random() < 0.4:
            asset = self.random.choice(self.households[:6])
            stream = f"household_asset-{asset}"
            if self.random.random() < 0.5:
                seen = {
                    "inspectedOn": self._day().isoformat(),
                    "present": self.random.random() < 0.3,
                    "condition": "待核实",
                }
                facts = {"inspection": seen | {"cooperated": False, "reason": "外借"}}
                return self.add(stream, "household_asset.inspected", facts)
            if self.random.random() < 0.5:
                lost = {"loss": {"kind": "DIED", "lostOn": "2021-10-01"}, "quantity": "0"}
                return self.add(stream, "household_asset.loss_recorded", lost)
            told = self._household_card(stream) | {
                "quantity": f"{self.random.randint(11, 30)}",
                "loanRef": "贷1号",
            }
            corrected = {
                "card": told,
                "changed": ["quantity"],
                "old": {},
                "reason": "漏记",
                "documentNo": "更3号",
            }
            return self.add(stream, "household_asset.registration_corrected", corrected)
        return super()._household()

    # ---- seals and reviews

    def _seal(self) -> tuple[str, str, dict[str, Any]]:
        if self.seals and self.random.random() < 0.6:
            seal = self.random.choice(self.seals)
            how = self.random.choice(("ledger_seal.submitted", "ledger_seal.collected"))
            return f"ledger_seal-{seal}", how, {"person": self.random.choice(self.persons)}
        self.seals.append(f"S-{self.log.position}")
        snapshot = {
            "kind": self.random.choice(("ASSET", "HOUSEHOLD", "COUNTY_MASTER")),
            "unit": self.random.choice(VILLAGES),
            "year": 2021,
            "asOf": "2021-12-31",
            "position": self.log.position,
            "treeRoot": SHA,
            "rootHash": SHA[::-1],
            "form": 2,
            "rows": self.random.randrange(9),
            "originalValue": self.random.randrange(10**9),
            "netBookValue": self.random.randrange(10**8),
        }
        return f"ledger_seal-{self.seals[-1]}", "ledger_seal.sealed", {"snapshot": snapshot}

    def _review(self) -> tuple[str, str, dict[str, Any]]:
        if len(self.reviews) < 2 or self.random.random() < 0.05:
            review = f"R-{self.log.position}"
            self.reviews[review] = []
            return (
                f"joint_review-{review}",
                "joint_review.opened",
                {"year": 2021, "asOf": "2021-12-31", "documentNo": "审1号"},
            )
        review = self.random.choice(list(self.reviews)[-2:])
        return f"joint_review-{review}", *self._of_review(self.reviews[review])

    def _of_review(self, known: list[str]) -> Fact:
        match self.random.randrange(5):
            case 0 | 1:
                kind = self.random.choice(("PROJECT_WITHOUT_ASSET", "ASSET_WITHOUT_PROJECT"))
                raised = {
                    "kind": kind,
                    "subject": f"X{self.random.randrange(4)}",
                    "amount": self.random.randrange(900),
                }
                gone = bool(known) and self.random.random() < 0.3
                cleared = [known.pop(self.random.randrange(len(known)))] if gone else []
                name = f"{kind}:{raised['subject']}"
                known += [name] if name not in known else []
                return "joint_review.exceptions_raised", {"raised": [raised], "cleared": cleared}
            case 2 if known:
                settlement = {"reason": "已说明", "documentNo": f"说{self.log.position}号"}
                return "joint_review.exception_settled", {
                    "exception": self.random.choice(known),
                    "settlement": settlement,
                }
            case 3:
                return "joint_review.ledgers_sealed", {"seals": [f"S-{self.log.position}"]}
            case _:
                signed = {"department": self.random.choice(("WATER", "TRANSPORT")), "signedOn": "2022-02-01"}
                return "joint_review.signed", {"signature": signed, "last": self.random.random() < 0.3}
