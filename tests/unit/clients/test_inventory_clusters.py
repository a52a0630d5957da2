# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several clusters, and several addresses of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import InventoryError, groups_of
from ansible_collections.ent.renfort.plugins.module_utils.inventory.asking import AwayError
from tests.unit.clients.emulator import Emulator
from tests.unit.clients.inventories import Reader, fill, names, planned, two

OTHER_NETWORK = "ip-10.99.2.1;renfort;tier-web"


def test_the_next_address_answers_for_one_that_is_away(
    start: Callable[[], Emulator], read: Reader, closed_port: int
) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    options = read.of(emulator)

    fleet = read(**options | {"api_host": f"127.0.0.1:{closed_port}", "api_hosts": [options["api_host"]]})

    assert names(fleet) == ["eure-web-01"]
    assert fleet.hosts[0].stale is False
    (warning,) = fleet.warnings
    assert f":{closed_port} cannot be reached" in warning
    assert f"https://{options['api_host']} answers" in warning


def test_when_no_address_answers_all_are_named(read: Reader, closed_port: int) -> None:
    hosts = [f"127.0.0.1:{closed_port}", f"127.0.0.2:{closed_port}"]

    with pytest.raises(AwayError, match=r"None of the 2 addresses.*127\.0\.0\.1.*127\.0\.0\.2"):
        read(api_hosts=hosts, api_user="a@pve", api_token_id="b", api_token_secret="c")


def test_clusters_are_one_inventory_with_a_group_each(start: Callable[[], Emulator], read: Reader) -> None:
    nord, sud = start(), start()
    fill(nord, ["eure-web-01", "eure-web-02"])
    fill(sud, ["rhin-web-01"])

    fleet = read(**two(read, nord, sud))

    assert {host.name: groups_of(host)[-1] for host in fleet.hosts} == {
        "eure-web-01": "cluster_nord",
        "eure-web-02": "cluster_nord",
        "rhin-web-01": "cluster_sud",
    }
    assert nord.counted()["reads"] == sud.counted()["reads"] == 1


def test_a_cluster_that_is_away_makes_only_its_own_hosts_stale(
    start: Callable[[], Emulator], read: Reader
) -> None:
    nord, sud = start(), start()
    fill(nord, ["eure-web-01"])
    fill(sud, ["oise-web-01"])
    options = two(read, nord, sud)
    read(**options)
    sud.close()
    fill(nord, ["eure-web-02"], first=2100)

    fleet = read(**options)

    assert {host.name: host.stale for host in fleet.hosts} == {
        "eure-web-01": False,
        "eure-web-02": False,
        "oise-web-01": True,
    }


def test_one_name_in_two_clusters_is_refused(start: Callable[[], Emulator], read: Reader) -> None:
    nord, sud = start(), start()
    fill(nord, ["eure-web-01"])
    fill(sud, ["eure-web-01"], first=3001)

    with pytest.raises(
        InventoryError,
        match="named eure-web-01: 2001 on pve1 of cluster nord and 3001 on pve1 of cluster sud",
    ):
        read(**two(read, nord, sud))


def test_trouble_of_several_clusters_is_told_of_each(read: Reader, closed_port: int) -> None:
    shared = {"api_user": "a@pve", "api_token_id": "b", "api_token_secret": "c"}
    entries = [{"name": name, "api_host": f"127.0.0.1:{closed_port}"} for name in ("nord", "sud")]

    with pytest.raises(InventoryError) as raised:
        read(clusters=entries, **shared)

    assert len(str(raised.value).splitlines()) == 2


def test_one_plan_names_the_guests_of_its_own_cluster_only(
    start: Callable[[], Emulator], read: Reader
) -> None:
    nord, sud = start(), start()
    fill(nord, ["eure-web-2001"])
    fill(sud, ["oise-web-01"])
    sud.write("guests", "2001", sud.table("guests")["2001"] | {"config": {"tags": OTHER_NETWORK}})
    for emulator in (nord, sud):
        emulator.write("nodes", "pve1", emulator.table("nodes")["pve1"] | {"online": False})
    (read.folder / "plan.yml").write_text(planned(range(2001, 2002)))

    fleet = read(**two(read, nord, sud), plan_file="plan.yml")

    assert names(fleet) == ["eure-web-2001", "web-2001"]
