# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and groups in the order in which Ansible would hold them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .needs import NeedsAnsible

_INVALID = re.compile(r"^[\d\W]|[^\w]")


def constructed_group_name(text: str) -> str:
    """Return a text as the name of a constructed group."""
    return _INVALID.sub("_", text)


@dataclass(slots=True)
class Group:
    """A group: its hosts and groups in the order in which they were added."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)


class Tree:
    """An inventory. ``all`` and ``ungrouped`` are always there."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {"all": Group("all"), "ungrouped": Group("ungrouped")}
        self.hosts: dict[str, dict[str, Any]] = {}
        self._add_child("all", "ungrouped")

    def add_host(self, name: str, variables: dict[str, Any]) -> None:
        """Add a host."""
        self.hosts[name] = variables

    def add_to_group(self, host: str, group: str) -> None:
        """Put a host into a group, which is made if it is not there.

        Raises:
            NeedsAnsible: a host has this name, or it is one of Ansible's own groups.
        """
        self._group(group).hosts[host] = None

    def nest(self, parent: str, child: str) -> None:
        """Put a group into another one, which is made if it is not there.

        Raises:
            NeedsAnsible: that would be a circle.
        """
        self._group(parent)
        if parent == child or child in self._ancestors(parent):
            raise NeedsAnsible(f"the group {child} within itself")
        self._add_child(parent, child)

    def group_names(self, host: str) -> list[str]:
        """Return the groups that a host is in, also through other groups, sorted."""
        own = {group.name for group in self.groups.values() if host in group.hosts}
        return sorted(own.union(*(self._ancestors(name) for name in own)) - {"all"})

    def close(self) -> None:
        """Put every group that is in no other one into ``all``."""
        for group in self.groups.values():
            if group.name != "all" and not group.parents:
                self._add_child("all", group.name)

    def _group(self, name: str) -> Group:
        group = self.groups.get(name)
        if group is None:
            if not name or name in self.hosts:
                raise NeedsAnsible(f"the group {name!r}, whose name is empty or that of a host")
            group = self.groups[name] = Group(name)
        elif name in ("all", "ungrouped"):
            raise NeedsAnsible(f"the group {name}")
        return group

    def _ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.groups[name].parents)
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                waiting += self.groups[parent].parents
        return found

    def _add_child(self, parent: str, child: str) -> None:
        if child not in self.groups[parent].children:
            self.groups[parent].children.append(child)
            self.groups[child].parents.append(parent)
