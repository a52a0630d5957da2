# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The personal page of somebody who has signed in: each block is read, or hidden and not read."""

from __future__ import annotations

import json
from pathlib import Path

from .world import World


def test_every_block_of_the_profile_is_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("pupil00001")
    page = world.ask("/home").text
    assert world.portal_database.reads == ["timetable", "homework", "marks", "news", "canteen"]
    assert world.messages.reads == ["messages"]
    assert "timetable fr" in page


def test_a_block_that_a_switch_hides_is_not_even_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.settings.switches.write_text(json.dumps({"hidden_blocks": ["messages", "marks"]}))
    world.sign_in("pupil00001")
    page = world.ask("/home").text
    assert "marks" not in world.portal_database.reads
    assert world.messages.reads == []
    assert "block-marks" not in page
    assert "block-timetable" in page


def test_a_database_that_is_down_costs_its_own_block(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("pupil00001")
    world.messages.down = True
    page = world.ask("/home")
    assert page.status == "200 OK"
    assert "Momentanément indisponible" in page.text
    assert "timetable fr" in page.text


def test_the_state_page_says_what_is_in_force_and_what_is_unknown(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.settings.switches.write_text(json.dumps({"hidden_blocks": ["news", "weather"], "later": 1}))
    switches = json.loads(world.ask("/status.json").text)["switches"]
    assert switches["hidden_blocks"] == ["news", "weather"]
    assert switches["unknown"] == ["later", "weather"]
    assert switches["timetable_imports"] is True
