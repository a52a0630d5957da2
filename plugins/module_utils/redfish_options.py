# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say how the management controllers (BMCs) of the servers are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .redfish_errors import BmcOptionsError

ENVIRONMENT = {
    "bmc_user": "RENFORT_BMC_USER",
    "bmc_user_file": "RENFORT_BMC_USER_FILE",
    "bmc_password": "RENFORT_BMC_PASSWORD",
    "bmc_password_file": "RENFORT_BMC_PASSWORD_FILE",
    "bmc_ca_file": "RENFORT_BMC_CA_FILE",
}
"""Option to the environment variable that stands in for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BmcSettings:
    """How to reach the BMCs. ``ca_file`` is empty for the certificates that Python trusts anyway.

    ``timeout_s`` is how long one answer may take: slow BMCs need half a minute.
    """

    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    timeout_s: float = 60.0
    connect_timeout_s: float = 10.0


def argument_spec(env_fallback: Any) -> dict[str, dict[str, Any]]:
    """Return the argument spec of these options.

    Args:
        env_fallback: Ansible's function of this name, so that this file needs no Ansible.
    """
    spec: dict[str, dict[str, Any]] = {
        "bmc_user": {"type": "str"},
        "bmc_user_file": {"type": "path"},
        "bmc_password": {"type": "str", "no_log": True},
        "bmc_password_file": {"type": "path", "no_log": False},
        "bmc_ca_file": {"type": "path"},
        "bmc_timeout": {"type": "int", "default": 60},
    }
    for name, variable in ENVIRONMENT.items():
        spec[name]["fallback"] = (env_fallback, [variable])
    return spec


def settings_from(options: Mapping[str, Any]) -> BmcSettings:
    """Return the settings of a module's options.

    Raises:
        BmcOptionsError: an option is missing, or a file cannot be read.
    """
    timeout = int(options.get("bmc_timeout") or 60)
    if timeout < 1:
        raise BmcOptionsError(f"The option bmc_timeout is {timeout}.", hint="Expected seconds, at least 1.")
    return BmcSettings(
        user=_value(options, "bmc_user", "the user of the BMCs"),
        password=_value(options, "bmc_password", "the password of the BMCs"),
        ca_file=_ca_file(str(options.get("bmc_ca_file") or "")),
        timeout_s=float(timeout),
        connect_timeout_s=min(10.0, float(timeout)),
    )


def _value(options: Mapping[str, Any], name: str, what: str) -> str:
    value = str(options.get(name) or "")
    if value:
        return value
    file = str(options.get(f"{name}_file") or "")
    if not file:
        raise BmcOptionsError(
            f"Cannot reach the BMCs: neither {name} nor {name}_file is set.",
            hint=f"Set one of them, or {ENVIRONMENT[name]} or {ENVIRONMENT[f'{name}_file']}.",
        )
    text = _read(file, f"{name}_file", what).strip()
    if not text:
        raise BmcOptionsError(f"The file {file} ({name}_file) is empty.", hint=f"Expected {what}.")
    return text


def _ca_file(name: str) -> str:
    if not name:
        return ""
    text = _read(name, "bmc_ca_file", "the certificate authority of the BMCs")
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise BmcOptionsError(
            f"The file {name} (bmc_ca_file) holds no certificate.",
            hint="Expected the certificate of the authority that signed those of the BMCs, in PEM.",
        )
    return str(Path(name).expanduser())


def _read(name: str, option: str, what: str) -> str:
    path = Path(name).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BmcOptionsError(
            f"Cannot read {what} from {path} ({option}): {reason}.", hint="Check the path and its rights."
        ) from error
