# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory as the bytes that ``ansible-inventory --list --export`` prints of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..fleet_inventory import Fleet, groups_of, hostvars_of, known_to_filters, refuse_all_filtered
from .options import Settings
from .tree import Tree
from .vars_files import entity_vars

INTERNAL = frozenset(
    [
        "ansible_async_path",
        "ansible_collection_name",
        "ansible_config_file",
        "ansible_dependent_role_names",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_role_names",
        "ansible_playbook_python",
        "ansible_role_name",
        "ansible_role_names",
        "ansible_run_tags",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
    ]
)
"""Variables that Ansible sets itself and never shows."""


def check_expressions(settings: Settings) -> None:
    """Find out before anything is asked whether all expressions can be evaluated here.

    Raises:
        NeedsAnsible: one of them cannot.
    """
    if not settings.constructed.empty:
        from .constructed import Constructor

        Constructor(settings.constructed, Tree())


def tree_of(fleet: Fleet, settings: Settings) -> Tree:
    """Return the hosts in their groups, with all that the configuration constructs.

    Raises:
        NeedsAnsible: the configuration has something that only Ansible evaluates.
        InventoryError: its filters keep no host.
    """
    tree = Tree()
    constructor = None
    if not settings.constructed.empty:
        # Jinja takes longer to import than all the rest of a small inventory.
        from .constructed import Constructor

        constructor = Constructor(settings.constructed, tree)
    for host in fleet.hosts:
        variables = hostvars_of(host, user=settings.remote_user)
        if constructor is not None and not constructor.keeps(known_to_filters(host, variables)):
            continue
        tree.add_host(host.name, variables)
        for group in groups_of(host):
            tree.add_to_group(host.name, group)
        if constructor is not None:
            constructor.construct(host.name)
    if not settings.allow_empty:
        refuse_all_filtered(len(fleet.hosts), len(tree.hosts))
    tree.close()
    return tree


def exported(tree: Tree, folder: Path | None) -> dict[str, Any]:
    """Return the inventory as data, with the variables of the files beside its configuration.

    Args:
        tree: the hosts and groups.
        folder: where ``group_vars`` and ``host_vars`` are; None when there is no such place.

    Raises:
        NeedsAnsible: a file of variables can only be read by Ansible.
    """
    of_groups = entity_vars(folder / "group_vars", tree.groups) if folder else {}
    of_hosts = entity_vars(folder / "host_vars", tree.hosts) if folder else {}
    hostvars = {
        name: _shown({**{key: _marked(value) for key, value in values.items()}, **of_hosts.get(name, {})})
        for name, values in tree.hosts.items()
    }
    data: dict[str, Any] = {"_meta": {"hostvars": hostvars, "profile": "inventory_legacy"}}
    for group in tree.groups.values():
        shown = {
            "hosts": list(group.hosts) if group.name != "all" else [],
            "children": group.children,
            "vars": _shown(of_groups.get(group.name, {})),
        }
        if any(shown.values()):
            data[group.name] = {key: value for key, value in shown.items() if value}
    return data


def as_text(data: Any) -> str:
    """Return data as Ansible prints it."""
    return json.dumps(data, sort_keys=True, indent=4, ensure_ascii=False) + "\n"


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in INTERNAL}


def _marked(value: Any) -> Any:
    """Return a value with every text that looks like a template marked, so that nobody evaluates it."""
    if type(value) is str:
        return {"__ansible_unsafe": value} if "{{" in value or "{%" in value or "{#" in value else value
    if isinstance(value, list):
        return [_marked(item) for item in value]
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return value
