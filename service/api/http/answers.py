"""Answers that every operation gives beside its body, described once: refusals by status, and the headers of answers."""

from __future__ import annotations

import re
from typing import Any, Final

Schema = dict[str, Any]

_PROBLEM: Final = "application/problem+json"
_PROBLEMS: Final[dict[str, str]] = {
    "400": "RequestMalformed",
    "401": "CredentialRefused",
    "403": "NotAllowed",
    "404": "NotFound",
    "406": "FormNotAcceptable",
    "408": "RequestTooSlow",
    "409": "RuleBroken",
    "412": "VersionStale",
    "413": "BodyTooLarge",
    "415": "MediaTypeUnsupported",
    "416": "RangeUnsatisfiable",
    "422": "ContentInvalid",
    "428": "VersionRequired",
    "429": "TooManyRequests",
    "431": "HeadTooLarge",
    "500": "InternalError",
    "503": "Unavailable",
}
"""Names of the refusals that all operations share, by status."""


def _header(title: str, schema: Schema) -> Schema:
    return {"description": title, "schema": schema | {"title": title.partition(" / ")[0]}}


_HEADERS: Final[dict[str, Schema]] = {
    "Accept-Ranges": _header(
        "可按字节续传 / parts of it may be asked for", {"type": "string", "const": "bytes"}
    ),
    "Content-Disposition": _header(
        "文件名 / name of the file", {"type": "string", "pattern": "^attachment; "}
    ),
    "Content-Language": _header("语言 / language", {"type": "string", "enum": ["zh-CN", "en"]}),
    "Content-Range": _header(
        "所给部分 / which part it is", {"type": "string", "pattern": "^bytes ([0-9]+-[0-9]+|[*])/[0-9]+$"}
    ),
    "Content-Security-Policy": _header(
        "浏览器中不得执行 / nothing of it runs in a browser",
        {"type": "string", "const": "default-src 'none'; sandbox"},
    ),
    "ETag": _header("版本 / version", {"type": "string", "pattern": '^"[0-9]{1,9}"$'}),
    "Idempotency-Replayed": _header("是否重发的结果 / given before", {"type": "string", "const": "true"}),
    "Location": _header(
        "所指资源或任务的路径 / where it is, or is followed", {"type": "string", "format": "uri-reference"}
    ),
    "Retry-After": _header("多少秒后再试 / seconds to wait", {"type": "integer", "minimum": 0}),
    "Taizhang-Next-After": _header(
        "下次起点 / where the next request begins", {"type": "integer", "minimum": 0}
    ),
    "Taizhang-Position": _header("日志位置 / position in the log", {"type": "integer", "minimum": 1}),
    "Vary": _header(
        "随何请求头而异 / by which header it varies", {"type": "string", "const": "Accept-Language"}
    ),
    "WWW-Authenticate": _header("认证方式 / scheme", {"type": "string"}),
}
FILE_TAG: Final = {
    "description": "内容摘要 / digest of the file",
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
}
"""The ETag of a file: its digest."""
_OF_WRITES: Final = ("ETag", "Taizhang-Position", "Idempotency-Replayed")
_OF_PROBLEMS: Final = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}


_OF_BODIES: Final[dict[str, Schema]] = {
    status: {
        "description": text,
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
    for status, text in {
        "413": "请求体过大 / body too large",
        "415": "请求体类型不支持 / unsupported media type",
    }.items()
}


def describe_answers(document: Schema) -> None:
    """Give every answer its headers, and refusals that several operations share a name, in place."""
    components = document["components"]
    components["headers"] = {name.replace("-", ""): one for name, one in _HEADERS.items()}
    shared: dict[str, Schema] = components.setdefault("responses", {})
    paths: dict[str, Any] = document["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            answers: dict[str, Schema] = operation["responses"]
            if "requestBody" in operation:  # what the gate says of any body
                answers |= {status: one for status, one in _OF_BODIES.items() if status not in answers}
            for status in sorted(answers):
                _only_as_problem(answers[status].get("content", {}))
                content = answers[status].get("content", {})
                if set(content) == {_PROBLEM}:
                    name = _PROBLEMS[status]
                    problem = answers[status] | headers(
                        "Content-Language", "Vary", *_OF_PROBLEMS.get(status, ())
                    )
                    usual = content[_PROBLEM]["schema"]["$ref"].endswith("/ProblemBody")
                    same = usual and shared.setdefault(name, problem) == problem
                    answers[status] = {"$ref": f"#/components/responses/{name}"} if same else problem
            _describe_success(operation, answers, components["schemas"])
            if method == "post" and "201" in answers and _reads_one(paths, path):
                own = answers["201"].get("headers", {})
                answers["201"] |= {"headers": own | headers("Location")["headers"]}


def _reads_one(paths: dict[str, Any], of_all: str) -> bool:
    """Whether one of those that are made at a path is read under it."""
    one = re.compile(re.escape(of_all) + r"/\{[^/]+\}")
    return any("get" in methods for path, methods in paths.items() if one.fullmatch(path))


def _only_as_problem(content: Schema) -> None:
    """FastAPI declares the model of a refusal as JSON too; it comes as a problem."""
    if content.get(_PROBLEM) == content.get("application/json"):
        content.pop("application/json", None)


def _describe_success(operation: Schema, answers: dict[str, Schema], schemas: dict[str, Schema]) -> None:
    writes = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    for status in sorted(answers):
        if status == "202":
            answers[status] |= headers("Location")
        elif writes and status in {"200", "201"}:
            own = answers[status].get("headers", {})
            answers[status] |= {"headers": own | headers(*_OF_WRITES)["headers"]}
        elif status == "200" and _is_reading(answers[status], schemas):
            answers[status] |= headers("ETag")
            answers["304"] = {"description": "版本未变 / not modified"} | headers("ETag")
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)


KNOWN_VERSIONS: Final = 16_384
"""Characters of an `If-None-Match`: half of a head (`ConnectionBounds.head_bytes`), so that what the document allows fits in."""
_IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "已知的版本（ETag），可列多个；其他内容即不相符 / the versions known already; what is none of ours fits none",
    "schema": {
        "type": "string",
        "title": "已知的版本（ETag）",
        "maxLength": KNOWN_VERSIONS,
        "examples": ['"7"'],
    },
}


def _is_reading(answer: Schema, schemas: dict[str, Schema]) -> bool:
    """Whether the answer is a resource with its version, read from the log."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    named: Schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    return {"version", "source", "resource"} <= set(named.get("properties", ()))


def headers(*names: str) -> Schema:
    """The headers of an answer, as a part of what a route declares for a status."""
    return {"headers": {name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in names}}
