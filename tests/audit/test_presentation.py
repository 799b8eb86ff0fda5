"""What people look at is byte for byte what the verifier makes of the events: the log's owner, who can sign whatever he
likes, can change no style, no order, no hidden row and no word of it unseen. Walks over all parts, elements, columns and
fields; what he may say without being found is listed here, and the report calls it said, not verified.
"""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio

from service.audit import verify
from service.audit.workbook import workbook_of
from service.audit.zipped import entry
from tests.audit import words
from tests.audit.packs import Files, Insider, files_of, found, log_with, zipped
from tests.projections.history import RandomHistory

SAID = {("said", "version"), ("said", "domain"), ("said", "county"), ("said", "rules"), ("asked", "by")}
"""Fields of a manifest that nobody can verify: what the signer says of itself, and who asked."""
JUDGED = {"条款", "代码", "说明", "来源", "解除文号"}
"""Columns of the examination that take the county's rules to make; they are held to their digest."""


class Forger:
    """A good pack, and the key that signs it."""

    def __init__(self, files: Files, insider: Insider) -> None:
        self.files, self.insider = files, insider
        self.manifest = json.loads(files[verify.MANIFEST])
        self.tables = json.loads(files[verify.TABLES_FILE])
        result = verify.verify(zipped(files))
        self.summary: list[list[str]] = result["summary"]
        self.names: dict[str, str] = {}

    def bad(self, changes: Files, manifest: dict[str, Any] | None = None) -> verify.Bad | None:
        """What is found of a pack with other files, digests put right and signed anew."""
        files = self.files | changes
        if manifest is not None:
            files = self.insider.with_manifest(files, manifest)
        return found(self.insider.resigned(files))

    def shown(self, tables: dict[str, list[Any]], summary: list[list[str]] | None = None) -> Files:
        """Everything that shows these tables, made just as the service makes it."""
        summary = summary or self.summary
        return {
            verify.TABLES_FILE: verify.dumps(tables),
            verify.EXAMINATION: verify.dumps(tables["examination"]),
            verify.WORKBOOK: workbook_of(summary, tables),
            verify.PAGE: verify.page_of(
                summary, tables, narrow=verify.narrow(self.manifest["asked"])
            ).encode(),
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forger(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Forger]:
    random_history = RandomHistory(5, alive=30, departures=0.04)
    async with log_with(module_database_url, tmp_path_factory.mktemp("packs"), 1_200, random_history) as log:
        leavers = await log.pool.fetch("SELECT body FROM event WHERE type = 'departure_case.opened'")
        for leaver in (json.loads(row["body"])["data"]["notice"]["person"] for row in leavers):
            packed = await log.pack(person=leaver, by="县审计局")
            made = Forger(files_of(packed.path), await log.insider())
            if all(made.tables.values()):
                break
        assert all(made.tables.values()), "there is something to change in every table"
        assert made.bad({}) is None, "an honest owner passes"
        assert made.bad(made.shown(made.tables)) is None, "and so does one who makes everything again"
        yield made


# ---- the spreadsheet -------------------------------------------------------------------------------------------------


def parts_of(files: Files) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(files[verify.WORKBOOK])) as book:
        return {name: book.read(name) for name in book.namelist()}


def book_of(parts: dict[str, bytes]) -> Files:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, content in parts.items():
            book.writestr(entry(name), content)
    return {verify.WORKBOOK: out.getvalue()}


def element_changes(text: str, sample: random.Random) -> Iterator[tuple[str, str]]:
    """(what, changed text): for each kind of element one attribute added, one left out, one element gone and doubled."""
    kinds = sorted(set(re.findall(r"<([A-Za-z][A-Za-z0-9:]*)", text)))
    for kind in kinds:
        places = list(re.finditer(rf"<{kind}(?=[ />])[^>]*>", text))
        at = sample.choice(places)
        end = at.end() - (2 if at.group().endswith("/>") else 1)
        yield f"{kind} with an attribute", f'{text[:end]} hidden="1"{text[end:]}'
        attribute = re.search(r' [A-Za-z:]+="[^"]*"', at.group())
        if attribute is not None:
            start = at.start() + attribute.start()
            yield f"{kind} without {attribute.group()}", text[:start] + text[start + len(attribute.group()) :]
            value = re.sub(r'="([^"]*)"', '="0"', attribute.group())
            if value != attribute.group():
                yield f"{kind} with {value}", text[:start] + value + text[start + len(attribute.group()) :]
        yield f"{kind} gone", text[: at.start()] + text[at.end() :]
        yield f"{kind} twice", text[: at.end()] + at.group() + text[at.end() :]


def test_every_kind_of_element_of_every_part_of_the_spreadsheet(
    forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, tried = parts_of(forger.files), 0
    due = list(verify.workbook_parts(forger.summary, forger.tables))
    monkeypatch.setattr(verify, "workbook_parts", lambda *_: iter(due))  # made once, compared each time
    sample = random.Random(3)
    for name, content in parts.items():
        for what, changed in element_changes(content.decode(), sample):
            with pytest.raises(verify.Bad) as bad:
                raw = book_of(parts | {name: changed.encode()})[verify.WORKBOOK]
                verify.check_workbook(raw, forger.summary, forger.tables)
            assert bad.value.kind == "workbook", (name, what)
            tried += 1
    assert tried > 1_000


FINDINGS = "xl/worksheets/sheet10.xml"
FORGERIES = {
    "a hidden row": (FINDINGS, '<row r="5"', '<row r="5" hidden="1"'),
    "a hidden sheet": ("xl/workbook.xml", 'sheetId="10"', 'sheetId="10" state="hidden"'),
    "a column of no width": (FINDINGS, '<col min="4" max="4" width="', '<col min="4" max="4" hidden="1" width="'),
    "another format of money": ("xl/styles.xml", '<xf numFmtId="4"', '<xf numFmtId="3"'),
    "white letters": ("xl/styles.xml", '<sz val="10"/>', '<sz val="10"/><color rgb="FFFFFFFF"/>'),
    "letters too small to read": ("xl/styles.xml", '<sz val="10"/>', '<sz val="4"/>'),
    "a total": ("xl/worksheets/sheet2.xml", "</sheetData>", '<row r="99999"><c r="I99999"><v>1</v></c></row></sheetData>'),
    "a sheet's other title": ("xl/workbook.xml", 'name="检查发现"', 'name="无检查发现"'),
    "a print area": ("xl/workbook.xml", "清册!$A$1:", "清册!$A$2:"),
    "the digest on the first sheet of paper only": ("xl/workbook.xml", "清册!$1:$4<", "清册!$4:$4<"),
    "a filter that hides": ("xl/worksheets/sheet3.xml", "<autoFilter ", '<autoFilter hidden="1" '),
    "a conditional format": ("xl/worksheets/sheet3.xml", "</sheetData>", '</sheetData><conditionalFormatting sqref="A1"/>'),
    "another digest": ("xl/worksheets/sheet3.xml", "封存清单摘要（SHA-256）ab", "封存清单摘要（SHA-256）ac"),
    "another case number": ("xl/worksheets/sheet1.xml", "交接编号 DC-", "交接编号 DD-"),
    "another digest on the cover": ("xl/worksheets/sheet1.xml", '<t xml:space="preserve">abab', '<t xml:space="preserve">abac'),
    "another who signs": ("xl/worksheets/sheet1.xml", "监交人（签字）", "证明人（签字）"),
    "a cell over others": ("xl/worksheets/sheet1.xml", '<mergeCell ref="A1:F1"/>', '<mergeCell ref="A1:F9"/>'),
    "other paper": ("xl/worksheets/sheet2.xml", 'paperSize="9"', 'paperSize="11"'),
    "no number of pages": ("xl/worksheets/sheet2.xml", "　共 &amp;N 页", ""),
    "a row that is too low": ("xl/worksheets/sheet1.xml", 'customHeight="1"', 'customHeight="0"'),
}  # fmt: skip
"""What → part, words in it, others."""


@pytest.mark.parametrize("what", FORGERIES)
def test_spreadsheet_that_looks_otherwise(forger: Forger, what: str) -> None:
    name, old, new = FORGERIES[what]
    parts = parts_of(forger.files)
    changed = parts[name].decode().replace(old, new, 1)
    assert changed != parts[name].decode()
    bad = forger.bad(book_of(parts | {name: changed.encode()}))
    assert bad is not None
    assert bad.kind == "workbook"


@pytest.mark.parametrize(
    "name",
    ["xl/sharedStrings.xml", "xl/vbaProject.bin", "xl/worksheets/sheet99.xml", "xl/comments1.xml", "xl/theme/theme1.xml",
     "xl/drawings/drawing1.xml", "docProps/custom.xml", "customXml/item1.xml", "x"],
)  # fmt: skip
def test_part_too_many(forger: Forger, name: str) -> None:
    bad = forger.bad(book_of(parts_of(forger.files) | {name: b"<x/>"}))
    assert bad is not None
    assert (bad.kind, bad.place) == ("workbook", f"{verify.WORKBOOK} {name}")


def test_part_that_is_missing_or_stands_elsewhere(forger: Forger) -> None:
    parts = parts_of(forger.files)
    for name in parts:
        bad = forger.bad(book_of({one: content for one, content in parts.items() if one != name}))
        assert bad is not None
        assert bad.kind == "workbook"
    bad = forger.bad(book_of(dict(reversed(parts.items()))))
    assert bad is not None
    assert bad.kind == "workbook"


# ---- the page --------------------------------------------------------------------------------------------------------


def test_every_kind_of_element_of_the_page(forger: Forger) -> None:
    text, tried = forger.files[verify.PAGE].decode(), 0
    verify.check_page(text.encode(), forger.summary, forger.tables, narrow=False)
    for what, changed in element_changes(text, random.Random(4)):
        with pytest.raises(verify.Bad) as bad:
            verify.check_page(changed.encode(), forger.summary, forger.tables, narrow=False)
        assert bad.value.kind == "page", what
        tried += 1
    assert tried > 50


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</body>", "<script>1</script></body>"),
        ("</style>", "#findings{display:none}</style>"),
        ("</style>", "</style><link rel=stylesheet href=x>"),
        ("</body>", "<p>无检查发现。</p></body>"),
        ('<table class="cover">', '<!-- --><table class="cover">'),
        ("封存清单摘要（SHA-256）ab", "封存清单摘要（SHA-256）ac"),
        ("监交人（签字）", "证明人（签字）"),
        ("@page{size:A4 landscape", "@page{size:A6"),
        ("（0 行）", "（1 行）"),
        ("不能证明的：", "已证明的："),
        ("<td", '<td style="color:white"'),
        ("</html>", "</html> "),
    ],
)  # fmt: skip
def test_page_that_looks_otherwise(forger: Forger, old: str, new: str) -> None:
    text = forger.files[verify.PAGE].decode()
    changed = text.replace(old, new, 1) if old in text else text.replace("行）", " 行）", 1)
    bad = forger.bad({verify.PAGE: changed.encode()})
    assert bad is not None
    assert bad.kind == "page"


# ---- figures, words and fields that are the same everywhere ----------------------------------------------------------


def other(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else f"{value}之"


@pytest.mark.parametrize("key", [key for key in verify.TABLES if key != "examination"])
def test_every_column_changed_wherever_it_is_shown(forger: Forger, key: str) -> None:
    """Tables, spreadsheet and page agree with each other, and not with the events."""
    for column, (header, _) in enumerate(verify.TABLES[key][1]):
        rows = [list(row) for row in forger.tables[key]]
        rows[0][column] = other(rows[0][column])
        bad = forger.bad(forger.shown(forger.tables | {key: rows}))
        assert bad is not None, header
        assert (bad.kind, header in bad.place) == ("figures", True), str(bad)


def test_every_column_of_the_examination(forger: Forger) -> None:
    """Place, stream, day and event are held to the events; the judgement is the signer's."""
    free = set()
    for column, (header, _) in enumerate(verify.TABLES["examination"][1]):
        rows = [list(row) for row in forger.tables["examination"]]
        rows[0][column] = other(rows[0][column])
        if forger.bad(forger.shown(forger.tables | {"examination": rows})) is None:
            free.add(header)
    assert free == JUDGED


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


def test_every_field_of_the_manifest(forger: Forger) -> None:
    """Changed, and everything that shows it made again: found, but for what is only said."""
    free = set()
    for path, value in leaves(forger.manifest):
        if path[0] == "files":
            continue  # put right by whoever signs anew
        manifest = json.loads(json.dumps(forger.manifest))
        at = manifest
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = (
            {"x/Y": "Z"} if isinstance(value, dict) else "2021-07-01" if value is None else other(value)
        )
        named = {forger.manifest["request"]["person"]: forger.summary[0][1].partition("（")[0]}
        gone = tuple(int(n) for n in re.findall(r"[0-9]+", forger.summary[5][1])) or (0, 0)
        summary = verify.summary_of(manifest, named, forger.tables, gone)  # type: ignore[arg-type]
        shown = forger.shown(forger.tables, summary)
        shown[verify.PAGE] = verify.page_of(
            summary, forger.tables, narrow=verify.narrow(manifest["asked"])
        ).encode()
        resigned = forger.insider.resigned(forger.insider.with_manifest(forger.files | shown, manifest))
        if (
            found(resigned if path != ("events",) else forger.insider.with_manifest(forger.files, manifest))
            is None
        ):
            free.add(path)
    assert free == SAID
    told = verify.report(verify.verify(zipped(forger.files)))
    assert "not verified" in told
    assert "请求人：县审计局" in told


def test_field_too_many_or_missing(forger: Forger) -> None:
    for part in (None, "request", "asked", "log", "said"):
        for change in ("more", "less"):
            manifest = json.loads(json.dumps(forger.manifest))
            at = manifest if part is None else manifest[part]
            if change == "more":
                at["note"] = "无检查发现"
            else:
                at.popitem()
            bad = found(forger.insider.with_manifest(forger.files, manifest))
            assert bad is not None
            assert bad.kind in {"manifest", "shape"}, (part, change)


@pytest.mark.parametrize(
    "word", ["event/asset.disposed", "type/WORKSHOP", "event/asset.new_thing", "label/IDLE", "use/"]
)
def test_word_that_has_another_meaning(forger: Forger, word: str) -> None:
    """What the verifier has a word for is called so; events are never called otherwise."""
    manifest = forger.manifest | {"words": {word: "在用"}}
    bad = found(forger.insider.with_manifest(forger.files, manifest))
    assert (bad is None) == (word == "use/"), "a code of the county's own may have its own word"
    if bad is not None:
        assert bad.kind == "manifest"
    else:
        assert "use/" in verify.report(
            verify.verify(zipped(forger.insider.with_manifest(forger.files, manifest)))
        )


def test_any_byte_of_any_file(forger: Forger) -> None:
    """One bit anywhere, signed anew: found, or it is the copy of the verifier, which the report then tells of."""
    rng = random.Random(8)
    for name in verify.FILES:
        content = forger.files[name]
        for _ in range(8):
            at = rng.randrange(len(content))
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            files = forger.insider.resigned(forger.files | {name: changed})
            if name == verify.VERIFIER:
                assert "another version of this verifier" in verify.report(verify.verify(zipped(files)))
            else:
                assert found(files) is not None, (name, at)


def test_verifier_has_the_word_for_everything_a_table_shows() -> None:
    """A new event of an asset or a procedure, a type, mode or use stands in `verify.WORDS` too: `make openapi` writes it."""
    source = words.FILE.read_text("utf-8")
    assert words.written(source) == source
    assert words.due().items() <= verify.WORDS.items()
    assert words.due().keys() >= {"event/asset.booked", "event/procedure.opened", "type/ROAD"}


def test_verifier_calls_codes_as_the_ledgers_do() -> None:
    """Its labels travel alone in every pack: code by code the words of the lists that ledgers name, and no code that no
    table of a pack shows.
    """
    assert words.due_labels() == verify.LABELS
