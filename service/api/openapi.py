"""The committed interface: `openapi/http-api.json` and `openapi/events.json`, written from the code, compared with it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from domain.aggregate import ENVELOPE_FIELDS, DomainEvent
from domain.catalogue import AGGREGATE_KINDS, EVENT_TYPES
from service.api.app import create_app
from service.api.http.description import describe
from service.api.http.document import FOLDER, HTTP_API
from service.webhooks.messages import WebhookMessage

__all__ = ["FOLDER", "differences", "documents", "event_schemas", "write"]


@cache
def documents() -> dict[str, str]:
    """File name → content, as the code has it. The same code gives the same bytes."""
    return {
        HTTP_API: _written(describe(create_app())),
        "events.json": _written(event_schemas()),
    }


def differences(folder: Path = FOLDER) -> list[str]:
    """Names of the files that are missing or not what the code says."""
    return [
        name
        for name, content in documents().items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != content
    ]


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the files in step; gives the names of those that changed."""
    changed = differences(folder)
    folder.mkdir(exist_ok=True)
    for name, content in documents().items():
        if name in changed:
            (folder / name).write_text(content, "utf-8")
    return changed


def event_schemas() -> dict[str, Any]:
    """JSON Schema of every event type as it leaves the service: over `/v1/events`, money in yuan; and of webhooks' messages."""
    definitions: dict[str, Any] = {}
    events: dict[str, Any] = {}
    for event_type, event_class in sorted(EVENT_TYPES.items()):
        schema = _schema_of(event_type, event_class)
        definitions.update(schema.pop("$defs", {}))
        events[event_type] = schema
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "台账事件 / events of the log",
        "description": "每种事件的 data 部分；信封字段见 http-api.json 的 EventBody。金额为元，两位小数。message 为推送（webhook）的消息。",
        "events": events,
        "message": _message(definitions),
        "$defs": dict(sorted(definitions.items())),
    }


def _message(definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of the thin message that a webhook sends about an event; what it refers to goes into `definitions`."""
    schema = WebhookMessage.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    return schema


def _schema_of(event_type: str, event_class: type[DomainEvent]) -> dict[str, Any]:
    """The schema of an event's own fields, titled in Chinese; the envelope is described once, with the API."""
    schema = event_class.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    fields = event_class.model_fields
    aliases = {fields[name].alias for name in ENVELOPE_FIELDS & fields.keys()}
    schema["properties"] = {name: one for name, one in schema["properties"].items() if name not in aliases}
    schema["required"] = [name for name in schema.get("required", ()) if name not in aliases]
    definitions = schema.get("$defs", {})
    used = _reachable(json.dumps(schema["properties"]), definitions)
    schema["$defs"] = {name: one for name, one in definitions.items() if name in used}
    return schema | {
        "title": event_class.TITLE,
        "type": "object",
        "x-type": event_type,
        "x-schema": event_class.class_version,
        "x-aggregate": AGGREGATE_KINDS[event_type.partition(".")[0]].KIND,
    }


def _reachable(text: str, definitions: dict[str, Any]) -> set[str]:
    """Definitions that a schema refers to, directly or through others."""
    found: set[str] = set()
    waiting = [text]
    while waiting:
        text = waiting.pop()
        for name in definitions.keys() - found:
            if f'"#/$defs/{name}"' in text:
                found.add(name)
                waiting.append(json.dumps(definitions[name]))
    return found


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
