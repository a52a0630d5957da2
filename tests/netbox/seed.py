# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the NetBox under test holds: made as people make it, through its API and its import page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynetbox
import requests

from tests.netbox.install import SetupError, say
from tests.netbox.running import Running

ROOT = Path(__file__).resolve().parents[2]
CUSTOM_FIELDS = ROOT / "docs" / "reference" / "netbox_custom_fields.yml"

READER_MAY_VIEW = (
    "dcim.device",
    "dcim.devicetype",
    "dcim.interface",
    "ipam.ipaddress",
    "ipam.iprange",
    "ipam.prefix",
)
"""The permissions that docs/reference/netbox.md asks for, and no other."""

GUESTS = [{"slug": "renfort-guests"}]
CROWD = 120
"""Servers of the site that is about many pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Accounts that read: with the documented permissions (tokens of both versions), and without any."""

    reader: str
    reader_v1: str
    nobody: str


class Seed:
    """Fills a NetBox."""

    def __init__(self, netbox: Running) -> None:
        self._running = netbox
        self.api: Any = pynetbox.api(netbox.url, token=netbox.token)
        # With every call, since an environment variable would win over the session's own setting.
        self.api.http_session.trust_env = False
        self.api.http_session.verify = str(netbox.ca_file)
        self._ids: dict[str, int] = {}

    def fill(self) -> Tokens:
        """Make everything and return the tokens to read it with."""
        say("seeding NetBox: custom fields, through the page that imports them")
        self._import_custom_fields()
        say("seeding NetBox: sites, racks, roles, types")
        self._frame()
        say(f"seeding NetBox: devices, {CROWD} of them for the pages")
        self._hypervisors()
        self._shelf()
        self._announced()
        say("seeding NetBox: prefixes, ranges, addresses")
        self._networks()
        return self._accounts()

    def _import_custom_fields(self) -> None:
        """Paste the file of the documentation into NetBox's import page."""
        with requests.Session() as browser:
            browser.trust_env = False
            browser.verify = str(self._running.ca_file)
            browser.headers["Referer"] = self._running.url
            login = f"{self._running.url}/login/"
            browser.get(login, timeout=60).raise_for_status()

            def post(url: str, **form: str) -> requests.Response:
                form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
                answer = browser.post(url, data=form, timeout=60)
                answer.raise_for_status()
                return answer

            post(login, username="admin", password=self._running.password)
            page = post(
                f"{self._running.url}/extras/custom-fields/import/",
                import_method="direct",
                format="yaml",
                data=CUSTOM_FIELDS.read_text(encoding="utf-8"),
            )
        if not re.search(r"Imported 13 custom fields", page.text, re.IGNORECASE):
            said = "\n".join(re.findall(r'class="toast-body">\s*(.+?)\s*<', page.text))
            raise SetupError(f"NetBox does not import {CUSTOM_FIELDS}:\n{said}")

    def _make(self, endpoint: str, key: str = "", **values: Any) -> int:
        app, name = endpoint.split(".")
        made = getattr(getattr(self.api, app), name).create(**values)
        if key:
            self._ids[key] = made.id
        return int(made.id)

    def _frame(self) -> None:
        for slug in ("renfort-guests", "renfort-ignore", "dhcp"):
            self._make("extras.tags", name=slug, slug=slug)
        for slug in ("nord", "sud", "crowd"):
            self._make("dcim.sites", slug, name=slug.title(), slug=slug)
        self._make("dcim.locations", "salle-b", name="Salle B", slug="salle-b", site=self._ids["sud"])
        for name in ("N1", "N2", "N3"):
            self._make("dcim.racks", name, name=name, site=self._ids["nord"])
        self._make("dcim.racks", "S1", name="Rack S1", site=self._ids["sud"], location=self._ids["salle-b"])
        for slug in ("hypervisor", "server", "switch"):
            self._make("dcim.device_roles", slug, name=slug.title(), slug=slug)
        self._make(
            "dcim.device_roles", "gpu", name="GPU hypervisor", slug="gpu", parent=self._ids["hypervisor"]
        )
        maker = self._make("dcim.manufacturers", name="Maker", slug="maker")
        figures = {"renfort_cores": 64, "renfort_memory_mib": 524288, "renfort_disk_gib": 4000}
        for slug, fields in (("r640", figures), ("bare", {})):
            self._make(
                "dcim.device_types", slug, manufacturer=maker, model=slug, slug=slug, custom_fields=fields
            )
        ports = [("eno1", "10gbase-t"), ("eno2", "10gbase-t"), ("eno3", "25gbase-x-sfp28"), ("bond0", "lag")]
        for name, kind in ports:
            self._make("dcim.interface_templates", device_type=self._ids["r640"], name=name, type=kind)
        self._make(
            "dcim.interface_templates",
            device_type=self._ids["r640"],
            name="idrac",
            type="1000base-t",
            mgmt_only=True,
        )

    def _device(self, **values: Any) -> dict[str, Any]:
        """A device in the form that the API takes, by the keys of what it refers to."""
        usual = {"site": "nord", "rack": "N1", "role": "server", "device_type": "r640", "name": None}
        given = usual | values
        for key in ("site", "rack", "role", "device_type"):
            given[key] = self._ids[given[key]] if given[key] else None
        return given

    def _hypervisors(self) -> None:
        reserve = {"renfort_reserved_memory_mib": 16384, "renfort_storages": {"vmdata": 4000, "fast": 500}}
        devices = [
            self._device(name="pve1.example.net", role="hypervisor", custom_fields=reserve),
            self._device(name="PVE2", role="gpu", rack="N2", custom_fields={"renfort_memory_mib": 262144}),
            self._device(name="pve3", role="hypervisor", site="sud", rack="S1"),
            self._device(name="pve4", role="hypervisor", rack=None),
            self._device(name="pve5", role="hypervisor", tags=[{"slug": "renfort-ignore"}]),
            self._device(name="pve6", role="hypervisor", status="offline"),
            self._device(name="sw1", role="switch"),
            self._device(name="db1", role="server"),
        ]
        for device, made in zip(devices, self.api.dcim.devices.create(devices), strict=True):
            bridges = {"pve1.example.net": ("vmbr1", "vmbr0")}.get(device["name"], ("vmbr0",))
            for bridge in bridges:
                self._make("dcim.interfaces", device=made.id, name=bridge, type="bridge")
            self._make("dcim.interfaces", device=made.id, name="vmbr9", type="bridge", enabled=False)

    def _shelf(self) -> None:
        shelf = {"status": "inventory"}
        crowd = {"site": "crowd", "rack": None, **shelf}
        self.api.dcim.devices.create(
            [
                self._device(name="shelf-01", rack="N2", **shelf),
                self._device(asset_tag="INV-7", role="hypervisor", rack=None, **shelf),
                self._device(
                    name="shelf-03",
                    device_type="bare",
                    custom_fields={"renfort_cores": 8, "renfort_memory_mib": 65536, "renfort_nics": 2},
                    **shelf,
                ),
                self._device(name="shelf-04", device_type="bare", **shelf),
                *(self._device(name=f"crowd-{number:03d}", **crowd) for number in range(CROWD)),
            ]
        )

    def _announced(self) -> None:
        dates = {"renfort_earliest": "2020-04-06", "renfort_latest": "2020-04-20"}
        announced = {"status": "planned", "rack": "N3"}
        first = {"renfort_order": "Supplier A", **dates}
        self.api.dcim.devices.create(
            [
                *(self._device(**announced, custom_fields=first) for _ in range(10)),
                self._device(**announced | {"rack": None}, custom_fields={"renfort_order": "supplier-b"}),
                self._device(**announced, name="lost"),
            ]
        )

    def _networks(self) -> None:
        vrf = self._make("ipam.vrfs", name="other", rd="65000:1")
        vlan = self._make("ipam.vlans", name="haut_rhin", vid=83)
        ids = {
            text: self._make("ipam.ip_addresses", address=text)
            for text in ("10.90.0.1/22", "10.90.0.2/22", "10.90.2.7/22", "10.90.2.8/22", "10.83.10.1/24")
        }
        self._make("ipam.ip_addresses", address="10.90.2.100/22", vrf=vrf)
        front = {
            "renfort_network": "front",
            "renfort_bridge": "vmbr0",
            "renfort_gateway": ids["10.90.0.1/22"],
            "renfort_nameservers": [ids["10.90.0.2/22"]],
        }
        mine = {"renfort_bridge": "vmbr1", "renfort_gateway": ids["10.83.10.1/24"]}
        prefixes: list[Mapping[str, Any]] = [
            {"prefix": "10.0.0.0/8", "status": "container"},
            {"prefix": "10.90.0.0/22", "tags": GUESTS, "custom_fields": front},
            {"prefix": "10.90.1.0/28", "status": "reserved"},
            {"prefix": "10.90.2.0/24", "vrf": vrf},
            {"prefix": "10.83.10.0/24", "tags": GUESTS, "vlan": vlan, "custom_fields": mine},
            {"prefix": "2001:db8::/64", "tags": GUESTS},
        ]
        self.api.ipam.prefixes.create(prefixes)
        self.api.ipam.ip_ranges.create(
            [
                _range("10.90.0.20/22", "10.90.3.199/22", tags=GUESTS),
                _range("10.90.3.200/22", "10.90.3.219/22", tags=[{"slug": "dhcp"}]),
                _range("10.90.3.220/22", "10.90.3.239/22", status="reserved"),
                _range("10.83.10.11/24", "10.83.10.99/24", tags=GUESTS),
                _range("10.83.10.120/24", "10.83.10.199/24", tags=GUESTS),
            ]
        )

    def _accounts(self) -> Tokens:
        tokens = []
        for name in ("reader", "nobody"):
            user = self._make("users.users", name, username=name, password=f"Aa1-{self._running.password}")
            for version in (2, 1):
                made = self.api.users.tokens.create(user=user, version=version, write_enabled=False)
                tokens.append(f"nbt_{made.key}.{made.token}" if version == 2 else str(made.token))
        self._make(
            "users.permissions",
            name="Renfort reads",
            object_types=list(READER_MAY_VIEW),
            actions=["view"],
            users=[self._ids["reader"]],
        )
        return Tokens(reader=tokens[0], reader_v1=tokens[1], nobody=tokens[2])


def _range(first: str, last: str, **values: Any) -> dict[str, Any]:
    return {"start_address": first, "end_address": last} | values
