#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's inventory as a script, for AWX and for people: the same content as the inventory plugin."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

EXIT_FAILED = 1
"""The cluster could not be read, or its guests make no inventory."""

EXIT_UNKNOWN_HOST = 3
"""--host named a machine that is not in the inventory."""

CONFIG_VARIABLE = "RENFORT_INVENTORY_CONFIG"

EPILOG = f"""\
Where the API is: from --config, else from the file that {CONFIG_VARIABLE} names, else from
RENFORT_PVE_HOST, _PORT, _USER, _TOKEN_ID, _TOKEN_SECRET or _TOKEN_FILE, _CA_FILE if
RENFORT_PVE_HOST is set, else from inventories/lab/pve.fleet.yml.

Exit status: 0 done; 1 the inventory could not be made; 2 wrong usage; 3 no such host.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    # Before Ansible is imported: it reads its configuration then.
    os.environ.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
    os.environ.setdefault("ANSIBLE_COLLECTIONS_PATH", str(ROOT / "collections"))
    try:
        from ansible.errors import AnsibleError
    except ImportError as error:
        _use_own_python()
        print(f"inventory.py: {error}. Run `make run-tools` or use a Python with Ansible.", file=sys.stderr)
        return EXIT_FAILED
    try:
        with _config_file(options.config) as path:
            data = read_inventory(path, use_cache=not options.refresh_cache)
    except AnsibleError as error:
        print(f"inventory.py: {error}", file=sys.stderr)
        return EXIT_FAILED
    if options.list:
        return _print(data)
    hostvars = data["_meta"]["hostvars"]
    if options.host not in hostvars:
        print(f"inventory.py: no machine is named {options.host}; --list shows them all.", file=sys.stderr)
        return EXIT_UNKNOWN_HOST
    return _print(hostvars[options.host])


def _use_own_python() -> None:
    """Start again with the project's own Python, if it is there and is not this one."""
    own = ROOT / ".venv" / "bin" / "python"
    if own.exists() and Path(sys.prefix) != own.parent.parent:
        os.execv(own, [str(own), *sys.argv])


def read_inventory(path: str, *, use_cache: bool) -> dict[str, Any]:
    """Return the inventory of a configuration file as Ansible wants it from a script, with ``_meta``.

    Raises:
        AnsibleError: the cluster could not be read, or its guests make no inventory.
    """
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader, inventory_loader

    init_plugin_loader([])
    plugin = inventory_loader.get("ent.renfort.fleet")
    inventory = InventoryData()
    plugin.parse(inventory, DataLoader(), path, cache=use_cache)
    plugin.update_cache_if_changed()
    inventory.reconcile_inventory()
    return as_script(inventory)


def as_script(inventory: Any) -> dict[str, Any]:
    """Return an inventory in the form of a script's ``--list``: groups with their hosts, and ``_meta``."""
    groups = {
        name: {"hosts": sorted(host.name for host in group.hosts)}
        for name, group in sorted(inventory.groups.items())
        if name not in ("all", "ungrouped")
    }
    hostvars = {
        name: {
            key: value for key, value in host.vars.items() if key not in ("inventory_file", "inventory_dir")
        }
        for name, host in sorted(inventory.hosts.items())
    }
    return {"_meta": {"hostvars": hostvars}, "all": {"children": sorted(groups)}, **groups}


@contextmanager
def _config_file(named: str | None) -> Iterator[str]:
    """The configuration to read; an empty one where everything comes from the environment."""
    path = named or os.environ.get(CONFIG_VARIABLE, "")
    if not path and os.environ.get("RENFORT_PVE_HOST"):
        with tempfile.NamedTemporaryFile("w", suffix=".fleet.yml", encoding="utf-8") as handle:
            handle.write("plugin: ent.renfort.fleet\n")
            handle.flush()
            yield handle.name
    else:
        yield path or str(ROOT / "inventories" / "lab" / "pve.fleet.yml")


def _print(data: Any) -> int:
    try:
        print(json.dumps(data, indent=2, sort_keys=True), flush=True)
    except BrokenPipeError:
        # The reader, such as head, has seen enough; what is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inventory.py",
        description="Print the fleet's inventory as JSON, from the tags of the Proxmox VE cluster.",
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
        "--refresh-cache", action="store_true", help="ask the cluster even if a cached copy is good"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
