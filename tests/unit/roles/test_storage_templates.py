# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role storage, rendered with its defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.storage_exports import complete

ROLE = Path(__file__).parents[3] / "roles" / "storage"
EXPORTS = [
    {"tenant": "eure", "networks": ["10.83.1.21", "10.83.1.22"]},
    {"tenant": "marne", "networks": ["10.83.2.0/24"], "squash": "root", "read_only": True, "owner_id": 7},
]


def render(template: str, **given: Any) -> str:
    """A template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text: f"# {text}"
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        values |= yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
    values["__storage_all"] = complete(EXPORTS, mount=values["storage_mount"], owner_id=6500)
    return env.get_template(template).render(values | given)


def ganesha_exports() -> list[dict[str, str]]:
    """Every export of ganesha as its settings, those of inner blocks included."""
    blocks = re.findall(
        r"^EXPORT \{(.*?)^\}", render("etc/ganesha/exports.conf.j2"), re.DOTALL | re.MULTILINE
    )
    return [dict(re.findall(r"^\s*(\w+) = (.*);$", block, re.MULTILINE)) for block in blocks]


def test_ganesha_and_the_kernel_export_the_same() -> None:
    eure, marne = ganesha_exports()
    assert (eure["Path"], eure["Pseudo"]) == ('"/srv/storage/eure"', '"/srv/storage/eure"')
    assert (eure["Clients"], eure["Access_Type"], eure["Squash"]) == (
        "10.83.1.21, 10.83.1.22",
        "RW",
        "all_squash",
    )
    assert (marne["Access_Type"], marne["Squash"], marne["Anonymous_uid"]) == ("RO", "root_squash", "7")
    lines = render("etc/exports.d/renfort.exports.j2").splitlines()[1:]
    assert [line.split("(")[0] for line in lines] == [
        "/srv/storage/eure 10.83.1.21",
        "/srv/storage/eure 10.83.1.22",
        "/srv/storage/marne 10.83.2.0/24",
    ]
    assert "(rw,sync," in lines[0]
    assert "all_squash,anonuid=6500,anongid=6500)" in lines[0]
    assert "(ro,sync," in lines[2]
    assert ",root_squash,anonuid=7" in lines[2]


def test_exports_have_ids_of_their_own() -> None:
    ids = [export["Export_Id"] for export in ganesha_exports()]
    assert len(set(ids)) == len(EXPORTS)


@pytest.mark.parametrize("template", ["etc/ganesha/ganesha.conf.j2", "etc/ganesha/exports.conf.j2"])
def test_every_block_of_ganesha_is_closed(template: str) -> None:
    text = render(template)
    assert text.count("{") == text.count("}") > 0


def test_only_version_4_is_spoken() -> None:
    kernel = render("etc/nfs.conf.d/renfort.conf.j2").splitlines()
    assert {"vers3=n", "vers4=y", "udp=n"} <= set(kernel)
    ganesha = [line.strip() for line in render("etc/ganesha/ganesha.conf.j2").splitlines()]
    assert ganesha.count("Protocols = 4;") == 2
    assert "Access_Type = None;" in ganesha


def test_both_servers_know_the_same_times() -> None:
    given = {"storage_lease_seconds": 12, "storage_grace_seconds": 34}
    kernel = render("etc/nfs.conf.d/renfort.conf.j2", **given).splitlines()
    assert {"lease-time=12", "grace-time=34"} <= set(kernel)
    ganesha = render("etc/ganesha/ganesha.conf.j2", **given)
    assert "Lease_Lifetime = 12;" in ganesha
    assert "Grace_Period = 34;" in ganesha


@pytest.mark.parametrize("service", ["nfs-server", "nfs-ganesha"])
def test_no_server_starts_without_its_disk(service: str) -> None:
    lines = render(
        f"etc/systemd/system/{service}.service.d/renfort.conf.j2", storage_mount="/data"
    ).splitlines()
    assert {"RequiresMountsFor=/data", "AssertPathIsMountPoint=/data"} <= set(lines)
