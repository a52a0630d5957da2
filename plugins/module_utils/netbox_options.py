# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach NetBox, and what there is the stock: from options to values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .netbox_errors import NetboxOptionsError

ENVIRONMENT = {
    "url": "RENFORT_NETBOX_URL",
    "token": "RENFORT_NETBOX_TOKEN",
    "token_file": "RENFORT_NETBOX_TOKEN_FILE",
    "ca_file": "RENFORT_NETBOX_CA_FILE",
}
"""Option to the environment variable that stands in for it."""

_STATUS_OPTIONS = ("hypervisor_statuses", "server_statuses", "delivery_statuses")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetboxSettings:
    """How to reach NetBox. ``ca_file`` is empty for the certificates that Python trusts anyway.

    ``timeout_s`` is how long one call may take.
    """

    url: str
    token: str = field(repr=False)
    ca_file: str = ""
    validate_certs: bool = True
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which devices and prefixes are the stock: slugs of NetBox.

    ``sites`` is empty for all of them; an empty ``network_tag`` is for no network at all.
    """

    sites: tuple[str, ...] = ()
    hypervisor_roles: tuple[str, ...] = ("hypervisor",)
    hypervisor_statuses: tuple[str, ...] = ("active",)
    server_roles: tuple[str, ...] = ("hypervisor", "server")
    server_statuses: tuple[str, ...] = ("inventory",)
    delivery_statuses: tuple[str, ...] = ("planned",)
    network_tag: str = "renfort-guests"
    ignore_tag: str = "renfort-ignore"


def argument_spec(env_fallback: Any) -> dict[str, dict[str, Any]]:
    """Return the argument spec of these options.

    Args:
        env_fallback: Ansible's function of this name, so that this file needs no Ansible.
    """
    usual = Selection()
    spec: dict[str, dict[str, Any]] = {
        "url": {"type": "str"},
        "token": {"type": "str", "no_log": True},
        "token_file": {"type": "str", "no_log": False},
        "ca_file": {"type": "str"},
        "validate_certs": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 30},
    }
    for name, variable in ENVIRONMENT.items():
        spec[name]["fallback"] = (env_fallback, [variable])
    for name in Selection.__dataclass_fields__:
        default = getattr(usual, name)
        if isinstance(default, str):
            spec[name] = {"type": "str", "default": default}
        else:
            spec[name] = {"type": "list", "elements": "str", "default": list(default)}
    return spec


def settings_from(options: Mapping[str, Any]) -> NetboxSettings:
    """Return how to reach NetBox, from a module's options.

    Raises:
        NetboxOptionsError: an option is missing or wrong, or a file cannot be read.
    """
    return NetboxSettings(
        url=_url(_text(options, "url")),
        token=_token(options),
        ca_file=_ca_file(_text(options, "ca_file")),
        validate_certs=bool(options.get("validate_certs", True)),
        timeout_s=_timeout(options),
    )


def selection_from(options: Mapping[str, Any]) -> Selection:
    """Return what is selected, from a module's options; one that is absent has its default.

    Raises:
        NetboxOptionsError: a list that needs an entry is empty, or a status means two things.
    """
    given: dict[str, Any] = {}
    for name in Selection.__dataclass_fields__:
        value = options.get(name)
        if value is None:
            continue
        given[name] = value.strip() if isinstance(value, str) else tuple(str(item).strip() for item in value)
        if given[name] == () and name != "sites":
            # Without a value, NetBox would not filter at all.
            raise NetboxOptionsError(
                f"The option {name} is an empty list.", hint="Expected at least one slug."
            )
    selection = Selection(**given)
    seen: dict[str, str] = {}
    for option in _STATUS_OPTIONS:
        for status in getattr(selection, option):
            if seen.setdefault(status, option) != option:
                raise NetboxOptionsError(
                    f"The status {status} is in {seen[status]} and in {option}.",
                    hint="A device is in service, on the shelf or announced: name each status once.",
                )
    return selection


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name)
    return "" if value is None else str(value).strip()


def _url(text: str) -> str:
    if not text:
        raise NetboxOptionsError(
            "Cannot reach NetBox: the option url is not set.",
            hint=f"Set it, or the environment variable {ENVIRONMENT['url']}.",
        )
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise NetboxOptionsError(
            f"Cannot reach NetBox: the option url is {text!r}.",
            hint="Expected the address of its start page, such as https://netbox.example.net.",
        )
    return text.rstrip("/").removesuffix("/api")


def _timeout(options: Mapping[str, Any]) -> float:
    text = _text(options, "timeout") or "30"
    if not text.isdecimal() or int(text) < 1:
        raise NetboxOptionsError(
            f"The option timeout is {text!r}.", hint="Expected a whole number of seconds, at least 1."
        )
    return float(text)


def _token(options: Mapping[str, Any]) -> str:
    token = _text(options, "token")
    if token:
        return token
    name = _text(options, "token_file")
    if not name:
        raise NetboxOptionsError(
            "Cannot reach NetBox: neither token nor token_file is set.",
            hint=f"Set one of them, or {ENVIRONMENT['token']} or {ENVIRONMENT['token_file']}.",
        )
    path = Path(name).expanduser()
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NetboxOptionsError(
            f"Cannot read the API token from {path} (token_file): {reason}.", hint="Check the path."
        ) from error
    if not token or len(token.split()) != 1:
        raise NetboxOptionsError(
            f"The file {path} (token_file) does not hold one token.",
            hint="Expected nbt_<key>.<token>, or the 40 digits of a token of version 1, and nothing else.",
        )
    return token


def _ca_file(name: str) -> str:
    if not name:
        return ""
    path = Path(name).expanduser()
    expected = "Expected the certificate of the authority that signed NetBox's certificate, in PEM."
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NetboxOptionsError(
            f"Cannot read the file {path} (ca_file): {error.strerror or error}.", hint=expected
        ) from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise NetboxOptionsError(f"The file {path} (ca_file) holds no certificate.", hint=expected)
    return str(path)
