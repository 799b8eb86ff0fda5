"""Makes a sample county's people and assets, the same for the same seed.

Everything goes through the aggregates: the sample can hold nothing that the domain would not record. Floats are used
here only to draw; every amount is made an integer before it becomes a fact.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from random import Random
from typing import Any

from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from domain.asset.facts.booking import Booking
from domain.asset.facts.card import Acceptance, FundingLine, RegisterCard
from domain.asset.facts.contract import ContractTerms, ContractText, OperatingTarget, Operator, OwnOperation
from domain.asset.facts.custody import Custody, Duty, PositionRef, Supervision
from domain.asset.facts.income import IncomeReceipt
from domain.asset.facts.ownership import OwnershipConfirmation
from domain.asset.facts.selection import SELECTED, Bid, SelectionAnnouncement, SelectionChoice
from domain.asset.facts.texts import CONTRACT_KIND, ContractContent, contract_carried_out
from domain.asset.facts.transfer import ItemAcceptance, TransferItem, TransferOffer
from domain.asset.facts.upkeep import Maintenance, StatusReport
from domain.asset.selection import OperatorSelection
from domain.execution import Execution
from domain.household.asset import HouseholdAsset
from domain.household.card import HouseholdAssetCard
from domain.income.account import IncomeSubAccount, SubAccountOpening
from domain.income.content import IncomePlanContent, PlanLine, PlanSource
from domain.income.payments import PaidLine, PlanPayment, UseNotice
from domain.income.plan import IncomePlan
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.organization.person import Person, PersonCard
from domain.organization.roll import VillageRoll
from domain.procedure.meeting import Meeting
from domain.procedure.notice import NoticePlace, Posting
from domain.procedure.plan import ProcedureCase, ProcedureParty
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.records import ProcedureOpening, Signer
from domain.procedure.subject import Subject, digest_of
from domain.regulation.rows import ChainStep
from domain.values import Fen, PartyShare, split_exactly

CONFIRMED_FROM = date(2021, 7, 1)
"""Ownership of the sample's assets is confirmed in the half year after the regulation was issued."""
LAST_DAY = date(2022, 12, 31)
"""The sample's history ends here; what comes later is recorded by people."""

ACCOUNTS_OPENED = date(2022, 1, 1)
"""The villages keep their income on sub-accounts since."""
REPRESENTATIVES = 35
"""How many of them every village has elected."""

OccasionAt = Callable[[date], Occasion]


@dataclass(frozen=True, slots=True)
class SampleUnit:
    """An organisation of the county as the sample needs it."""

    code: str
    name: str
    kind: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Staff:
    """Staff of a unit: the holder of each post."""

    principal: str
    manager: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draw for one asset before anything is known of its owner."""

    index: int
    entry: dict[str, Any]
    township: str
    village: str
    completed: date
    quantity: Decimal
    value: int
    lines: tuple[FundingLine, ...]


@dataclass
class Sample:
    """A county to be generated from one seed."""

    seed: int
    units: dict[str, SampleUnit]
    occasion: OccasionAt
    staff: dict[str, Staff] = field(default_factory=dict)
    accounts: dict[str, IncomeSubAccount] = field(default_factory=dict)
    """Sub-accounts of the villages, with what the assets so far have earned and paid."""
    papers: list[DomainAggregate] = field(default_factory=list)
    """Plans and procedures of the assets so far, until somebody takes them."""

    def __post_init__(self) -> None:
        """Read the profile and sort the units."""
        source = resources.files("service.sample") / "profile.toml"
        self.profile: dict[str, Any] = tomllib.loads(source.read_text("utf-8"))
        self._villages: dict[str, list[str]] = {}
        for unit in self.units.values():
            if unit.kind == "VILLAGE" and unit.parent is not None:
                self._villages.setdefault(unit.parent, []).append(unit.code)
        rng = Random(f"{self.seed}:villages")
        self._village_weights = {
            township: [rng.lognormvariate(0, 0.4) for _ in villages]
            for township, villages in sorted(self._villages.items())
        }
        rules = self.occasion(LAST_DAY).rules
        self._types: dict[str, list[dict[str, Any]]] = {}
        for entry in self.profile["type"]:
            self._types.setdefault(rules.asset_type(entry["code"]).asset_class, []).append(entry)

    # ---- people ------------------------------------------------------------------------------------------------

    def people(self) -> Iterator[DomainAggregate]:
        """The persons of every unit. Names say that they are invented."""
        rng = Random(f"{self.seed}:people")
        at = self.occasion(date(2018, 1, 1))
        number = 0
        for unit in sorted(self.units.values(), key=lambda one: one.code):
            if unit.kind not in {"VILLAGE", "TOWNSHIP", "DEPARTMENT", "FARM"}:
                continue
            codes = []
            for _ in range(4 if unit.kind in {"VILLAGE", "TOWNSHIP"} else 2):
                number += 1
                codes.append(f"P{number:05d}")
                name = f"样例{rng.choice('甲乙丙丁戊己庚辛壬癸')}{number:05d}"
                yield Person.register(codes[-1], PersonCard(name=name, organization=unit.code), at)
            self.staff[unit.code] = Staff(principal=codes[0], manager=codes[1])

    def appoint(self, organization: Organization) -> None:
        """Fill a unit's posts; tenures start at random within the three years before the confirmation."""
        staff = self.staff[organization.id]
        rng = Random(f"{self.seed}:tenure:{organization.id}")
        for position, person in (
            (_principal(organization.card.kind), staff.principal),
            ("ASSET_MANAGER", staff.manager),
        ):
            since = date(2018, 7, 1) + timedelta(days=rng.randrange(900))
            document = f"样例任字〔{since.year}〕{rng.randrange(1, 999)}号"
            organization.appoint(position, person, since, document, self.occasion(since))
        if organization.card.kind == "VILLAGE":
            organization.record_roll(_roll(organization.id), self.occasion(_ELECTED))

    # ---- assets ------------------------------------------------------------------------------------------------

    def asset(self, index: int) -> DomainAggregate:
        """The sample's asset number `index` with its whole history."""
        rng = Random(f"{self.seed}:asset:{index}")
        asset_class = _draw(rng, self.profile["classes"])
        types = self._types[asset_class]
        entry = rng.choices(types, [one["weight"] for one in types])[0]
        township, village = self._place(rng, asset_class)
        completed = self._completion(rng)
        quantity, value = _quantity_and_value(rng, entry, skewed=asset_class != "HOUSEHOLD")
        lines = self._funding(rng, value, completed)
        drawn = Drawn(index, entry, township, village, completed, quantity, value, lines)
        return (
            self._household_asset(rng, drawn)
            if asset_class == "HOUSEHOLD"
            else self._managed_asset(rng, drawn)
        )

    def _place(self, rng: Random, asset_class: str) -> tuple[str, str]:
        group = _draw(rng, self.profile["places"])
        if group == "department" or (group == "farm" and asset_class == "HOUSEHOLD"):
            group = "plain"
        candidates = [code for code in self.profile["place_groups"][group] if self._villages.get(code)]
        candidates = candidates or sorted(self._villages)
        township = rng.choices(candidates, [len(self._villages[code]) for code in candidates])[0]
        return township, rng.choices(self._villages[township], self._village_weights[township])[0]

    def _completion(self, rng: Random) -> date:
        year = int(_draw(rng, self.profile["completion_years"]))
        month = rng.randint(8, 12) if rng.random() < 0.7 else rng.randint(1, 7)
        if year == 2021:
            month = rng.randint(1, 5)
        return date(year, month, rng.randint(1, 28))

    def _funding(self, rng: Random, value: int, completed: date) -> tuple[FundingLine, ...]:
        count = int(_draw(rng, self.profile["sources"]))
        sources: list[str] = []
        while len(sources) < count:
            source = _draw(rng, self.profile["funds"])
            if source not in sources:
                sources.append(source)
        parts = split_exactly(value, {source: rng.randint(1, 9) for source in sources})
        allocated = max(date(2013, 1, 1), completed - timedelta(days=rng.randint(60, 300)))
        return tuple(
            FundingLine(source=source, amount=Fen(parts[source]), allocated_on=allocated)
            for source in sources
            if parts[source] > 0
        )

    def _household_asset(self, rng: Random, drawn: Drawn) -> HouseholdAsset:
        name, unit = drawn.entry["name"], drawn.entry["unit"]
        card = HouseholdAssetCard(
            asset_name=name,
            asset_content=f"{name}{drawn.quantity}{unit}（样例）",
            asset_type=drawn.entry["code"],
            household=f"H{drawn.village[-6:]}{rng.randrange(1, 400):04d}",
            location=drawn.village,
            completion_date=drawn.completed,
            quantity=drawn.quantity,
            unit_of_measure=unit,
            original_value=Fen(drawn.value),
            funding_lines=drawn.lines,
        )
        return HouseholdAsset.register(
            f"H-{drawn.village}-{drawn.index:06d}", card, self.occasion(drawn.completed)
        )

    def _managed_asset(self, rng: Random, drawn: Drawn) -> Asset:
        accepted = drawn.completed + timedelta(days=28)
        at = self.occasion(accepted)
        card = self._card(rng, drawn)
        asset = Asset.register(f"{drawn.village}-{drawn.completed.year}-{drawn.index:06d}", card, at)
        asset.put_into_use(accepted, at)
        self._confirm(rng, asset, drawn)
        self._look_after(rng, asset, drawn)
        if card.asset_class == "OPERATING":
            self._operate(rng, asset, drawn)
        if at.rules.depreciable(card.asset_type):
            self._depreciate(asset, accepted.year)
        self._report(rng, asset)
        return asset

    def _card(self, rng: Random, drawn: Drawn) -> RegisterCard:
        entry, completed = drawn.entry, drawn.completed
        rules = self.occasion(completed).rules
        asset_type = rules.asset_type(entry["code"])
        draw = rng.random()
        if draw < 0.45:
            implementer, kind = rules.line_department(entry["code"]), "DEPARTMENT"
        elif draw < 0.9:
            implementer, kind = drawn.township, "TOWNSHIP"
        else:
            implementer, kind = drawn.village, "VILLAGE"
        place = self.units[drawn.village].name.removesuffix("村民委员会")
        return RegisterCard(
            asset_name=f"{place}{entry['name']}",
            asset_content=f"{entry['name']}{drawn.quantity}{entry['unit']}（样例）",
            asset_class=asset_type.asset_class,
            subclass=asset_type.subclass,
            asset_type=entry["code"],
            construction_start=completed - timedelta(days=rng.randint(40, 200)),
            completion_date=completed,
            useful_life_years=rng.randint(*entry["life"]) if "life" in entry else None,
            quantity=drawn.quantity,
            unit_of_measure=entry["unit"],
            original_value=Fen(drawn.value),
            funding_lines=drawn.lines,
            location=drawn.village,
            project_code=f"X{completed.year}{rng.randrange(2400):04d}",
            project_name=f"{completed.year}年{place}{entry['name']}项目",
            implementer=implementer,
            implementer_kind=kind,
            funds_paid_to=kind,
            village_use=entry.get("village_use", False),
            acceptance=Acceptance(
                result="PASSED",
                accepted_on=completed + timedelta(days=rng.randint(3, 25)),
                document_no=f"样例验字〔{completed.year}〕{rng.randrange(1, 9999)}号",
            ),
        )

    def _confirm(self, rng: Random, asset: Asset, drawn: Drawn) -> None:
        day = CONFIRMED_FROM + timedelta(days=rng.randrange(0, 150))
        at = self.occasion(day)
        card = asset.card
        advice = at.rules.ownership_of(card, title_unclear=False)
        kind = advice.owner_kind if advice.owner_kind in {"DEPARTMENT", "TOWNSHIP"} else "VILLAGE"
        owner = drawn.village if kind == "VILLAGE" else card.implementer
        if kind == "VILLAGE" and card.implementer != drawn.village:
            self._transfer(asset, card.implementer, drawn.village, day - timedelta(days=7))
        operating = card.asset_class == "OPERATING"
        shares = (PartyShare(party=owner, amount=card.original_value),)
        number = rng.randrange(1, 9999)
        asset.confirm_ownership(
            OwnershipConfirmation(
                owners=shares,
                owner_kind=kind,
                income_right_holders=shares if operating else (),
                ownership_basis="按资金类别和用途确定" if operating else None,
                income_right_basis="按资金类别和用途确定" if operating else None,
                county_decision=f"样例政函〔{day.year}〕{number}号"
                if advice.decider == "COUNTY_GOV"
                else None,
                reform_basis_document=f"样例改字〔{day.year}〕{number}号" if advice.rule == "R1" else None,
                verification_basis=f"样例清核〔{day.year}〕{drawn.township[-6:]}",
            ),
            at,
        )
        booking = Booking(
            party=owner,
            amount=card.original_value,
            voucher_no=f"记-{day:%Y%m}-{rng.randrange(1, 999):03d}",
            booked_on=day + timedelta(days=rng.randint(1, 25)),
        )
        asset.book(booking, self.occasion(booking.booked_on))

    def _transfer(self, asset: Asset, deliverer: str, receiver: str, day: date) -> None:
        at = self.occasion(day)
        code = f"T-{asset.id}"
        transfer = TransferOffer(
            transfer=code,
            deliverer=deliverer,
            receiver=receiver,
            initiated_on=day,
            items=(TransferItem(item="1", name=asset.card.asset_name),),
            documents=("竣工验收资料",),
        )
        asset.initiate_transfer(transfer, at)
        asset.accept_transfer(code, receiver, (ItemAcceptance(item="1", result="ACCEPTED"),), at)
        asset.complete_transfer(code, at)

    def _look_after(self, rng: Random, asset: Asset, drawn: Drawn) -> None:
        at = self.occasion(date(2021, 12, 1) + timedelta(days=rng.randrange(0, 28)))
        owner = asset.owners[0].party
        staff = self.staff[owner]
        post = PositionRef(organization=owner, position=_principal(asset.owner_kind or ""))
        custody = Custody(
            custodian=owner,
            responsible_unit=owner,
            first_responsible=post,
            duties=(
                Duty(person=staff.manager, duty="MANAGER"),
                Duty(person=staff.principal, duty="RESPONSIBLE"),
            ),
            rule_document=f"样例管护〔2021〕{owner[-6:]}",
        )
        asset.assign_custody(custody, at)
        supervisor = drawn.township if asset.owner_kind == "VILLAGE" else "ASSET_OFFICE"
        asset.assign_supervision((Supervision(supervisor=supervisor),), at)
        if rng.random() < 0.3:
            done = date(2022, rng.randint(3, 11), rng.randint(1, 28))
            asset.maintain(Maintenance(done_on=done, content="日常养护（样例）"), self.occasion(done))

    def _operate(self, rng: Random, asset: Asset, drawn: Drawn) -> None:
        mode = _draw(rng, self.profile["operation"])
        rent = self.profile["rent"]
        annual = asset.card.original_value * rng.randint(rent["low"], rent["high"]) // 10_000 // 100 * 100
        if mode == "NONE" or annual <= 0:
            return
        signed = date(2021, 12, 30) + timedelta(days=rng.randrange(0, 60))
        years = rng.randint(3, 10)
        terms = ContractTerms(
            contract=f"C-{asset.id}",
            mode=mode,
            operator=Operator(
                operator=f"O{drawn.village[-6:]}{rng.randrange(1, 30):02d}", name="样例经营主体"
            ),
            signed_on=signed,
            starts_on=signed + timedelta(days=1),
            ends_on=date(signed.year + years, signed.month, min(signed.day, 28)),
            signer=asset.owners[0].party,
            clauses={
                "responsibility": "乙方负责日常经营",
                "target": "不低于上年产值",
                "income": "按年缴纳",
                "mode": "见合同首部",
                "term": f"{years}年",
                "incomeDistribution": "归集体所有",
                "riskControl": "缴纳履约保证金",
                "custody": "乙方负责日常管护",
            },
            annual_income=Fen(annual),
            own_operation=self._own(asset, Fen(annual)) if mode == "SELF_OPERATED" else None,
        )
        self._sign(asset, terms)
        if rng.randrange(1000) < rent["defaulted_per_mille"]:
            return
        paid = date(2022, 10, 15) + timedelta(days=40 if rng.randrange(1000) < rent["late_per_mille"] else 0)
        receipt = IncomeReceipt(
            receipt=f"R-{asset.id}-2022",
            amount=Fen(annual),
            received_on=paid,
            contract=terms.contract,
            payer="样例经营主体",
            voucher_no=f"收-{paid:%Y%m}-{rng.randrange(1, 999):03d}",
        )
        self._receive(asset, receipt)
        if rng.random() < 0.5:
            self._distribute(rng, asset, drawn, annual // 2)

    def _own(self, asset: Asset, expected: Fen) -> OwnOperation:
        """What an owner that runs an asset itself states."""
        return OwnOperation(
            responsible=self.staff[asset.owners[0].party].principal,
            target=OperatingTarget(metric="年产值（万元，样例）", value=Decimal(10), period="每年"),
            expected_income=expected,
        )

    def _sign(self, asset: Asset, terms: ContractTerms) -> None:
        """The owner chooses and decides by its procedure, then signs; its own operation needs none."""
        at = self.occasion(terms.signed_on)
        mode = at.rules.operation_mode(terms.mode)
        if mode is None or not mode.contract:
            asset.sign_contract(terms, at)
            return
        terms, selection = self._selected(asset, terms)
        procedure = self._chosen(asset, terms, selection)
        selected = None if selection is None else selection.selected
        asset.sign_contract(terms, at, proof=procedure.proof(), selected=selected)
        signed = "asset.leased" if terms.mode == "LEASED" else "asset.operating_contract_signed"
        procedure.take_by_fact(signed, asset.stream, asset.version, contract_carried_out(asset.id, terms), at)
        self.papers.append(procedure)

    def _selected(self, asset: Asset, terms: ContractTerms) -> tuple[ContractTerms, OperatorSelection | None]:
        """The selection of the operator where the chain wants one: the one candidate is chosen, and the terms name it."""
        kind, scope = asset.owner_kind, asset.card.project_scope
        at = self.occasion(terms.signed_on - timedelta(days=20))
        (chain,) = at.rules.chains_of("asset.leased", kind, scope, to_be_revived=False)
        if not any(SELECTED in step.facts for step in chain.steps):
            return terms, None
        announced, heard, published = (terms.signed_on - timedelta(days=days) for days in (20, 15, 12))
        code = f"OS-{terms.contract}"
        announcement = SelectionAnnouncement(
            asset=asset.id,
            owner=terms.signer,
            mode=terms.mode,
            part=terms.part,
            conditions="公开选定经营主体（样例）",
            announced_on=announced,
            announcement_sha256=_digest(f"announcement {code}"),
        )
        found = OperatorSelection.open(code, announcement, asset, at)
        bid = Bid(
            bid="B-1",
            bidder=terms.operator,
            annual_income=terms.annual_income,
            received_on=heard,
            document_sha256=_digest(f"bid {code}"),
        )
        found.receive_bid(bid, self.occasion(heard))
        choice = SelectionChoice(
            bid="B-1",
            reason="唯一报名，符合公告条件（样例）",
            published_on=published,
            evidence_sha256=_digest(f"result {code}"),
        )
        found.select(choice, (), self.occasion(published))
        self.papers.append(found)
        return terms.model_copy(update={"selection": code}), found

    def _chosen(
        self, asset: Asset, terms: ContractTerms, selection: OperatorSelection | None
    ) -> ProcedureInstance:
        """The procedure over a contract (A9, A10), every step of it by every owner, up to the contract."""
        kind, scope = asset.owner_kind, asset.card.project_scope
        rules = self.occasion(terms.signed_on).rules
        (chain,) = rules.chains_of("asset.leased", kind, scope, to_be_revived=False)
        text = ContractText(**{name: getattr(terms, name) for name in ContractText.model_fields})
        content = ContractContent(asset=asset.id, terms=text).canonical()
        subject = Subject(kind=CONTRACT_KIND, id=terms.contract, sha256=digest_of(content), content=content)
        owners = [share.party for share in asset.owners]
        roles = [(role, owner) for owner in owners for role in ("OWNER", "VILLAGE")]
        opening = ProcedureOpening(
            chain=chain.code,
            title=f"{asset.card.asset_name}选定经营主体",
            subject=subject,
            case=ProcedureCase(owner_kind=kind, project_scope=scope, asset_type=asset.card.asset_type),
            parties=tuple(
                ProcedureParty(role=role, organization=unit)
                for role, unit in roles
                if role == "OWNER" or kind == "VILLAGE"
            ),
        )
        day = terms.signed_on - timedelta(days=10)
        at = self.occasion(day)
        signers = [Signer(organization=one, person=self.staff[one].principal) for one in owners]
        found = ProcedureInstance.open(f"PR-{terms.contract}", opening, signers[0], at)
        for step in chain.leading_to("asset.leased", kind, scope):
            for signer in signers:
                if selection is not None and SELECTED in step.facts:
                    what = Execution(signer.organization, CONTRACT_KIND, terms.contract, (subject.sha256,))
                    found.take_by_fact(SELECTED, selection.stream, selection.version, what, at)
                else:
                    self._take(found, step, signer, subject.sha256, at)
        return found

    def _take(
        self, found: ProcedureInstance, step: ChainStep, signer: Signer, sha: str, at: Occasion
    ) -> None:
        """A unit's part of a step: choosing, voting, deciding by a document."""
        if step.meeting is not None:
            minutes = _digest(f"minutes {found.id}")
            meeting = Meeting(
                kind="REPRESENTATIVE_MEETING", held_on=at.on, place="村委会（样例）", members=REPRESENTATIVES,
                present=REPRESENTATIVES - 2, in_favour=REPRESENTATIVES - 4, against=2, minutes_sha256=minutes,
            )  # fmt: skip
            found.hold_meeting(step.code, signer, sha, meeting, at, rolls=(_roll(signer.organization),))
        elif step.act == "DECIDE":
            found.decide(step.code, signer, sha, f"样例决〔{at.on.year}〕{found.id[-6:]}", "同意（样例）", at)
        else:
            head = () if not step.signed_by else (signer.person,)
            posts = {"VILLAGE_PARTY_SECRETARY": head}
            found.complete_step(step.code, signer, sha, at, signed_by=head, posts=posts)

    def _receive(self, asset: Asset, receipt: IncomeReceipt) -> None:
        """Income comes in and stands on the sub-accounts of the villages it is for."""
        at = self.occasion(receipt.received_on)
        asset.receive_income(receipt, at)
        for holder, amount in asset.income_by_holder.items():
            if self.units[holder].kind == "VILLAGE":
                self._account(holder).enter(
                    at.rules.posting_rule("RECEIPT"),
                    at,
                    posting=receipt.receipt,
                    amount=amount,
                    day=receipt.received_on,
                    voucher_no=receipt.voucher_no,
                    asset=asset.id,
                )

    def _account(self, village: str) -> IncomeSubAccount:
        if village not in self.accounts:
            opening = SubAccountOpening(
                opened_on=ACCOUNTS_OPENED,
                balance=Fen(0),
                document_no=f"样例村账〔{ACCOUNTS_OPENED.year}〕{village[-6:]}",
                document_sha256=_digest(f"opening {village}"),
            )
            at = self.occasion(ACCOUNTS_OPENED)
            self.accounts[village] = IncomeSubAccount.open(village, "VILLAGE", opening, at)
        return self.accounts[village]

    def _distribute(self, rng: Random, asset: Asset, drawn: Drawn, amount: int) -> None:
        """Half of the rent is planned, decided on by the village's procedure, and paid (A8)."""
        village = next(iter(asset.income_by_holder))
        decided, paid = date(2022, 11, rng.randint(1, 5)), date(2022, 12, rng.randint(10, 28))
        if self.units[village].kind != "VILLAGE":
            return
        plant = self.occasion(decided).rules.asset_type(asset.card.asset_type).photovoltaic
        parts = split_exactly(
            amount,
            {"PUBLIC_POST": 9, "SMALL_WORKS": 1} if plant else {"COLLECTIVE_ECONOMY": 6, "PUBLIC_POST": 4},
        )
        lines = tuple(PlanLine(use=use, amount=Fen(part)) for use, part in parts.items() if part > 0)
        content = IncomePlanContent(
            village=village,
            year=2022,
            sources=(PlanSource(asset=asset.id, amount=Fen(amount)),),
            lines=lines,
            ruleset="PV" if plant else "GENERAL",
            purpose_statement="开发公益岗位，壮大村集体经济（样例）",
        )
        account, code = self._account(village), f"D-{asset.id}-2022"
        at = self.occasion(decided)
        plan = IncomePlan.propose(
            code, content, {asset.id: asset}, account.available(decided), frozenset(), at
        )
        procedure = self._decided(plan, asset, drawn, decided)
        payment = PlanPayment(
            payment=f"P-{asset.id}-2022",
            amount=Fen(amount),
            paid_on=paid,
            voucher_no=f"付-{paid:%Y%m}-{rng.randrange(1, 999):03d}",
            list_sha256=_digest(f"list {code}"),
            lines=tuple(PaidLine(line=number, amount=one.amount) for number, one in enumerate(lines, 1)),
        )
        at = self.occasion(paid)
        pieces = plan.execute(payment, procedure, at) or {}
        procedure.take_by_fact(
            IncomePlan.Executed.TOPIC, plan.stream, plan.version, plan.carried_out, self.occasion(paid)
        )
        for distribution in pieces.values():
            asset.pay_planned(distribution, at)
        account.enter(
            at.rules.posting_rule("DISTRIBUTION"),
            at,
            posting=payment.payment,
            amount=payment.amount,
            day=paid,
            voucher_no=payment.voucher_no,
        )
        published = paid + timedelta(days=3)
        notice = UseNotice(
            published_on=published, place="村务公开栏（样例）", evidence_sha256=_digest(f"use {code}")
        )
        plan.publish_use(notice, self.occasion(published))
        self.papers += [plan, procedure]

    def _decided(self, plan: IncomePlan, asset: Asset, drawn: Drawn, day: date) -> ProcedureInstance:
        """The plan's whole procedure: vote, notice, review, filings, each by its own unit."""
        village, subject = plan.content.village, plan.content.subject(plan.id)
        roles = (("VILLAGE", village), ("OWNER", village), ("TOWNSHIP", drawn.township))
        opening = ProcedureOpening(
            chain="A8",
            title=f"{asset.card.asset_name}收益分配使用方案",
            subject=subject,
            case=ProcedureCase(
                owner_kind="VILLAGE",
                project_scope=asset.card.project_scope,
                asset_type=asset.card.asset_type,
            ),
            parties=tuple(ProcedureParty(role=role, organization=unit) for role, unit in roles),
        )
        clerk = Signer(organization=village, person=self.staff[village].principal)
        township = Signer(organization=drawn.township, person=self.staff[drawn.township].principal)
        at = self.occasion(day)
        found = ProcedureInstance.open(f"PR-{plan.id}", opening, clerk, at)
        sha = subject.sha256
        found.complete_step("PROPOSE", clerk, sha, at)
        minutes = _digest(f"minutes {plan.id}")
        meeting = Meeting(
            kind="REPRESENTATIVE_MEETING", held_on=day, place="村委会（样例）", members=REPRESENTATIVES,
            present=REPRESENTATIVES - 3, in_favour=REPRESENTATIVES - 5, against=2, minutes_sha256=minutes,
        )  # fmt: skip
        found.hold_meeting("DECISION", clerk, sha, meeting, at, rolls=(_roll(village),))
        place = NoticePlace(role="OWNER_LOCATION", organization=village)
        posting = Posting(
            place=place,
            location="村务公开栏（样例）",
            posted_on=day,
            evidence=(minutes,),
            text="收益分配方案公示",
        )
        found.post_notice("NOTICE", clerk, sha, posting, at)
        found.review("REVIEW", township, sha, "APPROVED", self.occasion(day + timedelta(days=2)))
        later = self.occasion(day + timedelta(days=3))
        for step in found.steps:
            if step.filing is not None:
                found.submit_filing(step.code, clerk, sha, later)
        answered = self.occasion(day + timedelta(days=8))
        recheck = Signer(organization="AGRICULTURE", person=self.staff["AGRICULTURE"].principal)
        found.answer_filing("RECHECK", village, recheck, sha, "ACCEPTED", answered)
        found.complete_notice("NOTICE", clerk, sha, self.occasion(day + timedelta(days=20)))
        return found

    def _depreciate(self, asset: Asset, first_year: int) -> None:
        for year in range(first_year, LAST_DAY.year + 1):
            asset.post_depreciation(year, self.occasion(max(date(year, 12, 31), date(2021, 12, 31))))

    def _report(self, rng: Random, asset: Asset) -> None:
        for day in (date(2022, 6, 20), date(2022, 12, 20)):
            state = _draw(rng, self.profile["condition"])
            reported = day + timedelta(days=rng.randrange(0, 10))
            report = StatusReport(state=state, reported_on=reported)
            asset.report_status(report, self.occasion(reported))


_ELECTED = date(2021, 3, 1)


def _roll(village: str) -> VillageRoll:
    return VillageRoll(
        body="REPRESENTATIVES",
        count=REPRESENTATIVES,
        since=_ELECTED,
        until=date(2050, 12, 31),
        document_no=f"样例选举〔2021〕{village[-6:]}",
        document_sha256=_digest(f"roll {village}"),
    )


def _digest(text: str) -> str:
    """SHA-256 that stands for a paper of the sample."""
    return hashlib.sha256(text.encode()).hexdigest()


def _principal(owner_kind: str) -> str:
    return "VILLAGE_PARTY_SECRETARY" if owner_kind == "VILLAGE" else "PRINCIPAL"


def _draw(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _quantity_and_value(rng: Random, entry: dict[str, Any], *, skewed: bool) -> tuple[Decimal, int]:
    """Quantity and value in fen (whole 100 yuan). Managed assets are mostly small with a long tail of large ones."""
    low, high = entry["quantity"]
    drawn = low + (high - low) * _share(rng, skewed=skewed)
    quantity = Decimal(round(drawn)) if isinstance(low, int) else Decimal(round(drawn * 10)) / 10
    cheap, dear = entry["price"]
    price = int(cheap + (dear - cheap) * _share(rng, skewed=skewed))
    value = int(quantity * price) * 100
    return quantity, max(value // 10_000 * 10_000, 10_000)


def _share(rng: Random, *, skewed: bool) -> float:
    """Where in its range a draw falls, 0 to 1: around a third for households, mostly near the low end otherwise."""
    return min(1.0, rng.lognormvariate(-3.4, 1.5)) if skewed else rng.triangular(0, 1, 0)
