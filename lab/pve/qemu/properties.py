# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Property strings: comma lists of ``key=value`` in which one key may be left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

NET_MODELS = frozenset(
    [
        "e1000",
        "e1000-82540em",
        "e1000-82544gc",
        "e1000-82545em",
        "e1000e",
        "i82551",
        "i82557b",
        "i82559er",
        "ne2k_isa",
        "ne2k_pci",
        "pcnet",
        "rtl8139",
        "virtio",
        "vmxnet3",
    ]
)

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)([KMGT]?)$")
_NEW_DISK = re.compile(r"^([^/:\s]+):(\d+(?:\.\d+)?)$")
_DRIVE_NAME = re.compile(
    r"^(?:ide[0-3]|scsi(?:[12]?\d|30)|virtio(?:\d|1[0-5])|sata[0-5]|efidisk0|tpmstate0)$"
)


def parse_properties(text: str, default_key: str = "") -> dict[str, str]:
    """The keys and values of a property string, in its order."""
    result: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if equals:
            result[key.strip()] = value.strip()
        elif part.strip():
            result[default_key] = part.strip()
    return result


def print_properties(values: dict[str, str]) -> str:
    """The property string of these values, in alphabetical order."""
    return ",".join(f"{key}={value}" for key, value in sorted(values.items()))


def parse_size(text: str) -> int:
    """Bytes of a size such as ``32G``; 0 where there is none."""
    match = _SIZE.match(text)
    return int(float(match[1]) * _UNITS[match[2]]) if match else 0


def format_size(size: int) -> str:
    """The shortest exact form: ``32G``, ``1199M``, ``528K``, ``512``."""
    text = str(size)
    for unit in ("K", "M", "G", "T"):
        if size == 0 or size % 1024:
            break
        size //= 1024
        text = f"{size}{unit}"
    return text


def human_size(size: int) -> str:
    """How a worker's log shows a size: ``4.0 GiB``, ``0.0 B``."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def is_drive(key: str) -> bool:
    """Whether a configuration key names a drive."""
    return _DRIVE_NAME.match(key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """A network card: model, MAC (may be empty) and the rest of its options."""

    model: str
    mac: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def bridge(self) -> str:
        """The bridge, empty for none."""
        return self.options.get("bridge", "")

    @classmethod
    def parse(cls, text: str) -> Net:
        """Read ``virtio=MAC,bridge=b``, ``model=virtio,macaddr=MAC`` or ``virtio``."""
        values = parse_properties(text, "model")
        model, mac = values.pop("model", ""), values.pop("macaddr", "")
        for key in list(values):
            if key in NET_MODELS:
                model, mac = key, values.pop(key)
        return cls(model=model, mac=mac, options=values)

    def __str__(self) -> str:
        head = f"{self.model}={self.mac}" if self.mac else self.model
        return ",".join(part for part in (head, print_properties(self.options)) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A drive: the volume (or what to make) and its options."""

    file: str
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Drive:
        """Read ``vmdata:9/vm-9-disk-0.raw,size=1G``, ``none,media=cdrom``, ``vmdata:8``."""
        return _parse_drive(text)

    def __str__(self) -> str:
        return ",".join(part for part in (self.file, print_properties(self.options)) if part)

    @property
    def size(self) -> int:
        """Bytes, 0 when it does not say."""
        return parse_size(self.options.get("size", ""))

    @property
    def storage(self) -> str:
        """The storage's name; empty for a path, ``none`` and ``cdrom``."""
        name, colon, _ = self.file.partition(":")
        return name if colon and not self.file.startswith("/") else ""

    @property
    def volname(self) -> str:
        """What follows the storage's name."""
        return self.file.partition(":")[2] if self.storage else ""

    @property
    def new_disk(self) -> tuple[str, float] | None:
        """Storage and GiB when the value asks for a new disk."""
        match = _NEW_DISK.match(self.file)
        return (match[1], float(match[2])) if match else None

    @property
    def is_cloudinit(self) -> bool:
        """Whether this is a cloud-init drive, made or still to make."""
        return self.volname == "cloudinit" or bool(
            re.search(r"(?:^|/)vm-\d+-cloudinit(?:\.|$)", self.volname)
        )

    @property
    def is_cdrom(self) -> bool:
        """Whether the guest sees a CD-ROM; a cloud-init drive counts."""
        return self.options.get("media") == "cdrom" or self.is_cloudinit

    def with_options(self, **changes: str | None) -> Drive:
        """A copy with options set, or removed where None."""
        options = self.options | {key: value for key, value in changes.items() if value is not None}
        for key, value in changes.items():
            if value is None:
                options.pop(key, None)
        return Drive(file=self.file, options=options)


@lru_cache(maxsize=65536)
def _parse_drive(text: str) -> Drive:
    values = parse_properties(text, "file")
    file = values.pop("file", "") or values.pop("volume", "")
    return Drive(file=file, options=values)
