# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of ``scripts/inventory.py``. Ansible is only started for what means nothing without it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError

ROOT = Path(__file__).resolve().parent.parent.parent

EXIT_FAILED = 1
"""A cluster could not be read, or its guests make no inventory."""

EXIT_UNKNOWN_HOST = 3
"""--host named a machine that is not in the inventory."""

CONFIG_VARIABLE = "RENFORT_INVENTORY_CONFIG"

DEFAULT_CONFIG = ROOT / "inventories" / "lab" / "pve.fleet.yml"

EPILOG = f"""\
Where the API is: from --config, else from the file that {CONFIG_VARIABLE} names, else from
RENFORT_PVE_HOST (or _HOSTS), _PORT, _USER, _TOKEN_ID, _TOKEN_SECRET or _TOKEN_FILE, _CA_FILE if the
first is set, else from inventories/lab/pve.fleet.yml. docs/guides/inventory.md describes all options.

A configuration that uses more of Jinja than is evaluated here, or encrypted files, is read through
ansible-inventory; a line on stderr says why.

Exit status: 0 done; 1 the inventory could not be made; 2 wrong usage; 3 no such host.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    if options.accept_shrink:
        os.environ["RENFORT_ACCEPT_SHRINK"] = "1"
    try:
        data = _inventory(_config(options.config), use_cache=not options.refresh_cache)
    except RenfortError as error:
        return _fail(str(error))
    except ImportError as error:
        return _fail(f"{error}. Run `make run-tools`, or use a Python with requirements.txt installed.")
    except subprocess.CalledProcessError:
        return EXIT_FAILED
    if options.list:
        return _print(data)
    hostvars = data["_meta"]["hostvars"]
    if options.host not in hostvars:
        _fail(f"no machine is named {options.host}; --list shows them all.")
        return EXIT_UNKNOWN_HOST
    return _print(hostvars[options.host])


def _config(named: str | None) -> Path | None:
    """Return the configuration file; None where everything comes from the environment."""
    path = named or os.environ.get(CONFIG_VARIABLE, "")
    if not path and (os.environ.get("RENFORT_PVE_HOST") or os.environ.get("RENFORT_PVE_HOSTS")):
        return None
    return Path(path).expanduser() if path else DEFAULT_CONFIG


def _inventory(path: Path | None, *, use_cache: bool) -> dict[str, Any]:
    """Return the inventory as the plugin exports it.

    Raises:
        RenfortError: it could not be made.
        subprocess.CalledProcessError: Ansible was needed and failed; it has said why.
    """
    from ansible_collections.ent.renfort.plugins.module_utils.inventory.config import (
        settings_from_environment,
        settings_from_file,
    )
    from ansible_collections.ent.renfort.plugins.module_utils.inventory.export import (
        check_expressions,
        exported,
        tree_of,
    )
    from ansible_collections.ent.renfort.plugins.module_utils.inventory.needs import NeedsAnsible
    from ansible_collections.ent.renfort.plugins.module_utils.inventory.reading import read_fleet

    try:
        if path is None:
            settings = settings_from_environment(os.environ)
        else:
            settings = settings_from_file(path, os.environ)
        check_expressions(settings)
        fleet = read_fleet(settings, use_cache=use_cache)
        data = exported(tree_of(fleet, settings), path.resolve().parent if path else None)
    except NeedsAnsible as reason:
        if path is None:
            raise
        _tell(f"asking ansible-inventory, because of {reason}.")
        return _by_ansible(path, use_cache=use_cache)
    for warning in fleet.warnings:
        _tell(f"warning: {warning}")
    return data


def _by_ansible(path: Path, *, use_cache: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(path), "--list", "--export"]
    environment = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        **os.environ,
        # Without it, an inventory that cannot be made is an empty one.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    if not use_cache:
        command.append("--flush-cache")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _print(data: Any) -> int:
    from ansible_collections.ent.renfort.plugins.module_utils.inventory.export import as_text

    try:
        sys.stdout.buffer.write(as_text(data).encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader, such as head, has seen enough; what is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(text: str) -> int:
    _tell(text)
    return EXIT_FAILED


def _tell(text: str) -> None:
    print(f"inventory.py: {text}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inventory.py",
        description="Print the fleet's inventory as JSON, from the tags of the Proxmox VE clusters.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--list", action="store_true", help="every group and, under _meta, every host's variables"
    )
    what.add_argument("--host", metavar="NAME", help="the variables of one machine")
    parser.add_argument("--config", metavar="FILE", help="a *.fleet.yml file of the inventory plugin")
    parser.add_argument(
        "--refresh-cache", action="store_true", help="ask the clusters even if a cached copy is good"
    )
    parser.add_argument(
        "--accept-shrink", action="store_true", help="publish even if many machines are gone at once"
    )
    return parser
