"""The demonstration: one asset from registration to disposal and one official who hands over, all over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from service.api.serving import Running, until_ledgers_follow
from service.audit.verify import LABELS, verify
from service.clock import county_day, utc_now
from service.commands.credentials import Credentials, KeySpec
from service.sample.contract_walk import ContractWalk
from service.sample.disposal_walk import DisposalWalk
from service.sample.plan_walk import PlanWalk, open_account
from service.sample.walk import Client, DemoFailed, Walk

KEY_LIFE = timedelta(days=1)
VILLAGE = "653022202205"
"""萨依巴格村: already the least sample has assets there in the care of the village's manager."""
TOWNSHIP = "653022202000"
NEIGHBOUR = "653022201000"
LEAST_ASSETS = 200
MOST_ASSETS = 1_000_000
"""Sizes of the sample county that the walk is good for."""


@dataclass(slots=True)
class Demonstration:
    """The walk. Everything it writes is dated before today and marked 演示. It can be run again and again.

    The same sample gives the same output, but for what is secret or made by the service: keys, certificate numbers, the
    port, and where the audit pack is put.
    """

    running: Running
    console: Console
    county: str
    http: httpx.AsyncClient
    today: date = field(default_factory=lambda: county_day(utc_now()))
    clients: dict[str, Client] = field(default_factory=dict)
    number: int = 1
    """Which walk through this county it is; its codes end with it."""
    _keys: Iterator[str] = field(default_factory=lambda: map("demo-{}".format, count(1)))

    @property
    def _asset(self) -> str:
        """Code of the asset whose life this walk shows."""
        return f"{VILLAGE}-DEMO-{self.number}"

    def _client(self, token: str) -> Client:
        return Client(self.http, token, self._keys)

    def day(self, ago: int) -> str:
        """The date so many days ago."""
        return (self.today - timedelta(days=ago)).isoformat()

    async def run(self) -> None:
        """Walk, then show where to look."""
        await self._open_doors()
        while await self.clients["reader"].knows(f"/v1/assets/{self._asset}"):
            self.number += 1
        asset = await self._asset_life()
        await until_ledgers_follow(self.running.app)  # or who has what in care depends on how fast they are
        await self._handover()
        await until_ledgers_follow(self.running.app)
        await self._ledgers(asset)

    # ---- credentials -------------------------------------------------------------------------------------------

    async def _open_doors(self) -> None:
        """Keys: the first administrator by the bootstrap token, as on a real installation; the others by the API."""
        bootstrap = self.running.bootstrap
        if bootstrap is not None:
            spent = self._client(bootstrap.token)
            admin = await self._key(spent, "管理员", "COUNTY_GOV", "COUNTY_GOV", ["ADMIN"])
        else:
            spec = KeySpec(
                self.county, "演示管理员", "COUNTY_GOV", "COUNTY_GOV", ["ADMIN"], [self.county], _expiry()
            )
            made = await Credentials(self.running.database.pool).create(spec, utc_now())
            admin = self._client(made.token)
        near, far = [TOWNSHIP], [NEIGHBOUR]
        self.clients = {
            "clerk": await self._key(admin, "巴仁乡经办", TOWNSHIP, "TOWNSHIP", ["REGISTRAR"], near),
            "neighbour": await self._key(admin, "皮拉勒乡经办", NEIGHBOUR, "TOWNSHIP", ["REGISTRAR"], far),
            "village": await self._key(admin, "村经办", VILLAGE, "VILLAGE", ["REGISTRAR"], [VILLAGE]),
            "township": await self._key(admin, "巴仁乡审核", TOWNSHIP, "TOWNSHIP", ["APPROVER"], near),
            "agriculture": await self._key(admin, "农业农村局", "AGRICULTURE", "DEPARTMENT", ["APPROVER"]),
            "county": await self._key(admin, "县人民政府", "COUNTY_GOV", "COUNTY_GOV", ["APPROVER"]),
            "office": await self._key(admin, "资产管理办公室", "ASSET_OFFICE", "ASSET_OFFICE", ["OFFICE"]),
            "personnel": await self._key(admin, "组织人事", "COUNTY_GOV", "COUNTY_GOV", ["PERSONNEL"]),
            "reader": await self._key(admin, "浏览", "COUNTY_GOV", "COUNTY_GOV", ["READER", "AUDITOR"]),
        }

    async def _key(
        self,
        admin: Client,
        label: str,
        organization: str,
        kind: str,
        roles: list[str],
        divisions: list[str] | None = None,
    ) -> Client:
        body = {
            "label": f"演示：{label}",
            "organization": organization,
            "organizationKind": kind,
            "roles": roles,
            "divisions": divisions or [self.county],
            "expiresAt": _expiry().isoformat(),
        }
        made = await admin.post("/v1/keys", body)
        return self._client(made["token"])

    # ---- one asset ---------------------------------------------------------------------------------------------

    async def _asset_life(self) -> str:
        clerk, office = self.clients["clerk"], self.clients["office"]
        self.console.rule("[bold]一项资产的一生 · one asset's life")
        card = self._card()
        walk = Walk("", 0, Table("步骤", "事件 / 代码", "位置 / 条款", "说明"))
        away = await self.clients["neighbour"].post("/v1/assets", {"card": card}, expect=403)
        walk.refused("邻乡代为登记", away)
        first, second = card["fundingLines"]
        short = card | {"fundingLines": [first | {"amount": "599999.99"}, second]}
        walk.refused("资金差一分", await clerk.post("/v1/assets", {"card": short}, expect=422))
        registered = await clerk.post("/v1/assets", {"asset": self._asset, "card": card})
        walk.note("登记", registered, "原始价值 1,000,000.00 元，两个资金来源")
        asset = str(registered["id"])
        walk.path, walk.version = f"/v1/assets/{asset}", registered["version"]
        await walk.try_in_vain(clerk, "未确权就出租", "leases", {"terms": self._terms()})
        await self._to_village(walk, clerk)
        await walk.step(office, "确权", "ownership-confirmations", self._confirmation(), "产权归属村集体")
        await self._in_care(walk, clerk)
        await self._in_operation(walk, clerk)
        manager = await self._manager()
        await DisposalWalk(self.clients, self.day, VILLAGE, TOWNSHIP, manager).run(walk)
        self._show(walk.table)
        return asset

    async def _to_village(self, walk: Walk, clerk: Client) -> None:
        transfer = {
            "transfer": "DEMO-T1",
            "deliverer": "COMMERCE",
            "receiver": VILLAGE,
            "initiatedOn": self.day(720),
            "items": [{"item": "1", "name": "加工设备"}, {"item": "2", "name": "竣工资料"}],
        }
        await walk.step(clerk, "发起移交", "transfers", {"transfer": transfer}, "县商信局 → 村集体")
        items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
        accepted = {"receiver": VILLAGE, "items": items, "occurredOn": self.day(718)}
        await walk.step(clerk, "逐项接收", "transfers/DEMO-T1/acceptances", accepted)
        await walk.step(clerk, "移交完成", "transfers/DEMO-T1/completion", {"occurredOn": self.day(716)})

    async def _in_care(self, walk: Walk, clerk: Client) -> None:
        booking = {
            "party": VILLAGE,
            "amount": "1000000.00",
            "voucherNo": "演示记-001",
            "bookedOn": self.day(700),
        }
        await walk.step(clerk, "入账", "bookings", {"booking": booking})
        await walk.step(clerk, "投入使用", "use", {"inUseSince": self.day(700)})
        custody = {
            "custodian": VILLAGE,
            "responsibleUnit": VILLAGE,
            "duties": [{"person": await self._manager(), "duty": "MANAGER"}],
            "ruleDocument": "演示管护制度",
        }
        since = {"occurredOn": self.day(695)}
        await walk.step(clerk, "落实管护", "custody", {"custody": custody, **since})
        supervision = [{"supervisor": TOWNSHIP}]
        await walk.step(clerk, "落实监管", "supervision", {"supervision": supervision, **since})

    async def _in_operation(self, walk: Walk, clerk: Client) -> None:
        manager = await self._manager()
        await ContractWalk(self.clients, self.day, VILLAGE, manager).run(walk, self._terms())
        receipt = {
            "receipt": "DEMO-R1",
            "amount": "30000.00",
            "receivedOn": self.day(330),
            "contract": "DEMO-LEASE",
            "voucherNo": "演示收-001",
        }
        await open_account(clerk, VILLAGE, self.day(689))
        await walk.step(clerk, "收益入账", "income-receipts", {"receipt": receipt}, "记入收益资金明细科目")
        await PlanWalk(self.clients, self.day, VILLAGE, TOWNSHIP, manager).run(walk)
        ending = {"endedOn": self.day(120), "outcome": "TERMINATED", "reason": "设备老化，承租方退出"}
        await walk.step(clerk, "合同终止", "leases/DEMO-LEASE/ending", ending)
        report = {"state": "IDLE", "reportedOn": self.day(60), "note": "停用"}
        await walk.step(clerk, "闲置报告", "status-reports", {"report": report})

    def _card(self) -> dict[str, Any]:
        return {
            "assetName": "萨依巴格村农产品加工设备（演示）",
            "assetContent": "核桃脱皮清洗烘干生产线一套",
            "assetClass": "OPERATING",
            "assetType": "PROCESSING",
            "completionDate": self.day(760),
            "usefulLifeYears": 10,
            "quantity": "1",
            "unitOfMeasure": "套",
            "originalValue": "1000000.00",
            "fundingLines": [
                {"source": "FISCAL_DEV", "amount": "600000.00", "allocatedOn": self.day(900)},
                {"source": "AID_XJ", "amount": "400000.00", "allocatedOn": self.day(900)},
            ],
            "location": VILLAGE,
            "projectName": "巴仁乡核桃加工项目（演示）",
            "projectScope": "SINGLE_VILLAGE",
            "implementer": "COMMERCE",
            "implementerKind": "DEPARTMENT",
            "fundsPaidTo": "DEPARTMENT",
            "acceptance": {"result": "PASSED", "acceptedOn": self.day(750), "documentNo": "演示验字001"},
        }

    def _confirmation(self) -> dict[str, Any]:
        share = [{"party": VILLAGE, "amount": "1000000.00"}]
        return {
            "occurredOn": self.day(710),
            "confirmation": {
                "owners": share,
                "ownerKind": "VILLAGE",
                "incomeRightHolders": share,
                "ownershipBasis": "单独到村的产业项目",
                "incomeRightBasis": "扶贫发展资金与援疆资金，用于壮大村集体经济",
                "verificationBasis": "竣工验收 演示验字001",
            },
        }

    def _terms(self) -> dict[str, Any]:
        clauses = {
            "responsibility": "承租方负责经营",
            "target": "年加工核桃 200 吨",
            "income": "年租金三万元",
            "mode": "租赁",
            "term": "三年",
            "incomeDistribution": "归村集体",
            "riskControl": "保证金一万元，投保财产险",
            "custody": "承租方负责日常管护",
        }
        return {
            "contract": "DEMO-LEASE",
            "mode": "LEASED",
            "operator": {"operator": "DEMO-OP", "name": "演示合作社"},
            "signedOn": self.day(690),
            "startsOn": self.day(689),
            "endsOn": (self.today + timedelta(days=400)).isoformat(),
            "signer": VILLAGE,
            "clauses": clauses,
            "annualIncome": "30000.00",
        }

    # ---- one official ------------------------------------------------------------------------------------------

    async def _manager(self) -> str:
        """Who manages the village's assets today, from the organisation's own record."""
        unit = await self.clients["reader"].get(f"/v1/organizations/{VILLAGE}")
        tenures = unit["resource"]["tenures"]
        holders = [one for one in tenures if one["position"] == "ASSET_MANAGER" and not one.get("until")]
        if not holders:
            msg = f"organization {VILLAGE} has no asset manager"
            raise DemoFailed(msg)
        return str(holders[-1]["person"])

    async def _caring_manager(self) -> str:
        """The latest holder of the post who still has assets in care."""
        reader = self.clients["reader"]
        unit = await reader.get(f"/v1/organizations/{VILLAGE}")
        for one in reversed(unit["resource"]["tenures"]):
            if one["position"] == "ASSET_MANAGER":
                care = await reader.get(f"/v1/persons/{one['person']}/care")
                if care["assets"]:
                    return str(one["person"])
        msg = f"no asset manager of {VILLAGE} has anything in care"
        raise DemoFailed(msg)

    async def _handover(self) -> None:
        """The village's asset manager is transferred; everything in care goes to a successor before clearance."""
        self.console.rule("[bold]一名管理人员离任 · one official leaves")
        personnel, clerk, reader = self.clients["personnel"], self.clients["clerk"], self.clients["reader"]
        village = self.clients["village"]
        table = Table("步骤", "结果", "说明")
        outgoing = await self._caring_manager()
        incoming, supervisor = await self._newcomers(personnel)
        before = await personnel.get(f"/v1/clearances/{outgoing}")
        table.add_row("离任前能否办理手续", _yes(before), f"{outgoing}，待办 {len(before['missing'])} 项")
        notice = {
            "person": outgoing,
            "kind": "MANAGER",
            "organization": VILLAGE,
            "reason": "TRANSFER",
            "departsOn": self.today.isoformat(),
            "successor": incoming,
            "documentNo": "演示调字001",
        }
        case = await personnel.post("/v1/departures", {"case": f"DEMO-K{self.number}", "notice": notice})
        path = f"/v1/departures/{case['id']}"
        lines = case["resource"]["progress"]["lines"]
        table.add_row("启动交接", f"清单 {lines} 项", "清单由系统按管护记录列出，不由人填写")
        early = await personnel.post(f"{path}/completion", {}, expect=409)
        table.add_row(
            "[red]未接收就办结", f"[red]{early['code']}", f"{early['clause']} {early['detail'][:50]}"
        )
        first = next(iter(case["resource"]["lines"]))
        await village.post(f"{path}/lines/{first}/dispute", {"disputedBy": incoming, "reason": "铭牌缺失"})
        disputed = await personnel.get(f"/v1/clearances/{outgoing}")
        table.add_row("有异议时能否办理手续", _yes(disputed), f"尚缺 {len(disputed['missing'])} 项")
        resolution = {"resolution": "补挂铭牌", "documentNo": "演示处理001"}
        await clerk.post(f"{path}/lines/{first}/resolution", resolution)
        await village.post(f"{path}/acceptance", {"acceptedBy": incoming})
        await clerk.post(f"{path}/reconciliation", {"othersAgree": True})
        checked = await clerk.post(f"{path}/reconciliation/completion", {})
        compared = len(checked["resource"]["reconciliation"])
        table.add_row("核账", f"{compared} 项", "账面、实物、资料逐项核对，差异须处理完毕")
        sealed = await clerk.post(f"{path}/seal", {})
        digest = sealed["resource"]["sealed"]
        table.add_row("整批接收并封存清单", f"{digest[:16]}…", "SHA-256，三方所签即此")
        for role, person, unit, signing in (
            ("OUTGOING", outgoing, VILLAGE, village),
            ("INCOMING", incoming, VILLAGE, village),
            ("SUPERVISOR", supervisor, TOWNSHIP, clerk),
        ):
            signature = {
                "role": role,
                "person": person,
                "organization": unit,
                "signedOn": self.today.isoformat(),
                "paperSha256": hashlib.sha256(f"{path}{role}".encode()).hexdigest(),
            }
            await signing.post(f"{path}/signatures", signature | {"listSha256": digest})
        done = await clerk.post(f"{path}/completion", {})
        table.add_row(
            "办结", f"{done['eventCount']} 个事件", f"每项资产 HandedOver，一次提交，位置 {done['position']}"
        )
        after = await personnel.get(f"/v1/clearances/{outgoing}", min_position=done["position"])
        table.add_row("办结后能否办理手续", _yes(after), "")
        issued = await personnel.post(f"/v1/clearances/{outgoing}", {"issuedBy": "COUNTY_GOV"})
        certificate = issued["resource"]["clearances"][-1]
        table.add_row(
            "签发移交证明", certificate["certificateNo"], f"核对到日志位置 {certificate['position']}"
        )
        care = await reader.get(f"/v1/persons/{incoming}/care", min_position=done["position"])
        table.add_row("接任人在管资产", str(len(care["assets"])), incoming)
        await self._pass_the_post(personnel, outgoing, incoming)
        packed = await self._pack(outgoing)
        table.add_row("审计包", f"{packed['assets']} 项资产", f"{packed['events']} 个事件，离线核验通过")
        self._show(table)
        self.console.print(f"审计包            {packed['path']}", soft_wrap=True)

    async def _pack(self, person: str) -> dict[str, Any]:
        """What was in the leaver's care, as one file that is verified without this service: order, wait, download."""
        auditor = self.clients["reader"]
        ordered = await auditor.post("/v1/audit-packs", {"person": person}, expect=202)
        path = f"/v1/audit-packs/{ordered['pack']}"
        made = ordered
        async with asyncio.timeout(120):
            while made["state"] in {"QUEUED", "RUNNING"}:
                await asyncio.sleep(0.1)
                made = await auditor.get(path)
        if made["state"] != "SUCCEEDED":
            msg = f"GET {path}: {made}"
            raise DemoFailed(msg)
        answer = await self.http.get(f"{path}/file", headers={"Authorization": f"Bearer {auditor.token}"})
        folder = Path(tempfile.mkdtemp(prefix="taizhang-demo-"))
        file = folder / f"审计包-{person}.zip"
        file.write_bytes(answer.content)
        keys: Any = await auditor.get("/v1/log/keys")
        result = verify(str(file), next(one["key"] for one in keys if one["kind"] == "LOG"))
        return {"path": file, "assets": result["assets"], "events": result["events"]}

    def _show(self, table: Table) -> None:
        """The whole table, also where the terminal is narrow."""
        for column in table.columns:
            column.overflow = "fold"
        self.console.print(table, soft_wrap=False)

    async def _newcomers(self, personnel: Client) -> tuple[str, str]:
        incoming, supervisor = f"DEMO-{self.number}", f"DEMO-S-{self.number}"
        for person, unit, name in ((incoming, VILLAGE, "演示接任人"), (supervisor, TOWNSHIP, "演示监交人")):
            card = {"name": name, "organization": unit}
            await personnel.post("/v1/persons", {"person": person, "card": card})
        return incoming, supervisor

    async def _pass_the_post(self, personnel: Client, outgoing: str, incoming: str) -> None:
        """The post follows the handover, so that a second demonstration finds the new manager in it."""
        unit = f"/v1/organizations/{VILLAGE}"
        now = await personnel.get(unit)
        version = now["version"]
        open_tenure = ("ASSET_MANAGER", outgoing, None)
        if open_tenure not in [
            (one["position"], one["person"], one.get("until")) for one in now["resource"]["tenures"]
        ]:
            return
        ending = {"until": self.today.isoformat(), "reason": "调动"}
        path = f"{unit}/appointments/ASSET_MANAGER/{outgoing}/ending"
        ended = await personnel.post(path, ending, version=version)
        appointment = {
            "position": "ASSET_MANAGER",
            "person": incoming,
            "since": self.today.isoformat(),
            "documentNo": "演示任字001",
        }
        await personnel.post(f"{unit}/appointments", appointment, version=ended["version"])

    # ---- ledgers -----------------------------------------------------------------------------------------------

    async def _ledgers(self, asset: str) -> None:
        """What the ledgers say now, and where to look on."""
        reader = self.clients["reader"]
        self.console.rule("[bold]台账 · ledgers")
        totals = await reader.get("/v1/ledgers/asset-register/totals")
        table = Table("全县", "项数", "原始价值（元）")
        for name, label in (
            ("managed", "扶贫资产（每项计一次）"),
            ("unconfirmed", "其中未确权"),
            ("disposed", "已处置"),
            ("household", "到户类资产（另计）"),
        ):
            one = totals[name]
            table.add_row(label, f"{one['assets']:,}", f"{Decimal(one['originalValue']):,}")
        self._show(table)
        found = await reader.get(
            "/v1/ledgers/asset-register", village=VILLAGE, limit=8, sort="-original_value"
        )
        table = Table(
            "资产编号", "名称", "原始价值", "净值", "状态", title=f"{VILLAGE} 萨依巴格村台账（前 8 项）"
        )
        for row in found["rows"]:
            values = (f"{Decimal(row[cell]):,}" for cell in ("originalValue", "netBookValue"))
            table.add_row(row["asset"], row["assetName"], *values, LABELS[row["operation"]])
        self._show(table)
        base, header = self.running.url, f"-H 'Authorization: Bearer {reader.token}'"
        self.console.print(f"接口文档          {base}/docs")
        self.console.print(
            f"这项资产的时间线  curl -s {header} {base}/v1/assets/{asset}/timeline", soft_wrap=True
        )
        export = f"curl -s {header} -H 'Accept: application/x-ndjson' {base}/v1/ledgers/asset-register"
        self.console.print(f"全县台账导出      {export}", soft_wrap=True)
        self.console.print("以上浏览密钥一天后失效。This reader key expires in one day.")


def _yes(clearance: dict[str, Any]) -> str:
    return "[green]可以" if clearance["clear"] else "[red]不得办理"


def _expiry() -> datetime:
    return utc_now() + KEY_LIFE
