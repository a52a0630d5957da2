# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the fleet's inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: Inventory of Renfort's machines, from the tags of Proxmox VE clusters
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads the resource list of each cluster, in one API call whatever its size, and learns everything from the
    tags of the guests. Guests without the tag C(renfort) are ignored.
  - Physical servers that carry a machine come from the plan and the stock.
  - Groups are C(fleet) with every machine, one per tier under its name, C(tenant_<name>),
    C(hypervisor_<name>), C(cluster_<name>) where clusters have names, and C(site_<name>) and
    C(rack_<site>_<name>) where the stock says where hypervisors and servers stand.
  - Guests on a hypervisor that is off-line stay in the inventory, with C(renfort_status) V(unknown).
  - What a cluster showed is kept. While its API is away this copy is served, with a warning; its hosts
    are in the group C(stale) and have C(renfort_stale) V(true). A refused token or certificate is an error.
  - A cluster that suddenly shows far fewer machines than its copy is an error until it is accepted.
  - The name of the configuration file ends in C(.fleet.yml) or C(.fleet.yaml).
  - C(scripts/inventory.py) prints the same without Ansible, byte for byte what
    C(ansible-inventory --list --export) prints.
options:
  plugin:
    description: Marks a file as one of this plugin.
    type: str
    required: true
    choices: [ent.renfort.fleet]
  api_hosts:
    description:
      - Addresses of nodes of the cluster, tried in their order after O(api_host) until one answers. Each
        may have a port, as in V(pve2.example.net:443).
      - In the environment variable they are separated by commas.
    type: list
    elements: str
    env:
      - name: RENFORT_PVE_HOSTS
    version_added: 0.2.0
  cluster_name:
    description: Name of the cluster, when there is only one and its machines shall be in C(cluster_<name>).
    type: str
    version_added: 0.2.0
  clusters:
    description:
      - Several clusters, which are asked at the same time. What an entry does not say is taken from the
        environment variables with its name in them, such as C(RENFORT_PVE_NORD_TOKEN_SECRET) for V(nord),
        then from the options beside O(clusters).
      - No two machines may have the same name, in whatever cluster.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the cluster, in small letters, digits and underscores.
        type: str
        required: true
      api_host:
        description: As O(api_host).
        type: str
      api_hosts:
        description: As O(api_hosts).
        type: list
        elements: str
      api_port:
        description: As O(api_port).
        type: int
      api_user:
        description: As O(api_user).
        type: str
      api_token_id:
        description: As O(api_token_id).
        type: str
      api_token_secret:
        description: As O(api_token_secret).
        type: str
      api_token_file:
        description: As O(api_token_file).
        type: str
      ca_file:
        description: As O(ca_file).
        type: str
      timeout:
        description: As O(timeout).
        type: int
    version_added: 0.2.0
  remote_user:
    description: The user that Ansible logs in as.
    type: str
    default: ops
    env:
      - name: RENFORT_REMOTE_USER
  plan_file:
    description:
      - The plan, relative to the configuration file. It need not exist yet.
      - From it come the servers that carry a machine, once they are enrolled; the names of guests that the
        cluster does not know at the moment, such as those of a hypervisor that is off-line; and the racks of
        servers that became hypervisors.
    type: str
  stock_file:
    description:
      - The stock, relative to the configuration file.
      - From it come the servers in service that carry a machine, and the racks of the hypervisors.
    type: str
    version_added: 0.2.0
  allow_empty:
    description:
      - Whether a cluster without any machine, and an inventory without any, are accepted. By default they are
        errors.
    type: bool
    default: false
  filters:
    description:
      - Jinja expressions; only hosts for which all are true are in the inventory. They read the variables of
        the host, C(inventory_hostname) and C(group_names), the groups that are not constructed.
      - An expression that fails leaves the host out, or is an error with O(strict).
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  state_dir:
    description:
      - Folder of the last good copies, one a cluster, without secrets and readable for their owner only.
        Relative to the configuration file; C(~) is the home directory.
      - By default C(renfort/inventory) in E(XDG_STATE_HOME), else in C(~/.local/state).
      - Configurations that see different parts of one cluster need a folder each.
    type: str
    env:
      - name: RENFORT_INVENTORY_STATE
    version_added: 0.2.0
  max_stale_hours:
    description: Age up to which a copy is served while the API is away, in hours; V(0) means never.
    type: int
    default: 168
    env:
      - name: RENFORT_MAX_STALE_HOURS
    version_added: 0.2.0
  max_shrink_percent:
    description:
      - Part of a cluster's machines that may be missing against the last good copy. When more are, and at
        least three, nothing is published.
    type: int
    default: 10
    env:
      - name: RENFORT_MAX_SHRINK_PERCENT
    version_added: 0.2.0
  accept_shrink:
    description:
      - Whether more than O(max_shrink_percent) may be missing this once. What is shown then is what the next
        reading is compared with, so it is meant to be set in the environment of one run.
    type: bool
    default: false
    env:
      - name: RENFORT_ACCEPT_SHRINK
    version_added: 0.2.0
  cache:
    description:
      - Whether a last good copy that is younger than O(cache_timeout) is served without asking the cluster.
        C(--flush-cache) asks all the same.
    type: bool
    default: false
    env:
      - name: ANSIBLE_INVENTORY_CACHE
  cache_timeout:
    description: For how long a copy serves as cache, in seconds.
    type: int
    default: 300
    env:
      - name: ANSIBLE_INVENTORY_CACHE_TIMEOUT
extends_documentation_fragment:
  - ent.renfort.pve
  - constructed
"""

EXAMPLES = r"""
# file: pve.fleet.yml
plugin: ent.renfort.fleet
api_host: pve1.example.net
api_hosts: [pve2.example.net, pve3.example.net]
api_user: renfort@pve
api_token_id: ops
api_token_file: "{{ lookup('env', 'HOME') }}/.config/renfort/token"
ca_file: /etc/pve/pve-root-ca.pem
plan_file: group_vars/all/fleet.yml
stock_file: group_vars/all/stock.yml
filters:
  - renfort_status != 'stopped'
compose:
  ansible_port: 2222 if renfort_tier == 'vpn' else 22
groups:
  front: renfort_tier in ['haproxy', 'web']
keyed_groups:
  - key: renfort_status
    prefix: status

---
# Two clusters with one user; the secrets are in RENFORT_PVE_NORD_TOKEN_SECRET and
# RENFORT_PVE_SUD_TOKEN_SECRET.
plugin: ent.renfort.fleet
api_user: renfort@pve
api_token_id: ops
clusters:
  - name: nord
    api_hosts: [pve-nord-1.example.net, pve-nord-2.example.net]
    ca_file: ~/.config/renfort/nord.pem
  - name: sud
    api_hosts: [pve-sud-1.example.net, pve-sud-2.example.net]
    ca_file: ~/.config/renfort/sud.pem
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible.template import trust_as_template

from ..module_utils.core.errors import RenfortError
from ..module_utils.fleet_inventory import (
    Fleet,
    Host,
    InventoryError,
    groups_of,
    hostvars_of,
    known_to_filters,
    refuse_all_filtered,
)
from ..module_utils.inventory.options import CONSTRUCTED, Settings, settings_of
from ..module_utils.inventory.reading import read_fleet
from ..plugin_utils.plain import plain

EXPRESSIONS = frozenset({*CONSTRUCTED, "filters"})
"""Options that are evaluated for each host, or not at all."""


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "ent.renfort.fleet"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".fleet.yml", ".fleet.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        try:
            config = self.loader.load_from_file(path, cache="none", trusted_as_template=True)
            settings = self._settings(config, path)
            # Ansible's own check of the options comes second: ours says more of what is wrong.
            self.set_options(direct=config, var_options=self._vars)
            fleet = read_fleet(settings, use_cache=cache)
            for warning in fleet.warnings:
                self.display.warning(warning)
            self._fill(fleet, settings)
        except RenfortError as error:
            # Without its cause, which Ansible would print after it once more.
            raise AnsibleParserError(str(error)) from None

    def _settings(self, config: Any, path: str) -> Settings:
        """Return the checked settings of a configuration, the templates of its options filled in."""
        if isinstance(config, Mapping):
            config = {
                str(name): plain(value if name in EXPRESSIONS else self.templar.template(value))
                for name, value in config.items()
            }
        return settings_of(config, file=path, folder=Path(path).parent, environment=os.environ)

    def _fill(self, fleet: Fleet, settings: Settings) -> None:
        """Fill the inventory with the fleet's hosts and groups, constructed ones included."""
        filters = self.get_option("filters")
        hosts = [host for host in fleet.hosts if not filters or self._kept(host, filters, settings)]
        if not settings.allow_empty:
            refuse_all_filtered(len(fleet.hosts), len(hosts))
        for host in hosts:
            self._add(host, hostvars_of(host, user=settings.remote_user))
            if not settings.constructed.empty:
                self._construct(host.name)
                self._unmark(host.name)

    def _kept(self, host: Host, filters: list[str], settings: Settings) -> bool:
        """Whether all filters are true for a host."""
        known = known_to_filters(host, hostvars_of(host, user=settings.remote_user))
        for condition in filters:
            try:
                if not self._compose(condition, known):
                    return False
            except Exception as error:
                if settings.constructed.strict:
                    raise InventoryError(
                        f"The filter {condition!r} fails for {host.name}: {error}."
                    ) from error
                return False
        return True

    def _add(self, host: Host, variables: Mapping[str, Any]) -> None:
        """Add one host to its groups; texts that are no template bear no mark in what is exported."""
        self.inventory.add_host(host.name)
        added = self.inventory.get_host(host.name)
        for group in groups_of(host):
            self.inventory.groups[self.inventory.add_group(group)].add_host(added)
        # Their names are ours: checking each again would take a tenth of the time of a large fleet.
        added.vars.update((name, unmarked(value)) for name, value in variables.items())

    def _construct(self, name: str) -> None:
        """Add the composed variables and the constructed groups of a host."""
        strict = bool(self.get_option("strict"))
        known = self.inventory.get_host(name).get_vars()
        self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
        known = self.inventory.get_host(name).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)

    def _unmark(self, name: str) -> None:
        for variable in self.get_option("compose"):
            found = self.inventory.get_host(name).vars
            if variable in found:
                self.inventory.set_variable(name, variable, unmarked(plain(found[variable])))


@lru_cache(maxsize=4096)
def _trusted(text: str) -> str:
    looks_so = "{{" in text or "{%" in text or "{#" in text
    trusted: str = text if looks_so else trust_as_template(text)
    return trusted


def unmarked(value: Any) -> Any:
    """Return a value whose texts are written as they are; one that looks like a template stays marked."""
    if type(value) is str:
        return _trusted(value)
    if isinstance(value, list):
        return [unmarked(item) for item in value]
    if isinstance(value, dict):
        return {key: unmarked(item) for key, item in value.items()}
    return value
