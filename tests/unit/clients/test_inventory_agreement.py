# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the fleet and the expressions: the script prints what Ansible prints of what the plugin made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible import context
from ansible.cli.inventory import InventoryCLI
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.inventory.fleet import InventoryModule
from ansible_collections.ent.renfort.plugins.module_utils.core.names import TIERS
from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import (
    Fleet,
    Host,
    InventoryError,
    merged,
)
from ansible_collections.ent.renfort.plugins.module_utils.inventory.export import (
    INTERNAL,
    as_text,
    exported,
    tree_of,
)
from ansible_collections.ent.renfort.plugins.module_utils.inventory.needs import NeedsAnsible
from ansible_collections.ent.renfort.plugins.module_utils.inventory.options import Settings, settings_of

HOSTS = st.builds(
    Host,
    name=st.from_regex(r"[a-z]{1,3}-(web|db)-0[1-9](\.example)?", fullmatch=True),
    address=st.sampled_from(["10.0.0.1", "{{ lookup('pipe', 'id') }}"]),
    tier=st.sampled_from(TIERS[:4]),
    tenant=st.sampled_from(["", "eure", "haut_rhin"]),
    status=st.sampled_from(["running", "stopped", "unknown"]),
    vmid=st.integers(100, 104),
    hypervisor=st.sampled_from(["pve1", "pve-2.example", ""]),
    server=st.sampled_from(["", "shelf-01"]),
    cluster=st.sampled_from(["", "nord"]),
    site=st.sampled_from(["", "sud"]),
    rack=st.sampled_from(["", "r1", "salle b"]),
    stale=st.booleans(),
)

KEYS = (
    *("renfort_tier", "renfort_tenant", "renfort_rack", "lacking.deep", "renfort_stale", "renfort_vmid"),
    *("[renfort_tier, '', renfort_status]", "{'a': renfort_tier, 'b': ''}", "'9 é-!'", "group_names", "none"),
    *("facts", "facts.tier", "[]", "inventory_hostname.split('-')[1]", "renfort_rack | default('nowhere')"),
)

VALUES = (
    *("renfort_vmid | default(0) + 1", "{'tier': renfort_tier, 'n': [1, none, 2.5]}", "inventory_hostname"),
    *("renfort_tenant or 'all'", "ansible_host", "group_names", "lacking", "lookup('env', 'HOME')"),
)

CONDITIONS = (
    *("renfort_tier in ['web', 'cas']", "renfort_tenant == 'eure'", "renfort_stale is defined", "true"),
    *("'fleet' in group_names", "lacking", "inventory_hostname.startswith('a')", "facts is mapping"),
)

NAMES = st.sampled_from(["front", "a b", "9lives", "renfort_tier", "web", "customers", "é", "a-b"])

KEYED = st.fixed_dictionaries(
    {"key": st.sampled_from(KEYS)},
    optional={
        "prefix": st.sampled_from(["", "p", "p q"]),
        "separator": st.sampled_from(["", "_", "-"]),
        "parent_group": st.sampled_from(["parents", "front", "9", "web", ""]),
        "default_value": st.sampled_from(["", "other"]),
    },
)

CONSTRUCTED = st.fixed_dictionaries(
    {},
    optional={
        "compose": st.dictionaries(
            st.sampled_from(["facts", "b", "ansible_user", "renfort_tier"]), st.sampled_from(VALUES)
        ),
        "groups": st.dictionaries(NAMES, st.sampled_from(CONDITIONS), max_size=3),
        "keyed_groups": st.lists(KEYED, max_size=4),
        "filters": st.lists(st.sampled_from(CONDITIONS[:5]), max_size=2, unique=True),
        "leading_separator": st.booleans(),
        "strict": st.booleans(),
        "remote_user": st.sampled_from(["ops", "{% x"]),
    },
)


@pytest.fixture(scope="module", autouse=True)
def options_of_ansible() -> None:
    InventoryCLI(["ansible-inventory", "--list", "--export", "-i", "localhost,"]).parse()
    assert context.CLIARGS["export"]


def by_plugin(fleet: Fleet, found: Settings, config: dict[str, Any]) -> str:
    loader, data = DataLoader(), InventoryData()
    plugin = InventoryModule()
    plugin._load_name = plugin.ansible_name = plugin.NAME
    plugin._redirected_names = [plugin.NAME]
    plugin.loader, plugin.inventory, plugin._vars = loader, data, {}
    plugin._options = {"compose": {}, "groups": {}, "keyed_groups": [], "filters": [], "strict": False} | {
        "leading_separator": True,
        "use_extra_vars": False,
    }
    plugin._options |= trusted({name: value for name, value in config.items() if name in plugin._options})
    plugin._fill(fleet, found)
    data.reconcile_inventory()
    command = InventoryCLI(["ansible-inventory", "--list"])
    command.loader = loader
    command.inventory = InventoryManager(loader=loader, sources=None, parse=False)
    command.inventory._inventory = data
    return str(command.dump(command.json_inventory(data.groups["all"]))) + "\n"


def trusted(value: Any) -> Any:
    """A configuration as Ansible's loader gives it."""
    from ansible.template import trust_as_template

    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


@settings(max_examples=300, deadline=None)
@given(st.lists(HOSTS, min_size=1, max_size=6, unique_by=lambda host: host.name), CONSTRUCTED)
def test_script_and_plugin_agree(hosts: list[Host], constructed: dict[str, Any]) -> None:
    config = {"plugin": "ent.renfort.fleet", "api_host": "pve1.example", **constructed}
    found = settings_of(config, file="x.fleet.yml", folder=Path(), environment={})
    fleet = Fleet(hosts=merged(hosts))
    try:
        ours = as_text(exported(tree_of(fleet, found), None))
    except NeedsAnsible:
        return
    except InventoryError as error:
        with pytest.raises(InventoryError, match=str(error).split(".")[0]):
            by_plugin(fleet, found, config)
        return

    assert ours == by_plugin(fleet, found, config)


def test_the_variables_that_are_not_shown_are_those_that_ansible_hides() -> None:
    from ansible.constants import INTERNAL_STATIC_VARS

    assert INTERNAL == INTERNAL_STATIC_VARS
