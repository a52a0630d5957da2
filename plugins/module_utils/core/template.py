# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden template: what it must be, how far the cluster is, and the steps that are left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .errors import RenfortError

TAG = "renfort-template"
"""The tag of a template, finished or not."""

DISK = "scsi0"
SEED_DRIVE = "ide2"
"""Where the first boot's seed is and then the cloud-init drive: one call replaces one by the other."""

LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Checksum algorithm to the number of its hexadecimal digits."""

SUFFIXES = (".qcow2", ".raw", ".vmdk")


class TemplateError(RenfortError):
    """The template cannot be what was asked for."""


class Step(StrEnum):
    """One step on the way to the template, in their order."""

    FETCH = "fetch image"
    SEED = "upload seed"
    CREATE = "create"
    RESEED = "change seed"
    GROW = "grow disk"
    BOOT = "first boot"
    FINISH = "attach cloud-init drive"
    TIDY = "remove image and seed"
    CONVERT = "convert"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is asked for. Memory in MiB, disk in GiB; ``images`` is the storage that images are fetched to.

    ``checksum`` is ``algorithm:digits``. ``seed`` names the file of the first boot's seed, by its content.
    """

    vmid: int
    name: str
    node: str
    storage: str
    images: str
    bridge: str
    image: str
    checksum: str
    seed: str
    cores: int = 2
    memory_mib: int = 2048
    disk_gib: int = 8

    @property
    def algorithm(self) -> str:
        """The checksum's algorithm."""
        return self.checksum.partition(":")[0]

    @property
    def digits(self) -> str:
        """The checksum itself."""
        return self.checksum.partition(":")[2]

    @property
    def image_file(self) -> str:
        """The image's name in the storage, which another image never has."""
        name = self.image.partition("?")[0].rpartition("/")[2]
        stem, _, suffix = name.rpartition(".")
        return f"{re.sub(r'[^A-Za-z0-9_.-]', '-', stem)}-{self.digits[:12]}.{suffix}"

    @property
    def image_volume(self) -> str:
        """The image in the storage."""
        return f"{self.images}:import/{self.image_file}"

    @property
    def seed_volume(self) -> str:
        """The seed in the storage."""
        return f"{self.images}:iso/{self.seed}"

    @property
    def description(self) -> str:
        """What the template says of itself: by this it is known again."""
        return f"Golden template of Renfort.\n\nimage: {self.image}\n\nchecksum: {self.checksum}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is: the guest's configuration (None without one), and the files of the image storage."""

    config: Mapping[str, Any] | None = None
    files: frozenset[str] = field(default_factory=frozenset)

    @property
    def template(self) -> bool:
        """Whether the guest is a template already."""
        return self.config is not None and bool(int(self.config.get("template") or 0))

    @property
    def seed(self) -> str:
        """The seed that is in the drive; empty without one."""
        file = str((self.config or {}).get(SEED_DRIVE, "")).partition(",")[0].removeprefix("file=")
        return file if ":iso/" in file else ""

    @property
    def finished(self) -> bool:
        """Whether the first boot is over and its seed gone."""
        return "cloudinit" in str((self.config or {}).get(SEED_DRIVE, ""))

    @property
    def disk_gib(self) -> float:
        """The disk's size; 0 where it is not told."""
        found = re.search(r"(?:^|,)size=(\d+(?:\.\d+)?)([KMGT])", str((self.config or {}).get(DISK, "")))
        units = {"K": 1 / 1024**2, "M": 1 / 1024, "G": 1.0, "T": 1024.0}
        return float(found[1]) * units[found[2]] if found else 0.0


def mac_of(vmid: int) -> str:
    """Return the address of the template's card, by which the seed names it; clones get others."""
    last = vmid % 2**24
    return f"02:72:66:{last >> 16:02X}:{last >> 8 & 255:02X}:{last & 255:02X}"


def check_template(template: Template) -> None:
    """Refuse an image or a checksum that cannot be one.

    Raises:
        TemplateError: with the option, and what is expected.
    """
    if not re.match(r"https?://\S+$", template.image):
        raise TemplateError(f"image is {template.image!r}.", hint="Expected a URL with http or https.")
    if not template.image.partition("?")[0].endswith(SUFFIXES):
        raise TemplateError(
            f"image is {template.image!r}.", hint=f"Expected a file that ends with {', '.join(SUFFIXES)}."
        )
    digits = LENGTHS.get(template.algorithm, 0)
    if not digits or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", template.digits):
        lengths = ", ".join(f"{name}: and {number} digits" for name, number in LENGTHS.items())
        raise TemplateError(
            f"checksum is {template.checksum!r}.",
            hint=f"Expected the algorithm and hexadecimal digits in small letters ({lengths}).",
        )


def steps(template: Template, found: Found) -> tuple[Step, ...]:
    """Return the steps that are left, in their order; none when the template is as wanted.

    Raises:
        TemplateError: the id is somebody else's, or that of a template from another image.
    """
    if found.config is None:
        missing = [Step.FETCH] if template.image_volume not in found.files else []
        missing += [Step.SEED] if template.seed_volume not in found.files else []
        return (*missing, Step.CREATE, Step.GROW, Step.BOOT, Step.FINISH, Step.TIDY, Step.CONVERT)
    _check_origin(template, found.config)
    if found.template:
        return (Step.UPDATE,) if update(template, found.config) else ()
    return (*_rest(template, found), Step.TIDY, Step.CONVERT)


def _rest(template: Template, found: Found) -> list[Step]:
    """The steps between the guest's making and its conversion."""
    if found.finished:
        return []
    left = [Step.SEED] if template.seed_volume not in found.files else []
    left += [Step.RESEED] if found.seed != template.seed_volume else []
    left += [Step.GROW] if found.disk_gib < template.disk_gib else []
    return [*left, Step.BOOT, Step.FINISH]


def _check_origin(template: Template, config: Mapping[str, Any]) -> None:
    text = str(config.get("description") or "")
    image, checksum = (
        (match[1] if (match := re.search(rf"^{key}: (\S+)$", text, re.MULTILINE)) else "")
        for key in ("image", "checksum")
    )
    who = f"{config.get('name') or 'a guest without a name'} ({template.vmid})"
    if not checksum:
        raise TemplateError(
            f"The id {template.vmid} is that of {who}, which this playbook did not make; it is not touched.",
            hint="Choose another id for the template.",
        )
    if (image, checksum) != (template.image, template.checksum):
        raise TemplateError(
            f"The template {who} was made from {image} ({checksum[:19]}…), not from {template.image} "
            f"({template.checksum[:19]}…). It is not touched, since guests may stand on its disk.",
            hint="Choose a new id for the new image, and plan with it; the old template can go when no guest "
            "needs it.",
        )


def creation(template: Template) -> dict[str, Any]:
    """Return the parameters that make the guest, its disk a copy of the image."""
    return {
        "vmid": template.vmid,
        "name": template.name,
        "description": template.description,
        "tags": TAG,
        "cores": template.cores,
        "cpu": "x86-64-v2-AES",
        "memory": template.memory_mib,
        "ostype": "l26",
        "agent": "enabled=1",
        "scsihw": "virtio-scsi-pci",
        DISK: f"{template.storage}:0,import-from={template.image_volume},discard=on",
        SEED_DRIVE: f"{template.seed_volume},media=cdrom",
        "net0": f"virtio={mac_of(template.vmid)},bridge={template.bridge}",
        "serial0": "socket",
        "vga": "serial0",
        "boot": f"order={DISK}",
    }


def update(template: Template, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is written anew on a template that exists: name, cores, memory; the rest is its disk's."""
    wanted = {"name": template.name, "cores": template.cores, "memory": template.memory_mib}
    return {key: value for key, value in wanted.items() if str(config.get(key, "")) != str(value)}


def as_text(config: Mapping[str, Any] | None) -> str:
    """Return a guest as text, for a diff; nothing without one."""
    if config is None:
        return ""
    keys = ("name", "template", "cores", "memory", "net0", DISK, SEED_DRIVE, "agent", "tags", "description")
    lines = [f"{key}: {' '.join(str(config[key]).split())}" for key in keys if key in config]
    return "".join(f"{line}\n" for line in lines)


def wanted_text(template: Template, found: Found) -> str:
    """Return what the guest will be as text, for a diff."""
    config = dict(found.config or creation(template) | {DISK: f"{template.storage}:{template.vmid}/…"})
    if not found.template:
        config |= {"template": 1, SEED_DRIVE: f"{template.storage}:cloudinit"}
    return as_text(config | update(template, config))
