"""Ledger rows as the API shows them: camelCase names, money as yuan strings; and their schemas, from the tables.

What is money says the schema: a field of type `Fen`, or the meaning of the table's column behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB

from domain.values import LOG, Fen, Quantity, Value
from projections.engine.meaning import MONEY, PLAIN, ByKey, Each, Meaning, Money, Parts
from projections.engine.rows import Row
from projections.engine.tables import LedgerTable, classified_as, explanation_of, meaning_of, title_of
from service.ledgers.shapes import described
from service.ledgers.yuan import yuan_of

_Convert = Callable[[Any], Any]
_AS_THEY_ARE: Final = frozenset({str, int, bool, date, datetime, NoneType})
_Model = TypeVar("_Model", bound=BaseModel)

PROVISIONAL: Final = "该日期所在年份的放假安排尚未录入，只按周末计算；录入后即为确定"
"""What it means where a ledger says that a date is provisional."""


class RowUnlikeSchemaError(TypeError):
    """A row lacks what its schema promises, or has something else: a mistake of ours, never of who asks."""


def typed(row: Mapping[str, Any], model: type[_Model]) -> _Model:
    """A row of the database, its money in fen, as its schema has it; RowUnlikeSchemaError for one that is none."""
    given = {name: value for name, value in row.items() if name != "county"}
    try:
        return model.model_validate(given, context=LOG, by_name=True)
    except ValidationError as error:
        raise RowUnlikeSchemaError(f"{model.__name__}: {error}") from error


def typed_rows(rows: Iterable[Mapping[str, Any]], model: type[_Model]) -> tuple[_Model, ...]:
    """Rows of the database as their schema has them."""
    return tuple(typed(row, model) for row in rows)


def value_shown(value: BaseModel) -> dict[str, Any]:
    """A typed row as the API shows it; fields that nothing was said of are left out."""
    given = {name: item for name, item in value if name in value.model_fields_set}
    return shown(given, type(value))


def values_shown(values: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """Typed rows as the API shows them."""
    return [value_shown(value) for value in values]


def shown(row: Row, model: type[BaseModel]) -> dict[str, Any]:
    """A row as the API shows it by its schema. Columns without a value are null; KeyError for one that has no field."""
    plan = _plan(model, tuple(row))
    body = dict(zip(plan.names, plan.values(row), strict=True))
    for name, convert in plan.converted:
        body[name] = convert(body[name])
    return body


def rows_shown(rows: Iterable[Row], model: type[BaseModel]) -> list[dict[str, Any]]:
    """Rows as the API shows them."""
    return [shown(row, model) for row in rows]


def converted(value: Any, meaning: Meaning) -> Any:
    """A value of a ledger as the API shows it."""
    convert = _converter(meaning) or _plain
    return convert(value)


class _Plan(NamedTuple):
    """Plan of how a row of these columns is shown: what is taken as it is, and what is converted."""

    names: tuple[str, ...]
    values: Callable[[Row], tuple[Any, ...]]
    converted: tuple[tuple[str, _Convert], ...]


@cache
def _plan(model: type[BaseModel], columns: tuple[str, ...]) -> _Plan:
    taken = [column for column in columns if column != "county"]
    conversions = [(to_camel(column), _of_field(model.model_fields[column])) for column in taken]
    return _Plan(
        tuple(name for name, _ in conversions),
        lambda row: tuple(map(row.__getitem__, taken)),
        tuple((name, convert) for name, convert in conversions if convert is not None),
    )


def field_meaning(field: FieldInfo) -> Meaning:
    """What a field of a row means: as its column says, else by its type."""
    declared = [one for one in field.metadata if isinstance(one, Meaning)]
    return declared[-1] if declared else _type_meaning(field.annotation)


def _type_meaning(hint: Any) -> Meaning:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return next((found for one in arguments if (found := _type_meaning(one)) != PLAIN), PLAIN)
    if origin is Annotated:
        return _type_meaning(arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _unless_plain(ByKey(PLAIN, _type_meaning(arguments[1])))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return _unless_plain(Each(_type_meaning(arguments[0])))
    return MONEY if hint is Fen else PLAIN


def _unless_plain(of: ByKey | Each) -> Meaning:
    return PLAIN if of.of == PLAIN else of


def _of_field(field: FieldInfo) -> _Convert | None:
    """None: shown as it is."""
    inner = _model_in(field.annotation)
    if inner is not None:
        return lambda value: _of_model(value, inner)
    as_it_is = _leaves(field.annotation) <= _AS_THEY_ARE
    return _converter(field_meaning(field)) or (None if as_it_is else _plain)


def _leaves(hint: Any) -> set[Any]:
    """The types that a hint is made of."""
    if get_origin(hint) is Annotated:
        return _leaves(get_args(hint)[0])
    arguments = get_args(hint)
    return {hint} if not arguments else set().union(*map(_leaves, arguments))


def _of_model(value: Any, model: type[BaseModel]) -> Any:
    if isinstance(value, BaseModel):
        return value_shown(value)
    if isinstance(value, Mapping):
        return shown(dict(value), model)
    return [_of_model(one, model) for one in value] if isinstance(value, list | tuple) else value


def _model_in(hint: Any) -> type[BaseModel] | None:
    """The schema of the rows within a row, if a field holds any."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    return next((found for one in get_args(hint) if (found := _model_in(one)) is not None), None)


def _converter(meaning: Meaning) -> _Convert | None:
    """How a value of this meaning becomes what the API shows; None: as any other."""
    match meaning:
        case Money():
            return yuan_of
        case Each(of):
            each = _converter(of)
            return None if each is None else lambda value: value and [each(one) for one in value]
        case ByKey(_, of):
            under = _converter(of)
            return (
                None
                if under is None
                else lambda value: value and {name: under(one) for name, one in value.items()}
            )
        case Parts(of):
            found = {name: convert for name, member in of if (convert := _converter(member.of)) is not None}
            return (lambda value: value and _members(value, found)) if found else None
    return None


def _members(value: Mapping[str, Any], found: Mapping[str, _Convert]) -> dict[str, Any]:
    return {name: found[name](one) if name in found else one for name, one in value.items()}


def _plain(value: Any) -> Any:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


_TYPES: Final[tuple[tuple[type, Any], ...]] = (
    (Boolean, bool),
    (DateTime, datetime),
    (Date, date),
    (Numeric, Quantity),
    (BigInteger, int),
    (Integer, int),
)


def row_model(name: str, ledger: LedgerTable, *, hidden: tuple[str, ...] = (), **extra: Any) -> type[Value]:
    """The schema of a ledger's rows: a field per column, with its title and meaning, and what questions add.

    `hidden`: columns that no question gives.
    """
    fields: dict[str, Any] = {
        str(column.name): (  # a string of its own, not SQLAlchemy's kind of one
            Annotated[_shown_hint(column), classified_as(column)],
            Field(title=title_of(column), description=explanation_of(column)),
        )
        for column in ledger.table.columns
        if column.name not in {"county", *hidden}
    }
    return create_model(name, __base__=Value, __doc__=str(ledger.table.comment), **(fields | extra))


def _shown_hint(column: Column[Any]) -> Any:
    meaning = meaning_of(column)
    if not isinstance(column.type, JSONB):
        return Annotated[_hint(column), meaning]
    if meaning == PLAIN:
        msg = f"{column}: JSON that is shown says what stands in it"
        raise TypeError(msg)
    return Annotated[Any, meaning, described(column)]


def _hint(column: Column[Any]) -> Any:
    if meaning_of(column) == MONEY:
        hint: Any = Fen
    else:
        hint = next((hint for kind, hint in _TYPES if isinstance(column.type, kind)), str)
    return hint | None if column.nullable else hint
