"""The OpenAPI document: what FastAPI finds out by itself, and what it cannot know.

Every field has a Chinese title where it is declared, so that generated clients and forms read well.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from service.api.http.answers import describe_answers
from service.api.http.examples import give_examples
from service.api.http.inline import name_inline
from service.api.http.reading import ACTION, ProblemBody
from service.commands.authorization import ACTIONS


def operation_id(route: APIRoute) -> str:
    """The operation's name in the contract: the name of the function that answers it, a verb and a noun."""
    return route.name


def describe(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = deepcopy(  # parts of it are made once and stand in the fields themselves
            get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                license_info=app.license_info,
                servers=app.servers,
                routes=app.routes,
                webhooks=app.webhooks.routes,
                separate_input_output_schemas=app.separate_input_output_schemas,
            )
        )
        schemas = document["components"]["schemas"]
        schemas.setdefault(
            "ProblemBody",
            ProblemBody.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}"),
        )
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "API 密钥 / API key"}
        }
        for operations in (*document["paths"].values(), *document["webhooks"].values()):
            for operation in operations.values():
                operation["security"] = [{"key": []}] if ACTION in operation else []
                operation.update(_who_may(operation))
        document["tags"] = _tags(document)
        describe_answers(document)
        name_inline(document)
        give_examples(document)
        app.openapi_schema = document
    return app.openapi_schema


def _who_may(operation: dict[str, Any]) -> dict[str, Any]:
    """Which roles may do an operation, where, and of which kinds of units: the row that `authorize` reads."""
    if ACTION not in operation:
        return {}
    permission = ACTIONS[operation[ACTION]]
    said: dict[str, Any] = {
        "x-roles": sorted(role.value for role in permission.roles),
        "x-scope": permission.scope.value,
    }
    limited = {role.value: permission.kinds_of(role) for role in sorted(permission.roles)}
    kinds = {role: sorted(of) for role, of in limited.items() if of is not None}
    if kinds:
        said["x-organization-kinds"] = kinds
    return said


def _tags(document: dict[str, Any]) -> list[dict[str, str]]:
    """The tags of the operations, each with its Chinese name beside it: generators make packages of the English ones."""
    names: dict[str, str] = {}
    for operations in (*document["paths"].values(), *document["webhooks"].values()):
        for operation in operations.values():
            for tag in operation.get("tags", ()):
                english, _, chinese = tag.partition(" ")
                names[english] = chinese
                operation["tags"] = [english]
    return [{"name": english, "description": chinese} for english, chinese in sorted(names.items())]
