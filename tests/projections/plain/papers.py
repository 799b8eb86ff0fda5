"""Random histories of what units put on paper: funds, rules, supervision, inventories, procedures, notices, care of assets.

What comes twice, is corrected, overlaps or is paid in parts is in them. Days never go back: which word counts when they do is
asked elsewhere (`lively`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from domain.recorded import RecordedEvent
from tests.projections.history import SHA, VILLAGES, card, confirmation, custody
from tests.projections.inventory_history import batch_facts, stocktake_facts
from tests.projections.plain.procedure_papers import TOWNSHIP, UNITS, Fact, ProcedurePapers

SOURCES: Final = ("FISCAL_DEV", "AID_XJ", "EAST_WEST")


class PaperHistory(ProcedurePapers):
    """Events of paperwork, for ever, from a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.plans: dict[str, tuple[int, int]] = {}
        self.waiting: dict[str, int] = {}
        """Income plan → what the bank sent back of it."""
        self.guarantees: dict[str, tuple[str, int]] = {}
        self.rewards: dict[str, dict[str, tuple[int, int, int]]] = {}
        self.uses: list[str] = []
        """Income plan → what it is over, and what of it is paid."""

    def take(self, count: int) -> list[RecordedEvent]:
        """The first `count` events."""
        kinds: tuple[Callable[[], Fact | None], ...] = (
            *(
                self._allocation,
                self._fund_line,
                self._reconciliation,
                self._rule,
                self._force,
                self._inspection,
            ),
            *(
                self._violation,
                self._revitalisation,
                self._income_account,
                self._income_plan,
                self._maintenance,
                self._relief,
                self._welfare_post,
                self._guarantee,
                self._result,
                self._proceeds,
                self._inventory,
                self._inventory,
                self._inventory,
                self._procedure,
                self._procedure,
            ),
            *(
                self._procedure,
                self._procedure,
                self._announcement,
                self._announcement,
                self._asset,
                self._asset,
            ),
            *(self._asset, self._publishable),
        )
        events: list[RecordedEvent] = []
        while len(events) < count:
            if (made := self.random.choice(kinds)()) is not None:
                events.append(self.log.add(*made, self.today))
        return events

    # ---- income of villages

    def _income_account(self) -> Fact:
        code, fresh = self.code("V", 0.2)
        stream = f"income_sub_account-{code}"
        if fresh:
            opening = {
                "openedOn": "2021-07-01",
                "balance": self.random.randrange(10**7),
                "documentNo": f"村账{self.number}号",
                "documentSha256": SHA,
            }
            return stream, "income_sub_account.opened", {"opening": opening}
        month = f"202{self.random.randint(1, 6)}-0{self.random.randint(1, 9)}"
        if self.random.random() < 0.15:
            closing = {"month": month, "closedOn": "2026-10-01"}
            return stream, "income_sub_account.period_closed", {"closing": closing, "balance": self.number}
        inward = self.random.random() < 0.6
        sides = ("银行存款—扶贫资产收益资金", "经营收入—扶贫资产收益资金")
        entry: dict[str, Any] = {
            "posting": f"N-{self.number}",
            "cause": self.random.choice(("RECEIPT", "INTEREST") if inward else ("DISTRIBUTION", "BANK_FEE")),
            "amount": self.random.randrange(1, 10**6),
            "day": f"{month}-11",
            "month": month,
            "debit": sides[0 if inward else 1],
            "credit": sides[1 if inward else 0],
            "inward": inward,
            "byHand": self.random.random() < 0.5,
            "voucherNo": f"凭{self.number}号",
        }
        entry |= {"month": "2026-10", "forMonth": month} if self.random.random() < 0.3 else {}
        entry |= {"asset": f"A-{self.number}"} if self.random.random() < 0.5 else {}
        if self.random.random() < 0.2:
            reversal = {"reason": "记错账户", "documentNo": f"冲{self.number}号"}
            return stream, "income_sub_account.posting_reversed", {"entry": entry, "reversal": reversal}
        return stream, "income_sub_account.posted", {"entry": entry}

    def _income_plan(self) -> Fact | None:
        code, fresh = self.code("IP", 0.3)
        stream = f"income_plan-{code}"
        lines = [
            {"use": "PUBLIC_POST", "amount": self.random.randrange(1, 10**6)}
            | ({"household": f"H-{self.random.randint(1, 3)}"} if self.random.random() < 0.6 else {})
            for _ in range(self.random.randint(1, 4))
        ]
        share = sum(one["amount"] for one in lines if "household" in one)
        text = {
            "content": {
                "village": self.random.choice(VILLAGES),
                "year": 2022,
                "sources": [{"asset": "A-1", "amount": sum(one["amount"] for one in lines)}],
                "lines": lines,
                "ruleset": self.random.choice(("GENERAL", "PV")),
            },
            "sha256": f"{self.log.position:064x}",
            "householdShare": share,
            "villageShare": sum(one["amount"] for one in lines) - share,
        }
        if fresh:
            self.plans[code] = (sum(one["amount"] for one in lines), 0)
            return stream, "income_plan.proposed", text
        planned, paid = self.plans[code]
        chance = self.random.random()
        if paid == 0 and chance < 0.3:
            self.plans[code] = (sum(one["amount"] for one in lines), 0)
            return stream, "income_plan.amended", text | {"reason": "补充说明"}
        if paid == 0 and chance < 0.4:
            self.known["IP"].remove(code)
            return stream, "income_plan.withdrawn", {"reason": "改由下年度安排"}
        if paid < planned and chance < 0.85:
            amount = planned - paid if self.random.random() < 0.5 else self.random.randint(1, planned - paid)
            self.plans[code] = (planned, paid + amount)
            payment = {
                "payment": f"P-{self.number}",
                "amount": amount,
                "paidOn": f"2022-1{self.random.randint(0, 2)}-2{self.random.randint(0, 8)}",
                "voucherNo": f"付{self.number}",
                "listSha256": SHA,
                "lines": [{"line": 1, "amount": amount}],
            }
            again = {}
            if waiting := self.waiting.get(code, 0):
                again = {"paidAgain": min(waiting, amount)}
                self.waiting[code] = waiting - again["paidAgain"]
            told = {"payment": payment, "procedure": f"PR-{self.number}"}
            return stream, "income_plan.executed", told | again
        if paid == 0:
            return None
        if chance > 0.93:
            amount = self.random.randint(1, paid)
            self.plans[code] = (planned, paid - amount)
            self.waiting[code] = self.waiting.get(code, 0) + amount
            back = {
                "returned": f"T-{self.number}",
                "payment": "P-1",
                "amount": amount,
                "returnedOn": "2022-12-28",
                "voucherNo": f"退{self.number}",
                "reason": "账户已销户",
                "lines": [{"line": 1, "amount": amount}],
            }
            return stream, "income_plan.payment_returned", {"back": back}
        notice = {
            "publishedOn": f"2023-01-1{self.random.randint(0, 9)}",
            "place": "村公示栏",
            "evidenceSha256": SHA,
        }
        return stream, "income_plan.use_published", {"notice": notice}

    def _maintenance(self) -> Fact | None:
        code, fresh = self.code("ME", 0.4)
        stream = f"maintenance_expense-{code}"
        if fresh:
            villages = self.random.sample(VILLAGES, 2)
            parts = [self.random.randint(1, 10**5) for _ in villages]
            line = {"work": "维修", "clause": "C4.10-03"}
            line |= {"legalBasis": "明发17号"} if self.random.random() < 0.7 else {}
            self.plans[code] = (parts[0], 0)
            text = {
                "village": villages[0],
                "asset": "A-1",
                "lines": [line | {"amount": amount} for amount in parts],
                "cost": sum(parts),
                "shares": [
                    {"party": party, "amount": part} for party, part in zip(villages, parts, strict=True)
                ],
                "share": parts[0],
                "sha256": f"{self.log.position:064x}",
            }
            return stream, "maintenance_expense.proposed", text
        share, paid = self.plans[code]
        if paid == share:
            return None
        amount = share - paid if self.random.random() < 0.5 else self.random.randint(1, share - paid)
        self.plans[code] = (share, paid + amount)
        payment = {
            "payment": f"P-{self.number}",
            "amount": amount,
            "paidOn": f"2022-1{self.random.randint(0, 2)}-2{self.random.randint(0, 8)}",
            "voucherNo": f"付{self.number}",
        }
        return stream, "maintenance_expense.paid", {"payment": payment, "procedure": f"PR-{self.number}"}

    def _relief(self) -> Fact | None:
        code, fresh = self.code("BF", 0.4)
        stream = f"relief_plan-{code}"
        if fresh:
            lines = [
                {
                    "household": f"H-{self.random.randint(1, 3)}",
                    "cause": self.random.choice(("ILLNESS", "OTHER")),
                    "circumstances": "住院",
                    "amount": self.random.randint(1, 10**5),
                    "evidenceSha256": SHA,
                }
                for _ in range(self.random.randint(1, 3))
            ]
            self.plans[code] = (sum(int(str(one["amount"])) for one in lines), 0)
            content = {"village": self.random.choice(VILLAGES), "lines": lines}
            return stream, "relief_plan.proposed", {"content": content, "sha256": f"{self.log.position:064x}"}
        planned, paid = self.plans[code]
        chance = self.random.random()
        if paid == 0 and chance < 0.2:
            self.known["BF"].remove(code)
            return stream, "relief_plan.withdrawn", {"reason": "另有救助"}
        if paid < planned and chance < 0.85:
            amount = planned - paid if self.random.random() < 0.5 else self.random.randint(1, planned - paid)
            self.plans[code] = (planned, paid + amount)
            payment = {
                "payment": f"P-{self.number}",
                "amount": amount,
                "paidOn": f"2022-1{self.random.randint(0, 2)}-2{self.random.randint(0, 8)}",
                "voucherNo": f"付{self.number}",
                "listSha256": SHA,
                "lines": [{"line": 1, "amount": amount}],
            }
            return stream, "relief_plan.paid", {"payment": payment, "procedure": f"PR-{self.number}"}
        if paid == 0:
            return None
        notice = {
            "publishedOn": f"2022-12-{self.random.randint(10, 28)}",
            "place": "村公示栏",
            "evidenceSha256": SHA,
        }
        return stream, "relief_plan.use_published", {"notice": notice}

    def _welfare_post(self) -> Fact:
        code, fresh = self.code("GY", 0.3)
        stream, household = f"public_welfare_post-{code}", f"H-{self.random.randint(1, 3)}"
        if fresh:
            content = {
                "village": self.random.choice(VILLAGES),
                "name": "保洁员",
                "duties": "村道保洁",
                "monthlyWage": self.random.randint(1, 10**5),
                "createdOn": "2022-01-05",
                "documentNo": f"村岗{self.number}号",
            }
            return stream, "public_welfare_post.created", {"content": content}
        month, amount = f"2022-0{self.random.randint(1, 9)}", self.random.randint(1, 10**5)
        what = self.random.choice(("holder_appointed", "holder_released", "month_assessed", "wage_paid"))
        facts: dict[str, dict[str, Any]] = {
            "holder_appointed": {
                "holder": {
                    "household": household,
                    "since": "2022-02-01",
                    "until": "2023-01-31",
                    "wage": amount,
                    "announcedOn": "2022-01-08",
                    "agreementSha256": SHA,
                }
            },
            "holder_released": {
                "release": {"household": household, "lastDay": "2022-11-30", "reason": "外出务工"}
            },
            "month_assessed": {
                "assessment": {
                    "household": household,
                    "month": month,
                    "result": "PASSED",
                    "wage": amount,
                    "assessedOn": "2022-10-01",
                }
            },
            "wage_paid": {
                "wage": {
                    "household": household,
                    "plan": "IP-1",
                    "line": 1,
                    "payment": f"P-{self.number}",
                    "amount": amount,
                    "months": [month],
                }
            },
        }
        return stream, f"public_welfare_post.{what}", facts[what]

    def _guarantee(self) -> Fact | None:
        code, fresh = self.code("CG", 0.4)
        stream = f"cost_guarantee-{code}"
        if fresh:
            share = self.random.randint(1, 10**5)
            declaration = {
                "unit": self.random.choice(VILLAGES),
                "asset": "A-1",
                "year": 2022,
                "cost": share * 2,
                "reason": "收益不足",
                "evidenceSha256": SHA,
            }
            self.guarantees[code] = ("DECLARED", share)
            told = {"declaration": declaration, "unitKind": "VILLAGE", "share": share}
            return stream, "cost_guarantee.inability_declared", told
        state, left = self.guarantees[code]
        number = self.number
        if state == "DECLARED":
            self.guarantees[code] = ("VERIFIED", left)
            found = {"verifiedOn": f"2022-03-1{self.random.randint(0, 9)}", "finding": "属实"}
            return stream, "cost_guarantee.verified", {"verification": found, "township": "653022202000"}
        if state == "VERIFIED":
            approved = self.random.randint(1, left)
            self.guarantees[code] = ("APPROVED", approved)
            approval = {
                "approvedOn": f"2022-04-1{self.random.randint(0, 9)}",
                "amount": approved,
                "budgetYear": 2023,
                "documentNo": f"财{number}号",
            }
            told = {"approval": approval, "ownMeans": 0}
            return stream, "cost_guarantee.finance_guarantee_approved", told
        if left == 0:
            return None
        amount = self.random.randint(1, left)
        self.guarantees[code] = (state, left - amount)
        payment = {
            "payment": f"C-{number}",
            "amount": amount,
            "paidOn": "2023-02-01",
            "voucherNo": f"付{number}",
        }
        return stream, "cost_guarantee.county_cost_covered", {"payment": payment}

    def _result(self) -> Fact:
        """A village's result of a year, and what plans of rewards paid and got back: plan → paid, back, due."""
        code, fresh = self.code("AR", 0.3)
        stream = f"annual_result-{code}"
        number, chance = self.number, self.random.random()
        profit = self.random.randint(-(10**6), 10**7)
        document = {"netProfit": profit, "documentNo": f"账{number}号", "documentSha256": SHA}
        cap = max(0, profit) // 5
        if fresh:
            self.rewards[code] = {}
            statement = document | {"year": 2021, "determinedOn": f"2022-01-1{number % 10}"}
            told = {"village": self.random.choice(VILLAGES), "statement": statement, "cap": cap}
            return stream, "annual_result.determined", told
        plans = self.rewards[code]
        if chance < 0.3:
            due = []
            for plan, (paid, back, _) in plans.items():
                amount = self.random.randint(0, max(0, paid - back))
                plans[plan] = (paid, back, amount)
                due.append({"plan": plan, "amount": amount})
            restated = document | {"restatedOn": f"2022-06-1{number % 10}", "reason": "审计调整"}
            return stream, "annual_result.restated", {"restatement": restated, "cap": cap, "due": due}
        plan, amount = f"JL-{code}-{self.random.randint(1, 3)}", self.random.randint(1, 10**5)
        paid, back, owed = plans.get(plan, (0, 0, 0))
        counted = chance < 0.7
        plans[plan] = (paid + amount, back, owed) if counted else (paid, back + amount, max(0, owed - amount))
        used = sum(max(0, out - returned) for out, returned, _ in plans.values())
        moved = {"plan": plan, "amount": amount, "used": used}
        if counted:
            return stream, "annual_result.incentive_counted", moved
        moved["dueBack"] = sum(one[2] for one in plans.values())
        return stream, "annual_result.incentive_returned", moved

    def _proceeds(self) -> Fact:
        """Money for disposed assets in the county's one pool, its uses, and what became of them."""
        self.number += 1
        number, chance = self.number, self.random.random()
        stream, amount = f"proceeds_pool-{self.log.county}", self.random.randint(0, 10**7)
        asset = f"A-{self.random.randint(1, 9)}"
        if chance < 0.4:
            receipt = {
                "asset": asset,
                "disposal": "D-1",
                "voucherNo": f"收{number}",
                "amount": amount,
                "receivedOn": f"2022-0{self.random.randint(1, 9)}-15",
                "legalOwners": [{"party": self.random.choice(VILLAGES), "amount": amount}],
            }
            return stream, "proceeds_pool.proceeds_received", {"receipt": receipt}
        if chance < 0.6 or not self.uses:
            code = f"PA-{number}"
            self.uses.append(code)
            told = {
                "allocation": code,
                "use": "PROJECT",
                "projectCode": f"X{number}",
                "projectName": "蔬菜大棚项目",
                "amount": amount,
                "allocatedOn": "2022-12-01",
                "documentNo": f"领{number}号",
            }
            decided = {"procedure": f"PR-{number}"} if chance < 0.55 else {}
            used = {"allocation": told, "allocator": "LEADING_GROUP"} | decided
            return stream, "proceeds_pool.proceeds_allocated", used
        code = self.random.choice(self.uses)
        if chance < 0.7:
            back = {
                "returned": f"PB-{number}",
                "amount": amount // 100,
                "returnedOn": "2022-12-20",
                "reason": "项目结余",
                "documentNo": f"结{number}号",
            }
            return stream, "proceeds_pool.allocation_returned", {"allocation": code, "back": back}
        linked = {"allocation": code, "asset": asset, "amount": amount // 10 if chance < 0.9 else 0}
        return stream, "proceeds_pool.funding_linked", linked

    # ---- funds

    def _allocation(self) -> Fact:
        code, fresh = self.code("F", 0.4)
        amount = self.random.randrange(1, 10**8)
        spent = [{"amount": amount // 10, "reason": "培训", "documentNo": f"支{self.number}号"}]
        told: dict[str, Any] = {
            "unit": self.random.choice(UNITS),
            "source": self.random.choice(SOURCES),
            "allocatedOn": f"20{self.random.randint(16, 20)}-12-31",
            "amount": amount,
            "documentNo": f"拨{self.number}号",
        }
        told |= {"nonAsset": spent * self.random.randrange(3)} if self.random.random() < 0.5 else {}
        told |= {"projectCode": "P-1", "projectName": "项目"} if self.random.random() < 0.5 else {}
        stream, why = f"fund_allocation-{code}", {"reason": "笔误", "documentNo": "更1号"}
        if fresh:
            return stream, "fund_allocation.recorded", {"card": told}
        if self.random.random() < 0.8:
            return stream, "fund_allocation.corrected", {"card": told} | why
        self.known["F"].remove(code)
        return stream, "fund_allocation.withdrawn", why

    def _fund_line(self) -> Fact:
        """A card whose money is said and put right; of a household's asset the township may change with it."""
        kind = self.random.choice(("asset", "household_asset"))
        code, fresh = self.code("A" if kind == "asset" else "H", 0.3)
        lines = [
            {"source": self.random.choice(SOURCES), "amount": self.random.randrange(1, 10**7), "allocatedOn": f"201{n}-03-01"}
            for n in range(6, 6 + self.random.randint(1, 3))
        ]  # fmt: skip
        told = card(
            10**7, self.random.choice(VILLAGES), fundingLines=lines, implementer=self.random.choice(UNITS)
        )
        told |= {"projectCode": "P-2"} if self.random.random() < 0.5 else {}
        if self.random.random() < 0.3:
            told.pop("acceptance")
        if kind == "household_asset":
            told = {
                "assetName": "牛", "assetContent": "牛2头", "assetType": "LIVESTOCK", "household": "H-1",
                "location": told["location"], "completionDate": "2019-05-20", "quantity": "2", "unitOfMeasure": "头",
                "originalValue": 10**7, "fundingLines": lines,
            } | ({"projectCode": "P-2"} if "projectCode" in told else {})  # fmt: skip
        guidance = {"lead": "AGRICULTURE", "co": ["FINANCE"], "ruleGap": self.random.random() < 0.5}
        data: dict[str, Any] = {"card": told} | ({"scope": "IN"} if kind == "asset" else {})
        data |= {"guidance": guidance} if kind == "asset" and self.random.random() < 0.5 else {}
        if fresh:
            return f"{kind}-{code}", f"{kind}.registered", data
        changed = {"changed": ["fundingLines"], "old": {}, "reason": "笔误", "documentNo": "更2号"}
        return f"{kind}-{code}", f"{kind}.registration_corrected", data | changed

    def _reconciliation(self) -> Fact:
        number, fresh = self.code("R", 0.15)
        unit, year = self.random.choice(UNITS), 2016 + self.number % 5
        stream = f"fund_reconciliation-{number}"
        if fresh:
            return stream, "fund_reconciliation.compiled", {"unit": unit, "year": year}
        lines = [
            {"source": one, "allocated": self.random.randrange(900), "nonAsset": 10, "formed": self.random.randrange(900)}
            for one in SOURCES[: self.random.randint(1, 3)]
        ]  # fmt: skip
        digest = f"{self.log.position:064x}"
        compared = {
            "lines": lines,
            "result": self.random.choice(("OPEN", "RECONCILED")),
            "ledgerSha256": digest,
        }
        return self.random.choice(
            (
                (stream, "fund_reconciliation.reconciled", compared | {"position": 7}),
                (stream, "fund_reconciliation.pushed", {"ledgerSha256": digest}),
                (stream, "fund_reconciliation.reported", {"ledgerSha256": digest, "documentNo": "函1号"}),
                (
                    stream,
                    "fund_reconciliation.acknowledged",
                    {"ledgerSha256": digest, "person": f"P-{self.number}"},
                ),
            )
        )

    # ---- duties of units

    def _rule(self) -> Fact:
        unit = f"organization-{self.random.choice(UNITS)}"
        kind, topic = self.random.choice(
            (("SUPERVISION_RULE", "USE"), ("MANAGEMENT_RULE", "CUSTODY"), *[("SUPPORTING_RULE", "SMALL_ASSET_INCENTIVE")] * 3)
        )  # fmt: skip
        rule = {"topic": topic, "title": f"办法{self.number}", "documentNo": f"制{self.log.position}号"}
        rule |= {"effectiveFrom": f"202{self.random.randint(0, 3)}-01-01"}
        rule |= {} if kind == "SUPERVISION_RULE" and self.random.random() < 0.5 else {"kind": kind}
        if self.random.random() < 0.3:
            return unit, "organization.incentive_pilot_enabled", {"documentNo": "试1号"}
        return unit, "organization.rule_adopted", {"rule": rule}

    def _force(self) -> Fact:
        unit = self.random.choice(UNITS)
        stream, known = f"organization-{unit}", self.known.setdefault("force", [])
        member = {
            "person": f"P-{self.random.randrange(4)}",
            "role": "组长",
            "since": f"202{self.random.randrange(3)}-01-01",
        }
        match self.random.randrange(4):
            case 0:
                guidance = {
                    "guidance": f"G-{self.log.position}",
                    "guided": TOWNSHIP,
                    "topic": "登记",
                    "givenOn": self.day(),
                }
                guidance |= {"followUp": "补登"} if self.random.random() < 0.5 else {}
                return stream, "organization.guidance_recorded", {"guidance": guidance}
            case 1:
                members = self.random.sample(["AGRICULTURE", "AUDIT", "FINANCE"], 2)
                return (
                    stream,
                    "organization.office_members_named",
                    {"members": members, "documentNo": f"办{self.log.position}号"},
                )
            case 2 if unit in known:
                ended = {"until": "2023-01-01"} if self.random.random() < 0.5 else {}
                return stream, "organization.task_force_member_changed", {"member": member | ended}
            case _:
                known.append(unit)
                force = {
                    "documentNo": f"专{self.log.position}号",
                    "establishedOn": self.day(),
                    "members": [member],
                }
                return stream, "organization.task_force_established", {"taskForce": force}

    # ---- supervision

    def _inspection(self) -> Fact:
        code, fresh = self.code("IN", 0.3)
        stream, found = f"inspection-{code}", self.known.setdefault(f"findings of {code}", [])
        if fresh:
            told = {
                "organ": "AUDIT",
                "inspector": "P-1",
                "unit": TOWNSHIP,
                "inspectedOn": self.day(),
                "subject": "台账",
            }
            return stream, "inspection.recorded", {"inspected": told}
        if not found or self.random.random() < 0.3:
            found.append(str(len(found) + 1))
            raised = {"finding": found[-1], "text": f"账外{self.number}"}
            raised |= {"asset": "A-1", "clause": "C4.4-01"} if self.random.random() < 0.5 else {}
            return stream, "inspection.finding_raised", {"supervisionFinding": raised}
        finding = self.random.choice(found)
        if self.random.random() < 0.5:
            order = {
                "finding": finding,
                "dueOn": f"2022-0{self.random.randint(1, 9)}-01",
                "documentNo": "改1号",
            }
            return (
                stream,
                "inspection.rectification_ordered",
                {"rectification": order | {"measures": "补登"}},
            )
        seen = {"finding": finding, "verifiedBy": "P-2", "verifiedOn": self.day()}
        seen["outcome"] = self.random.choice(("RECTIFIED", "NOT_RECTIFIED"))
        return stream, "inspection.rectification_verified", {"verified": seen}

    def _violation(self) -> Fact:
        code, fresh = self.code("VC", 0.4)
        stream = f"violation_case-{code}"
        if fresh:
            told = {"kind": "FALSE_CLAIM", "happenedOn": "2020-05-10", "text": "虚报", "unit": TOWNSHIP}
            told |= {"amount": 5_000_00, "assets": ["A-1"]} if self.random.random() < 0.5 else {}
            who = [{"person": "P-1", "duty": "PRINCIPAL", "organization": TOWNSHIP, "post": "PRINCIPAL"}]
            return stream, "violation_case.reported", {"violation": told, "answerable": who}
        if self.random.random() < 0.5:
            decided = {"decidedBy": "AUDIT", "decidedOn": self.day(), "documentNo": "认1号", "facts": "查明"}
            decided |= {"upheld": self.random.random() < 0.6} | (
                {"amount": 7} if self.random.random() < 0.5 else {}
            )
            return stream, "violation_case.established", {"establishment": decided}
        held = {"person": f"P-{self.random.randrange(3)}", "measure": self.random.choice(("警告", "记过"))}
        held |= {"decidedBy": "DISCIPLINE", "decidedOn": self.day(), "documentNo": f"处{self.number}号"}
        return stream, "violation_case.accountability_decided", {"accountability": held}

    # ---- bringing back to life

    def _revitalisation(self) -> Fact:
        """A case goes its way in order: found, planned, put off, ended, seen, opened again."""
        code, fresh = self.code("RC", 0.2)
        stream, kind = f"revitalisation_case-{code}", "revitalisation_case"
        states, about = self.known, {"asset": f"A-{code}"}
        if fresh:
            states[code] = ["OPEN"]
            year = {"year": 2020, "income": self.random.randrange(900), "upkeep": 40, "depreciation": 500}
            found: dict[str, Any] = {"cause": "LOSS", "years": [year | {"year": 2019}, year]}
            if self.random.random() < 0.5:
                found = {"cause": "IDLE", "idleDays": 181, "idleSince": self.day(), "years": []}
            declared = {"reason": "停产"} if self.random.random() < 0.3 else {}
            return stream, f"{kind}.opened", about | declared | {"detected": found}
        outcome = self.random.choice(("BUSINESS_ENTRUST", "OTHER"))
        if states[code] == ["OPEN"] or (states[code] == ["PLANNED"] and self.random.random() < 0.2):
            states[code] = ["PLANNED"]
            plan = {
                "deadline": self.day(),
                "measures": "招租",
                "outcome": outcome,
                "person": f"P-{self.number}",
            }
            return stream, f"{kind}.plan_filed", about | {"plan": plan}
        if states[code] == ["PLANNED"] and self.random.random() < 0.5:
            put_off = {"deadline": self.day(), "documentNo": "函9号", "reason": "停工"}
            return stream, f"{kind}.extended", about | {"extension": put_off}
        if states[code] == ["PLANNED"]:
            states[code] = ["CLOSED"]
            closing = {
                "closedOn": self.day(),
                "outcome": outcome,
                "result": f"果{self.number}",
                "evidenceSha256": SHA,
            }
            return (
                stream,
                f"{kind}.closed",
                about | {"closedBy": self.random.choice(UNITS), "closing": closing},
            )
        if states[code] == ["CLOSED"] and self.random.random() < 0.7:
            good = self.random.random() < 0.5
            states[code] = ["VERIFIED" if good else "PLANNED"]
            seen = {"confirmed": good, "verifiedBy": "P-1", "verifiedOn": self.day()}
            return stream, f"{kind}.verified", about | {"verification": seen}
        states[code] = ["OPEN"]
        return stream, f"{kind}.reopened", about | {"reason": "再次停产"}

    # ---- inventories, several at a time

    def _inventory(self) -> Fact | None:
        if len(self.under_way) < 3:
            self.number += 1
            assets = [f"A-{self.random.randrange(60)}" for _ in range(6)]
            assets = list(dict.fromkeys(assets))
            make = self.random.random() < 0.5
            unit = self.random.choice(UNITS)
            made = batch_facts(self.number, assets, unit, self.random) if make else stocktake_facts(self.number, assets, self.random)  # fmt: skip
            self.under_way.append(made)
        one = self.random.choice(self.under_way)
        fact = next(one, None)
        if fact is None:
            self.under_way.remove(one)
        return fact

    # ---- care of an asset

    def _asset(self) -> Fact | None:
        if not (assets := self.known.get("A", [])):
            return None
        code = self.random.choice(assets[-6:])
        stream, village = f"asset-{code}", self.random.choice(UNITS)
        asked = self.known.setdefault(f"certificates of {code}", [])
        match self.random.randrange(11):
            case 0:
                kind = self.random.choice(("ACCEPTANCE", "PHOTO", "CONTRACT"))
                return (
                    stream,
                    "asset.document_archived",
                    {"document": {"kind": kind, "document": f"D-{self.number}", "sha256": SHA}},
                )
            case 1:
                seen = {"stocktake": f"ST-{self.number}", "verifiedOn": self.day()}
                return stream, "asset.stocktake_recorded", {"stocktaking": seen}
            case 2:
                data = confirmation({village: 10**7})
                if self.random.random() < 0.6:
                    data["holders"] = [
                        {
                            "party": village,
                            "kind": "COLLECTIVE",
                            "name": "合作社",
                            "uscc": "N2653022MF12345676",
                        }
                    ]
                if self.random.random() < 0.6:
                    data["filingDue"] = "AGRICULTURE"
                return stream, "asset.ownership_confirmed", data
            case 3:
                return (
                    stream,
                    "asset.ownership_filed",
                    {
                        "addressee": "AGRICULTURE",
                        "documentNo": "备1号",
                        "filedOn": self.day(),
                        "procedure": "PR-1",
                    },
                )
            case 4:
                given = {
                    "village": village,
                    "number": f"确{self.log.position}号",
                    "amount": 7,
                    "issuedOn": self.day(),
                }
                return (
                    stream,
                    "asset.ownership_certificate_issued",
                    {"certificate": given, "procedure": "PR-1"},
                )
            case 5:
                if not asked or self.random.random() < 0.4:
                    asked.append(f"Z-{self.log.position}")
                    told = {
                        "certificate": asked[-1],
                        "kind": "REAL_ESTATE",
                        "holder": village,
                        "appliedOn": self.day(),
                        "state": "APPLIED",
                    }
                    return stream, "asset.title_certificate_applied", {"certificate": told}
                answer: dict[str, Any] = {"certificate": self.random.choice(asked)}
                if self.random.random() < 0.5:
                    return (
                        stream,
                        "asset.title_certificate_issued",
                        answer | {"number": f"不动产{self.log.position}号", "issuedOn": self.day()},
                    )
                return (
                    stream,
                    "asset.title_certificate_ineligible",
                    answer | {"decidedOn": self.day(), "reason": "资料不全"},
                )
            case 6:
                rule = {
                    "owner": village,
                    "title": "制度",
                    "documentNo": f"村制{self.log.position}号",
                    "effectiveFrom": self.day(),
                }
                return stream, "asset.management_rule_adopted", {"managementRule": rule}
            case 7 | 8:
                return (
                    stream,
                    "asset.custody_assigned",
                    custody(village, {"P-1": "MANAGER"}, provisional=self.random.random() < 0.5),
                )
            case 9:
                plan = {
                    "intervalDays": self.random.randint(30, 365),
                    "startsOn": self.day(),
                    "content": f"清淤{self.number}",
                }
                return stream, "asset.maintenance_planned", {"plan": plan}
            case _:
                done = {
                    "content": "维修",
                    "cost": 7,
                    "doneOn": self.day(),
                    "voucherNo": f"记{self.log.position}号",
                }
                return (
                    stream,
                    "asset.maintenance_done",
                    {"maintenance": done, "costShares": [{"party": village, "amount": 7}]},
                )
