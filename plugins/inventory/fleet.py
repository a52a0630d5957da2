# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the fleet's inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: Inventory of Renfort's machines, from the tags of a Proxmox VE cluster
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads the cluster's resource list, in one API call whatever its size, and learns everything from the tags
    of the guests. Guests without the tag C(renfort) are ignored.
  - Groups are C(fleet) with every machine, one per tier under its name, C(tenant_<name>) and
    C(hypervisor_<name>).
  - Guests on a hypervisor that is off-line stay in the inventory, with C(renfort_status) V(unknown).
  - The name of the configuration file ends in C(.fleet.yml) or C(.fleet.yaml).
options:
  plugin:
    description: Marks a file as one of this plugin.
    type: str
    required: true
    choices: [ent.renfort.fleet]
  remote_user:
    description: The user that Ansible logs in as.
    type: str
    default: ops
  plan_file:
    description:
      - A plan, from which the names of guests are taken that the cluster does not know at the moment, such as
        those of a hypervisor that is off-line. Relative to the configuration file. It need not exist.
    type: str
  allow_empty:
    description: Whether an inventory without any machine is accepted. By default it is an error.
    type: bool
    default: false
extends_documentation_fragment:
  - ent.renfort.pve
  - constructed
  - inventory_cache
"""

EXAMPLES = r"""
# file: pve.fleet.yml
plugin: ent.renfort.fleet
api_host: pve1.example.net
api_user: renfort@pve
api_token_id: ops
api_token_file: "{{ lookup('env', 'HOME') }}/.config/renfort/token"
ca_file: /etc/pve/pve-root-ca.pem
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/renfort/inventory
cache_timeout: 300
keyed_groups:
  - key: renfort_status
    prefix: status
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils.core.errors import RenfortError
from ..module_utils.fleet_inventory import Fleet, fleet_from, groups_of, hostvars_of, refuse_empty
from ..module_utils.inputs import load_plan
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_cluster import guest_rows, guests_from
from ..module_utils.proxmox_options import ENVIRONMENT, ApiSettings, settings_from

KEPT_FIELDS = ("type", "vmid", "name", "node", "status", "template", "tags")
"""What the cache keeps of a row: no counters, which change at every reading."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "ent.renfort.fleet"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".fleet.yml", ".fleet.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        try:
            settings = settings_from({name: self._option(name) for name in (*ENVIRONMENT, "timeout")})
            rows = self._fetch(settings, path, cache)
            fleet = self._model(rows, settings, path)
        except RenfortError as error:
            # Without its cause, which Ansible would print after it once more.
            raise AnsibleParserError(str(error)) from None
        self._groups(fleet)

    def _fetch(self, settings: ApiSettings, path: str, cache: bool) -> list[dict[str, Any]]:
        """Return the cluster's rows of guests, from the cache if it is on and still good."""
        self.load_cache_plugin()
        key = self.get_cache_key(f"{path}|{settings.where}|{settings.user}!{settings.token_id}")
        wanted = bool(self.get_option("cache"))
        if cache and wanted and key in self._cache:
            return list(self._cache[key])
        sent = guest_rows(Client(settings, read_only=True))
        rows = [{field: row[field] for field in KEPT_FIELDS if field in row} for row in sent]
        if wanted:
            self._cache[key] = rows
        return rows

    def _model(self, rows: list[dict[str, Any]], settings: ApiSettings, path: str) -> Fleet:
        """Return the fleet among the rows."""
        fleet = fleet_from(guests_from(rows), planned_names=self._planned_names(path))
        if not self.get_option("allow_empty"):
            refuse_empty(fleet, where=settings.where)
        for warning in fleet.warnings:
            self.display.warning(warning)
        return fleet

    def _groups(self, fleet: Fleet) -> None:
        """Fill the inventory with the fleet's hosts and groups, constructed ones included."""
        user = self._option("remote_user")
        strict = bool(self.get_option("strict"))
        for host in fleet.hosts:
            self.inventory.add_host(host.name)
            for group in groups_of(host):
                self.inventory.add_group(group)
                self.inventory.add_child(group, host.name)
            for name, value in hostvars_of(host, user=user).items():
                self.inventory.set_variable(host.name, name, value)
            known = self.inventory.get_host(host.name).get_vars()
            self._set_composite_vars(self.get_option("compose"), known, host.name, strict=strict)
            known = self.inventory.get_host(host.name).get_vars()
            self._add_host_to_composed_groups(self.get_option("groups"), known, host.name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host.name, strict=strict)

    def _planned_names(self, path: str) -> Mapping[int, str]:
        name = self._option("plan_file")
        if not name:
            return {}
        plan = load_plan(Path(path).parent / Path(name).expanduser(), missing_ok=True)
        return {machine.vmid: machine.name for machine in plan.machines}

    def _option(self, name: str) -> Any:
        """Return an option, its template filled in."""
        return self.templar.template(self.get_option(name))
