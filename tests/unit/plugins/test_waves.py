# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves by real runs of ansible-playbook, with the project's own ansible.cfg: counted, ended, resumed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

PLAY = f"""
- hosts: fleet
  gather_facts: false
  tags: [always]
  tasks:
    - ent.renfort.wave_plan:
        machines: "{{{{ dict(names | zip(tenants)) }}}}"
        tiers: {{web: "{{{{ groups['web'] }}}}", haproxy: "{{{{ groups['haproxy'] }}}}"}}
        follows: {{haproxy: [web]}}
        waves: "{{{{ waves }}}}"
      vars:
        names: "{{{{ ansible_play_hosts }}}}"
        tenants: "{{{{ names | map('extract', hostvars) | map(attribute='renfort_tenant') }}}}"
      run_once: true
      register: planned
    - ansible.builtin.set_fact:
        renfort_wave_plan_now: "{{{{ planned }}}}"
      run_once: true
      delegate_to: localhost
      delegate_facts: true
- hosts: "{{{{ renfort_now.hosts.web }}}}"
  serial: "{{{{ renfort_now.sizes.web }}}}"
  gather_facts: false
  vars_files: &waves ["{ROOT}/playbooks/vars/waves.yml"]
  vars: {{renfort_wave_tier: web}}
  pre_tasks: &begin
    - ansible.builtin.import_tasks: {ROOT}/playbooks/tasks/begin_wave.yml
  tasks:
    - name: Try
      block:
        - ansible.builtin.fail: {{msg: no matter}}
          when: inventory_hostname in rescued | default([])
      rescue:
        - ansible.builtin.meta: noop
    - name: Reach the machine
      ansible.builtin.raw: "true"
      changed_when: false
    - name: Work
      ansible.builtin.fail: {{msg: "out of order"}}
      when: inventory_hostname in broken | default([])
- hosts: "{{{{ renfort_now.hosts.haproxy }}}}"
  serial: "{{{{ renfort_now.sizes.haproxy }}}}"
  gather_facts: false
  vars_files: *waves
  vars: {{renfort_wave_tier: haproxy}}
  pre_tasks: *begin
  tasks:
    - name: Work
      ansible.builtin.raw: "true"
      changed_when: false
"""


class Site:
    """Twelve machines that are this one, or cannot be reached, and a playbook in waves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_dir = folder / "run"
        (folder / "play.yml").write_text(PLAY)

    def play(
        self, *options: str, gone: tuple[str, ...] = (), env: dict[str, str] | None = None, **extra: object
    ) -> str:
        """Run it; the output on one line, `exit N` at its end."""
        web = [f"eure-web-{number:02d}" for number in range(1, 9)] + ["hr-web-01", "hr-web-02"]
        balancers = ["haproxy-01", "haproxy-02"]
        nowhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
        hosts = {
            name: {"renfort_tenant": "" if name in balancers else name.partition("-")[0]}
            | (nowhere if name in gone else {})
            for name in web + balancers
        }
        groups = {
            "web": {"hosts": dict.fromkeys(web)},
            "haproxy": {"hosts": dict.fromkeys(balancers)},
            "fleet": {"hosts": hosts},
        }
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = self.folder / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"vars": local, "children": groups}}))
        variables = yaml.safe_dump({"waves": [1, "25%"], **extra}, default_flow_style=True, width=10_000)
        done = subprocess.run(
            [str(PLAYBOOK), "-i", str(inventory), "-e", variables, *options, str(self.folder / "play.yml")],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", "RENFORT_RUN_DIR": str(self.run_dir), **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return f"{' '.join((done.stdout + done.stderr).split())} exit {done.returncode}"

    def resume(self) -> list[str]:
        return (self.run_dir / "resume.txt").read_text().split()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def worked(output: str) -> list[str]:
    """The machines that were touched, failures among them, by the recap."""
    return sorted(set(re.findall(r"((?:eure-web|hr-web|haproxy)-\d\d) : ok=", output)))


def test_a_run_without_failures_leaves_nothing(site: Site) -> None:
    output = site.play(rescued=["eure-web-03"])

    assert output.endswith("exit 0"), output
    assert len(worked(output)) == 12
    assert "are left" not in output
    assert not (site.run_dir / "resume.txt").exists()


def test_a_failure_in_one_wave_and_one_in_a_later_wave_add_up_and_end_the_run(site: Site) -> None:
    """One may fail. The second wave has one, the third another: the fourth does not begin."""
    output = site.play(broken=["eure-web-02", "eure-web-05"], renfort_max_failures=1)

    assert output.endswith("exit 2"), output
    assert "2 of 12 machines failed or were not reached in this run; 1 may (renfort_max_failures)" in output
    assert "eure-web-02: Work: " in output
    assert "TASK [Work]" in output.partition("2 of 12")[0]
    assert "TASK [Work]" not in output.partition("2 of 12")[2]
    after = ["eure-web-06", "eure-web-07", "eure-web-08"]
    left = ["eure-web-02", "eure-web-05", *after, "haproxy-01", "haproxy-02"]
    assert site.resume() == left
    assert f"{len(left)} of 12 machines are left: {','.join(left)}" in output
    assert f"--limit @{site.run_dir}/resume.txt" in output


def test_a_machine_that_is_not_reached_counts_as_one_that_failed(site: Site) -> None:
    output = site.play(gone=("eure-web-03",), broken=["eure-web-04"], renfort_max_failures=1)

    assert "2 of 12 machines failed or were not reached" in output
    assert "eure-web-03: not reached: " in output
    assert output.endswith(("exit 2", "exit 4")), output
    assert "eure-web-03" in site.resume()


def test_within_the_limit_the_run_goes_on_and_the_rest_is_left(site: Site) -> None:
    """The load balancers worked, and still have to be told of the machine that did not."""
    output = site.play(broken=["eure-web-02"], renfort_max_failures="10%")

    assert output.endswith("exit 2")
    assert len(worked(output)) == 12
    assert site.resume() == ["eure-web-02", "haproxy-01", "haproxy-02"]

    again = site.play("--limit", f"@{site.run_dir}/resume.txt")

    assert again.endswith("exit 0"), again
    assert worked(again) == ["eure-web-02", "haproxy-01", "haproxy-02"]


def test_a_canary_that_fails_ends_the_run(site: Site) -> None:
    output = site.play(broken=["eure-web-01"], renfort_max_failures="50%")

    assert "The run ends here: eure-web-01 failed, which is a whole wave of web." in output
    assert len(site.resume()) == 12


def test_a_run_that_nobody_counts_does_not_begin(site: Site) -> None:
    output = site.play(env={"ANSIBLE_CALLBACKS_ENABLED": "ent.renfort.journal"})

    assert "Nobody counts the failures of this run" in output
    assert output.endswith("exit 2")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"waves": ["a lot"]}, "renfort_waves: 'a lot' is neither a number of machines"),
        ({"renfort_max_failures": "few"}, "renfort_max_failures: 'few' is neither"),
    ],
)
def test_what_is_misspelt_is_said_before_anything_is_touched(
    site: Site, wrong: dict[str, object], message: str
) -> None:
    output = site.play(**wrong)

    assert message in output
    assert "TASK [Work]" not in output
    assert output.endswith("exit 2")
