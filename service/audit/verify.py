#!/usr/bin/env python3
"""Verify an audit pack (审计包) offline: this one file, Python 3.10 or newer, nothing else.

    python3 verify.py PACK.zip --key KEY [--witness KEY]… [--json]

KEY is what the log's owner told you by another way than the pack: the verifier key (name+id+base64), the fingerprint
of the public key (64 hexadecimal digits), or a file that holds one of them. Without it everything is checked all the
same, but anybody could have signed: the answer then says "not pinned". Exit code 0: good; 1: bad, with the first bad
place; 2: this is not a pack.

What is checked, in this order: the signatures; the digest of every file; that every event is in the signed tree, byte
for byte; that no event of the streams shown and no stream that names the person is missing, by the signed index; that
the figures of all ledgers, of the spreadsheet and of the page follow from the events.

Take this file from a place you trust: the copy inside a pack is there for convenience, and a replaced one could say
anything. What cannot be seen here: events that were never recorded, and a log whose owner signed two different
histories; against the latter there are witnesses and earlier checkpoints to compare with.
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import json
import re
import sys
import zipfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

FORMAT: Final = "taizhang-audit-pack/2"
EVENTS, PROOF, INDEX, INDEX_PROOF = "events.txt", "events.proof", "index.txt", "index.proof"
CHECKPOINT, TABLES_FILE, WORKBOOK, PAGE = "checkpoint.txt", "tables.json", "交接清册.xlsx", "说明.html"
EXAMINATION = "examination.json"
MANIFEST, SIGNATURE, KEYS, VERIFIER = "manifest.json", "manifest.sig", "keys.txt", "verify.py"
FILES: Final = (
    EVENTS,
    PROOF,
    INDEX,
    INDEX_PROOF,
    CHECKPOINT,
    KEYS,
    EXAMINATION,
    TABLES_FILE,
    WORKBOOK,
    PAGE,
    VERIFIER,
)
"""Files of a pack, in order; the manifest and its signature come last."""
PAGE_ROWS: Final = 1_000
"""Longest table that the page shows; longer ones are in the spreadsheet only."""
HEADER_ROW: Final = 3
"""Row of a sheet that holds the headers; the table starts below it."""

TABLES: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    "inventory": ("清册", (
        ("序号", "n"), ("资产编号", "t"), ("资产名称", "t"), ("类别", "t"), ("类型", "t"), ("所在地", "t"),
        ("数量", "t"), ("单位", "t"), ("原始价值", "m"), ("累计折旧", "m"), ("净值", "m"), ("权属", "t"),
        ("所有权人", "t"), ("使用状况", "t"), ("经营主体", "t"), ("管护主体", "t"), ("管理责任单位", "t"),
        ("在管期间", "t"), ("处置日期", "t"),
    )),
    "balances": ("期初期末", (
        ("资产编号", "t"), ("资产名称", "t"),
        ("期初原值", "m"), ("期初折旧", "m"), ("期初净值", "m"), ("期初累计收益", "m"), ("期初累计分配", "m"),
        ("原值增减", "m"), ("折旧增减", "m"), ("净值增减", "m"), ("期内收益", "m"), ("期内分配", "m"),
        ("期末原值", "m"), ("期末折旧", "m"), ("期末净值", "m"), ("期末累计收益", "m"), ("期末累计分配", "m"),
        ("期初状况", "t"), ("期末状况", "t"), ("期内事项", "n"),
    )),
    "income": ("收支", (
        ("日志位置", "n"), ("资产编号", "t"), ("事项", "t"), ("收益权人", "t"), ("金额", "m"), ("日期", "t"),
        ("凭证号", "t"), ("收款或方案编号", "t"), ("合同", "t"), ("用途", "t"),
    )),
    "holders": ("收益余额", (
        ("收益权人", "t"), ("期初余额", "m"), ("期内收入", "m"), ("期内分配", "m"), ("期末余额", "m"),
    )),
    "contracts": ("合同", (
        ("资产编号", "t"), ("合同编号", "t"), ("经营方式", "t"), ("经营主体", "t"), ("起", "t"), ("止", "t"),
        ("年收益", "m"), ("期初状态", "t"), ("期末状态", "t"), ("终止日期", "t"), ("期内收款", "m"),
    )),
    "events": ("事项", (
        ("日志位置", "n"), ("资产编号", "t"), ("业务日期", "t"), ("记录时间", "t"), ("事项", "t"), ("事件", "t"),
        ("操作者", "t"), ("条款", "t"), ("原值增减", "m"), ("折旧增减", "m"), ("收益增减", "m"), ("分配增减", "m"),
    )),
    "cases": ("离任交接", (
        ("交接编号", "t"), ("职责", "t"), ("单位", "t"), ("原因", "t"), ("离任日期", "t"), ("接任人", "t"),
        ("状态", "t"), ("清单项数", "n"), ("核账", "t"), ("审计报告", "t"), ("审计截止日", "t"), ("审计意见", "t"), ("清单摘要", "t"),
        ("审计问题", "n"), ("未处理问题", "n"), ("移交人签字", "t"), ("接收人签字", "t"), ("监交人签字", "t"), ("完成日期", "t"),
    )),
    "findings": ("检查发现", (
        ("日志位置", "n"), ("资产编号", "t"), ("业务日期", "t"), ("种类", "t"), ("代码", "t"), ("条款", "t"),
        ("说明", "t"),
    )),
    "examination": ("重审", (
        ("日志位置", "n"), ("事件流", "t"), ("业务日期", "t"), ("事件", "t"), ("条款", "t"), ("代码", "t"), ("说明", "t"),
        ("来源", "t"), ("解除文号", "t"),
    )),
}  # fmt: skip
"""Table → title of its sheet, columns with header and kind: t text, n whole number, m money in fen."""

LABELS: Final = {
    "PUBLIC_WELFARE": "公益类", "OPERATING": "经营类", "UNCONFIRMED": "未确权", "IN_PROCEDURE": "确权中", "CONFIRMED": "已确权", "DISPUTED": "权属不清",
    "NOT_IN_USE": "未投入使用", "IN_USE": "在用", "PARTLY_USED": "部分使用", "IDLE": "闲置", "DAMAGED": "损毁", "LOST": "灭失",
    "ACTIVE": "履行中", "HOLDOVER": "到期继续使用", "EXPIRED": "到期终止", "TERMINATED": "终止",
    "MANAGER": "管理人员", "RESPONSIBLE": "责任人", "FIRST_RESPONSIBLE": "管护第一责任人", "SUPERVISOR": "第一监管责任人",
    "RECEIPT": "收益入账", "ATTRIBUTION": "确权后归属", "DISTRIBUTION": "收益分配", "OPEN": "办理中", "COMPLETED": "已完成",
    "TRANSFER": "调动", "RESIGN": "辞职", "RETIRE": "退休", "REMOVED": "免职", "DEATH": "去世", "DETENTION": "被采取措施",
    "OTHER": "其他", "FINDING": "发现", "WARNING": "提示",
    "AUDIT_FINDING": "审计问题", "RECONCILED": "已完成",
}  # fmt: skip

try:  # faster where it is there; the answers are the same
    from orjson import loads
except ImportError:
    loads = json.loads  # type: ignore[assignment]

Row = list[Any]
Event = dict[str, Any]


class Bad(Exception):  # noqa: N818  says what the pack is
    """The first bad place."""

    def __init__(self, kind: str, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}")
        self.kind, self.place, self.detail = kind, place, detail


# ---- Ed25519 (RFC 8032) --------------------------------------------------------------------------------------------

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    """Sum of two points in extended coordinates."""
    p, q = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    r, s = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = q - p, s - r, s + r, q + p
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _point(encoded: bytes) -> _Point | None:
    """The point that 32 bytes stand for; None if there is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE: Final = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is this public key's (32 bytes) for the message."""
    key, half = _point(public), _point(signature[:32]) if len(signature) == 64 else None
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or half is None or _BASE is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = (
        _times(scalar, _BASE),
        _add(half, _times(int.from_bytes(digest, "little") % _L, key)),
    )
    return not (
        (left[0] * right[2] - right[0] * left[2]) % _P or (left[1] * right[2] - right[1] * left[2]) % _P
    )


# ---- signed notes (C2SP) -------------------------------------------------------------------------------------------


class Key:
    """A public key as its owner writes it: name+id+base64(kind, key). Kind 1 signs logs, kind 4 is a witness's."""

    def __init__(self, line: str) -> None:
        self.line = line.strip()
        self.name, key_id, encoded = self.line.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        self.kind, self.public = raw[0], raw[1:]
        self.key_id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.key_id.hex() != key_id or len(self.public) != 32:
            raise ValueError("not a verifier key")
        self.fingerprint = hashlib.sha256(self.public).hexdigest()

    def signed(self, text: str, signatures: Iterable[tuple[str, bytes]]) -> bool:
        """Whether one of the signatures under a text is this key's."""
        for name, content in signatures:
            if name != self.name or content[:4] != self.key_id:
                continue
            message, rest = text.encode(), content[4:]
            if self.kind == 4:
                message = f"cosignature/v1\ntime {int.from_bytes(rest[:8], 'big')}\n{text}".encode()
                rest = rest[8:]
            if ed25519_verifies(self.public, message, rest):
                return True
        return False


def read_note(raw: bytes, file: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signatures (name, key id + signature)."""
    try:
        text, _, below = raw.decode().rpartition("\n\n")
        signatures = []
        for line in below.removesuffix("\n").split("\n"):
            name, encoded = line.removeprefix("— ").split(" ")
            signatures.append((name, base64.b64decode(encoded, validate=True)))
    except ValueError as error:
        raise Bad("note", file, "not a signed note (签名格式不对)") from error
    spelt = "".join(f"— {name} {base64.b64encode(content).decode()}\n" for name, content in signatures)
    if spelt != below:
        raise Bad("note", file, "its signature lines are spelt otherwise (签名行写法不一致)")
    return text + "\n", signatures


# ---- Merkle trees (RFC 6962) ---------------------------------------------------------------------------------------


def leaf_of(entry: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def root_of(leaves: Sequence[bytes], places: Sequence[int], size: int, beside: Iterator[bytes]) -> bytes:
    """Root of a tree of `size` from some leaves and, from left to right, the roots of the subtrees without them."""
    sha256 = hashlib.sha256

    def fold(start: int, end: int, low: int, high: int) -> bytes:
        if low == high:
            return next(beside)
        count = end - start
        if count == 1:
            return leaves[low]
        if high - low == count and count & (count - 1) == 0:  # a full subtree: level by level, without asking
            level = leaves[low:high]
            while len(level) > 1:
                level = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2])]  # noqa: B905
            return level[0]
        middle = start + (1 << (count - 1).bit_length() - 1)
        cut = bisect_left(places, middle, low, high)
        return sha256(b"\x01" + fold(start, middle, low, cut) + fold(middle, end, cut, high)).digest()

    return fold(0, size, 0, len(leaves))


def check_proof(
    entries: Sequence[bytes], places: Sequence[int], size: int, proof: bytes, root: bytes, file: str
) -> None:
    """Every entry stands at its place in the tree of this root."""
    if not places or places[0] < 0 or places[-1] >= size:
        raise Bad("proof", file, "places outside the tree (位置超出范围)")
    for first, second in pairwise(places):
        if first >= second:
            raise Bad("order", f"{file}, {second + 1}", "out of order or repeated (次序不对或重复)")
    beside = iter([proof[start : start + 32] for start in range(0, len(proof), 32)])
    try:
        made = root_of([leaf_of(entry) for entry in entries], places, size, beside)
    except StopIteration:
        made = b""
    if made != root or next(beside, None) is not None:
        raise Bad(
            "proof", file, "entries and proof do not make the signed root: bytes were changed,"
            " dropped or exchanged (内容与已签名的根不符)",
        )  # fmt: skip


# ---- what was in whose care ----------------------------------------------------------------------------------------

_FOREVER: Final = "9999-12-31"
_NAMED: Final = ("MANAGER", "RESPONSIBLE")
_CUSTODY: Final = ("CUSTODIAN", "RESPONSIBLE_UNIT", "FIRST_RESPONSIBLE", *_NAMED)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


class DutyPeriod:
    """One holder of one duty for one asset: from `since` until the day before `until`; `open`: the latest word.

    `ended`: the day of the event that ended it, which may lie before it began: then it was taken back.
    """

    __slots__ = ("ended", "open", "since", "until", "who")

    def __init__(self, who: tuple[Any, ...], since: str) -> None:
        self.who, self.since, self.until, self.open, self.ended = who, since, _FOREVER, True, _FOREVER

    def close(self, day: str) -> None:
        """Ends, not before it began."""
        self.until, self.open, self.ended = max(self.since, day), False, day

    def last(self) -> str:
        """The last day; of what was received and handed on within one day, that day. Before `since`: taken back."""
        if self.open:
            return self.until
        return self.since if self.until == self.since == self.ended else _day_before(self.until)


def duties_of(events: Sequence[Event]) -> list[DutyPeriod]:
    """All duties for one asset. `who` is (duty, unit, unit of the post, post, person, provisional)."""
    duties: list[DutyPeriod] = []

    def assign(kinds: Sequence[str], wanted: list[tuple[Any, ...]], day: str) -> None:
        wanted = list(dict.fromkeys(wanted))
        for one in duties:
            if one.who[0] not in kinds:
                continue
            if not one.open:
                if one.until > day:
                    one.close(day)
            elif one.who in wanted:
                wanted.remove(one.who)
                one.since = min(one.since, day)
            else:
                one.close(day)
        duties.extend(DutyPeriod(who, day) for who in wanted)

    for event in events:
        kind, data, day = event["type"], event["data"], event["occurredOn"]
        if kind == "asset.custody_assigned":
            custody = data["custody"]
            trial, first = custody.get("provisional", False), custody.get("firstResponsible")
            wanted: list[tuple[Any, ...]] = [
                ("CUSTODIAN", custody["custodian"], None, None, None, trial),
                ("RESPONSIBLE_UNIT", custody["responsibleUnit"], None, None, None, trial),
            ]
            if first:
                unit = first["organization"]
                wanted.append(("FIRST_RESPONSIBLE", unit, unit, first["position"], None, trial))
            wanted += [
                (one["duty"], None, None, None, one["person"], trial) for one in custody.get("duties", ())
            ]
            assign(_CUSTODY, wanted, day)
        elif kind == "asset.supervision_assigned":
            wanted = []
            for one in data["supervision"]:
                first = one.get("firstSupervisor") or {}
                post = first.get("organization"), first.get("position")
                wanted.append(("SUPERVISOR", one["supervisor"], *post, None, False))
            assign(("SUPERVISOR",), wanted, day)
        elif kind == "asset.handed_over" and data["duty"] in _NAMED:
            present = [one for one in duties if one.open]
            custodian = next((one for one in present if one.who[0] == "CUSTODIAN"), None)
            if custodian is None:
                continue
            taken = False
            for one in present:
                if one.who[0] == data["duty"] and one.who[4] == data["outgoing"]:
                    one.close(day)
                elif one.who[0] == data["duty"] and one.who[4] == data["incoming"]:
                    taken, one.since = True, min(one.since, day)
            if not taken:
                duties.append(
                    DutyPeriod((data["duty"], None, None, None, data["incoming"], custodian.who[5]), day)
                )
        elif kind == "asset.disposed":
            for one in duties:
                if one.open:
                    one.close(data["sale"]["disposedOn"])
    return duties


class Posts:
    """Posts a person held, and which unit carried on which."""

    def __init__(self, person: str, organizations: Iterable[tuple[str, Sequence[Event]]]) -> None:
        self.tenures: list[list[str]] = []
        self.successor: dict[str, tuple[str, str]] = {}
        for unit, events in organizations:
            for event in events:
                data = event["data"]
                if event["type"] == "organization.succeeded":
                    self.successor[unit] = (data["successor"], data["closedOn"])
                elif event["type"] == "organization.position_appointed" and data["person"] == person:
                    self.tenures.append([unit, data["position"], data["since"], _FOREVER])
                elif event["type"] == "organization.position_ended" and data["person"] == person:
                    for one in self.tenures:
                        if (one[0], one[1], one[3]) == (unit, data["position"], _FOREVER):
                            one[3] = data["until"]

    def held(self, unit: str, post: str) -> list[tuple[str, str]]:
        """Days on which the person held a unit's post, there or in the unit that carried it on."""
        found, seen, since = [], set(), "0001-01-01"
        while unit not in seen:
            seen.add(unit)
            following, closed = self.successor.get(unit, ("", _FOREVER))
            last = _day_before(closed) if following else _FOREVER
            for its, its_post, first, end in self.tenures:
                if (its, its_post) == (unit, post) and max(first, since) <= min(end, last):
                    found.append((max(first, since), min(end, last)))
            if not following:
                break
            unit, since = following, max(since, closed)
        return found


def care_of(
    events: Sequence[Event], person: str, posts: Posts, unit: str | None
) -> list[tuple[str, str, str]]:
    """A person's care of one asset: (first day, last day, duty)."""
    duties = [(one, last) for one in duties_of(events) if (last := one.last()) >= one.since]
    found = set()
    for one, last in duties:
        kind, _, post_unit, post, who, _ = one.who
        if kind in _NAMED and who == person:
            spans = [(one.since, last)]
            if unit is not None:
                spans = [
                    (max(one.since, other.since), min(last, its_last))
                    for other, its_last in duties
                    if other.who[:2] == ("RESPONSIBLE_UNIT", unit)
                ]
        elif kind in {"FIRST_RESPONSIBLE", "SUPERVISOR"} and post and unit in {None, post_unit}:
            spans = [
                (max(one.since, since), min(last, until)) for since, until in posts.held(post_unit, post)
            ]
        else:
            continue
        found |= {(since, until, kind) for since, until in spans if since <= until}
    return sorted(found)


# ---- what the ledgers say ------------------------------------------------------------------------------------------


class AssetFigures:
    """One asset's figures, folded from its events."""

    def __init__(self) -> None:
        self.card: dict[str, Any] | None = None
        self.title, self.operation = "UNCONFIRMED", "NOT_IN_USE"
        self.owners: list[dict[str, Any]] = []
        self.depreciation = self.received = self.distributed = 0
        self.contracts: dict[str, dict[str, Any]] = {}
        self.custodian = self.responsible_unit = None
        self.disposed_on = ""
        self.born = Decimal(0)

    def take(self, event: Event) -> None:
        """Apply one event; what rests on something that is not here yet has no effect."""
        kind, data = event["type"].partition(".")[2], event["data"]
        if kind == "registered":
            self.card = data["card"]
        elif self.card is None:
            return
        elif kind == "registration_corrected":
            self.card = data["card"]
        elif kind == "ownership_confirmed":
            self.title, self.owners = "CONFIRMED", data["confirmation"]["owners"]
        elif kind == "ownership_procedure_started":
            self.title = "IN_PROCEDURE"
        elif kind == "title_dispute_opened":
            self.title = "DISPUTED"
        elif kind == "risk_flagged":
            if data["kind"] == "TITLE_UNCLEAR" and self.title == "CONFIRMED":
                self.title = "DISPUTED"
        elif kind == "custody_assigned":
            custody = data["custody"]
            self.custodian, self.responsible_unit = custody["custodian"], custody["responsibleUnit"]
        elif kind == "put_into_use":
            self.operation = "IN_USE"
        elif kind == "operation_status_reported":
            self.operation = data["report"]["state"]
        elif kind == "herd_count_changed":
            self.born += Decimal(data["herdChange"]["change"])
        elif kind == "depreciation_posted":
            self.depreciation = data["accumulated"]
        elif kind in {"leased", "operating_contract_signed"}:
            self.contracts[data["terms"]["contract"]] = {
                "terms": data["terms"],
                "state": "ACTIVE",
                "ended": "",
            }
        elif kind == "operating_contract_changed":
            known = self.contracts.get(data["terms"]["contract"])
            if known is not None:
                known.update(terms=data["terms"], ended="")
        elif kind == "operating_contract_ended":
            self._end(data["contract"], data["outcome"], data["endedOn"])
        elif kind == "holdover_started":
            self._end(data["contract"], "HOLDOVER", None)
        elif kind == "income_received":
            self.received += data["receipt"]["amount"]
        elif kind == "income_distributed":
            self.distributed += data["distribution"]["amount"]
        elif kind == "disposed":
            self.disposed_on = data["sale"]["disposedOn"]
            for code in data.get("endedContracts", ()):
                self._end(code, "TERMINATED", data["sale"]["disposedOn"])

    def _end(self, code: str, state: str, day: str | None) -> None:
        known = self.contracts.get(code)
        if known is not None:
            known["state"] = state
            if day is not None:
                known["ended"] = day

    def figures(self) -> tuple[int, int, int, int, int]:
        """Original value, depreciation, net value, income received, income distributed; a disposed one has no value."""
        if self.card is None:
            return 0, 0, 0, 0, 0
        value, worn = (0, 0) if self.disposed_on else (self.card["originalValue"], self.depreciation)
        return value, worn, value - worn, self.received, self.distributed

    def quantity(self) -> str:
        """How many there are: those of the card, and those that came since."""
        carded = self.card["quantity"] if self.card is not None else 0
        return format((Decimal(carded) + self.born).normalize(), "f")

    def operator(self) -> str:
        """Who runs it: the contract that is in force, or held over, and ends last."""
        rank = {"ACTIVE": 2, "HOLDOVER": 1}
        running = [
            (rank[one["state"]], one["terms"]["endsOn"], code)
            for code, one in self.contracts.items()
            if one["state"] in rank
        ]
        return str(self.contracts[max(running)[2]]["terms"]["operator"]["name"]) if running else ""


def fold(events: Iterable[Event]) -> AssetFigures:
    """An asset from events in order of position."""
    asset = AssetFigures()
    for event in events:
        asset.take(event)
    return asset


class Ledgers:
    """All tables of a pack, made anew from its events."""

    def __init__(
        self, request: dict[str, Any], streams: dict[str, list[Event]], words: dict[str, str]
    ) -> None:
        self.person, self.unit = request["person"], request["unit"]
        self.first, self.last = request["from"], request["to"]
        self.streams, self.words = streams, words
        self.names = {
            name.partition("-")[2]: events[0]["data"]["card"]["name"]
            for name, events in streams.items()
            if events[0]["type"] in {"person.registered", "organization.defined", "division.defined"}
        }
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.totals = [0] * 15
        self.assets: set[str] = set()
        """Assets that were in care."""
        self.holders: dict[str, list[int]] = {}

    def make(self) -> dict[str, list[Row]]:
        """Every table, row by row."""
        posts = Posts(self.person, ((n.partition("-")[2], e) for n, e in self._of("organization")))
        for stream, events in self._of("asset"):
            care = [
                (max(since, self.first), min(until, self.last), duty)
                for since, until, duty in care_of(events, self.person, posts, self.unit)
                if max(since, self.first) <= min(until, self.last)
            ]
            if care:
                self.assets.add(stream.partition("-")[2])
                self._asset(stream.partition("-")[2], events, sorted(care))
        if self.tables["balances"]:
            count = sum(row[-1] for row in self.tables["balances"])
            self.tables["balances"].append(["合计", "", *self.totals, "", "", count])
        for holder in sorted(self.holders):
            opening, received, distributed = self.holders[holder]
            row = [self._named(holder), opening, received, distributed, opening + received - distributed]
            self.tables["holders"].append(row)
        for stream, events in self._of("departure_case"):
            if events[0]["data"]["notice"]["person"] == self.person:
                self.tables["cases"].append(self._case(stream.partition("-")[2], events))
        self._procedures()
        for table in ("income", "events", "findings"):
            self.tables[table].sort(key=lambda row: row[0])
        return self.tables

    def _procedures(self) -> None:
        """What procedures about these assets did during the period; they change no figure."""
        for _, events in self._of("procedure"):
            asset = events[0]["data"]["subject"]["id"]
            if asset in self.assets:
                for event in events:
                    if self.first <= event["occurredOn"] <= self.last:
                        self._event(asset, event, [0, 0, 0, 0, 0])

    def _of(self, kind: str) -> list[tuple[str, list[Event]]]:
        return sorted(item for item in self.streams.items() if item[0].startswith(f"{kind}-"))

    def _named(self, code: str | None) -> str:
        if not code:
            return ""
        return f"{self.names[code]}（{code}）" if code in self.names else code

    @staticmethod
    def _word(code: str | None) -> str:
        return LABELS.get(code, code) if code else ""

    def _term(self, kind: str, code: str) -> str:
        return self.words.get(f"{kind}/{code}", code)

    def _asset(self, code: str, events: list[Event], care: list[tuple[str, str, str]]) -> None:
        before = [one for one in events if one["occurredOn"] < self.first]
        during = [one for one in events if self.first <= one["occurredOn"] <= self.last]
        opening = fold(before)
        closing, steps = self._walk(before, during)
        if closing.card is None:
            return
        for event, step in zip(during, steps, strict=True):
            self._event(code, event, step)
        start, end = opening.figures(), closing.figures()
        change = [b - a for a, b in zip(start, end, strict=True)]
        figures = [*start, *change, *end]
        self.totals = [a + b for a, b in zip(self.totals, figures, strict=True)]
        card = closing.card
        spans = "；".join(f"{self._word(duty)} {since} 至 {until}" for since, until, duty in care)
        owners = "；".join(
            self._named(one["party"]) + (f" {yuan(one['amount'])}元" if len(closing.owners) > 1 else "")
            for one in closing.owners
        )
        self.tables["inventory"].append([
            len(self.tables["inventory"]) + 1, code, card["assetName"], self._word(card["assetClass"]),
            self._term("type", card["assetType"]), self._named(card["location"]), closing.quantity(), card["unitOfMeasure"],
            *end[:3], self._word(closing.title), owners, self._word(closing.operation), closing.operator(),
            self._named(closing.custodian), self._named(closing.responsible_unit), spans, closing.disposed_on,
        ])  # fmt: skip
        was = self._word(opening.operation) if opening.card is not None else ""
        row = [code, card["assetName"], *figures, was, self._word(closing.operation), len(during)]
        self.tables["balances"].append(row)
        self._contracts(code, opening, closing, during)
        for event in before:
            for holder, amount in income_lines(event):
                self.holders.setdefault(holder, [0, 0, 0])[0] += amount

    @staticmethod
    def _walk(before: list[Event], during: list[Event]) -> tuple[AssetFigures, list[list[int]]]:
        """The closing state, and what each event of the period changed, given all that came before the period."""
        steps = []
        in_order = not before or not during or before[-1]["position"] < during[0]["position"]
        asset = fold(before)
        start = asset.figures()
        for count, event in enumerate(during, 1):
            if in_order:
                asset.take(event)
            else:
                asset = fold(sorted([*before, *during[:count]], key=lambda one: one["position"]))
            now = asset.figures()
            steps.append([b - a for a, b in zip(start, now, strict=True)])
            start = now
        return asset, steps

    def _event(self, code: str, event: Event, step: list[int]) -> None:
        position, day, basis = event["position"], event["occurredOn"], event["basis"]
        self.tables["events"].append([
            position, code, day, event["recordedAt"], self._term("event", event["type"]), event["type"], event["actor"]["id"],
            " ".join(basis.get("clauses", ())), step[0], step[1], step[3], step[4],
        ])  # fmt: skip
        for kind, key in (("FINDING", "findings"), ("WARNING", "warnings")):
            for one in basis.get(key, ()):
                row = [
                    position,
                    code,
                    day,
                    self._word(kind),
                    one["code"],
                    one.get("clause") or "",
                    one["detailZh"],
                ]
                self.tables["findings"].append(row)
        data = event["data"]
        if event["type"] == "asset.income_received":
            paid = data["receipt"]
            entry, papers = "RECEIPT", [paid["receivedOn"], paid["voucherNo"], paid["receipt"]]
            papers += [paid.get("contract", ""), ""]
        elif event["type"] == "asset.income_distributed":
            paid = data["distribution"]
            for use in paid["lines"]:
                row = [
                    position,
                    code,
                    self._word("DISTRIBUTION"),
                    self._named(paid["holder"]),
                    -use["amount"],
                ]
                row += [paid["paidOn"], paid["voucherNo"], paid["plan"], "", self._term("use", use["use"])]
                self.tables["income"].append(row)
            entry, papers = "", []
        elif event["type"] == "asset.ownership_confirmed":
            entry, papers = "ATTRIBUTION", [day, "", "", "", ""]
        else:
            return
        for holder, amount in income_lines(event):
            balance = self.holders.setdefault(holder, [0, 0, 0])
            balance[1 if event["type"] != "asset.income_distributed" else 2] += (
                abs(amount) if not entry else amount
            )
            if entry:
                self.tables["income"].append(
                    [position, code, self._word(entry), self._named(holder), amount, *papers]
                )

    def _contracts(
        self, code: str, opening: AssetFigures, closing: AssetFigures, during: list[Event]
    ) -> None:
        for contract in sorted(closing.contracts):
            known, before = closing.contracts[contract], opening.contracts.get(contract)
            terms = known["terms"]
            received = sum(
                one["data"]["receipt"]["amount"]
                for one in during
                if one["type"] == "asset.income_received"
                and one["data"]["receipt"].get("contract") == contract
            )
            self.tables["contracts"].append([
                code, contract, self._term("mode", terms["mode"]), terms["operator"]["name"], terms["startsOn"],
                terms["endsOn"], terms["annualIncome"], self._word(before["state"]) if before else "",
                self._word(known["state"]), known["ended"], received,
            ])  # fmt: skip

    def _case(self, case: str, events: list[Event]) -> Row:
        notice: dict[str, Any] = events[0]["data"]["notice"]
        successor, sealed, completed, reconciled = notice.get("successor"), "", "", ""
        audit: dict[str, str] = {}
        signatures: dict[str, str] = {}
        found: dict[str, bool] = {}
        lines: dict[str, str | None] = dict.fromkeys(events[0]["data"]["assets"])
        for event in events[1:]:
            kind, data = event["type"].partition(".")[2], event["data"]
            if kind in {"lines_added", "lines_reassigned", "successor_named", "line_disputed"}:
                sealed, signatures = "", {}  # what was sealed is open again
            if kind == "successor_named":
                successor = data["successor"]
            elif kind == "lines_added":
                lines = {**dict.fromkeys(data["assets"]), **lines}
                reconciled = ""
            elif kind == "lines_reassigned":
                lines |= dict.fromkeys(data["assets"], data["incoming"])
            elif kind == "reconciliation_recorded":
                reconciled = ""
            elif kind == "reconciliation_completed":
                reconciled = "RECONCILED"
            elif kind == "audit_completed":
                audit = data["audit"]
            elif kind == "finding_raised":
                one = data["finding"]
                found[one["finding"]], completed = True, ""
                row = [
                    event["position"],
                    one.get("asset") or "",
                    event["occurredOn"],
                    self._word("AUDIT_FINDING"),
                ]
                self.tables["findings"].append([*row, one["finding"], one.get("clause") or "", one["text"]])
            elif kind == "finding_resolved":
                found[data["finding"]] = False
            elif kind == "list_sealed":
                sealed, signatures = data["listSha256"], {}
            elif kind == "signed":
                one = data["signature"]
                place = f"INCOMING:{one['person']}" if one["role"] == "INCOMING" else one["role"]
                signatures[place] = f"{self._named(one['person'])} {one['signedOn']}"
            elif kind == "completed":
                completed = event["occurredOn"]
        incoming = {named or successor for named in lines.values()} if lines else {successor}
        taking = "；".join(self._named(one) for one in sorted(one for one in incoming if one))
        taken = "；".join(text for place, text in sorted(signatures.items()) if place.startswith("INCOMING"))
        return [
            case, self._word(notice["kind"]), self._named(notice["organization"]), self._word(notice["reason"]),
            notice["departsOn"], taking, self._word("COMPLETED" if completed else "OPEN"), len(lines),
            self._word(reconciled), audit.get("reportNo", ""), audit.get("cutOff", ""), audit.get("opinion", ""), sealed,
            len(found), sum(found.values()), signatures.get("OUTGOING", ""), taken, signatures.get("SUPERVISOR", ""),
            completed,
        ]  # fmt: skip


def income_lines(event: Event) -> list[tuple[str, int]]:
    """Whose income an event gives or takes; "" while it has no holder."""
    data = event["data"]
    shares = [(one["party"], one["amount"]) for one in data.get("attributions", ())]
    if event["type"] == "asset.income_received":
        return shares or [("", data["receipt"]["amount"])]
    if event["type"] == "asset.ownership_confirmed" and shares:
        return [("", -sum(amount for _, amount in shares)), *shares]
    if event["type"] == "asset.income_distributed":
        return [(data["distribution"]["holder"], -data["distribution"]["amount"])]
    return []


@lru_cache(maxsize=1 << 16)
def yuan(fen: int) -> str:
    """Yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


# ---- the spreadsheet and the page ----------------------------------------------------------------------------------

_X: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def column_letters(index: int) -> str:
    """A, B … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def sheet_rows(
    key: str, rows: Sequence[Row], styles: dict[str, str], first: int = HEADER_ROW + 1
) -> Iterator[str]:
    """Rows of a table as a sheet writes them, from row `first` on; `styles`: kind → attribute of its cells."""
    parts = ['<row r="{r}">']
    for index, (_, kind) in enumerate(TABLES[key][1]):
        cell = f'<c r="{column_letters(index)}{{r}}"{styles.get(kind, "")}'
        content = '"inlineStr"><is><t>{}</t></is></c>' if kind == "t" else "{}</v></c>"
        parts.append(f"{cell} t={content}" if kind == "t" else f"{cell}><v>{content}")
    template = "".join([*parts, "</row>"])
    for number, cells in enumerate(_texts(key, rows), first):
        yield template.format(*cells, r=number)


def html_table(key: str, rows: Sequence[Row]) -> str:
    """A table as the page shows it."""
    columns = TABLES[key][1]
    head = "".join(f"<th>{header}</th>" for header, _ in columns)
    template = "<tr>" + "".join(f'<td class="{kind}">{{}}</td>' for _, kind in columns) + "</tr>\n"
    body = "".join(template.format(*cells) for cells in _texts(key, rows))
    return f'<table id="{key}"><tr>{head}</tr>\n{body}</table>'


def _texts(key: str, rows: Sequence[Row]) -> Iterator[list[str]]:
    """Cells as XML and HTML write them: escaped, money in yuan."""
    kinds = [kind for _, kind in TABLES[key][1]]
    for row in rows:
        cells = [
            (value if kind == "t" else yuan(value) if kind == "m" else str(value))
            for kind, value in zip(kinds, row)  # noqa: B905
        ]
        whole = "".join(cells)
        if "&" in whole or "<" in whole or ">" in whole:
            cells = [escape(cell, quote=False) for cell in cells]
        yield cells


def check_workbook(raw: Any, tables: dict[str, list[Row]]) -> None:
    """Every cell of every table in the spreadsheet says what the events say."""
    with zipfile.ZipFile(raw) as book:
        workbook = ET.fromstring(book.read("xl/workbook.xml"))
        names = [one.get("name", "") for one in workbook.iter(f"{_X}sheet")]
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            items = ET.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{_X}si")
            shared = ["".join(text.text or "" for text in item.iter(f"{_X}t")) for item in items]
        for number, (key, (title, _)) in enumerate(TABLES.items(), 1):
            name = names[number - 1] if number <= len(names) else ""
            if name != title:
                raise Bad("workbook", f"{WORKBOOK} {name}", f"the sheet here should be {title} (工作表不符)")
            path = f"xl/worksheets/sheet{number}.xml"
            with book.open(path) as sheet:
                same = _same_rows(sheet, key, tables[key])
            with book.open(path) as sheet:
                _check_sheet(
                    _rows_of(sheet, shared, title, 0 if not same else HEADER_ROW), key, tables[key], same
                )
        if len(names) > len(TABLES):
            raise Bad("workbook", f"{WORKBOOK} {names[len(TABLES)]}", "a sheet too many (多出工作表)")


def _same_rows(sheet: Any, key: str, rows: Sequence[Row]) -> bool:
    """Whether a sheet holds a table's rows just as they are written by this service, and nothing after them."""
    begin = f'<row r="{HEADER_ROW + 1}"'.encode()
    content = sheet.read()
    at = content.find(begin)
    if not rows or at < 0:
        return not rows and at < 0
    first = content[at : content.find(b"</row>", at)].decode()
    styles = {}
    for index, (_, kind) in enumerate(TABLES[key][1]):
        cell = re.search(rf'<c r="{column_letters(index)}{HEADER_ROW + 1}"( s="[0-9]+")', first)
        styles[kind] = cell.group(1) if cell else ""
    due = "".join(sheet_rows(key, rows, styles)).encode()
    return bool(content.startswith(due, at)) and (
        key == "inventory" or content.startswith(b"</sheetData>", at + len(due))
    )


def _rows_of(sheet: Any, shared: list[str], name: str, last: int) -> Iterator[tuple[int, dict[str, str]]]:
    """(number, column letters → text) of a sheet's rows, up to row `last` unless that is 0."""
    for _, element in ET.iterparse(sheet):
        if element.tag != f"{_X}row":
            continue
        number = int(element.get("r", "0"))
        if last and number > last:
            return
        cells = {}
        for cell in element:
            column = cell.get("r", "").rstrip("0123456789")
            text, kind = "", cell.get("t", "n")
            for part in cell:
                if part.tag == f"{_X}f":
                    raise Bad("workbook", f"{WORKBOOK} {name}!{cell.get('r')}", "holds a formula (含公式)")
                if part.tag == f"{_X}v":
                    text = shared[int(part.text or 0)] if kind == "s" else part.text or ""
                elif part.tag == f"{_X}is":
                    text = "".join(one.text or "" for one in part.iter(f"{_X}t"))
            cells[column] = text
        yield number, cells
        element.clear()


def _check_sheet(
    rows: Iterator[tuple[int, dict[str, str]]], key: str, body: Sequence[Row], same: bool
) -> None:
    """The headers, and every row that was not found to be the same already."""
    title, columns = TABLES[key]
    letters = [column_letters(index) for index in range(len(columns))]
    last = HEADER_ROW + (0 if same else len(body))
    seen = 0
    for number, cells in rows:
        if not HEADER_ROW <= number <= last:
            if number > last and key != "inventory" and any(cells.values()):
                raise Bad("workbook", f"{WORKBOOK} {title}!{number}", "a row too many (多出一行)")
            continue
        seen += 1
        header = number == HEADER_ROW
        wanted = [name for name, _ in columns] if header else body[number - HEADER_ROW - 1]
        kinds = "t" * len(columns) if header else [kind for _, kind in columns]
        if len([text for text in cells.values() if text]) > len(columns):
            raise Bad("workbook", f"{WORKBOOK} {title}!{number}", "a cell too many (多出单元格)")
        for letter, kind, value in zip(letters, kinds, wanted, strict=True):
            if not _same(cells.get(letter, ""), kind, value):
                place = f"{WORKBOOK} {title}!{letter}{number}"
                said, due = cells.get(letter, ""), yuan(value) if kind == "m" else value
                raise Bad("workbook", place, f"says {said!r}, the events say {due!r} (与事件不符)")
    if seen != last - HEADER_ROW + 1:
        raise Bad(
            "workbook", f"{WORKBOOK} {title}", f"{seen - 1} rows, the events make {len(body)} (行数不符)"
        )


def _same(text: str, kind: str, value: Any) -> bool:
    if kind == "t":
        return text == (value or "")
    try:
        return bool(round(float(text) * (100 if kind == "m" else 1)) == value)
    except ValueError:
        return False


class _Page(HTMLParser):
    """Tables of the page: id → rows of texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attributes).get("id") or "", [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None and self._rows is not None:
            self._rows[-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


_FOREIGN: Final = re.compile(r"<(script|iframe|object|embed|img|link|base|!--)", re.IGNORECASE)


def check_page(text: str, tables: dict[str, list[Row]], summary: list[list[str]]) -> None:
    """Every table of the page says what the events say."""
    foreign = _FOREIGN.search(text)
    if foreign:
        raise Bad("page", PAGE, f"holds {foreign.group()} (页面含外部内容)")
    shown = [key for key in TABLES if len(tables[key]) <= PAGE_ROWS]
    whole = all(html_table(key, tables[key]) in text for key in shown)
    if whole and text.count("<table") == len(shown) + 1:
        text = text.partition("</table>")[0]  # the summary is left to be read
        shown = []
    page = _Page()
    page.feed(text)
    page.close()
    due: dict[str, list[list[str]]] = {"summary": summary}
    for key in shown:
        columns = TABLES[key][1]
        due[key] = [[header for header, _ in columns]] + [
            [
                yuan(value) if kind == "m" else str(value)
                for (_, kind), value in zip(columns, row, strict=True)
            ]
            for row in tables[key]
        ]
    for key, rows in due.items():
        found = page.tables.pop(key, [])
        for number, (wanted, said) in enumerate(zip(rows, found)):  # noqa: B905  lengths are compared below
            if wanted != said:
                raise Bad(
                    "page",
                    f"{PAGE} #{key}, row {number}",
                    f"says {said}, the events say {wanted} (与事件不符)",
                )
        if len(rows) != len(found):
            raise Bad("page", f"{PAGE} #{key}", f"{len(found)} rows, the events make {len(rows)} (行数不符)")
    if page.tables:
        raise Bad("page", f"{PAGE} #{min(page.tables)}", "a table too many (多出表格)")


def summary_of(
    manifest: dict[str, Any], names: dict[str, str], tables: dict[str, list[Row]]
) -> list[list[str]]:
    """What stands at the top of the page."""
    request, log = manifest["request"], manifest["log"]
    total: Row = tables["balances"][-1] if tables["balances"] else ["", *[0] * 19]
    name = names.get(request["person"])
    return [
        ["人员", f"{name}（{request['person']}）" if name else request["person"]],
        ["单位", f"{names[request['unit']]}（{request['unit']}）" if request["unit"] in names else request["unit"] or "全部"],
        ["期间", f"{request['from']} 至 {request['to']}"],
        ["数据截至", f"日志位置 {log['size']}，{log['recordedAt']}"],
        ["资产项数", str(len(tables["inventory"]))],
        ["期初原值 / 净值", f"{yuan(total[2])} / {yuan(total[4])}"],
        ["期末原值 / 净值", f"{yuan(total[12])} / {yuan(total[14])}"],
        ["期内收益 / 分配", f"{yuan(total[10])} / {yuan(total[11])}"],
        ["期内事项", str(len(tables["events"]))],
        ["检查发现", str(len(tables["findings"]))],
    ]  # fmt: skip


# ---- the pack ------------------------------------------------------------------------------------------------------

_TAIL: Final = re.compile(
    rb'"recordedAt":"([^"]*)","schema":\d+,"stream":("(?:[^"\\]|\\.)*"),"type":"[^"]*","version":(\d+)\}\Z'
)


class Pack:
    """A pack, opened."""

    def __init__(self, path: Any) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise Bad("pack", str(path), f"not a pack (不是审计包): {error}") from error
        names = self.zip.namelist()
        wanted = [*FILES, MANIFEST, SIGNATURE]
        for name in wanted:
            if name not in names:
                raise Bad("files", name, "is missing (缺少文件)")
        extra = sorted(set(names) - set(wanted))
        if extra or len(names) != len(wanted):
            raise Bad("files", extra[0] if extra else "zip", "a file too many (多出文件)")
        self.raw_manifest = self.read(MANIFEST)
        try:
            self.manifest: dict[str, Any] = json.loads(self.raw_manifest)
        except ValueError as error:
            raise Bad("manifest", MANIFEST, "not JSON") from error
        if self.manifest.get("format") != FORMAT:
            raise Bad("manifest", MANIFEST, f"not of format {FORMAT} (版本不符)")

    def read(self, name: str) -> bytes:
        """One file."""
        try:
            return self.zip.read(name)
        except (zipfile.BadZipFile, OSError, EOFError) as error:  # the zip's own checksum
            raise Bad("digest", name, f"is damaged (文件损坏): {error}") from error


def verify(
    path: Any, pinned: str | None = None, witnesses: Sequence[str] = (), say: Any = lambda _: None
) -> dict[str, Any]:
    """Verify a pack; what was found. `Bad` names the first bad place."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here is cyclic, and walking a million small objects again and again takes half the time
    try:
        return _verified(Pack(path), pinned, witnesses, say)
    finally:
        if collecting:
            gc.enable()


def _verified(pack: Pack, pinned: str | None, witnesses: Sequence[str], say: Any) -> dict[str, Any]:
    say("signatures")
    checkpoint, key = _signatures(pack, pinned, witnesses)
    origin, size_text, root, index_line = checkpoint[:4]
    _, index_count, index_root = index_line.split(" ")
    say("digests")
    for name in FILES:
        if hashlib.sha256(pack.read(name)).hexdigest() != pack.manifest["files"].get(name):
            raise Bad("digest", name, "is not the file that was signed (与签名时不同)")
    say("events")
    bodies, positions = _lines(pack.read(EVENTS), EVENTS)
    check_proof(
        bodies, [one - 1 for one in positions], int(size_text), pack.read(PROOF),
        base64.b64decode(root), EVENTS,
    )  # fmt: skip
    say("index")
    entries, places = _lines(pack.read(INDEX), INDEX)
    check_proof(
        entries, places, int(index_count), pack.read(INDEX_PROOF), base64.b64decode(index_root), INDEX
    )
    index = Index(entries, places, int(index_count))
    streams = _streams(bodies, positions, index)
    request = pack.manifest["request"]
    _complete(request, streams, index)
    say("figures")
    _check_request(pack.manifest, streams, origin, int(size_text), bodies, positions)
    ledgers = Ledgers(request, streams, pack.manifest["words"])
    tables = ledgers.make()
    for asset in sorted(ledgers.assets):
        for stream in index.streams(f"asset/{asset}"):
            if stream not in streams:
                raise Bad("missing", stream, f"is about {asset}, and is not in the pack (缺少事件流)")
    tables["examination"] = _examination(pack.read(EXAMINATION), bodies, positions, request)
    _compare(loads(pack.read(TABLES_FILE)), tables)
    say("spreadsheet")
    with pack.zip.open(WORKBOOK) as book:
        check_workbook(book, tables)
    check_page(pack.read(PAGE).decode(), tables, summary_of(pack.manifest, ledgers.names, tables))
    return {
        "good": True, "log": origin, "size": int(size_text), "root": root, "events": len(bodies),
        "streams": len(streams), "assets": len(tables["inventory"]), "person": request["person"],
        "from": request["from"], "to": request["to"], "key": key.line, "fingerprint": key.fingerprint,
        "pinned": pinned is not None, "witnesses": len(witnesses),
        "sameVerifier": pack.read(VERIFIER) == Path(__file__).read_bytes(),
    }  # fmt: skip


def _examination(raw: bytes, bodies: list[bytes], positions: list[int], request: dict[str, Any]) -> list[Row]:
    """What history was found to be when the pack was made. It is not judged again here, for that takes the rules; it is
    held to its digest, and every row to an event of the pack, its stream and its day.
    """
    kinds = [kind for _, kind in TABLES["examination"][1]]
    try:
        rows: list[Row] = json.loads(raw)
        for number, row in enumerate(rows, 1):
            if [type(value) for value in row] != [int if kind == "n" else str for kind in kinds]:
                raise Bad("figures", f"{EXAMINATION}, row {number}", "is no row of this table (行不对)")
            place = bisect_left(positions, row[0])
            event = loads(bodies[place]) if positions[place : place + 1] == [row[0]] else {}
            said = (event.get("stream"), event.get("occurredOn"))
            if said != (row[1], row[2]) or not request["from"] <= row[2] <= request["to"]:
                raise Bad("figures", f"{EXAMINATION}, row {number}", "is about no such event (没有这条事件)")
    except (ValueError, TypeError) as error:
        raise Bad("figures", EXAMINATION, f"cannot be read: {error}") from error
    return rows


def _signatures(pack: Pack, pinned: str | None, witnesses: Sequence[str]) -> tuple[list[str], Key]:
    """The lines of the signed checkpoint and the key behind it."""
    text, signatures = read_note(pack.read(CHECKPOINT), CHECKPOINT)
    manifest_text, manifest_signatures = read_note(pack.read(SIGNATURE), SIGNATURE)
    try:
        listed = [Key(line) for line in pack.read(KEYS).decode().splitlines()]
    except ValueError as error:
        raise Bad("keys", KEYS, "holds a line that is no key (不是公钥)") from error
    keys = [one for one in listed if one.kind == 1]
    if pinned is not None:
        if re.fullmatch(r"[0-9a-fA-F]{64}", pinned.strip()):
            keys = [one for one in keys if one.fingerprint == pinned.strip().lower()]
        else:
            keys = [Key(pinned)]
    good = [one for one in keys if one.signed(text, signatures)]
    if not good:
        whose = "the key you named (所指定的公钥)" if pinned is not None else "a key of the pack"
        raise Bad(
            "signature", CHECKPOINT, f"is not signed by {whose}; it is signed by {[n for n, _ in signatures]}"
        )
    lines = text.split("\n")
    if len(lines) != 5 or lines[4] or not lines[1].isdigit() or not re.fullmatch(r"index \d+ \S+", lines[3]):
        raise Bad("note", CHECKPOINT, "is not a checkpoint (格式不对)")
    for witness in witnesses:
        if not Key(witness).signed(text, signatures):
            raise Bad("witness", CHECKPOINT, f"is not signed by the witness {witness} (缺少见证签名)")
    digest = hashlib.sha256(pack.raw_manifest).hexdigest()
    if manifest_text != f"{lines[0]} audit pack\n{digest}\n":
        raise Bad("digest", MANIFEST, "is not the manifest that was signed (清单与签名时不同)")
    for one in good:
        if one.signed(manifest_text, manifest_signatures):
            return lines, one
    raise Bad("signature", MANIFEST, "is not signed by the key of the checkpoint (清单签名不符)")


def _lines(raw: bytes, file: str) -> tuple[list[bytes], list[int]]:
    """Entries and the numbers in front of them."""
    entries: list[bytes] = []
    numbers: list[int] = []
    lines = raw.split(b"\n")
    if lines.pop() != b"":
        raise Bad("order", file, "is cut off (文件不完整)")
    for line in lines:
        number, blank, entry = line.partition(b" ")
        if not blank or not number.isdigit():
            raise Bad("order", f"{file}, line {len(entries) + 1}", "has no number (缺少位置)")
        entries.append(entry)
        numbers.append(int(number))
    return entries, numbers


def _streams(bodies: list[bytes], positions: list[int], index: Index) -> dict[str, list[Event]]:
    """Events by stream; every stream is whole, from its first event to the last there was."""
    heads = {key.partition("/")[2]: value for key, value in index.known.items() if key.startswith("stream/")}
    streams: dict[str, list[Event]] = {}
    for position, body in zip(positions, bodies, strict=True):
        event: Event = loads(body)
        event["position"] = position
        whole = streams.setdefault(event["stream"], [])
        whole.append(event)
        if event["version"] != len(whole):
            raise Bad(
                "missing", f"event {position}", f"is version {event['version']} of {event['stream']},"
                f" {len(whole)} was due: an event before it is missing (缺少事件)",
            )  # fmt: skip
    for stream, events in streams.items():
        head = heads.get(stream)
        if head is None:
            raise Bad("missing", f"index of {stream}", "does not say how many events there are (缺少索引)")
        if head != {"position": events[-1]["position"], "version": len(events)}:
            raise Bad(
                "missing", f"event {head['position']}", f"the last of {stream} (version {head['version']}) is missing"
                " (缺少末尾事件)",
            )  # fmt: skip
    for named in heads:
        if named not in streams:
            raise Bad("missing", named, "the index has it, its events are missing (缺少事件)")
    return streams


class Index:
    """The entries of the index that the pack shows, and where in the whole they stand."""

    def __init__(self, entries: Sequence[bytes], places: Sequence[int], count: int) -> None:
        self.count, self.places = count, places
        listed = [loads(entry) for entry in entries]
        self.known: dict[str, Any] = dict(listed)
        self.keys = [key.encode() for key, _ in listed]

    def streams(self, key: str) -> list[str]:
        """Streams under a key; none if the two entries around its place show that the index does not have it."""
        if key in self.known:
            return list(self.known[key])
        at = bisect_left(self.keys, key.encode())
        before = self.places[at - 1] if at else -1
        after = self.places[at] if at < len(self.places) else self.count
        if after - before != 1:
            raise Bad("missing", f"{INDEX} {key}", "the index entry is missing (缺少索引)")
        return []


def _complete(request: dict[str, Any], streams: dict[str, list[Event]], index: Index) -> None:
    """Every stream that names the person, or a post the person held, is here: by the signed index."""
    person = request["person"]
    needed = index.streams(f"person/{person}")
    pending: list[tuple[str, str]] = []
    for stream in needed:
        pending += [
            (stream.partition("-")[2], event["data"]["position"])
            for event in streams.get(stream, ())
            if event["type"] == "organization.position_appointed" and event["data"]["person"] == person
        ]
    seen = set()
    while pending:
        unit, post = pending.pop()
        if (unit, post) in seen:
            continue
        seen.add((unit, post))
        needed += index.streams(f"post/{unit}/{post}")
        merged = index.streams(f"unit/{unit}")
        needed += merged
        pending += [
            (stream.partition("-")[2], post)
            for stream in merged
            if any(
                one["type"] == "organization.succeeded" and one["data"]["successor"] == unit
                for one in streams.get(stream, ())
            )
        ]
    for stream in needed:
        if stream not in streams:
            raise Bad(
                "missing", stream, f"names {person} or a post of theirs, and is not in the pack (缺少事件流)"
            )


def _check_request(
    manifest: dict[str, Any], streams: dict[str, list[Event]], origin: str, size: int,
    bodies: list[bytes], positions: list[int],
) -> None:  # fmt: skip
    """What the manifest says of itself is what the checkpoint and the events say."""
    log, request = manifest["log"], manifest["request"]
    if (log["origin"], log["size"]) != (origin, size):
        raise Bad("manifest", MANIFEST, "is about another log or size than the checkpoint (与检查点不符)")
    if manifest["events"] != len(bodies) or f"person-{request['person']}" not in streams:
        raise Bad("manifest", MANIFEST, "counts other events, or the person is unknown (数量不符)")
    if not request["from"] <= request["to"]:
        raise Bad("manifest", MANIFEST, "the period ends before it begins (期间不对)")
    if positions[-1] == size:
        last = _TAIL.search(bodies[-1])
        if last is None or last.group(1).decode() != log["recordedAt"]:
            raise Bad("manifest", MANIFEST, "the log's last moment is another (时刻不符)")


def _compare(said: dict[str, list[Row]], made: dict[str, list[Row]]) -> None:
    for key, (title, columns) in TABLES.items():
        rows = said.get(key, [])
        for number, (claimed, due) in enumerate(zip(rows, made[key]), 1):  # noqa: B905  lengths are compared below
            if claimed != due:
                at = next((i for i, (a, b) in enumerate(zip(claimed, due)) if a != b), 0)  # noqa: B905
                raise Bad(
                    "figures", f"{TABLES_FILE} {title}, row {number}, {columns[at][0]}",
                    f"says {claimed[at]!r}, the events say {due[at]!r} (与事件不符)",
                )  # fmt: skip
        if len(rows) != len(made[key]):
            raise Bad(
                "figures", f"{TABLES_FILE} {title}", f"{len(rows)} rows, the events make {len(made[key])}"
            )


def key_from(text: str) -> str:
    """A key or fingerprint, given as such or as the name of a file that holds it."""
    if "+" not in text and not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        lines = Path(text).read_text("utf-8").split()
        text = lines[0] if lines else ""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        Key(text)
    return text


def report(result: dict[str, Any]) -> str:
    """What was found, for people."""
    pinned = (
        "the key you named (与所指定公钥一致)" if result["pinned"]
        else f"key {result['fingerprint']}, NOT PINNED: anybody could have made it (未指定公钥，签名人未经确认)"
    )  # fmt: skip
    return (
        f"GOOD 核验通过: {result['person']} {result['from']} – {result['to']}, {result['assets']} assets,"
        f" {result['events']} events of {result['log']} at {result['size']}\nsigned by {pinned}"
        + (f"\nwitnesses (见证): {result['witnesses']}" if result["witnesses"] else "")
        + (
            ""
            if result["sameVerifier"]
            else "\nthe pack holds another version of this verifier (包内核验程序版本不同)"
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Verify an audit pack offline (离线核验审计包).")
    parser.add_argument("pack", help="the zip file")
    parser.add_argument("--key", help="verifier key, fingerprint, or file with one of them")
    parser.add_argument(
        "--witness", action="append", default=[], help="key of a witness that must have signed"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    given = parser.parse_args(arguments)
    try:
        pinned = key_from(given.key) if given.key else None
        result = verify(given.pack, pinned, [key_from(one) for one in given.witness])
    except Bad as bad:
        found = {"good": False, "kind": bad.kind, "place": bad.place, "detail": bad.detail}
        print(json.dumps(found, ensure_ascii=False) if given.json else f"BAD 核验不通过: {bad}")
        return 2 if bad.kind == "pack" else 1
    except (OSError, ValueError) as error:
        print(f"cannot verify (无法核验): {error}", file=sys.stderr)
        return 2
    print(json.dumps(result, ensure_ascii=False) if given.json else report(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
