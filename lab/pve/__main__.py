# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.pve``: run the emulator until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop
import yaml

from .schema import choose
from .seed import SeedError
from .server import BACKENDS, Options, start


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(prog="python -m lab.pve", description="An emulated Proxmox VE cluster.")
    result.add_argument("--datacentre", type=Path, required=True, help="YAML file: nodes, storages, bridges")
    result.add_argument("--state", type=Path, help="file that keeps the state (default: none is kept)")
    result.add_argument("--host", default="127.0.0.1", help="address to listen on")
    result.add_argument("--port", type=int, default=8006, help="port of the API")
    result.add_argument("--admin-port", type=int, default=8007, help="port for counters and faults")
    result.add_argument("--cert", type=Path, help="certificate (default: plain HTTP)")
    result.add_argument("--key", type=Path, help="the certificate's private key")
    result.add_argument("--backend", choices=sorted(BACKENDS), default="memory", help="what plays the guests")
    result.add_argument("--speed", type=float, default=1.0, help="how much faster emulated time passes")
    result.add_argument(
        "--schema", type=Path, help="another release's description of the API (default: that of 8.4)"
    )
    result.add_argument("--bare", action="store_true", help="plant neither templates nor pools")
    result.add_argument("--root-password-file", type=Path, help="file with the password of root@pam")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator."""
    args = parser().parse_args(arguments)
    try:
        if args.schema:
            choose(args.schema)
        datacentre = yaml.safe_load(args.datacentre.read_text())
        if args.bare:
            datacentre |= {"templates": [], "pools": []}
        password = args.root_password_file.read_text().strip() if args.root_password_file else ""
        options = Options(
            state=args.state,
            host=args.host,
            port=args.port,
            admin_port=args.admin_port,
            cert=args.cert,
            key=args.key,
            backend=args.backend,
            speed=args.speed,
            root_password=password,
        )
        uvloop.run(_serve(options, datacentre))
    except (OSError, SeedError, ValueError, yaml.YAMLError) as error:
        print(f"lab.pve: cannot run the emulator: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: Options, datacentre: dict[str, object]) -> None:
    emulator = await start(options, datacentre)
    scheme = "https" if options.cert else "http"
    print(f"API {scheme}://{options.host}:{emulator.server.port}", flush=True)
    print(f"admin http://{options.host}:{emulator.admin.port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await emulator.close()


if __name__ == "__main__":
    sys.exit(main())
