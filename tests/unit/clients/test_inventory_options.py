# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the inventory: as documented, from file and environment, each refusal in one message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.doc_fragments.pve import ModuleDocFragment
from ansible_collections.ent.renfort.plugins.inventory import fleet
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.inventory.kinds import Option
from ansible_collections.ent.renfort.plugins.module_utils.inventory.options import (
    API_OPTIONS,
    CONSTRUCTED,
    OPTIONS,
    Settings,
    settings_of,
)

DOCUMENTED = yaml.safe_load(fleet.DOCUMENTATION)["options"]
FRAGMENT = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]

GIVEN = {
    "plugin": "ent.renfort.fleet",
    "api_host": "pve1.example",
    "api_user": "renfort@pve",
    "api_token_id": "ops",
    "api_token_secret": "s3cret",
}


def settings(
    environment: Mapping[str, str] | None = None, folder: Path = Path("/inventories/prod"), **changes: Any
) -> Settings:
    config = {name: value for name, value in (GIVEN | changes).items() if value is not None}
    return settings_of(config, file="prod.fleet.yml", folder=folder, environment=environment or {})


def essence(option: Mapping[str, Any]) -> tuple[Any, ...]:
    env = option.get("env", [{"name": ""}])[0]["name"]
    default = option.get("default")
    return option["type"], default if default != [] else None, env


def taken(option: Option) -> tuple[Any, ...]:
    return option.kind, option.default if option.default != [] else None, option.env


def test_every_option_is_documented_as_it_is_taken() -> None:
    documented = {name: essence(option) for name, option in (FRAGMENT | DOCUMENTED).items()}
    own = {name: taken(option) for name, option in OPTIONS.items() if name not in CONSTRUCTED}

    assert documented == own


def test_an_entry_of_clusters_has_the_options_of_a_cluster() -> None:
    suboptions = DOCUMENTED["clusters"]["suboptions"]

    assert suboptions.keys() == {"name", *API_OPTIONS}
    assert {name: option["type"] for name, option in suboptions.items() if name != "name"} == {
        name: option.kind for name, option in API_OPTIONS.items()
    }


def test_the_constructed_options_are_those_of_every_plugin() -> None:
    from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Fragment

    assert yaml.safe_load(Fragment.DOCUMENTATION)["options"].keys() == CONSTRUCTED.keys()


@pytest.mark.parametrize("example", list(yaml.safe_load_all(fleet.EXAMPLES)))
def test_the_examples_are_accepted(example: dict[str, Any]) -> None:
    assert settings_of(example, file="example", folder=Path(), environment={}).clusters


def test_defaults_are_safe() -> None:
    found = settings({"XDG_STATE_HOME": "/state"})

    assert found.state_dir == Path("/state/renfort/inventory")
    assert (found.max_stale_s, found.max_shrink_percent, found.accept_shrink) == (7 * 86400, 10, False)
    assert (found.allow_empty, found.cache_s, found.remote_user) == (False, 0.0, "ops")
    assert found.clusters[0].name == ""
    assert [address.url for address in found.clusters[0].addresses] == ["https://pve1.example:8006"]


def test_paths_are_relative_to_the_configuration() -> None:
    found = settings(plan_file="group_vars/all/fleet.yml", state_dir="/elsewhere")

    assert found.plan_file == Path("/inventories/prod/group_vars/all/fleet.yml")
    assert found.state_dir == Path("/elsewhere")


def test_the_environment_stands_in_for_what_the_file_does_not_say() -> None:
    environment = {
        "RENFORT_PVE_HOST": "ignored.example",
        "RENFORT_PVE_HOSTS": "pve2.example, [2001:db8::3]:443,pve1.example",
        "RENFORT_PVE_PORT": "8443",
        "RENFORT_ACCEPT_SHRINK": "yes",
        "RENFORT_MAX_STALE_HOURS": "0",
        "ANSIBLE_INVENTORY_CACHE": "1",
    }

    found = settings(environment)

    assert [address.url for address in found.clusters[0].addresses] == [
        "https://pve1.example:8443",
        "https://pve2.example:8443",
        "https://[2001:db8::3]:443",
    ]
    assert (found.accept_shrink, found.max_stale_s, found.cache_s) == (True, 0.0, 300.0)


def test_a_cluster_takes_its_own_word_then_its_variable_then_what_is_for_all() -> None:
    environment = {
        "RENFORT_PVE_NORD_TOKEN_SECRET": "of nord",
        "RENFORT_PVE_TOKEN_SECRET": "of all",
        "RENFORT_PVE_SUD_HOSTS": "sud1.example,sud2.example",
        "RENFORT_PVE_HOST": "of-none.example",
    }
    nord, sud = settings(
        environment,
        api_host=None,
        api_token_secret=None,
        ca_file="/all.pem",
        clusters=[
            {"name": "nord", "api_hosts": ["nord1.example"], "api_port": 443, "ca_file": "/nord.pem"},
            {"name": "sud"},
        ],
    ).clusters

    assert [address.url for address in sud.addresses] == [
        "https://sud1.example:8006",
        "https://sud2.example:8006",
    ]
    assert [address.url for address in nord.addresses] == ["https://nord1.example:443"]
    wanted = ("api_user", "api_token_secret", "ca_file")
    assert [nord.api[name] for name in wanted] == ["renfort@pve", "of nord", "/nord.pem"]
    assert [sud.api[name] for name in wanted] == ["renfort@pve", "of all", "/all.pem"]


def test_a_secret_file_of_one_cluster_is_not_mixed_with_the_secret_of_all() -> None:
    (cluster,) = settings(
        api_host=None, clusters=[{"name": "nord", "api_host": "a", "api_token_file": "/nord.token"}]
    ).clusters

    assert cluster.api["api_token_secret"] is None
    assert cluster.api["api_token_file"] == "/nord.token"


def test_secrets_are_in_no_representation() -> None:
    assert "s3cret" not in repr(settings())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plugin": "community.proxmox.proxmox"}, r'plugin: it is "community.*Expected ent\.renfort\.fleet'),
        ({"plugin": None}, "plugin: it is"),
        ({"api_hsot": "x"}, r'api_hsot: this key is not known here.*"api_hosts?" \(did you mean that'),
        ({"api_host": None}, r"api_host: it is not set.*api_hosts or in RENFORT_PVE_HOST"),
        ({"api_host": "http://pve1"}, 'api_host: "http://pve1" is no address of an API.*pve1.example.net'),
        ({"api_hosts": ["ok", "pve1:80:90"]}, 'api_hosts: "pve1:80:90" is no address'),
        ({"api_hosts": ["pve1:99999"]}, "is no address"),
        ({"api_hosts": 5}, "api_hosts: the integer 5 is not a list"),
        ({"api_port": "https"}, "api_port: the text 'https' is not an integer.*1 or more"),
        ({"timeout": 0}, "timeout: 0 is out of bounds"),
        ({"allow_empty": "perhaps"}, "allow_empty: the text 'perhaps' is not a boolean.*true or false"),
        ({"max_stale_hours": -1}, "max_stale_hours: -1 is out of bounds.*0 or more"),
        ({"max_shrink_percent": 101}, "max_shrink_percent: 101 is out of bounds.*0 to 100"),
        ({"cache_plugin": "jsonfile"}, "cache_plugin: this option is no longer there.*last good copy"),
        ({"cache_connection": "~/.cache"}, "cache_connection: this option is no longer there.*state_dir"),
        ({"cluster_name": "Nord-1"}, 'cluster_name: "Nord-1" is not valid.*small letters'),
        ({"clusters": [{"name": "nord", "api_host": "a"}]}, "api_host: it stands beside clusters"),
        ({"api_host": None, "clusters": []}, "clusters: the list is empty"),
        ({"api_host": None, "clusters": [{"api_host": "a"}]}, r"clusters\[0\]\.name: this key is missing"),
        ({"api_host": None, "clusters": ["nord"]}, r"clusters\[0\]: the text 'nord' is not a mapping"),
        (
            {"api_host": None, "clusters": [{"name": "nord"}]},
            r"clusters\[0\]\.api_host: it is not set.*RENFORT_PVE_NORD_HOST",
        ),
        (
            {"api_host": None, "clusters": [{"name": "n", "api_host": "a"}, {"name": "n", "api_host": "b"}]},
            r'clusters\[1\]\.name: "n" is there twice',
        ),
        (
            {"api_host": None, "clusters": [{"name": "n", "api_host": "a", "remote_user": "x"}]},
            r"clusters\[0\]\.remote_user: this key is not known here",
        ),
        ({"compose": ["a"]}, "compose: a list is not a mapping"),
        ({"groups": "web"}, "groups: the text 'web' is not a mapping"),
        ({"keyed_groups": [{"prefix": "a"}]}, r"keyed_groups\[0\]\.key: this key is missing"),
        ({"keyed_groups": [{"key": "a", "seperator": ""}]}, r"keyed_groups\[0\]\.seperator.*separator"),
        (
            {"keyed_groups": [{"key": "a", "default_value": "b", "trailing_separator": False}]},
            r"keyed_groups\[0\]\.trailing_separator: it stands beside default_value",
        ),
        ({"filters": [1]}, r"filters\[0\]: the integer 1 is not a text"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        settings(**changes)

    assert str(raised.value).startswith("prod.fleet.yml: ")
    assert len(str(raised.value).splitlines()) == 1


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(InputError, match=r"environment variable RENFORT_PVE_PORT.*'https' is not an integer"):
        settings({"RENFORT_PVE_PORT": "https"})


@pytest.mark.parametrize("config", [None, [], "text"])
def test_a_file_that_is_no_mapping_is_refused(config: Any) -> None:
    with pytest.raises(InputError, match=r"^prod\.fleet\.yml: .* is not a mapping"):
        settings_of(config, file="prod.fleet.yml", folder=Path(), environment={})
