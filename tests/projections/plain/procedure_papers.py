"""Procedures, notices and what has to be made public, for the random histories of paperwork.

Steps are taken by whoever comes, returned, amended and withdrawn; notices hang in several places; a plan is paid in parts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from tests.projections.history import FIRST_DAY, SHA, VILLAGES, Log, card, confirmation, distribution, terms

Fact = tuple[str, str, dict[str, Any]]
"""Stream, type, data."""
UNITS: Final = VILLAGES[:4]
TOWNSHIP: Final = f"{VILLAGES[0][:9]}000"
STEPS: Final = (
    ("PROPOSE", "DO", UNITS[:1], (), False, False),
    ("MEETING", "MEETING", UNITS[:1], ("PROPOSE",), False, False),
    ("NOTICE", "NOTICE", (UNITS[0], TOWNSHIP), ("MEETING",), False, False),
    ("REVIEW", "REVIEW", (TOWNSHIP, "AGRICULTURE", "FINANCE"), ("MEETING",), True, False),
    ("FILING", "FILING", UNITS[:2], ("NOTICE", "REVIEW"), False, False),
    ("PUBLISH", "NOTICE", UNITS[:1], ("FILING",), False, True),
)
"""Code, what taking it means, units, what comes before, one after another, may be left out."""
MEETING: Final = {
    "kind": "TOWNSHIP_MEETING", "matter": "COLLECTIVE", "heldOn": "2021-06-30", "place": "会议室", "members": 9, "present": 8,
    "households": 0, "householdsPresent": 0, "inFavour": 8, "against": 0, "abstained": 0, "concluded": True,
    "minutesSha256": SHA, "photos": [],
}  # fmt: skip


class ProcedurePapers:
    """What the histories remember, and the papers of procedures and notices."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.log = Log(keep=False)
        self.number = 0
        self.known: dict[str, list[str]] = {}
        """Kind → codes, the latest last."""
        self.under_way: list[Iterator[Fact]] = []
        self.objections: dict[str, list[tuple[int, str]]] = {}
        self.filed: dict[str, list[tuple[str, str]]] = {}

    @property
    def today(self) -> date:
        return FIRST_DAY + timedelta(days=self.log.position // 8)

    def day(self) -> str:
        """A day of the last month, as it is written."""
        return (self.today - timedelta(days=self.random.randrange(30))).isoformat()

    def code(self, kind: str, anew: float) -> tuple[str, bool]:
        """One of the latest codes of a kind, or a new one; and whether it is new."""
        codes = self.known.setdefault(kind, [])
        fresh = not codes or self.random.random() < anew
        if fresh:
            self.number += 1
            codes.append(f"{kind}-{self.number}")
        return (codes[-1] if fresh else self.random.choice(codes[-6:])), fresh

    # ---- procedures

    def _procedure(self) -> Fact:
        code, fresh = self.code("PR", 0.06)
        stream = f"procedure-{code}"
        by = {
            "organization": self.random.choice((*UNITS[:2], TOWNSHIP, "AGRICULTURE", "FINANCE")),
            "person": "P-1",
        }
        if fresh:
            steps = [
                {"code": step, "zh": f"环节{step}", "act": act, "actors": list(actors), "needs": list(needs), "inOrder": in_order, "optional": optional}
                for step, act, actors, needs, in_order, optional in STEPS
            ]  # fmt: skip
            about = {
                "kind": "income-plan",
                "id": f"A-{self.random.randrange(60)}",
                "sha256": SHA,
                "content": {},
            }
            data = {
                "chain": "A8",
                "title": f"事项{self.number}（13999999999）",
                "by": by,
                "subject": about,
                "steps": steps,
            }
            return (
                stream,
                "procedure.opened",
                data | {"policy": "p", "articles": [], "parties": [], "case": {}},
            )
        open_ones, filed = self.objections.setdefault(code, []), self.filed.setdefault(code, [])
        step = self.random.choice(STEPS)[0]
        notice_step = self.random.choice(("NOTICE", "NOTICE", "PUBLISH"))
        again = [one[0] for one in STEPS[self.random.randrange(4) :]]
        said: dict[str, Any] = {"by": by, "subjectSha256": SHA}
        hung = self.known.setdefault("hung", [])
        match self.random.randrange(14):
            case 0 | 1 | 2:
                return stream, "procedure.step_completed", said | {"step": step}
            case 3:
                return stream, "procedure.meeting_held", said | {"step": "MEETING", "meeting": MEETING}
            case 4:
                verdict = {
                    "verdict": self.random.choice(("APPROVED", "APPROVED", "RETURNED")),
                    "reasons": f"因{self.number}",
                }
                how = self.random.choice(("procedure.reviewed", "procedure.determined"))
                return (
                    stream,
                    how,
                    said
                    | {"step": "REVIEW", "reopened": [] if verdict["verdict"] == "APPROVED" else again}
                    | verdict,
                )
            case 5:
                return (
                    stream,
                    "procedure.decision_issued",
                    said | {"step": step, "documentNo": f"批{self.number}号", "reasons": "按方案"},
                )
            case 6 | 7 | 8:
                posting = self._posting(self.random.choice(("VILLAGE", "TOWNSHIP")))
                hung += [code] if notice_step == "NOTICE" else []
                posted: dict[str, Any] = {"posting": posting, "days": 10}
                posted |= (
                    {"endsOn": f"2022-0{self.random.randint(1, 9)}-10"} if notice_step == "NOTICE" else {}
                )
                return (
                    stream,
                    "procedure.notice_posted",
                    said | {"step": notice_step, "posted": posted, "completes": notice_step == "PUBLISH"},
                )
            case 9 if code in hung:
                ended = self.random.choice(("2022-01-20", "2022-10-20"))
                period = {
                    "period": {
                        "postedOn": "2022-01-01",
                        "firstDay": "2022-01-02",
                        "lastDay": ended,
                        "endsOn": ended,
                    }
                }
                return (
                    stream,
                    "procedure.notice_completed",
                    said | {"step": "NOTICE"} | (period if self.random.random() < 0.5 else {}),
                )
            case 10 if open_ones and self.random.random() < 0.7:
                number, _ = open_ones.pop(self.random.randrange(len(open_ones)))
                outcome = self.random.choice(("UPHELD", "DISMISSED"))
                told = {"number": number, "outcome": outcome, "answer": f"答{number}，电话13999999999"}
                return (
                    stream,
                    "procedure.objection_resolved",
                    {"by": by} | told | {"reopened": again if outcome == "UPHELD" else []},
                )
            case 10 | 11 if code in hung:
                self.number += 1
                open_ones.append((self.number, "NOTICE"))
                told = {
                    "number": self.number,
                    "text": "份额不对，找我13999999999",
                    "filedOn": self.day(),
                    "contact": "乡亲",
                    "late": False,
                }
                told |= {"dueOn": "2022-09-09"} if self.random.random() < 0.5 else {}
                return stream, "procedure.objection_filed", {"step": "NOTICE", "objection": told}
            case 12 if filed and self.random.random() < 0.7:
                asked, who = filed.pop(self.random.randrange(len(filed)))
                answered = said | {"step": asked, "filedBy": who}
                if self.random.random() < 0.6:
                    return stream, "procedure.filing_accepted", answered
                return (
                    stream,
                    "procedure.filing_returned",
                    answered | {"reasons": f"退{self.number}", "reopened": again},
                )
            case 12:
                done = self.random.random() < 0.3
                if not done:
                    filed.append(("FILING", by["organization"]))
                due = {"dueOn": "2022-08-08"} if self.random.random() < 0.5 else {}
                return (
                    stream,
                    "procedure.filing_submitted",
                    said | {"step": "FILING", "addressee": "ASSET_OFFICE", "completes": done} | due,
                )
            case _:
                return self._rare_step(stream, said, code)

    def _rare_step(self, stream: str, said: dict[str, Any], code: str) -> Fact:
        chance = self.random.random()
        if chance < 0.4 and self.objections.get(code):
            return (
                stream,
                "procedure.suggestion_filed",
                {"text": "建议"},
            )
        if chance < 0.7:
            self.filed[code] = []
            about = {"kind": "income-plan", "id": "A-1", "sha256": f"{self.log.position:064x}", "content": {}}
            return stream, "procedure.amended", {"by": said["by"], "subject": about, "reason": "有误"}
        if chance < 0.8:
            self.known["PR"].remove(code)
            return stream, "procedure.withdrawn", {"by": said["by"], "reason": "不办了"}
        return (
            stream,
            "procedure.suggestion_filed",
            {"text": "建议"},
        )

    def _posting(self, role: str) -> dict[str, Any]:
        posting = {
            "place": {"role": role, "organization": self.random.choice(UNITS)},
            "postedOn": self.today.isoformat(),
            "evidence": [SHA],
            "text": f"公示{self.number}，联系人13999999999",
        }
        return posting | ({"location": "村口"} if self.random.random() < 0.5 else {})

    # ---- announcements, and what has to be announced

    def _announcement(self) -> Fact:
        code, fresh = self.code("N", 0.3)
        stream, by = f"public_notice-{code}", {"organization": self.random.choice(UNITS), "person": "P-1"}
        open_ones = self.objections.setdefault(code, [])
        if fresh:
            about: dict[str, Any] = {
                "stage": self.random.choice(("OWNERSHIP", "CONTRACT", "INCOME_USE")),
                "title": f"公告{self.number}",
            }
            if self.random.random() < 0.8:
                about["asset"] = f"T-{self.random.randrange(4)}"
                if about["stage"] != "OWNERSHIP":
                    about["reference"] = self.random.choice(("L-1", "L-2", "FP-1", "FP-2"))
            return (
                stream,
                "public_notice.posted",
                {"announcement": about, "by": by, "posting": self._posting("VILLAGE")},
            )
        match self.random.randrange(4):
            case 0:
                return stream, "public_notice.place_added", {"by": by, "posting": self._posting("TOWNSHIP")}
            case 1:
                return (
                    stream,
                    "public_notice.suggestion_filed",
                    {"text": "建议"},
                )
            case 2 if open_ones:
                number, _ = open_ones.pop()
                return (
                    stream,
                    "public_notice.objection_resolved",
                    {"number": number, "outcome": "DISMISSED", "answer": "不成立", "by": by},
                )
            case _:
                self.number += 1
                open_ones.append((self.number, ""))
                told = {"number": self.number, "text": "不对", "filedOn": self.day(), "late": False}
                return stream, "public_notice.objection_filed", {"objection": told}

    def _publishable(self) -> Fact:
        """Titles, contracts and income of four assets; a plan is paid by two holders, and in instalments."""
        stream, holder = f"asset-T-{self.random.randrange(4)}", self.random.choice(UNITS[:2])
        known = self.known.setdefault("T", [])
        if stream not in known:
            known.append(stream)
            return stream, "asset.registered", {"card": card(10**7, VILLAGES[0]), "scope": "IN"}
        match self.random.randrange(3):
            case 0:
                data = confirmation({holder: 10**7})
                procedures = self.known.get("PR", [])
                if procedures and self.random.random() < 0.7:
                    data["confirmation"]["procedure"] = self.random.choice(procedures[-4:])
                return stream, "asset.ownership_confirmed", data
            case 1:
                return stream, "asset.leased", terms(self.random.choice(("L-1", "L-2")), signer=holder)
            case _:
                return (
                    stream,
                    "asset.income_distributed",
                    distribution(self.random.choice(("FP-1", "FP-2")), holder, [700]),
                )
