# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.redfish``: the BMCs of the shelf's servers, as one Redfish service, until told to stop."""

from __future__ import annotations

import argparse
import json
import re
import signal
import ssl
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bcrypt
import yaml
from flask import Flask, Response, request
from sushy_tools.emulator.main import RedfishAuthMiddleware, app
from werkzeug.serving import make_server

from ..errors import LabError
from .driver import ShelfDriver
from .machines import Containers, Machines, NoMachines
from .shelf import parse_shelf

_SYSTEM = re.compile(r"/redfish/v1/Systems/([^/]+)/?")


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(prog="python -m lab.redfish", description="The BMCs of the lab's shelf.")
    result.add_argument("--shelf", type=Path, required=True, help="YAML file: the servers by name")
    result.add_argument("--host", default="127.0.0.1", help="address to listen on")
    result.add_argument("--port", type=int, default=8008, help="port to listen on; 0 takes a free one")
    result.add_argument("--cert", type=Path, required=True, help="certificate")
    result.add_argument("--key", type=Path, help="its private key (default: in the same file)")
    result.add_argument("--user", default="operator", help="the only user")
    result.add_argument("--password-file", type=Path, required=True, help="file with its password")
    result.add_argument("--auth-file", type=Path, required=True, help="file for the hash of the password")
    result.add_argument("--ssh-public-key", type=Path, help="key that installed servers let in")
    result.add_argument(
        "--backend", choices=("none", "podman"), default="none", help="what plays the servers"
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it."""
    args = parser().parse_args(arguments)
    try:
        servers = parse_shelf(yaml.safe_load(args.shelf.read_text(encoding="utf-8")))
        keys = (args.ssh_public_key.read_text(encoding="utf-8").strip(),) if args.ssh_public_key else ()
        machines: Machines = NoMachines() if args.backend == "none" else Containers(servers, ssh_keys=keys)
        driver = ShelfDriver(servers, machines)
        hashed = bcrypt.hashpw(args.password_file.read_bytes().strip(), bcrypt.gensalt(rounds=4))
        args.auth_file.write_text(f"{args.user}:{hashed.decode()}\n", encoding="utf-8")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(args.cert, args.key)
        server = make_server(
            args.host, args.port, application(driver, args.auth_file), threaded=True, ssl_context=tls
        )
    except (OSError, LabError, ValueError, yaml.YAMLError) as error:
        print(f"lab.redfish: cannot serve the shelf: {error}", file=sys.stderr)
        return 1
    print(f"Redfish https://{args.host}:{server.server_port}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    return 0


def application(driver: ShelfDriver, auth_file: Path) -> Flask:
    """sushy-tools' application over the shelf; `GET /shelf/resets` tells what was done to each server."""
    # It has no place to plug a driver in: `systems` is where it looks for the one that it chose.
    type(app).systems = driver
    flask: Flask = app
    flask.config["SUSHY_EMULATOR_FEATURE_SET"] = "vmedia"
    flask.config["SUSHY_EMULATOR_STATE_DIR"] = str(auth_file.parent)
    flask.wsgi_app = RedfishAuthMiddleware(flask.wsgi_app, str(auth_file))  # type: ignore[method-assign]  # as Flask says

    @flask.after_request
    def complete(response: Response) -> Response:
        found = _SYSTEM.fullmatch(request.path)
        if found and request.method == "GET" and response.status_code == 200:
            page: dict[str, Any] = response.get_json()
            response.set_data(json.dumps(driver.completed(found[1], page)))
        return response

    @flask.get("/shelf/resets")
    def resets() -> dict[str, list[str]]:
        return driver.resets

    return flask


if __name__ == "__main__":
    sys.exit(main())
