# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters against the schema: the same checks in the same order, with the same complaints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import formats, formats_net
from .errors import ParameterError
from .schema import Method, Properties, Schema, compiled

MISSING = "property is missing and it is not optional"
UNDEFINED = "property is not defined in schema and the schema does not allow additional properties"

_INTEGER = re.compile(r"^[+-]?\d+$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$", re.ASCII)
_FORMAT = re.compile(r"^(.*?)(?:-(list|opt|alist))?$")
_PERL_TYPES: Mapping[type, str] = {dict: "HASH", list: "ARRAY"}
_TRUE, _FALSE = frozenset({"1", "on", "yes", "true"}), frozenset({"0", "off", "no", "false"})

# The formats on addresses register themselves when their module is imported.
assert formats_net.cidr is formats.CHECKS["CIDR"]

Errors = dict[str, str]


class PropertyError(formats.FormatError):
    """A property string is wrong."""


class Verifier:
    """Checks calls against one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def verify(self, method: Method, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with their types, or `ParameterError` with every complaint."""
        errors: Errors = {}
        values = {key: _in_form(method.properties.get(key, {}), value) for key, value in params.items()}
        self._object("", method.properties, values, closed=method.closed, errors=errors)
        if errors:
            raise ParameterError(errors)
        return {key: _typed(method.properties.get(key, {}), value) for key, value in values.items()}

    def _object(
        self, path: str, properties: Properties, values: Mapping[str, Any], *, closed: bool, errors: Errors
    ) -> None:
        prefix = f"{path}." if path else ""
        for key, schema in properties.items():
            if key in values:
                self._value(prefix + key, schema, values[key], errors)
            elif not schema.get("optional") and not schema.get("alias") and schema.get("type") != "null":
                _add(errors, prefix + key, MISSING)
        for key in values:
            schema = properties.get(key)
            if schema is None:
                if closed:
                    _add(errors, prefix + key, UNDEFINED)
            elif (needed := schema.get("requires")) and needed not in values:
                text = f"missing property - '{prefix}{key}' requires this property"
                _add(errors, prefix + needed, text)

    def _value(self, path: str, schema: Mapping[str, Any], value: Any, errors: Errors) -> None:
        complaint = _type_complaint(schema.get("type"), value)
        if complaint:
            _add(errors, path, complaint)
            return
        if isinstance(value, list):
            for index, item in enumerate(value):
                self._value(f"{path}[{index}]", schema.get("items", {}), item, errors)
            return
        if not isinstance(value, str):
            return
        if schema.get("format"):
            try:
                self._format(schema["format"], value, path)
            except formats.FormatError as error:
                _add(errors, path, f"invalid format - {error}")
                return
        complaint = _bounds_complaint(schema, value)
        if complaint:
            _add(errors, path, complaint)

    def _format(self, name: str | Properties, value: str, path: str) -> None:
        if isinstance(name, Mapping):
            self.property_string(name, value, path)
            return
        if name in self._schema.formats:
            values = self.property_string(self._schema.formats[name], value, path)
            if name in _VALIDATORS:
                _VALIDATORS[name](self._schema, values)
            return
        if name in formats.CHECKS:
            formats.CHECKS[name](value)
            return
        match = _FORMAT.match(name)
        base, kind = (match[1], match[2]) if match else (name, None)
        if kind == "opt":
            if value:
                self._format(base, value, path)
        elif kind and base in formats.CHECKS:
            for item in formats.split_list(value):
                formats.CHECKS[base](item)

    def property_string(self, properties: Properties, text: str, path: str) -> dict[str, str]:
        """The members of ``virtio,bridge=vmbr0``; raises `PropertyError`."""
        values = _parse(properties, text)
        errors: Errors = {}
        self._object(path, properties, values, closed=True, errors=errors)
        if errors:
            raise PropertyError(
                "format error\n" + "".join(f"{key}: {text}\n" for key, text in errors.items())
            )
        return values


def _parse(properties: Properties, text: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if equals and not (key and value):
            raise PropertyError("missing key in comma-separated list property\n")
        if not equals:
            key, value = _default_key(properties, values), part
        if key in values:
            raise PropertyError(f"duplicate key in comma-separated list property: {key}\n")
        schema = properties.get(key)
        if schema and schema.get("alias"):
            if schema.get("keyAlias"):
                _set_once(values, schema["keyAlias"], key)
            key = schema["alias"]
            schema = properties.get(key)
        if schema is None:
            values[key] = value
            continue
        values[key] = _truth(value) if schema.get("type") == "boolean" else value
    return values


def _default_key(properties: Properties, values: Mapping[str, str]) -> str:
    for key, schema in properties.items():
        if schema.get("default_key"):
            if key in values:
                raise PropertyError(f"duplicate key in comma-separated list property: {key}\n")
            return key
    raise PropertyError("value without key, but schema does not define a default key\n")


def _set_once(values: dict[str, str], key: str, value: str) -> None:
    if key in values:
        raise PropertyError(f"key alias '{key}' is already defined\n")
    values[key] = value


def _truth(value: str) -> str:
    if value.lower() in _TRUE:
        return "1"
    return "0" if value.lower() in _FALSE else value


def _in_form(schema: Mapping[str, Any], value: Any) -> Any:
    """Forms can only repeat a key: one value may stand for a list, and a list for ``a,b``."""
    if schema.get("type") == "array" and not isinstance(value, list):
        return [value]
    if isinstance(value, list) and str(schema.get("format")).endswith("-list"):
        return ",".join(map(str, value))
    return value


def _add(errors: Errors, path: str, text: str) -> None:
    errors[path] = f"{errors[path]}\\n{text}" if path in errors else text


def _type_complaint(kind: str | None, value: Any) -> str:
    """What is wrong with the value's type; empty when nothing is."""
    if not kind or kind == "any":
        return ""
    container = _PERL_TYPES.get(type(value))
    if kind in ("array", "object"):
        return (
            "" if container == ("ARRAY" if kind == "array" else "HASH") else f"type check ('{kind}') failed"
        )
    if container:
        return f"type check ('{kind}') failed - got {container}"
    if kind == "null":
        return "type check ('null') failed - value is not null"
    fits = {
        "boolean": value in ("0", "1"),
        "integer": bool(_INTEGER.match(value)),
        "number": bool(_NUMBER.match(value)),
    }.get(kind, True)
    return "" if fits else f"type check ('{kind}') failed - got '{value}'"


def _bounds_complaint(schema: Mapping[str, Any], value: str) -> str:
    """The first of pattern, lengths, bounds and enumeration that the value breaks."""
    if schema.get("pattern") and not compiled(schema["pattern"]).match(value):
        return "value does not match the regex pattern"
    if "maxLength" in schema and len(value) > int(schema["maxLength"]):
        return f"value may only be {schema['maxLength']} characters long"
    if "minLength" in schema and len(value) < int(schema["minLength"]):
        return f"value must be at least {schema['minLength']} characters long"
    if _NUMBER.match(value):
        if "maximum" in schema and float(value) > float(schema["maximum"]):
            return f"value must have a maximum value of {schema['maximum']}"
        if "minimum" in schema and float(value) < float(schema["minimum"]):
            return f"value must have a minimum value of {schema['minimum']}"
    if schema.get("enum") and value not in schema["enum"]:
        known = ", ".join(schema["enum"])
        return f"value '{value}' does not have a value in the enumeration '{known}'"
    return ""


def _typed(schema: Mapping[str, Any], value: Any) -> Any:
    """The verified value as a handler sees it: truth values are 1 and 0."""
    if not isinstance(value, str):
        return value
    kind = schema.get("type")
    if kind in ("integer", "boolean"):
        return int(value)
    return float(value) if kind == "number" else value


def _cpu(schema: Schema, values: Mapping[str, str]) -> None:
    """The processor's type must exist."""
    for model in filter(None, (values.get("cputype"), values.get("reported-model"))):
        if model.startswith("custom-"):
            raise formats.FormatError(f"Custom cputype '{model.removeprefix('custom-')}' not found\n")
        if model not in schema.cpu_models:
            text = f"Built-in cputype '{model}' is not defined (missing 'custom-' prefix?)\n"
            raise formats.FormatError(text)


_VALIDATORS = {"pve-vm-cpu-conf": _cpu}
"""Named property strings to what is checked of them as a whole."""
