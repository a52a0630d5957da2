# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made of; a changed recipe has another name and is therefore built anew."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from .apt import Mirror

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "python3",
    "python3-apt",
    "sudo",
    "procps",
    "iproute2",
    "iputils-ping",
    "netbase",
    "tzdata",
    "ca-certificates",
    "curl",
)
"""What Debian's own cloud image holds of what roles rely on."""

DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*/*",
    "path-exclude=/usr/share/doc/*/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/locale/*/LC_MESSAGES/*",
    "path-exclude=/usr/share/info/*",
)
"""Lab machines are thrown away: no waiting for the disk, nothing that only people read."""

RELEASES = {"debian-13": "trixie", "debian-12": "bookworm"}
"""Image names to suites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the content of an image, the age of its packages apart."""

    name: str
    suite: str
    mirror: Mirror
    apt_options: tuple[str, ...]
    customise: str
    certificates: tuple[str, ...] = ()
    packages: tuple[str, ...] = PACKAGES
    dpkg_options: tuple[str, ...] = DPKG_OPTIONS

    @property
    def reference(self) -> str:
        """The name under which the built image is stored."""
        content = json.dumps(asdict(self), sort_keys=True).encode()
        return f"localhost/renfort/{self.name}:{hashlib.sha256(content).hexdigest()[:12]}"

    def argv(self, hook: str) -> list[str]:
        """The command that writes the image as a tar archive to standard output."""
        return [
            "mmdebstrap",
            "--mode=root",
            "--variant=apt",
            "--format=tar",
            "--skip=cleanup/apt/lists",
            f"--include={','.join(self.packages)}",
            *(f"--dpkgopt={option}" for option in self.dpkg_options),
            '--aptopt=Acquire::Languages "none"',
            *(f"--aptopt={option.rstrip(';')}" for option in self.apt_options),
            f"--customize-hook={hook}",
            self.suite,
            "-",
            *self.mirror.lines(self.suite),
        ]
