# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays as portals, receivers and operators meet them, on real machines."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import dkim
import pytest
from testinfra.host import Host

from ansible_collections.ent.renfort.plugins.module_utils.smtp_config import dns_records
from extensions.molecule.smtp.tests.parts import RELAYS, figures, machine, messages, send, tally, until

SCENARIO = Path(__file__).parents[1]
PEOPLE, NOTICES = "no-reply@eure.example", "notifications@eure.example"
KEY = "/etc/rspamd/dkim/{}.renfort.key"
TENANTS = [
    {"name": "eure", "domains": ["eure.example"], "dkim_selector": "renfort"},
    {"name": "haut_rhin", "domains": ["haut-rhin.example"], "dkim_selector": "renfort"},
]

each_relay = pytest.mark.parametrize("name", RELAYS)


def fresh() -> str:
    return uuid.uuid4().hex[:12]


def answer(result: dict[str, dict[str, int]]) -> str:
    (said,) = result["said"]
    return said


def queue(relay: str, kind: str, name: str) -> float:
    return figures(relay)[f'renfort_smtp_queue_messages{{class="{kind}",queue="{name}"}}']


def deliveries(relay: str, kind: str, status: str) -> float:
    return figures(relay)[f'renfort_smtp_deliveries_total{{class="{kind}",status="{status}"}}']


@each_relay
def test_everything_runs_and_starts_at_boot(name: str) -> None:
    host = machine(name)
    units = "postfix postfix@notify rspamd renfort-smtp-exporter renfort-smtp-switches.path"
    assert host.check_output(f"systemctl is-active {units}").split() == ["active"] * 5
    assert host.check_output(f"systemctl is-enabled {units}").split() == ["enabled"] * 5
    assert figures(name)['renfort_smtp_up{class="people"}'] == 1
    assert figures(name)['renfort_smtp_up{class="notification"}'] == 1


@each_relay
def test_only_what_must_be_reached_listens_to_others(name: str) -> None:
    lines = machine(name).check_output("ss -ltnH").splitlines()
    outside = {line.split()[3].rpartition(":")[2] for line in lines if "127.0.0.1:" not in line}
    assert outside - {"22"} == {"25", "10025", "9154"}


@each_relay
def test_mail_of_a_tenant_is_delivered_signed_and_the_signature_holds(name: str) -> None:
    keys = {
        domain: machine(name).check_output(f"openssl pkey -in {KEY.format(domain)} -pubout")
        for domain in ("eure.example", "haut-rhin.example")
    }
    records = [line.split(" IN TXT ") for line in dns_records(TENANTS, keys, [RELAYS[name]])]
    zone = {owner: text.replace('" "', "").strip('"').encode() for owner, text in records}
    for sender in (PEOPLE, NOTICES, "alertes@haut-rhin.example"):
        run = fresh()
        send(name, sender=sender, run=run, to=f"{run}@mail.example")
        (found,) = until(lambda to=f"{run}@mail.example": messages(to=to))
        raw = found["raw"].encode("latin-1")
        assert dkim.verify(raw, dnsfunc=lambda asked, **_: zone.get(asked.decode()))
        spoilt = raw.replace(b"vous attend", b"vous oublie")
        assert not dkim.verify(spoilt, dnsfunc=lambda asked, **_: zone.get(asked.decode()))


def test_all_relays_sign_with_the_same_keys() -> None:
    sums = {machine(name).file(KEY.format("eure.example")).sha256sum for name in RELAYS}
    assert len(sums) == 1
    key = machine("smtp-1").file(KEY.format("eure.example"))
    assert (key.user, key.group, key.mode) == ("root", "_rspamd", 0o640)


def test_mail_whose_author_is_of_another_domain_is_not_signed_for_it() -> None:
    run = fresh()
    send("smtp-1", sender=PEOPLE, author="someone@haut-rhin.example", run=run, to=f"{run}@mail.example")
    (found,) = until(lambda: messages(to=f"{run}@mail.example"))
    assert not found["dkim"]


def test_who_is_no_machine_of_the_platform_is_refused() -> None:
    said = answer(send("smtp-1", via="smtp-sink", sender=PEOPLE))
    assert said.startswith("554")
    assert "platform's machines only" in said


@pytest.mark.parametrize("sender", ["someone@other.example", "x@sub.eure.example"])
def test_a_sender_of_no_tenant_is_refused(sender: str) -> None:
    said = answer(send("smtp-1", sender=sender))
    assert said.startswith("550")
    assert "No tenant of the platform sends from this address" in said


def test_the_port_of_the_load_balancers_knows_the_client_behind_them() -> None:
    run = fresh()
    assert answer(send("smtp-1", port=10025, proxied="192.0.2.7", run=run)) == "taken"
    log = machine("smtp-1").check_output(
        "grep --max-count=5 'proxied/smtpd.*192.0.2.7' /var/log/postfix/people.log"
    )
    assert "client=unknown[192.0.2.7]" in log
    assert answer(send("smtp-1", port=10025, proxied="198.51.100.1")).startswith("554")


def test_a_destination_never_sees_more_deliveries_at_once_than_it_may() -> None:
    send("smtp-1", messages=24, connections=6, to="p#@small.example", run=fresh())
    assert until(lambda: tally("small.example")["accepted"] >= 24)
    assert tally("small.example")["most_at_once"] == 2


def test_a_paced_destination_gets_a_message_a_second() -> None:
    run = fresh()
    send("smtp-1", messages=4, connections=2, to="p#@paced.example", run=run)
    arrived = until(lambda: len(messages(domain="paced.example")) >= 4 and messages(domain="paced.example"))
    times = sorted(message["received"] for message in arrived if run in message["message_id"])
    assert len(times) == 4
    assert times[-1] - times[0] >= 2.5


def test_a_dead_destination_delays_no_other() -> None:
    run = fresh()
    sent = send("smtp-1", messages=60, connections=4, to="p#@dead.example,p#@alive.example", run=run)
    assert sent["said"] == {"taken": 60}

    def arrived() -> list[float]:
        return [
            it["received"] - sent["taken"][it["message_id"]][1]
            for it in messages(domain="alive.example")
            if it["message_id"] in sent["taken"]
        ]

    assert until(lambda: len(arrived()) == 30), "mail for the living domain waits"
    assert max(arrived()) < 10
    assert until(lambda: queue("smtp-1", "people", "deferred") >= 30)
    assert figures("smtp-1")['renfort_smtp_queue_oldest_seconds{class="people",queue="deferred"}'] > 0
    machine("smtp-1").check_output("postsuper -d ALL deferred")


def test_a_greylisting_destination_gets_the_message_when_it_is_tried_again() -> None:
    run = fresh()
    send("smtp-1", to=f"{run}@grey.example", run=run)
    assert until(lambda: tally("grey.example")["deferred"] >= 1)
    assert until(lambda: messages(to=f"{run}@grey.example"), 60)


def test_notifications_are_held_and_let_go_whole_and_once(relay: Host) -> None:
    run = fresh()
    relay.check_output("renfort-smtp hold")
    send("smtp-1", sender=NOTICES, messages=20, connections=4, to="p#@held.example", run=run)
    send("smtp-1", sender=NOTICES, to=f"{run}@mailbox.example", run=f"{run}i")
    send("smtp-1", sender=PEOPLE, to=f"{run}@held.example", run=f"{run}p")
    assert until(lambda: messages(to=f"{run}@mailbox.example")), "mail inside the platform is held"
    assert until(lambda: messages(to=f"{run}@held.example")), "mail between people is held"
    assert until(lambda: queue("smtp-1", "notification", "hold") == 20)
    assert figures("smtp-1")["renfort_smtp_notifications_held"] == 1
    assert len(messages(domain="held.example")) == 1
    relay.check_output("renfort-smtp release")
    assert until(lambda: len(messages(domain="held.example")) == 21)
    assert tally("held.example")["duplicates"] == 0
    assert queue("smtp-1", "notification", "hold") == 0
    assert figures("smtp-1")["renfort_smtp_notifications_held"] == 0


def test_what_waits_already_is_held_too_by_the_file_alone(relay: Host) -> None:
    run = fresh()
    send("smtp-1", sender=NOTICES, to=f"{run}@dead.example", run=run)
    assert until(lambda: queue("smtp-1", "notification", "deferred") == 1)
    relay.check_output("echo '{\"hold_notification_mail\": true}' > /etc/renfort/smtp-switches.json")
    assert until(lambda: queue("smtp-1", "notification", "hold") == 1)
    relay.check_output("echo '{\"hold_notification_mail\": false}' > /etc/renfort/smtp-switches.json")
    assert until(lambda: queue("smtp-1", "notification", "hold") == 0)
    relay.check_output("postsuper -c /etc/postfix-notify -d ALL")


def test_a_switch_that_is_none_changes_nothing(relay: Host) -> None:
    relay.check_output('echo \'{"hold_notification_mail": "yes"}\' > /etc/renfort/smtp-switches.json')
    done = relay.run("renfort-smtp apply")
    assert done.rc == 1
    assert "nothing was changed" in done.stderr
    assert not json.loads(relay.check_output("renfort-smtp status"))["held"]


@pytest.mark.parametrize(
    ("sender", "goes_to"),
    [(PEOPLE, PEOPLE), ("x@lycees.haut-rhin.example", "retours@haut-rhin.example")],
)
def test_a_bounce_goes_where_the_tenant_says(sender: str, goes_to: str) -> None:
    run = fresh()
    started = time.time()
    send("smtp-1", sender=sender, to=f"{run}@nobody.example", run=run)
    found = until(lambda: messages(to=goes_to, since=str(started)))
    assert any(run in message["raw"] for message in found)
    assert {message["sender"] for message in found} == {""}


def test_a_bounce_of_a_notification_without_an_address_for_it_is_dropped_and_counted() -> None:
    run = fresh()
    before = deliveries("smtp-1", "notification", "dropped")
    send("smtp-1", sender=NOTICES, to=f"{run}@nobody.example", run=run)
    assert until(lambda: deliveries("smtp-1", "notification", "dropped") == before + 1)
    assert deliveries("smtp-1", "notification", "bounced") >= 1
    assert messages(to=NOTICES) == []


def test_a_drained_relay_takes_no_mail_and_ends_with_empty_queues(relay: Host) -> None:
    run = fresh()
    send("smtp-1", messages=6, to="p#@small.example", run=run)
    relay.check_output("renfort-smtp drain")
    assert until(lambda: "25" not in relay.check_output("ss -ltnH '( sport = :25 or sport = :10025 )'"))
    assert "refused" in answer(send("smtp-1"))
    assert until(lambda: json.loads(relay.check_output("renfort-smtp status"))["left"] == 0)
    assert len([it for it in messages(domain="small.example") if run in it["message_id"]]) == 6
    relay.check_output("renfort-smtp undrain")
    assert until(lambda: answer(send("smtp-1")) == "taken")


def play(playbook: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ansible-playbook", "--inventory", os.environ["MOLECULE_INVENTORY_FILE"], *options, str(playbook)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_relay_with_mail_left_is_not_released(relay: Host) -> None:
    run = fresh()
    send("smtp-1", to=f"{run}@dead.example", run=run)
    done = play(SCENARIO / "drain.yml")
    assert done.returncode == 2, done.stdout
    assert "1 messages are left after 8 s" in done.stdout + done.stderr
    relay.check_output("postsuper -d ALL")
    done = play(SCENARIO / "drain.yml")
    assert done.returncode == 0, done.stdout


def test_the_records_to_publish_are_printed() -> None:
    addresses = json.dumps({"renfort_smtp_addresses": ["192.0.2.25"]})
    done = play(SCENARIO.parents[2] / "playbooks/smtp_dns.yml", "--extra-vars", addresses)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "renfort._domainkey.lycees.haut-rhin.example. IN TXT" in done.stdout
    assert "v=spf1 ip4:192.0.2.25 -all" in done.stdout


def test_a_configuration_that_postfix_complains_of_is_refused(relay: Host) -> None:
    check = "/usr/local/lib/renfort-smtp/check-config"
    relay.check_output("(cat /etc/postfix/main.cf; echo smtp_conect_timeout=5s) > /tmp/main.cf")
    done = relay.run(f"{check} /tmp/main.cf /etc/postfix/main.cf")
    assert done.rc == 1
    assert "smtp_conect_timeout" in done.stderr
    assert relay.run(f"{check} /etc/postfix/main.cf /etc/postfix/main.cf").rc == 0
    assert relay.run(f"{check} /etc/postfix-notify/master.cf /etc/postfix-notify/master.cf").rc == 0
