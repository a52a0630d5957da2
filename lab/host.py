# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab needs of this host, and what the host offers."""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from .errors import LabError

TOOLS = {
    "podman": "podman",
    "crun": "crun",
    "nft": "nftables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mmdebstrap": "mmdebstrap",
    "ssh-keygen": "openssh-client",
}
"""Programs the lab runs, with the Debian package of each."""

RESOLVERS = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
"""Where the host names its resolvers; the first knows those behind systemd-resolved's stub."""

MINIMUM_PYTHON = (3, 12)


def require_host(which: Callable[[str], str | None] = shutil.which) -> None:
    """Refuse a host on which the lab cannot run.

    Raises:
        LabError: an interpreter too old, no root, or programs that are missing, all at once.
    """
    if sys.version_info[:2] < MINIMUM_PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise LabError(
            f"The lab needs Python 3.12 or later; this is {found}.",
            hint="Run it through `make`, which finds the interpreter.",
        )
    if os.geteuid() != 0:
        raise LabError("The lab needs root to make machines and networks.", hint="Run it with sudo.")
    missing = [program for program in TOOLS if which(program) is None]
    if missing:
        packages = " ".join(sorted({TOOLS[program] for program in missing}))
        raise LabError(
            f"The lab needs {', '.join(missing)} and this host has none.",
            hint=f"Install what is missing: apt-get install {packages}.",
        )


def nameservers(text: str) -> list[str]:
    """The IPv4 resolvers that the text of a resolv.conf names."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        try:
            found.append(str(ipaddress.IPv4Address(words[1])))
        except ipaddress.AddressValueError:
            continue
    return found


def host_resolver(files: tuple[Path, ...] = RESOLVERS) -> str:
    """The resolver to which the machines' questions are passed on; a real one before a local stub.

    Raises:
        LabError: the host names no IPv4 resolver.
    """
    found = [server for path in files if path.exists() for server in nameservers(path.read_text())]
    remote = [server for server in found if not ipaddress.ip_address(server).is_loopback]
    if not found:
        raise LabError(
            "The host names no IPv4 resolver, so the machines could not reach their mirror.",
            hint="Add a `nameserver` line to /etc/resolv.conf.",
        )
    return (remote or found)[0]
