"""What sort of value a field of a kind holds, read from its struct: how a cell is to be understood. Pure."""

from __future__ import annotations

from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect


class Sort(StrEnum):
    """What a cell must hold."""

    TEXT = "text"
    DATE = "date"
    MOMENT = "moment"
    NUMBER = "number"
    WHOLE = "whole"
    TRUTH = "truth"
    CHOICE = "choice"
    OTHER = "other"


_SORTS: tuple[tuple[type[inspect.Type], Sort], ...] = (
    (inspect.StrType, Sort.TEXT),
    (inspect.DateTimeType, Sort.MOMENT),
    (inspect.DateType, Sort.DATE),
    (inspect.DecimalType, Sort.NUMBER),
    (inspect.FloatType, Sort.NUMBER),
    (inspect.BoolType, Sort.TRUTH),
    (inspect.IntType, Sort.WHOLE),
)


@lru_cache(maxsize=512)
def sort_of(struct: type[msgspec.Struct], path: str) -> Sort:
    """The sort of the field at a dotted path; OTHER where the path leads nowhere or to something nested."""
    found = _follow(inspect.type_info(struct), path.split("."))
    if _members(found):
        return Sort.CHOICE
    return next((sort for type_, sort in _SORTS if isinstance(found, type_)), Sort.OTHER)


@lru_cache(maxsize=512)
def currency_beside(struct: type[msgspec.Struct], path: str) -> str:
    """The path of the currency that goes with the sum at `path`; `""` where it has none."""
    place, _, name = path.rpartition(".")
    if name != "amount":
        return ""
    beside = f"{place}.currency".lstrip(".")
    return beside if sort_of(struct, beside) is Sort.TEXT else ""


@lru_cache(maxsize=64)
def needed_fields(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields without which an item is none."""
    found = inspect.type_info(struct)
    fields = found.fields if isinstance(found, inspect.StructType) else ()
    return tuple(field.encode_name for field in fields if field.required)


@lru_cache(maxsize=512)
def choices_of(struct: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    """The values that a choice knows."""
    return _members(_follow(inspect.type_info(struct), path.split(".")))


def _members(type_: Any) -> tuple[str, ...]:
    """What an enumeration or a literal allows; Django's enumerations are "custom" to msgspec."""
    if isinstance(type_, inspect.LiteralType):
        return tuple(map(str, type_.values))
    if isinstance(type_, (inspect.EnumType, inspect.CustomType)) and issubclass(type_.cls, Enum):
        return tuple(str(member.value) for member in type_.cls)
    return ()


def _follow(type_: Any, path: list[str]) -> Any:
    type_ = _bare(type_)
    if not path:
        return type_
    if isinstance(type_, inspect.StructType):
        field = next((field for field in type_.fields if field.encode_name == path[0]), None)
        return _follow(field.type, path[1:]) if field else None
    if isinstance(type_, inspect.DictType):
        return _follow(type_.value_type, path[1:])
    return None


def _bare(type_: Any) -> Any:
    """Without metadata, null and absence; of several, a text comes first: it takes any cell."""
    while isinstance(type_, inspect.Metadata):
        type_ = type_.type
    if not isinstance(type_, inspect.UnionType):
        return type_
    kinds = [_bare(one) for one in type_.types if not isinstance(one, inspect.NoneType)]
    texts = [one for one in kinds if isinstance(one, inspect.StrType)]
    return (texts or kinds or [type_])[0]
