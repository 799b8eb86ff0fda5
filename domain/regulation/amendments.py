"""Parameters that the county set itself while the service was running: what the log holds beside the data files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from domain.refusals import refuse
from domain.regulation.parameters import TYPES, Parameter
from domain.regulation.rows import Row
from domain.regulation.withdrawn import value_without
from domain.schema_faults import in_words


@dataclass(frozen=True, slots=True)
class Amendment:
    """The `number`-th change of a county: a parameter with another value from a day on, by a document of the county."""

    number: int
    parameter: str
    value: Any
    """In the parameter's own type (`read_value`)."""
    in_force_from: date
    document: str


def read_value(parameter: str, value: Any) -> Any:
    """A parameter's value from JSON, amounts in yuan; CODE_UNKNOWN without such a parameter, FIELD_INVALID."""
    if parameter not in TYPES:
        raise refuse("CODE_UNKNOWN", field="parameter", value=parameter)
    try:
        return TYPES[parameter].validate_python(value_without(parameter, value), by_alias=True, by_name=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in ("value", *first["loc"]))
        raise refuse("FIELD_INVALID", field=place, reason=in_words(first)) from error


def shown_value(parameter: str, value: Any) -> Any:
    """A parameter's value as JSON: amounts in yuan, days as ISO strings, names in camelCase."""
    return TYPES[parameter].dump_python(value, mode="json", by_alias=True)


def amended_rows(rows: Sequence[Row], amendments: Sequence[Amendment]) -> tuple[Row, ...]:
    """The parameters' rows with the amendments put in, in their order.

    A value holds until the next change that was already planned, if any; one of the same day replaces the earlier one.
    """
    table = list(rows)
    for amendment in amendments:
        table = [part for row in table for part in _amended(row, amendment)]
    return tuple(table)


def _amended(row: Row, amendment: Amendment) -> list[Row]:
    begins = amendment.in_force_from
    if not isinstance(row, Parameter) or row.id != amendment.parameter or not row.in_force(begins):
        return [row]
    after = row.model_copy(
        update={"value": amendment.value, "in_force_from": begins, "anchor": amendment.document}
    )
    if row.in_force_from == begins:
        return [after]
    return [row.model_copy(update={"in_force_until": begins - timedelta(days=1)}), after]
