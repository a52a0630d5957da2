# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how to reach the API, shared by modules, action and inventory plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .proxmox_errors import OptionsError

ENVIRONMENT = {
    "api_host": "RENFORT_PVE_HOST",
    "api_port": "RENFORT_PVE_PORT",
    "api_user": "RENFORT_PVE_USER",
    "api_token_id": "RENFORT_PVE_TOKEN_ID",
    "api_token_secret": "RENFORT_PVE_TOKEN_SECRET",
    "api_token_file": "RENFORT_PVE_TOKEN_FILE",
    "ca_file": "RENFORT_PVE_CA_FILE",
}
"""Option to the environment variable that stands in for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How to reach the API. ``ca_file`` is empty for the certificates that Python trusts anyway.

    ``timeout_s`` is how long one call may take; a task is waited for apart. With a ``password`` the
    user logs in, and no token is used.
    """

    host: str
    port: int = 8006
    user: str
    token_id: str = ""
    token_secret: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout_s: float = 30.0

    @property
    def where(self) -> str:
        """The API's address, for messages."""
        return f"https://{self.host}:{self.port}"


def argument_spec(env_fallback: Any) -> dict[str, dict[str, Any]]:
    """Return the argument spec of these options.

    Args:
        env_fallback: Ansible's function of this name, so that this file needs no Ansible.
    """
    spec: dict[str, dict[str, Any]] = {
        "api_host": {"type": "str"},
        "api_port": {"type": "int", "default": 8006},
        "api_user": {"type": "str"},
        "api_token_id": {"type": "str"},
        "api_token_secret": {"type": "str", "no_log": True},
        "api_token_file": {"type": "str", "no_log": False},
        "ca_file": {"type": "str"},
        "timeout": {"type": "int", "default": 30},
    }
    for name, variable in ENVIRONMENT.items():
        spec[name]["fallback"] = (env_fallback, [variable])
    return spec


def password_options(env_fallback: Any) -> dict[str, dict[str, Any]]:
    """Return the options of modules that an administrator may run with a password instead of a token."""
    variable = ["RENFORT_PVE_PASSWORD"]
    return {
        "api_password": {"type": "str", "no_log": True, "fallback": (env_fallback, variable)},
        "api_password_file": {"type": "path", "no_log": False},
    }


def settings_from(options: Mapping[str, Any]) -> ApiSettings:
    """Return the settings of a module's or plugin's options.

    Raises:
        OptionsError: an option is missing, or a file cannot be read.
    """
    if password := _password(options):
        return ApiSettings(
            host=_required("api_host", _text(options, "api_host")),
            port=_whole(options, "api_port", 8006),
            user=_required("api_user", _text(options, "api_user")),
            password=password,
            ca_file=_ca_file(_text(options, "ca_file")),
            timeout_s=float(_whole(options, "timeout", 30)),
        )
    user, token_id = _text(options, "api_user"), _text(options, "api_token_id")
    if "!" in token_id:
        user, _, token_id = token_id.partition("!")
    host = _required("api_host", _text(options, "api_host"))
    return ApiSettings(
        host=host,
        port=_whole(options, "api_port", 8006),
        user=_required("api_user", user),
        token_id=_required("api_token_id", token_id),
        token_secret=_secret(options),
        ca_file=_ca_file(_text(options, "ca_file")),
        timeout_s=float(_whole(options, "timeout", 30)),
    )


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name)
    return "" if value is None else str(value).strip()


def _required(name: str, value: str) -> str:
    if value:
        return value
    raise OptionsError(
        f"Cannot reach the Proxmox VE API: the option {name} is not set.",
        hint=f"Set it, or the environment variable {ENVIRONMENT[name]}.",
    )


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    text = _text(options, name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise OptionsError(f"The option {name} is {text!r}.", hint="Expected a whole number of at least 1.")
    return int(text)


def _secret(options: Mapping[str, Any]) -> str:
    secret = _text(options, "api_token_secret")
    if secret:
        return secret
    name = _text(options, "api_token_file")
    if not name:
        raise OptionsError(
            "Cannot reach the Proxmox VE API: neither api_token_secret nor api_token_file is set.",
            hint="Set one of them, or RENFORT_PVE_TOKEN_SECRET or RENFORT_PVE_TOKEN_FILE.",
        )
    return _from_file(name, option="api_token_file", what="the API token's secret")


def _password(options: Mapping[str, Any]) -> str:
    if name := _text(options, "api_password_file"):
        return _from_file(name, option="api_password_file", what="the password")
    return str(options.get("api_password") or "")


def _from_file(name: str, *, option: str, what: str) -> str:
    path = Path(name).expanduser()
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OptionsError(
            f"Cannot read {what} from {path} ({option}): {reason}.",
            hint="Check the path; for the lab, `make lab-up` writes it.",
        ) from error
    if not secret:
        raise OptionsError(f"The file {path} ({option}) is empty.", hint=f"Expected {what}.")
    return secret


def _ca_file(name: str) -> str:
    if not name:
        return ""
    path = Path(name).expanduser()
    expected = "Expected the certificate of the authority that signed the API's certificate, in PEM."
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise OptionsError(
            f"Cannot read the file {path} (ca_file): {error.strerror or error}.", hint=expected
        ) from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise OptionsError(f"The file {path} (ca_file) holds no certificate.", hint=expected)
    return str(path)
