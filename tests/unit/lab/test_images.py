# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lab.errors import LabError
from lab.images import cloud
from lab.images.apt import carried_options, choose_mirror, deb822_entries, host_mirror, one_line_entries
from lab.images.recipe import Mirror, Recipe

ROOT = Path(__file__).resolve().parents[3]

MIRROR = Mirror(archive="http://mirror.example/debian", security="http://mirror.example/security")
RECIPE = Recipe(name="debian-13", suite="trixie", mirror=MIRROR, apt_options=(), customise="#!/bin/sh\n")


def test_one_line_sources_are_read_with_and_without_options() -> None:
    text = """
    # deb http://commented.example/debian trixie main
    deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian/ trixie main contrib
    deb-src http://mirror.example/debian trixie main
    deb http://mirror.example/security trixie-security main
    """
    assert list(one_line_entries(text)) == [
        ("http://mirror.example/debian", "trixie"),
        ("http://mirror.example/security", "trixie-security"),
    ]


def test_deb822_sources_are_read_with_comments_folded_lines_and_disabled_stanzas() -> None:
    text = """Types: deb
# a note inside the stanza
URIs: http://mirror.example/debian/
Suites: bookworm
  bookworm-updates
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
"""
    assert list(deb822_entries(text)) == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
    ]


def test_the_mirror_is_the_first_debian_archive_and_not_a_third_party() -> None:
    mirror = choose_mirror(
        [
            ("http://tools.example/repo", "nodistro"),
            ("file:///media/cdrom", "bookworm"),
            ("http://mirror.example/security", "bookworm-security"),
            ("http://mirror.example/debian", "bookworm"),
            ("http://other.example/debian", "trixie"),
        ]
    )
    assert mirror == MIRROR


def test_no_usable_mirror_is_refused_with_what_to_do() -> None:
    with pytest.raises(LabError, match=r"name no Debian mirror.*sources\.list\.d"):
        choose_mirror([("file:///media/cdrom", "bookworm")])


def test_the_hosts_files_are_read_in_both_formats(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://mirror.example/debian trixie main\n")
    (tmp_path / "sources.list.d/security.sources").write_text(
        "Types: deb\nURIs: http://mirror.example/security\nSuites: trixie-security\n"
    )
    (tmp_path / "sources.list.d/old.list.disabled").write_text("deb http://no.example/debian trixie main\n")
    assert host_mirror(tmp_path) == MIRROR


def test_a_mirror_without_security_gives_two_sources() -> None:
    assert Mirror(archive="http://m.example/debian").lines("trixie") == [
        "deb http://m.example/debian trixie main",
        "deb http://m.example/debian trixie-updates main",
    ]


def test_only_what_is_needed_to_reach_the_mirror_is_carried_over() -> None:
    dump = "\n".join(
        [
            'APT::Architecture "amd64";',
            'Acquire::http::Proxy "http://proxy.example:3128";',
            'Acquire::http::Proxy::mirror.example "DIRECT";',
            'Acquire::https::Proxy "";',
            'Acquire::Check-Valid-Until "false";',
            'DPkg::Post-Invoke:: "/usr/bin/something";',
        ]
    )
    assert carried_options(dump) == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::http::Proxy::mirror.example "DIRECT";',
        'Acquire::Check-Valid-Until "false";',
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"packages": ("systemd",)},
        {"mirror": Mirror(archive="http://other.example/debian")},
        {"customise": "#!/bin/sh\ntrue\n"},
        {"apt_options": ('Acquire::Retries "3";',)},
        {"certificates": ("PEM",)},
        {"suite": "bookworm"},
    ],
)
def test_a_changed_recipe_has_another_reference(changed: dict[str, object]) -> None:
    assert replace(RECIPE, **changed).reference != RECIPE.reference  # type: ignore[arg-type]  # one key a case


def test_an_unchanged_recipe_keeps_its_reference() -> None:
    assert replace(RECIPE).reference == RECIPE.reference
    assert RECIPE.reference.startswith("localhost/renfort/debian-13:")


def test_the_build_command_ends_with_suite_output_and_sources() -> None:
    argv = replace(RECIPE, apt_options=('Acquire::Retries "3";',)).argv("hook")
    assert argv[-5:] == ["trixie", "-", *MIRROR.lines("trixie")]
    assert '--aptopt=Acquire::Retries "3"' in argv
    assert "--customize-hook=hook" in argv


def test_a_cloud_image_names_the_machine_that_it_stands_for() -> None:
    served = cloud.content("debian-12-genericcloud-amd64.qcow2")

    assert served is not None
    assert served.startswith(b"QFI\xfb")
    assert cloud.recognise(served[:4096]) == cloud.CloudImage(machine="debian-12", disk_bytes=3 * 1024**3)
    assert cloud.recognise(served[4:]) is None
    assert cloud.content("../etc/passwd") is None


def test_the_inventory_of_the_lab_knows_the_checksum_of_its_image() -> None:
    variables = yaml.safe_load((ROOT / "inventories/lab/group_vars/all/template.yml").read_text())
    template = variables["renfort_template"]
    served = cloud.content(template["image"].rpartition("/")[2])

    assert served is not None
    assert template["checksum"] == f"sha256:{hashlib.sha256(served).hexdigest()}"
