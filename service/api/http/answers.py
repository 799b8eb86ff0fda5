"""What every operation answers beside its body, described once: refusals by status, and the headers of answers."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

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
    "Content-Language": _header("语言 / language", {"type": "string", "enum": ["zh-CN", "en"]}),
    "ETag": _header("版本 / version", {"type": "string", "pattern": '^"[0-9]{1,9}"$'}),
    "Idempotency-Replayed": _header("是否重发的结果 / given before", {"type": "string", "const": "true"}),
    "Location": _header("任务路径 / where it is followed", {"type": "string", "format": "uri-reference"}),
    "Retry-After": _header("多少秒后再试 / seconds to wait", {"type": "integer", "minimum": 0}),
    "Taizhang-Position": _header("日志位置 / position in the log", {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": _header("认证方式 / scheme", {"type": "string"}),
}
_OF_WRITES: Final = ("ETag", "Taizhang-Position", "Idempotency-Replayed")
_OF_PROBLEMS: Final = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}


def describe_answers(document: Schema) -> None:
    """Give every answer its headers, and refusals that several operations share a name, in place."""
    components = document["components"]
    components["headers"] = {name.replace("-", ""): one for name, one in _HEADERS.items()}
    shared: dict[str, Schema] = components.setdefault("responses", {})
    for methods in document["paths"].values():
        for operation in methods.values():
            answers: dict[str, Schema] = operation["responses"]
            for status in sorted(answers):
                if "application/problem+json" in answers[status].get("content", {}):
                    name = _PROBLEMS[status]
                    problem = answers[status] | _headers("Content-Language", *_OF_PROBLEMS.get(status, ()))
                    if shared.setdefault(name, problem) == problem:
                        answers[status] = {"$ref": f"#/components/responses/{name}"}
            _describe_success(operation, answers, components["schemas"])


def _describe_success(operation: Schema, answers: dict[str, Schema], schemas: dict[str, Schema]) -> None:
    writes = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    for status in sorted(answers):
        if status == "202":
            answers[status] |= _headers("Location")
        elif writes and status in {"200", "201"}:
            answers[status] |= _headers(*_OF_WRITES)
        elif status == "200" and _is_reading(answers[status], schemas):
            answers[status] |= _headers("ETag")
            answers["304"] = {"description": "版本未变 / not modified"} | _headers("ETag")
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)


_IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "已知的版本（ETag） / the version that is known already",
    "schema": {"type": "string", "title": "已知的版本（ETag）", "pattern": '^"[0-9]{1,9}"$'},
}


def _is_reading(answer: Schema, schemas: dict[str, Schema]) -> bool:
    """Whether the answer is a resource with its version, read from the log."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    named: Schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    return {"version", "source", "resource"} <= set(named.get("properties", ()))


def _headers(*names: str) -> Schema:
    return {"headers": {name: {"$ref": f"#/components/headers/{name.replace('-', '')}"} for name in names}}
