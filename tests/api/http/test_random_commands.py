"""Random commands over HTTP, sensible and not: whatever is asked in whatever order, some things always hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from projections.catalogue import CATALOGUE
from service.ledgers.rebuild.workers import rebuild
from tests.api.bodies import VILLAGE, card, confirmation, custody, terms
from tests.api.contracts import decided
from tests.api.disposals import Parting, parting
from tests.api.service import Service, new_code, running

AFTER_DISPOSAL = {
    "asset.registration_corrected",
    "asset.disposal_proceeds_received",
    "asset.disposal_closed",
    "asset.income_received",
}
"""What may still be recorded about an asset that is gone, of its last day and later: its card put right, and money that
was owed. What happened before is recorded whenever it becomes known.
"""
DISPOSED_ON = "2023-07-01"
DAYS = st.sampled_from(["2021-08-10", "2021-12-31", "2022-06-01", "2023-05-11", "2999-01-01"])
AMOUNTS = st.sampled_from(["0.01", "20000.00", "30000.00", "1000000.00", "0.005", "-1.00", "1万元"])


@dataclass
class World:
    """One service that all examples share, with the loop it runs on."""

    runner: asyncio.Runner
    service: Service
    manager: str
    answered: int = 0
    refused: int = 0
    registered: list[str] = field(default_factory=list)

    def do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return self.runner.run(done())


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        service = runner.run(stack.enter_async_context(running(database_url)))
        manager = runner.run(service.person(VILLAGE))
        yield World(runner, service, manager)
        runner.run(stack.aclose())


class Commands(RuleBasedStateMachine):
    """Whoever writes about the assets of one example."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.versions: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.sent: list[tuple[dict[str, Any], httpx.Response]] = []

    # ---- sending -----------------------------------------------------------------------------------------------

    def send(self, path: str, body: dict[str, Any], who: str, version: int | None = None) -> httpx.Response:
        """A write is recorded as it says, or refused with a code and nothing is recorded."""
        call = {"path": path, "body": body, "who": who, "version": version, "key": new_code("K")}
        service, do = self.world.service, self.world.do
        before = do(service.head())
        answer: httpx.Response = do(service.post(**call))
        after = do(service.head())
        said = answer.json()
        if answer.status_code == 201:
            assert after == before + len(said["events"])
            assert said["position"] == after or not said["events"]
            self.sent.append((call, answer))
            self.world.answered += 1
        elif answer.status_code == 200:
            assert (after, said["events"]) == (before, [])  # it says what is the case already
        else:
            assert 400 <= answer.status_code < 500, answer.text
            assert said["code"] and said["detail"], said
            assert after == before, f"{said['code']} was refused, and something was recorded"
            self.world.refused += 1
        return answer

    def step(self, asset: str, noun: str, body: dict[str, Any], who: str = "clerk") -> None:
        """The next command about an asset."""
        answer = self.send(f"/v1/assets/{asset}/{noun}", body, who, self.versions[asset])
        if answer.status_code >= 400:
            return
        said = answer.json()
        own = [one for one in said["events"] if one["stream"] == f"asset-{asset}"]
        assert said["version"] == self.versions[asset] + len(own)
        self.versions[asset] = said["version"]
        if asset in self.gone:
            told = self.world.do(self.world.service.read(f"/v1/assets/{asset}/events"))["events"]
            known = {one["version"] for one in own}
            since = {
                one["type"] for one in told if one["version"] in known and one["occurredOn"] >= DISPOSED_ON
            }
            assert since <= AFTER_DISPOSAL, own
        if any(one["type"] == "asset.disposed" for one in said["events"]):
            self.gone[asset] = said["version"]

    def one(self, pick: int) -> str:
        return list(self.versions)[pick % len(self.versions)]

    # ---- the asset's life --------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.versions) < 3)
    @rule(fen=st.integers(1, 10**9), gap=st.sampled_from([0, 0, 0, 1]), sure=st.booleans())
    def register(self, fen: int, gap: int, sure: bool) -> None:
        asset, value = new_code(), Decimal(fen) / 100
        first = Decimal(fen // 3) / 100
        lines = [
            {"source": source, "amount": f"{amount:.2f}", "allocatedOn": "2020-12-01"}
            for source, amount in (("FISCAL_DEV", first), ("AID_XJ", value - first))
            if amount
        ]
        stated = value + Decimal(gap) / 100
        made = card(originalValue=f"{stated:.2f}", fundingLines=lines, implementer=VILLAGE)
        made |= {"implementerKind": "VILLAGE", "fundsPaidTo": "VILLAGE"}
        body = {"asset": asset, "card": made, "occurredOn": "2021-07-15"}
        answer = self.send("/v1/assets", body, "clerk")
        assert (answer.status_code == 201) == (gap == 0), answer.text
        if gap == 0:
            self.versions[asset] = 1
            self.world.registered.append(asset)
            if sure:
                title = {"confirmation": confirmation(f"{value:.2f}"), "occurredOn": "2021-08-10"}
                self.step(asset, "ownership-confirmations", title, "office")

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), day=DAYS, whole=st.sampled_from([True, True, False]))
    def confirm(self, pick: int, day: str, whole: bool) -> None:
        asset = self.one(pick)
        value = self.resource(asset)["card"]["originalValue"] if whole else "1.00"
        body = {"confirmation": confirmation(value), "occurredOn": day}
        self.step(asset, "ownership-confirmations", body, "office")

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), day=DAYS)
    def keep(self, pick: int, day: str) -> None:
        body = {"custody": custody(self.world.manager), "occurredOn": day}
        self.step(self.one(pick), "custody", body)

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), day=DAYS)
    def use(self, pick: int, day: str) -> None:
        self.step(self.one(pick), "use", {"inUseSince": day})

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), number=st.integers(1, 3))
    def lease(self, pick: int, number: int) -> None:
        """The first two by a procedure where there are owners who can decide, the third on nothing."""
        asset, wanted = self.one(pick), terms(f"L{number}")
        world = self.world
        titled = world.do(world.service.read(f"/v1/assets/{asset}"))["resource"]["owners"]
        body = world.do(decided(world.service, asset, wanted)) if titled and number < 3 else {"terms": wanted}
        self.step(asset, "leases", body)

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), number=st.integers(1, 3), day=DAYS)
    def end_lease(self, pick: int, number: int, day: str) -> None:
        body = {"endedOn": day, "outcome": "TERMINATED", "reason": "设备老化"}
        self.step(self.one(pick), f"leases/L{number}/ending", body)

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), number=st.integers(1, 4), amount=AMOUNTS, day=DAYS)
    def receive(self, pick: int, number: int, amount: str, day: str) -> None:
        receipt = {"receipt": f"R{number}", "amount": amount, "receivedOn": day, "voucherNo": "收-1"}
        self.step(self.one(pick), "income-receipts", {"receipt": receipt | {"contract": "L1"}})

    @precondition(lambda self: self.versions)
    @rule(
        pick=st.integers(0, 9),
        state=st.sampled_from(["IN_USE", "IDLE", "DAMAGED", "LOST", "MELTED"]),
        day=DAYS,
    )
    def look(self, pick: int, state: str, day: str) -> None:
        self.step(self.one(pick), "status-reports", {"report": {"state": state, "reportedOn": day}})

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), name=st.sampled_from(["核桃线", "苹果线", "", "名" * 400]))
    def correct(self, pick: int, name: str) -> None:
        body = {"correction": {"changes": {"assetName": name}, "reason": "笔误", "documentNo": "更正1号"}}
        self.step(self.one(pick), "registration-corrections", body)

    @precondition(lambda self: self.versions)
    @rule(pick=st.integers(0, 9), steps=st.integers(1, 12))
    def dispose(self, pick: int, steps: int) -> None:
        """The chain of a disposal, broken off somewhere."""
        asset, disposal = self.one(pick), new_code("D")
        path = f"disposals/{disposal}"
        proposal = {
            "disposal": disposal,
            "kind": "AUCTION",
            "reason": "闲置",
            "decisionDocument": "村代会3号",
        }
        appraisal = {"method": "AGENCY", "value": "150000.00", "baseDate": "2023-05-10", "reportNo": "评1"}
        publication = {"publishedOn": "2023-05-15", "channel": "BULLETIN_BOARD", "place": VILLAGE}
        approval = {"approver": "COUNTY_GOV", "approverLevel": "COUNTY_GOV", "documentNo": "政函8号"}
        sale = {"disposedOn": DISPOSED_ON, "price": "156000.00", "buyer": "买受人", "documentNo": "成交1"}
        agency = {"agency": "评估公司", "agencyLicence": "资质001"}
        it = self.opened(asset, proposal)
        chain: list[tuple[str, dict[str, Any], str]] = [
            ("disposals", {"proposal": proposal, "occurredOn": "2023-05-01"} if it is None else it.body, "clerk"),
            (f"{path}/appraisals", {"appraisal": appraisal | agency, "occurredOn": "2023-05-11"}, "clerk"),
            (f"{path}/publications", {"publication": publication | {"evidenceSha256": "0" * 64}}, "clerk"),
            (f"{path}/forwardings", {"level": "TOWNSHIP", "opinion": "同意", "occurredOn": "2023-06-01"}, "approver"),
            (f"{path}/forwardings", {"level": "AGRICULTURE", "opinion": "同意", "occurredOn": "2023-06-02"}, "agriculture"),
            (f"{path}/approval", {"approval": approval | {"approvedOn": "2023-06-20"}}, "county"),
            (f"{path}/execution", {"sale": sale}, "clerk"),
            (f"{path}/proceeds", {"amount": "156000.00", "receivedOn": "2023-07-05", "voucherNo": "收2"}, "clerk"),
        ]  # fmt: skip
        for noun, body, who in chain[:steps]:
            self.step(asset, noun, body, who)
            if it is not None and noun == "disposals" and disposal in self.resource(asset)["disposals"]:
                self.world.do(it.take("DECISION"))

    def opened(self, asset: str, proposal: dict[str, Any]) -> Parting | None:
        """A procedure where there are owners who can decide; else nothing."""
        world = self.world
        if not self.resource(asset)["owners"]:
            return None
        return world.do(parting(world.service, asset, proposal, "2023-05-01"))

    # ---- what must change nothing ------------------------------------------------------------------------------

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 99))
    def again(self, pick: int) -> None:
        """A request that is sent again gets the same answer and adds nothing; with another body it is refused."""
        call, first = self.sent[pick % len(self.sent)]
        service, do = self.world.service, self.world.do
        before = do(service.head())
        answer = do(service.post(**call))
        assert (answer.status_code, answer.json()) == (201, first.json())
        other = do(service.post(**call | {"body": call["body"] | {"occurredOn": "2022-02-02"}}))
        assert other.status_code == 422, other.text
        assert do(service.head()) == before

    @precondition(lambda self: any(version > 1 for version in self.versions.values()))
    @rule(pick=st.integers(0, 9))
    def stale(self, pick: int) -> None:
        """Who writes about what has changed meanwhile is told so."""
        asset = self.one(pick)
        body = {"report": {"state": "DAMAGED", "reportedOn": "2022-06-01"}}
        path = f"/v1/assets/{asset}/status-reports"
        answer = self.send(path, body, "clerk", self.versions[asset] + 1)
        assert answer.status_code == 412
        answer = self.send(path, body, "neighbour", self.versions[asset])
        assert answer.status_code == 403

    # ---- what must hold at the end -----------------------------------------------------------------------------

    def resource(self, asset: str, **params: Any) -> dict[str, Any]:
        return dict(self.world.do(self.world.service.read(f"/v1/assets/{asset}", **params))["resource"])

    def teardown(self) -> None:
        """The state that commands were judged by is what a fold of the log gives; the ledgers agree with both."""
        service, do = self.world.service, self.world.do
        head = do(service.head())
        for asset, version in self.versions.items():
            live = self.resource(asset)
            assert live == self.resource(asset, known_at="2999-01-01T00:00:00+08:00")
            lines = sum(Decimal(line["amount"]) for line in live["card"]["fundingLines"])
            assert lines == Decimal(live["card"]["originalValue"])
            found = do(
                service.read("/v1/ledgers/asset-register", asset=asset, disposed="all", min_position=head)
            )
            (row,) = found["rows"]
            assert (row["version"], row["originalValue"]) == (version, live["card"]["originalValue"])
            assert (row.get("disposedOn") is not None) == (asset in self.gone)


def test_whatever_is_asked_some_things_always_hold(world: World, database_url: str) -> None:
    machine: Callable[[], Commands] = lambda: Commands(world)  # noqa: E731  what hypothesis calls a factory
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None, phases=[Phase.generate]),
    )
    assert min(world.answered, world.refused) > 50, "too little was asked to tell anything"
    service, do = world.service, world.do
    head = do(service.head())
    totals = do(service.read("/v1/ledgers/asset-register/totals", "office", min_position=head))
    values: dict[str, list[Decimal]] = {"managed": [], "disposed": []}
    for asset in world.registered:
        resource = do(service.read(f"/v1/assets/{asset}"))["resource"]
        kind = "disposed" if resource.get("disposedOn") else "managed"
        values[kind].append(Decimal(resource["card"]["originalValue"]))
    for kind, found in values.items():
        assert (totals[kind]["assets"], Decimal(totals[kind]["originalValue"])) == (len(found), sum(found))
    for outcome in do(rebuild(database_url, list(CATALOGUE.values()), processes=1)):
        assert outcome.equal and not outcome.differences, outcome
