# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The named formats of the schema: what a value must look like, and the complaint when it does not."""

from __future__ import annotations

import re
from collections.abc import Callable

from .roles import ALL_PRIVILEGES

Check = Callable[[str], None]


class FormatError(Exception):
    """A value does not have its format; the text ends with a newline, as the original's does."""


CHECKS: dict[str, Check] = {}
"""Format name to the function which raises `FormatError`."""

_NAME = r"[A-Za-z0-9\.\-_]+"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?"
REALM = r"[A-Za-z][A-Za-z0-9\.\-_]+"
TOKEN_ID = r"[A-Za-z][A-Za-z0-9\.\-_]+"
TAG = r"(?i:[a-z0-9_][a-z0-9_\-\+\.]*)"
STORAGE_ID = r"(?i:[a-z][a-z0-9\-\_\.]*[a-z0-9])"
POOL = rf"{_NAME}(?:/{_NAME}){{0,2}}"
_MIN_USER, _MAX_USER, _MAX_REALM = 3, 64, 32


def checker(name: str) -> Callable[[Check], Check]:
    """Register the check of a format."""

    def register(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return register


def _pattern(name: str, pattern: str, complaint: str) -> None:
    """Register a format that is a pattern; ``{}`` in the complaint stands for the value."""
    compiled = re.compile(f"^(?:{pattern})$", re.ASCII)

    def check(value: str) -> None:
        if not compiled.match(value):
            raise FormatError(complaint.replace("{}", value) + "\n")

    CHECKS[name] = check


_pattern("pve-node", _LABEL, "value does not look like a valid node name")
_pattern("pve-vmid", "[1-9][0-9]{2,8}", "value does not look like a valid VM ID")
_pattern("pve-configid", "(?i:[a-z][a-z0-9_-]+)", "invalid configuration ID '{}'")
_pattern("pve-storage-id", STORAGE_ID, "storage ID '{}' contains illegal characters")
_pattern("pve-realm", REALM, "value does not look like a valid realm")
_pattern("pve-groupid", _NAME, "group name '{}' contains invalid characters")
_pattern("pve-roleid", _NAME, "role name '{}' contains invalid characters")
_pattern("pve-poolid", POOL, "pool name '{}' contains invalid characters")
_pattern("pve-tokenid", rf"[^\s:/]+\@{REALM}\!{TOKEN_ID}", "value '{}' does not look like a valid token ID")
_pattern("dns-name", rf"(?:{_LABEL}\.)*{_LABEL}", "value does not look like a valid DNS name")
_pattern("urlencoded", r"[-%a-zA-Z0-9_.!~*'()]*", "invalid urlencoded string: {}")
_pattern("pve-tag", TAG, "invalid characters in tag")
_pattern("disk-size", r"\d+(?:\.\d+)?[KMGT]?", "value does not look like a valid disk size: {}")
_pattern("pve-iface", r"(?i:[a-z][a-z0-9_]{1,20}(?:[:\.]\d+)?)", "invalid network interface name '{}'")
_pattern("pve-bridge-id", r"[-_.\w]+", "invalid bridge ID '{}'")
_pattern("pve-volume-id", rf"{STORAGE_ID}:.+", "unable to parse volume ID '{{}}'".replace("{{}}", "{}"))
_pattern("pve-storage-path", r"(?i:/[-/a-z0-9_.@]+)", "value does not look like a valid absolute path")
_pattern("pve-storage-vgname", r"(?i:[a-z0-9\-\_\.]+)", "lvm name '{}' contains illegal characters")
_pattern("pve-replication-job-id", r"[1-9][0-9]{2,8}-\d{1,9}", "invalid replication job id '{}'")
_pattern("pve-qm-bootdisk", r"(?:ide|scsi|virtio|sata)\d+", "invalid boot disk '{}'")
_pattern("pve-qm-bootdev", r"(?:ide|scsi|virtio|sata|net|usb|hostpci)\d+", "invalid boot device '{}'")
_pattern("pve-ha-group-node", rf"{_LABEL}(?::\d+)?", "unable to parse value of 'nodes'")
_pattern(
    "pve-ha-resource-or-vm-id", r"(?:(?:vm|ct):\d+|\d+)", "value does not look like a valid HA resource id"
)
_pattern(
    "ldap-simple-attr", r"(?i:[a-z0-9_-]+)", "value '{}' does not look like a simple ldap attribute name"
)
_pattern("pve-day-of-week", "(?:mon|tue|wed|thu|fri|sat|sun)", "invalid day '{}'")
_pattern("pve-task-status-type", "(?i:ok|error|warning|unknown)", "invalid status '{}'")
_pattern("pve-vlan-id-or-range", r"\d+(?:-\d+)?", "invalid VLAN id or range '{}'")
_pattern("pve-cpuset", r"\s*\d+(?:-\d+)?(?:\s*,\s*\d+(?:-\d+)?)*\s*", "cpuset '{}' is invalid")
_pattern("pve-dir-override", r".+=/.+", "invalid override '{}'")
_pattern("storage-pair", rf"(?:{STORAGE_ID}(?::{STORAGE_ID})?|1)", "invalid storage pair '{}'")
_pattern("bridge-pair", r"[-_.\w]+(?::[-_.\w]+)?|1", "invalid bridge pair '{}'")
_pattern("pve-fw-addr-spec", r"\S.*", "value does not look like a valid address list")
_pattern("pve-fw-dport-spec", r"(?i:[a-z0-9\-:,]+)", "invalid port '{}'")
_pattern("pve-fw-sport-spec", r"(?i:[a-z0-9\-:,]+)", "invalid port '{}'")
_pattern("pve-fw-protocol-spec", r"(?i:[a-z0-9\-]+)", "invalid protocol '{}'")
_pattern("pve-fw-icmp-type-spec", r"(?i:[a-z0-9\-/]+)", "invalid icmp-type '{}'")
_pattern("email", r"\S+@\S+", "value does not look like a valid email address")
_pattern("pve-storage-options", r"\S+", "unable to parse mount options")
_pattern(
    "pve-phys-bits",
    "(?:[89]|[1-5][0-9]|6[0-4]|host)",
    "value must be an integer between 8 and 64 or 'host'",
)
_pattern("string", "(?s:.*)", "")
_pattern("pve-tfa-config", "type=(?:yubico|oath).*", "unable to parse tfa option")

_CONTENT = frozenset({"images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"})
_HOTPLUG = frozenset({"network", "disk", "cpu", "memory", "usb", "cloudinit"})
_STARTUP = re.compile(r"^(?:(?:order=)?\d+|up=\d+|down=\d+)$")


@checker("pve-userid")
def user(value: str) -> None:
    """``name@realm``."""
    if len(value) < _MIN_USER:
        raise FormatError(f"user name '{value}' is too short\n")
    if len(value) > _MAX_USER:
        raise FormatError(f"user name '{value}' is too long ({len(value)} > {_MAX_USER})\n")
    if not re.match(rf"^[^\s:/]+\@{REALM}$", value):
        raise FormatError(f"value '{value}' does not look like a valid user name\n")


@checker("pve-priv")
def privilege(value: str) -> None:
    """A privilege that exists."""
    if value not in ALL_PRIVILEGES:
        raise FormatError(f"invalid privilege '{value}'\n")


@checker("pve-storage-content")
def storage_content(value: str) -> None:
    """A kind of content."""
    if value not in _CONTENT:
        raise FormatError(f"invalid content type '{value}'\n")


@checker("pve-volume-id-or-absolute-path")
def volume_or_path(value: str) -> None:
    """A volume, or a path of the host."""
    if not value.startswith("/"):
        CHECKS["pve-volume-id"](value)


@checker("pve-volume-id-or-qm-path")
def volume_or_drive(value: str) -> None:
    """A volume, a path, the host's drive or none."""
    if value not in ("none", "cdrom"):
        volume_or_path(value)


@checker("pve-hotplug-features")
def hotplug(value: str) -> None:
    """``0``, ``1`` or a list of what may be changed in a running guest."""
    if value in ("0", "1"):
        return
    for feature in split_list(value):
        if feature not in _HOTPLUG:
            raise FormatError(f"invalid hotplug feature '{feature}'\n")


@checker("pve-startup-order")
def startup(value: str) -> None:
    """``order=1,up=30,down=60``."""
    for part in value.split(","):
        if part.strip() and not _STARTUP.match(part):
            raise FormatError("unable to parse startup options\n")


@checker("email-or-username")
def email_or_user(value: str) -> None:
    """An address for mail, or a user's name."""
    if not re.match(r"^\S+@\S+$", value):
        raise FormatError("value does not look like a valid email address or user name\n")


@checker("pve-calendar-event")
def calendar_event(value: str) -> None:
    """When a job runs, as in systemd."""
    if not re.match(r"^[\w\s,.:*/~-]+$", value):
        raise FormatError(f"invalid calendar event '{value}'\n")


def split_list(text: str) -> list[str]:
    """Split at commas, semicolons and white space, or at NUL where there is one."""
    if "\0" in text:
        return text.split("\0")
    return [part for part in re.split(r"[,;\s]+", text) if part]
