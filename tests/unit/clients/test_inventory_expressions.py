# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions without Ansible: the value is Ansible's own, or they are left to it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from ansible_collections.ent.renfort.plugins.module_utils.inventory.expressions import (
    compiled,
    filled_in,
    is_template,
)
from ansible_collections.ent.renfort.plugins.module_utils.inventory.needs import NeedsAnsible
from ansible_collections.ent.renfort.plugins.plugin_utils.plain import plain

VARIABLES: dict[str, Any] = {
    "ansible_host": "10.83.20.11",
    "renfort_vmid": 2002,
    "renfort_tier": "web",
    "renfort_tenant": "",
    "renfort_stale": True,
    "inventory_hostname": "eure-web-01",
    "group_names": ["fleet", "web"],
    "facts": {"rack": "r1", "ports": [80, 443], "none": None, "ratio": 1.5},
}

ERROR = object()


def by_ansible(text: str) -> Any:
    templar = Templar(loader=DataLoader(), variables=dict(VARIABLES))
    try:
        return plain(templar.evaluate_expression(trust_as_template(text)))
    except Exception:
        return ERROR


def by_us(text: str) -> Any:
    try:
        return compiled(text)(VARIABLES)
    except UndefinedError:
        return ERROR


TEXTS = st.sampled_from(["web", "-", "", "eure", "1", "a b", "É"]).map(repr)
NAMES = st.sampled_from(
    [*VARIABLES, "lacking", "facts.rack", "facts['ports']", "facts.lacking", "lacking.a.b"]
)
ATOMS = st.one_of(
    TEXTS,
    NAMES,
    st.integers(-3, 3).map(str),
    st.sampled_from(["true", "none", "1.5", "[]", "{}", "[1, 'a']"]),
)
FILTERS = (
    *("lower", "upper", "trim", "length", "int", "string", "first", "last", "capitalize", "default('d')"),
    *("default('d',true)", "join('-')", "replace('e','E')", "d(none)", "int(7)", "count"),
)
TESTS = (
    *("defined", "undefined", "none", "string", "number", "mapping", "odd", "even", "boolean", "integer"),
    *("true", "false", "lower", "upper", "eq(1)", "ne('web')", "in(['web',1,true])"),
)
METHODS = (
    *("upper()", "split('-')", "startswith('e')", "strip()", "replace('a','b')", "title()"),
    *("partition('-')", "rsplit('-',1)"),
)
OPERATORS = ("~", "+", "-", "*", "==", "!=", "<", ">=", "in", "not in", "and", "or")


def longer(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from(FILTERS)).map(lambda it: f"({it[0]})|{it[1]}"),
        st.tuples(inner, st.sampled_from(TESTS)).map(lambda it: f"({it[0]}) is {it[1]}"),
        st.tuples(inner, st.sampled_from(METHODS)).map(lambda it: f"({it[0]}).{it[1]}"),
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda it: f"({it[0]}) {it[1]} ({it[2]})"),
        inner.map(lambda it: f"not ({it})"),
        st.tuples(inner, inner, inner).map(lambda it: f"({it[0]}) if ({it[1]}) else ({it[2]})"),
        two.map(lambda it: f"[{it[0]}, {it[1]}]"),
        two.map(lambda it: f"{{'k': {it[0]}, 'l': {it[1]}}}"),
        two.map(lambda it: f"({it[0]})[{it[1]}]"),
    )


EXPRESSIONS = st.recursive(ATOMS, longer, max_leaves=6)


@settings(max_examples=1000, deadline=None)
@given(EXPRESSIONS)
@example("renfort_tenant or 'all'")
@example("facts.ports[0] + 1")
@example("(lacking)|default('d')")
@example("(['web', facts.lacking]) is eq(1)")
def test_an_expression_that_is_evaluated_has_ansible_s_value(text: str) -> None:
    try:
        ours = by_us(text)
    except NeedsAnsible:
        return
    theirs = by_ansible(text)

    assert (type(ours), ours) == (type(theirs), theirs)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inventory_hostname.split('-')[0]", "eure"),
        ("'web' in group_names and renfort_vmid is even", True),
        ("facts.rack | default('none')", "r1"),
        ("lacking.at.all | default('none')", "none"),
        ("2222 if renfort_tier == 'vpn' else 22", 22),
        ("[renfort_tier, facts.ports]", ["web", [80, 443]]),
    ],
)
def test_what_configurations_need_is_evaluated_here(text: str, value: Any) -> None:
    assert by_us(text) == value == by_ansible(text)


@pytest.mark.parametrize(
    "text",
    [
        "renfort_tier | regex_replace('w', 'W')",
        "renfort_tier is match('w')",
        "lookup('file', 'x')",
        "lookup('env', renfort_tier)",
        "now()",
        "range(3)",
        "renfort_tier.__class__",
        "renfort_tier if renfort_tier",
        "[renfort_tier] | map('upper')",
        "'{{ renfort_tier }}'",
        "'a\\\\b'",
        "facts.items()",
        "inventory_dir",
        "hostvars[inventory_hostname] | dict2items",
        "renfort_tier |",
        "a }} {{ b",
        "(renfort_tier, 1)",
        "renfort_tier.upper",
        "7 // 2",
        "['web', facts.lacking] is eq(1)",
        "[lacking] == [1]",
        "{'k': facts.lacking} is mapping",
    ],
)
def test_what_only_ansible_knows_is_left_to_it(text: str) -> None:
    with pytest.raises(NeedsAnsible):
        by_us(text)


def test_options_are_filled_in_from_the_environment_as_ansible_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_STATE", "/state")
    monkeypatch.delenv("TEST_LACKING", raising=False)
    templar = Templar(loader=DataLoader())

    for text in (
        "plain",
        "{{ lookup('env', 'TEST_STATE') }}/token",
        "{{ lookup('env', 'TEST_STATE') }}",
        "{{lookup('env','TEST_LACKING') | default('/else', true)}}/{{ 1 + 1 }}\n",
        "{{ (lookup('env', 'TEST_LACKING') | default('a', true)) ~ '/b' }}",
        "{{ 8006 }}",
        "{{ 'x' if lookup('env', 'TEST_STATE') else 'y' }} ",
    ):
        assert filled_in(text) == plain(templar.template(trust_as_template(text))), text


@pytest.mark.parametrize(
    "text",
    [
        "{% if true %}a{% endif %}",
        "a{# note #}",
        "{{ lookup('file', 'x') }}",
        "{{ undefined_one }}",
        "{{ none }}/x",
        "{{ open",
    ],
)
def test_templates_of_other_kinds_are_left_to_ansible(text: str) -> None:
    with pytest.raises(NeedsAnsible):
        filled_in(text)
    assert is_template(text)
