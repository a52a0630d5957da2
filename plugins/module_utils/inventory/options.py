# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the inventory, typed and checked before anything is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..core.fields import Fields
from .addresses import Address, addresses_of
from .kinds import Option, as_kind

PLUGIN = "ent.renfort.fleet"
"""The name of the plugin, which marks a configuration file as one of it."""

CLUSTER_PATTERN = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
"""A cluster's name becomes a group and a part of environment variables."""


API_OPTIONS: Mapping[str, Option] = {
    "api_host": Option(kind="str", env="RENFORT_PVE_HOST"),
    "api_hosts": Option(kind="list", env="RENFORT_PVE_HOSTS"),
    "api_port": Option(kind="int", default=8006, env="RENFORT_PVE_PORT"),
    "api_user": Option(kind="str", env="RENFORT_PVE_USER"),
    "api_token_id": Option(kind="str", env="RENFORT_PVE_TOKEN_ID"),
    "api_token_secret": Option(kind="str", env="RENFORT_PVE_TOKEN_SECRET"),
    "api_token_file": Option(kind="str", env="RENFORT_PVE_TOKEN_FILE"),
    "ca_file": Option(kind="str", env="RENFORT_PVE_CA_FILE"),
    "timeout": Option(kind="int", default=30),
}
"""How one cluster is reached. An entry of ``clusters`` has them too."""

OWN_OPTIONS: Mapping[str, Option] = {
    "plugin": Option(kind="str"),
    "cluster_name": Option(kind="str"),
    "clusters": Option(kind="list"),
    "remote_user": Option(kind="str", default="ops", env="RENFORT_REMOTE_USER"),
    "plan_file": Option(kind="str"),
    "stock_file": Option(kind="str"),
    "allow_empty": Option(kind="bool", default=False),
    "filters": Option(kind="list", default=[]),
    "state_dir": Option(kind="str", env="RENFORT_INVENTORY_STATE"),
    "max_stale_hours": Option(kind="int", default=168, env="RENFORT_MAX_STALE_HOURS", minimum=0),
    "max_shrink_percent": Option(
        kind="int", default=10, env="RENFORT_MAX_SHRINK_PERCENT", minimum=0, maximum=100
    ),
    "accept_shrink": Option(kind="bool", default=False, env="RENFORT_ACCEPT_SHRINK"),
    "cache": Option(kind="bool", default=False, env="ANSIBLE_INVENTORY_CACHE"),
    "cache_timeout": Option(kind="int", default=300, env="ANSIBLE_INVENTORY_CACHE_TIMEOUT", minimum=0),
}
"""The options of the inventory as a whole."""

CONSTRUCTED: Mapping[str, Option] = {
    "strict": Option(kind="bool", default=False),
    "compose": Option(kind="dict", default={}),
    "groups": Option(kind="dict", default={}),
    "keyed_groups": Option(kind="list", default=[]),
    "leading_separator": Option(kind="bool", default=True),
    "use_extra_vars": Option(kind="bool", default=False, env="ANSIBLE_INVENTORY_USE_EXTRA_VARS"),
}
"""The options that every plugin with constructed groups has; their expressions are not templates."""

OPTIONS: Mapping[str, Option] = {**API_OPTIONS, **OWN_OPTIONS, **CONSTRUCTED}
"""Every option there is."""

REMOVED: Mapping[str, str] = {
    "cache_plugin": "nothing here: with cache, the last good copy in state_dir is the cache",
    "cache_connection": "state_dir, the folder of the last good copies, which are the cache",
    "cache_prefix": "nothing here: the copies are named after their clusters",
}
"""Options of release 0.1 that are gone, and what stands instead of them."""

KEYED_KEYS = ("key", "prefix", "separator", "parent_group", "default_value", "trailing_separator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that is asked: its addresses in the order in which they are tried, and its API options."""

    name: str
    addresses: tuple[Address, ...]
    api: Mapping[str, Any] = field(repr=False)

    @property
    def where(self) -> str:
        """The cluster as messages name it."""
        return f"cluster {self.name}" if self.name else self.addresses[0].url


@dataclass(frozen=True, slots=True, kw_only=True)
class Constructed:
    """The expressions of a configuration, for groups and variables that people make themselves."""

    strict: bool
    compose: Mapping[str, Any]
    groups: Mapping[str, Any]
    keyed_groups: tuple[Mapping[str, Any], ...]
    filters: tuple[str, ...]
    leading_separator: bool

    @property
    def empty(self) -> bool:
        """Whether there is nothing to evaluate."""
        return not (self.compose or self.groups or self.keyed_groups or self.filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a reading of the inventory needs. Ages are in seconds; ``cache_s`` is 0 without cache."""

    clusters: tuple[Cluster, ...]
    remote_user: str
    plan_file: Path | None
    stock_file: Path | None
    allow_empty: bool
    state_dir: Path
    max_stale_s: float
    max_shrink_percent: int
    accept_shrink: bool
    cache_s: float
    constructed: Constructed


def settings_of(
    config: Mapping[str, Any], *, file: str, folder: Path, environment: Mapping[str, str]
) -> Settings:
    """Return the settings of a configuration.

    Args:
        config: what the file holds, its templates filled in.
        file: the configuration file, as shown to people.
        folder: the folder that relative paths start from.
        environment: the environment variables.

    Raises:
        InputError: an option is missing, misspelt, of a wrong type or contradicts another.
    """
    _refuse_removed(Fields(file=file, key="", data=config))
    top = _typed(Fields(file=file, key="", data=config, allowed=OPTIONS), OPTIONS)
    if config.get("plugin") != PLUGIN:
        raise InputError(file=file, key="plugin", problem=f'it is "{config.get("plugin")}"', expected=PLUGIN)
    own = _with_environment(top, OWN_OPTIONS, environment, file)
    return Settings(
        clusters=_clusters(top, file, environment),
        remote_user=own["remote_user"],
        plan_file=_path(own["plan_file"], folder),
        stock_file=_path(own["stock_file"], folder),
        allow_empty=own["allow_empty"],
        state_dir=_path(own["state_dir"], folder) or _default_state(environment),
        max_stale_s=own["max_stale_hours"] * 3600.0,
        max_shrink_percent=own["max_shrink_percent"],
        accept_shrink=own["accept_shrink"],
        cache_s=float(own["cache_timeout"]) if own["cache"] else 0.0,
        constructed=_constructed(top, file),
    )


def _refuse_removed(fields: Fields) -> None:
    for name, instead in REMOVED.items():
        if name in fields:
            raise fields.error(name, "this option is no longer there", instead)


def _typed(fields: Fields, options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the options that are set, each of its kind; an option that is null is not set."""
    return {
        name: as_kind(fields, name, options[name])
        for name in fields
        if fields.data[name] is not None and fields.data[name] != ""
    }


def _with_environment(
    given: Mapping[str, Any],
    options: Mapping[str, Option],
    environment: Mapping[str, str],
    file: str,
    infix: str = "",
) -> dict[str, Any]:
    """Return every option: as given, else from the environment, else its default."""
    found: dict[str, Any] = {}
    for name, option in options.items():
        variable = option.env.replace("RENFORT_PVE_", f"RENFORT_PVE_{infix}") if infix else option.env
        text = environment.get(variable, "").strip() if option.env else ""
        if name in given:
            found[name] = given[name]
        elif text:
            source = Fields(file=f"{file} (environment variable {variable})", key="", data={name: text})
            found[name] = as_kind(source, name, option)
        else:
            found[name] = option.default
    return found


def _clusters(top: Mapping[str, Any], file: str, environment: Mapping[str, str]) -> tuple[Cluster, ...]:
    fields = Fields(file=file, key="", data=top)
    shared = {name: top[name] for name in API_OPTIONS if name in top}
    common = _with_environment(shared, API_OPTIONS, environment, file)
    if "clusters" not in top:
        name = _name(fields, "cluster_name") if "cluster_name" in top else ""
        return (_cluster(name, common, file, ""),)
    for name in ("api_host", "api_hosts", "cluster_name"):
        if name in top:
            raise fields.error(name, "it stands beside clusters", f"{name} in each entry of clusters")
    found: dict[str, Cluster] = {}
    for entry in fields.items("clusters", ("name", *API_OPTIONS)):
        name = _name(entry, "name")
        if name in found:
            raise entry.error("name", f'"{name}" is there twice', "each cluster once")
        found[name] = _cluster(name, common | _own(entry, name, environment), file, entry.key)
    if not found:
        raise fields.error("clusters", "the list is empty", "at least one cluster")
    return tuple(found.values())


def _own(entry: Fields, name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what is said of one cluster, in its entry or in variables with its name, and nothing else."""
    given = _typed(entry, {"name": Option(kind="str"), **API_OPTIONS})
    own = _with_environment(given, API_OPTIONS, environment, entry.file, f"{name.upper()}_")
    said = {key: value for key, value in own.items() if key in given or value != API_OPTIONS[key].default}
    # Where and how the others are reached is of no use here, nor is a secret beside one of its own.
    unused = ["api_host", "api_hosts"]
    if {"api_token_secret", "api_token_file"} & set(said):
        unused += ["api_token_secret", "api_token_file"]
    return dict.fromkeys(unused) | said


def _name(fields: Fields, key: str) -> str:
    expected = "small letters, digits and single underscores, a letter first (nord_1)"
    return fields.text(key, pattern=CLUSTER_PATTERN, expected=expected)


def _cluster(name: str, api: Mapping[str, Any], file: str, key: str) -> Cluster:
    texts = [text for text in [api["api_host"], *(api["api_hosts"] or ())] if text]
    fields = Fields(file=file, key=key, data=dict(api))
    if not texts:
        variables = f"RENFORT_PVE_{name.upper()}_HOST" if name and key else "RENFORT_PVE_HOST"
        raise fields.error(
            "api_host", "it is not set", f"a node of the cluster here, in api_hosts or in {variables}"
        )
    return Cluster(name=name, addresses=addresses_of(texts, fields, api["api_port"]), api=api)


def _constructed(top: Mapping[str, Any], file: str) -> Constructed:
    made = {name: top.get(name, option.default) for name, option in CONSTRUCTED.items()}
    fields = Fields(file=file, key="", data={**made, "filters": top.get("filters", [])})
    for entry in fields.items("keyed_groups", KEYED_KEYS):
        entry.text("key", expected="an expression, such as renfort_status")
        if entry.data.get("default_value") is not None and entry.data.get("trailing_separator") is not None:
            raise entry.error("trailing_separator", "it stands beside default_value", "one of the two")
    return Constructed(
        strict=made["strict"],
        compose=made["compose"],
        groups=made["groups"],
        keyed_groups=tuple(made["keyed_groups"]),
        filters=fields.texts("filters", expected="an expression that is true for the hosts to keep"),
        leading_separator=made["leading_separator"],
    )


def _path(text: str | None, folder: Path) -> Path | None:
    return folder / Path(text).expanduser() if text else None


def _default_state(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "renfort" / "inventory"
