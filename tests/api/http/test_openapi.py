"""The committed description of the interface is what the code says, and reads well in Chinese."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_pascal

from domain.catalogue import EVENT_TYPES
from service.api.openapi import FOLDER, differences, event_schemas, write
from service.api.routers import ROUTERS
from service.commands.history import AssetView
from service.commands.views import title_at
from tests import contract
from tests.api.service import KEYS, Service

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def properties(schemas: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of these object schemas, with its name."""
    for schema in schemas.values():
        yield from schema.get("properties", {}).items()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return contract.document()


def test_the_committed_files_are_in_step() -> None:
    assert differences() == [], "run: make openapi"


def test_writing_them_twice_changes_nothing(tmp_path: Any) -> None:
    assert sorted(write(tmp_path)) == ["events.json", "http-api.json"]
    assert write(tmp_path) == []
    (tmp_path / "events.json").write_text("{}")
    assert differences(tmp_path) == ["events.json"]
    assert FOLDER.name == "openapi"


def test_every_field_has_a_chinese_title(document: dict[str, Any]) -> None:
    events = event_schemas()
    for schemas in (document["components"]["schemas"], events["events"], events["$defs"]):
        bare = {name for name, field in properties(schemas) if not CHINESE.search(field.get("title", ""))}
        assert bare == set()


GENERIC_TITLES = {
    "行": "the rows of any ledger's page",
    "资源现状": "the resource of any answer",
    "合计": "counts and sums of any ledger",
    "代码表编号": "the name of any table",
}
"""Titles of what is of another type in every schema that holds it."""
TITLES_BY_HAND = {
    "procedure.reviewed.reopened": "须重新办理的环节",
    "departure_case.finding_raised.dueOn": "整改期限",
    "fund_reconciliation.reconciled.position": "核对时的日志位置",
    "joint_review.exceptions_raised.cleared": "已排除的疑点",
    "procedure.opened.title": "程序标题",
    "stocktake.opened.title": "盘点名称",
    "organization.position_appointed.position": "职务",
    "ledger_seal.submitted.rootHash": "台账摘要",
    "Document.title": "资料标题",
    "AssetView.title": "权属状态",
    "DepartureCaseView.case": "交接编号",
    "DepartureCaseView.reopened": "重新启动次数",
    "ViolationCaseView.case": "案件编号",
    "InspectionView.findings": "检查发现问题",
    "InspectionView.inspection": "检查编号",
    "FundReconciliationView.pushed": "已推送的台账摘要",
    "FundReconciliationView.acknowledgedBy": "台账确认人",
    "ProcedureInstanceView.withdrawn": "撤回理由",
    "ProcedureInstanceView.done": "各环节办理记录",
    "PolicyView.versions": "启用的政策版本",
    "DivisionView.successor": "继任区划",
}
"""Fields whose names mean something else in another schema, with what they mean in this one."""


def titled(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every field of requests, answers and events, by `Schema.field`."""
    events = event_schemas()
    every = (events["$defs"], events["events"], document["components"]["schemas"])
    return {
        f"{schema}.{name}": field
        for schemas in every
        for schema, described in schemas.items()
        for name, field in described.get("properties", {}).items()
    }


BESIDE_A_VALUE = ({"type": "null"}, {"const": "***"})
"""What may stand instead of a value: nothing, and the mask of what is personal."""


def kind_of(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    """What a field holds, alone, in a list or by key: `money`, `date`, a schema's name, the codes of an enumeration."""
    for choices in ("anyOf", "allOf"):
        if choices in field:
            return "|".join(
                sorted({kind_of(one, schemas) for one in field[choices] if one not in BESIDE_A_VALUE})
            )
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        named = schemas.get(name, {})
        is_map = named.get("type") == "object" and "properties" not in named
        return kind_of(named, schemas) if "enum" in named or is_map else name
    if field.get("type") == "array":
        return kind_of(field.get("items", {}), schemas)
    if field.get("type") == "object":
        inner = field.get("additionalProperties")
        return kind_of(inner, schemas) if isinstance(inner, dict) else "any"
    if "enum" in field or "const" in field:
        return "codes " + " ".join(map(str, field.get("enum", [field.get("const")])))
    if field.get("type") != "string":
        return str(field.get("type", "any"))
    decimal = re.search(r"\{1,([23])\}", field.get("pattern", "")) if "0|[1-9]" in str(field) else None
    return {"2": "money", "3": "quantity"}[decimal[1]] if decimal else field.get("format", "text")


def agree(one: str, other: str, schemas: dict[str, Any]) -> bool:
    """Whether one title may serve both kinds: they are the same, or one says less (a code as text, any JSON, an object
    with some of the members)."""
    if one == other or {"any", "JsonValue"} & {one, other}:
        return True
    members = [set(schemas.get(kind, {}).get("properties", ())) for kind in (one, other)]
    if all(members):
        return members[0] <= members[1] or members[1] <= members[0]
    codes = [set(kind.split()[1:]) for kind in (one, other) if kind.startswith("codes ")]
    if len(codes) == 2:
        return codes[0] <= codes[1] or codes[1] <= codes[0]
    return len(codes) == 1 and "text" in (one, other)


def homonyms(fields: dict[str, dict[str, Any]], schemas: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Titles that stand at fields of different kinds, with these kinds and fields."""
    by_title: dict[str, dict[str, list[str]]] = {}
    for name, field in fields.items():
        kinds = by_title.setdefault(field["title"], {})
        kinds.setdefault(kind_of(field, schemas), []).append(name)
    return {
        title: kinds
        for title, kinds in by_title.items()
        if any(not agree(one, other, schemas) for one, other in combinations(kinds, 2))
    }


def test_no_title_stands_at_fields_of_different_kinds(document: dict[str, Any]) -> None:
    """A word that means a sum here and a count there, or a code here and a text there, misleads who reads forms."""
    found = homonyms(titled(document), document["components"]["schemas"])
    assert found.keys() >= GENERIC_TITLES.keys()
    assert {title: kinds for title, kinds in found.items() if title not in GENERIC_TITLES} == {}


def test_fields_of_one_name_are_titled_by_what_they_mean(document: dict[str, Any]) -> None:
    fields = titled(document)
    assert {name: fields[name]["title"] for name in TITLES_BY_HAND} == TITLES_BY_HAND


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("card.originalValue", "原始价值"),
        ("custody.custodian", "管护主体"),
        ("contracts.HT-1.state", "合同状态"),
        ("contracts.HT.1.state", "合同状态"),
        ("owners", "所有权人份额"),
        ("nowhere.at.all", None),
    ],
)
def test_title_of_a_field_inside_an_asset_is_the_one_declared_there(path: str, title: str | None) -> None:
    assert title_at(AssetView, path) == title


def test_every_parameter_and_operation_has_a_chinese_title(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert CHINESE.search(operation["summary"]), (method, path)
            for parameter in operation.get("parameters", ()):
                assert CHINESE.search(parameter["schema"].get("title", "")), (method, path, parameter["name"])


def test_names_follow_the_convention(document: dict[str, Any]) -> None:
    """Fields are camelCase, query parameters snake_case."""
    for name, _ in properties(document["components"]["schemas"]):
        assert "_" not in name, name
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    assert parameter["name"] == parameter["name"].lower(), parameter["name"]


SCHEMA_NAME = re.compile(r"[A-Z][A-Za-z]*[a-z]")
OPERATION_NAME = re.compile(r"[a-z]+(_[a-z]+)+")
SHARED_BODIES = {
    "AcceptHandover": "one line of a handover list is accepted as the whole list is",
    "Circumstances": "the operation has no facts of its own",
    "GiveBatchOpinion": "a batch is reviewed and determined in the same words",
    "JudgeProcedure": "a procedure is reviewed and determined in the same words",
    "ProcedureAct": "a step that has no facts of its own",
    "PublicStatement": "an objection and a suggestion of the public are said in the same words",
    "RecordResolution": "a dispute, a difference and a finding end with the same record",
}
"""Request bodies that serve several operations, with the reason; every other is named as its operation is."""


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of the document."""
    return [one for methods in document["paths"].values() for one in methods.values()]


def test_schema_names_are_words_of_the_field(document: dict[str, Any]) -> None:
    """No module path (`a__b`), no `-Input` or `-Output`, no type parameter (`Page_Row_`), no number."""
    for name in (*document["components"]["schemas"], *event_schemas()["$defs"]):
        assert SCHEMA_NAME.fullmatch(name), name
        assert not name.endswith(("Input", "Output")), name


def test_both_documents_mean_one_schema_by_one_name(document: dict[str, Any]) -> None:
    """A schema of the events is the one of the same name over HTTP, field by field."""
    schemas = document["components"]["schemas"]
    definitions = event_schemas()["$defs"]
    shared = definitions.keys() & schemas.keys()
    assert len(shared) > 80
    for name in shared:
        fields = [set(one.get("properties", ())) for one in (schemas[name], definitions[name])]
        assert fields[0] == fields[1], name


def test_operation_ids_are_function_names_and_unique(document: dict[str, Any]) -> None:
    """An operation is called what the function that answers it is called: a verb and a noun, once in the contract."""
    names = [one.get("operationId", "") for one in operations(document)]
    assert len(names) > 260
    assert [name for name in names if not OPERATION_NAME.fullmatch(name)] == []
    assert [name for name in names if len(name) > 40] == []
    assert [name for name, times in Counter(names).items() if times > 1] == []
    endpoints = {route.name for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    assert set(names) == endpoints


def test_request_bodies_are_named_as_their_operations(document: dict[str, Any]) -> None:
    shared: dict[str, int] = Counter()
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if body in SHARED_BODIES:
            shared[body] += 1
        elif body:
            assert body == to_pascal(operation["operationId"]), operation["operationId"]
    assert {body for body, times in shared.items() if times > 1} == set(SHARED_BODIES)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"], name


NOT_REPEATABLE = {
    "/v1/keys": "its secret is shown once and kept nowhere",
    "/v1/keys/{key}/rotation": "its secret is shown once and kept nowhere",
    "/v1/officials": "its secrets are shown once and kept nowhere",
    "/v1/officials/{official}/reset": "its secrets are shown once and kept nowhere",
    "/v1/sessions": "its token is shown once and kept nowhere",
    "/v1/sessions/provider": "its binding is shown once and kept nowhere",
    "/v1/sessions/provider/completion": "its token is shown once and kept nowhere",
    "/v1/access-grants": "beside the log; given twice it says the same",
    "/v1/identity-links": "a subject is linked once: ALREADY_EXISTS",
    "/v1/documents": "named by its content: the same one again is kept once, and says so",
    "/v1/ownership-advice": "nothing is recorded",
    "/v1/procedures/subjects/digest": "nothing is recorded",
    "/v1/personal-data/readings": "each reading is on record; its answer is kept nowhere",
    "/v1/personal-data/lookups": "each look-up is on record; its answer is kept nowhere",
}
"""Writes without an idempotency key, with the reason."""


RESTS_ON_NOTHING = {"/v1/assets/{asset}/encumbrances"}
"""Refused whatever the asset is by now: it names no version."""


def test_every_write_asks_for_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        post = operations.get("post")
        if post is not None and path not in NOT_REPEATABLE:
            required = {
                one["name"] for one in post["parameters"] if one["in"] == "header" and one["required"]
            }
            assert "Idempotency-Key" in required, path
            versioned = ("/v1/assets/{", "/v1/household-assets/{", "/v1/fund-allocations/{")
            rests = path.startswith(versioned) and path not in RESTS_ON_NOTHING
            assert ("If-Match" in required) == rests, path


def test_every_event_type_is_described(document: dict[str, Any]) -> None:
    events = event_schemas()["events"]
    assert set(events) == set(EVENT_TYPES)
    leased = events["asset.leased"]
    assert (leased["title"], leased["x-schema"], leased["x-aggregate"]) == ("出租", 1, "asset")
    assert "basis" not in leased["properties"]
    assert "AssetView" in document["components"]["schemas"]


async def test_every_page_to_read_it_on_loads_nothing_from_elsewhere(service: Service) -> None:
    contents = await service.http.get("/docs")
    pages = re.findall(r'href="(/docs/[a-z-]+)"', contents.text)
    assert len(pages) > 20
    for path in ("/docs", *pages):
        page = await service.http.get(path)
        assert page.status_code == 200, path
        text = page.text.replace("<!-- `SwaggerUIBundle` is now available on the page -->", "")
        assert "//" not in text.replace("window.location.origin", ""), page.text
        for loaded in re.findall(r"""(?:src|href|url)(?:=|: )["'](/(?:docs-assets|openapi)[^"']+)""", text):
            answer = await service.http.get(loaded)
            assert (answer.status_code, len(answer.content) > 500) == (200, True), (path, loaded)


async def test_what_is_served_is_what_was_packaged(service: Service) -> None:
    """Made at build: a reader waits for no more than a file."""
    served = await service.http.get("/openapi.json")
    assert served.content == (FOLDER / "http-api.json").read_bytes()
    assert service.app.openapi_schema is None


async def test_the_pages_of_all_subjects_hold_every_operation_once_and_what_it_refers_to(
    service: Service, document: dict[str, Any]
) -> None:
    found: list[str] = []
    for tag in document["tags"]:
        part = (await service.http.get(f"/openapi/{tag['name']}.json")).json()
        found += [one["operationId"] for one in operations(part)]
        for kind, name in re.findall(r'"#/components/([A-Za-z]+)/([^"]+)"', json.dumps(part)):
            assert name in part["components"][kind], (tag["name"], kind, name)
        assert len(json.dumps(part, ensure_ascii=False).encode()) < 340_000, tag["name"]
    assert sorted(found) == sorted(one["operationId"] for one in operations(document))
    assert (await service.http.get("/openapi/nothing.json")).status_code == 404
    assert (await service.http.get("/docs/nothing")).status_code == 404


async def test_a_role_that_an_operation_does_not_list_is_refused(
    service: Service, document: dict[str, Any]
) -> None:
    """`x-roles` and `x-organization-kinds` are what is enforced, for every key and every operation."""
    seen = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "x-action" not in operation:
                assert not {name for name in operation if name.startswith("x-")}
                continue
            assert operation["x-scope"] in {"COUNTY", "JURISDICTION", "UNIT"}
            url = path.replace("{", "").replace("}", "")
            kinds = operation.get("x-organization-kinds", {})
            for who, (_, kind, roles, _) in KEYS.items():
                listed = any(
                    role in operation["x-roles"] and kind in kinds.get(role, {kind}) for role in roles
                )
                answer = await service.http.request(method, url + "?x=1", headers=service.headers(who))
                refused = answer.status_code == 403
                assert refused != listed, (who, method, path, answer.text)
                seen += 1
    assert seen > 4000
