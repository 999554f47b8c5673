"""Typed settings from and to plain mappings, as TOML files hold them."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from .errors import ConfigError

T = TypeVar("T")


def from_mapping(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """A frozen dataclass from a mapping; keys that are left out have their defaults.

    Parameters
    ----------
    kind : dataclass
        With fields of type int, float, bool, str, Literal, tuple or again a dataclass.
    values : mapping
        As read from TOML: int where float is wanted is accepted, nothing else is converted.
    where : str
        Name of the table, for messages.

    Raises
    ------
    ConfigError
        If a key is unknown or a value has another type.
    InputError
        If the dataclass itself refuses a value.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Run:
    ...     steps: int = 10
    >>> from_mapping(Run, {"stpes": 3}, "run")
    Traceback (most recent call last):
        ...
    spektron.ml.model.errors.ConfigError: run.stpes: no such setting; did you mean steps?
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where or 'configuration'} is {values!r}; give a table of settings")
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    prefix = f"{where}." if where else ""
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ConfigError(f"{prefix}{key}: no such setting; {remedy}")
    return kind(**{k: _converted(hints[k], v, f"{prefix}{k}") for k, v in values.items()})


def filled(values: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping whose tables, where they are given in part, have the rest from a base.

    Examples
    --------
    >>> filled({"data": {"fwhm": 8}}, {"data": {"fwhm": 10, "seed": 0}, "loss": {}})
    {'data': {'fwhm': 8, 'seed': 0}}
    """
    return {
        key: {**base[key], **filled(value, base[key])}
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        else value
        for key, value in values.items()
    }


def to_mapping(settings: Any) -> dict[str, Any]:
    """The mapping from which `from_mapping` makes the same settings, defaults included."""
    out: dict[str, Any] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            out[field.name] = to_mapping(value)
        else:
            out[field.name] = list(value) if isinstance(value, tuple) else value
    return out


def to_toml(values: Mapping[str, Any], table: str = "") -> str:
    """A mapping of numbers, texts, lists of these, and mappings as TOML.

    Examples
    --------
    >>> print(to_toml({"seed": 1, "model": {"tokenizer": "cnn"}}))
    seed = 1
    <BLANKLINE>
    [model]
    tokenizer = "cnn"
    <BLANKLINE>
    """
    plain = {k: v for k, v in values.items() if not isinstance(v, Mapping)}
    lines = [f"[{table}]"] if table and plain else []
    # JSON writes strings, numbers, lists and booleans as TOML does.
    lines += [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in plain.items()]
    text = "\n".join(lines) + "\n"
    for key, value in values.items():
        if isinstance(value, Mapping):
            text += "\n" + to_toml(value, f"{table}.{key}" if table else key).lstrip("\n")
    return text


def _converted(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return from_mapping(hint, value, where)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ConfigError(f"{where} = {value!r}; choose {', '.join(map(str, get_args(hint)))}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where} = {value!r}; give a list")
        return tuple(_converted(get_args(hint)[0], each, where) for each in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(f"{where} = {value!r}; give {_NAMES[hint]}")
    if hint is float and not math.isfinite(value):
        raise ConfigError(f"{where} = {value}; give a finite number")
    return value


_NAMES = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
