"""The operations of the OpenAPI document, to be walked: whom each lets in, and paths and parameters to send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from service.api.http.reading import ACTION
from service.commands.authorization import ACTIONS
from tests import contract
from tests.api.service import KEYS

Schema = dict[str, Any]

CODE_OF: Final = {
    "notice": "procedure-none-1",
    "subject": "household.none",
    "year": "2021",
    "size": "1",
    "number": "1",
}
"""Values of path parameters that nothing is known by; every other is the code `none`, or the first of its list."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    spec: Schema
    schemas: dict[str, Schema]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def resolved(self, schema: Schema) -> Schema:
        """The schema a reference leads to; None is left out of alternatives."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        alternatives = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        return self.resolved(alternatives[0]) if len(alternatives) == 1 else schema

    def parameters(self, place: str) -> dict[str, Schema]:
        """Name → schema of the parameters in `path`, `query` or `header`."""
        return {
            one["name"]: self.resolved(one["schema"])
            for one in self.spec.get("parameters", ())
            if one["in"] == place
        }

    def required(self, place: str) -> set[str]:
        return {
            one["name"]
            for one in self.spec.get("parameters", ())
            if one["in"] == place and one.get("required")
        }

    def url(self, /, **values: str) -> str:
        """The path with these values, already quoted; what is left out is a code that nothing has."""
        url = self.path
        for name, schema in self.parameters("path").items():
            usual = CODE_OF.get(name) or str(schema.get("enum", ["none"])[0])
            url = url.replace(f"{{{name}}}", values.get(name, usual))
        return url

    @property
    def action(self) -> str | None:
        found: str | None = self.spec.get(ACTION)
        return found

    def admitted(self) -> Iterator[str | None]:
        """Names of the keys whose role may do it; None, nobody, where it is public."""
        if self.action is None:
            yield None
            return
        permission = ACTIONS[self.action]
        for name, (_, kind, roles, _) in KEYS.items():
            if set(roles) & permission.roles and (permission.kinds is None or kind in permission.kinds):
                yield name

    @property
    def who(self) -> str | None:
        """The first key whose role may do it."""
        return next(self.admitted())


def operations() -> list[Operation]:
    """Every operation of the document."""
    document = contract.document()
    schemas = document["components"]["schemas"]
    return [
        Operation(method.upper(), path, spec, schemas)
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    ]
