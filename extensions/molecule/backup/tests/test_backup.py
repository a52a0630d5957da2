# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine saves, is restored and cannot undo what it saved; the repository machine finds damage."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import testinfra

REPOSITORY = "/srv/backup/restic/backup-machine"
FIGURES = "/var/lib/prometheus/node-exporter"
RESTIC = "renfort-backup restic"


@pytest.fixture(scope="module")
def repository() -> Any:
    return testinfra.get_host("podman://backup-repository")


@pytest.fixture(scope="module")
def machine() -> Any:
    return testinfra.get_host("podman://backup-machine")


@pytest.fixture(scope="module")
def saved(machine: Any) -> Any:
    """The machine after a backup by its unit."""
    machine.check_output("systemctl start renfort-backup.service")
    return machine


def figure(host: Any, file: str, name: str) -> float:
    lines = host.file(f"{FIGURES}/{file}.prom").content_string.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(name)))


def newest(machine: Any) -> dict[str, Any]:
    return dict(json.loads(machine.check_output(f"{RESTIC} snapshots --json latest"))[0])


def journal(host: Any, unit: str) -> str:
    return str(host.check_output(f"journalctl --unit {unit} --no-pager --output cat --lines 40"))


def test_a_backup_holds_what_is_asked_for(saved: Any) -> None:
    listed = saved.check_output(f"{RESTIC} ls latest")
    assert "/srv/data/letters/60" in listed
    assert "/srv/data/dump" in listed, "the command before the backup made it"
    assert "useless" not in listed
    assert saved.file("/run/backup-after").exists
    assert newest(saved)["paths"] == ["/srv/data"]


def test_figures_tell_of_the_backup(saved: Any) -> None:
    assert figure(saved, "renfort-backup", "renfort_backup_success") == 1
    age = time.time() - figure(saved, "renfort-backup", "renfort_backup_last_success_timestamp_seconds")
    assert age < 3600
    assert figure(saved, "renfort-backup", "renfort_backup_files") >= 62
    assert figure(saved, "renfort-backup", "renfort_backup_processed_bytes") > 1_000_000


def test_the_last_backup_comes_back_as_it_was(saved: Any) -> None:
    saved.check_output("systemctl start renfort-restore-test.service")
    assert "restored all, compared 62 files" in journal(saved, "renfort-restore-test")
    assert figure(saved, "renfort-backup", "renfort_restore_test_success") == 1
    assert figure(saved, "renfort-backup", "renfort_restore_test_files") == 62
    assert not saved.file("/var/lib/renfort-backup/restored").exists


def test_a_person_restores_a_file_with_its_owner(saved: Any) -> None:
    saved.check_output("rm -rf /root/restored")
    saved.check_output(f"{RESTIC} restore latest --include /srv/data/letters/7 --target /root/restored")
    file = saved.file("/root/restored/srv/data/letters/7")
    assert file.sha256sum == saved.file("/srv/data/letters/7").sha256sum
    assert (file.uid, file.gid) == (4242, 4243)


def test_a_machine_cannot_remove_what_it_saved(saved: Any, repository: Any) -> None:
    before = newest(saved)["id"]
    refused = saved.run(f"{RESTIC} forget {before}")
    assert "unable to remove snapshot" in refused.stderr + refused.stdout
    assert newest(saved)["id"] == before
    assert repository.file(f"{REPOSITORY}/snapshots/{before}").exists


def ask(machine: Any, path: str, user: str = "", method: str = "GET") -> int:
    """The status of an answer to one who knows the password of the machine, or none."""
    code = (
        "import json; e = json.load(open('/etc/renfort/backup-client.json'))['environment'];"
        "print(e['RESTIC_REST_PASSWORD'])"
    )
    given = f'--user {user}:$(python3 -c "{code}")' if user else ""
    options = f"--silent --output /dev/null --write-out '%{{http_code}}' --request {method} --cacert"
    return int(
        machine.check_output(
            f"curl {options} /etc/renfort/tls/ca.crt {given} https://repository.test:8000{path}"
        )
    )


@pytest.mark.parametrize(
    ("path", "user", "method", "status"),
    [
        ("/backup-machine/config", "backup-machine", "GET", 200),
        ("/backup-machine/config", "", "GET", 401),
        ("/neighbour/config", "backup-machine", "GET", 401),
        ("/backup-machine/config", "neighbour", "GET", 401),
        ("/backup-machine/config", "backup-machine", "DELETE", 403),
        ("/backup-machine/keys/{key}", "backup-machine", "DELETE", 403),
    ],
    ids=["own", "without password", "of another", "as another", "removing", "removing a key"],
)
def test_the_server_lets_a_machine_read_its_own_and_no_more(
    saved: Any, repository: Any, path: str, user: str, method: str, status: int
) -> None:
    key = repository.file(f"{REPOSITORY}/keys").listdir()[0]
    assert ask(saved, path.format(key=key), user, method) == status
    assert repository.file(f"{REPOSITORY}/keys/{key}").exists


def test_a_server_with_another_certificate_is_not_trusted(saved: Any) -> None:
    result = saved.run(f"{RESTIC} --cacert /etc/ssl/certs/ca-certificates.crt cat config")
    assert result.rc != 0


def test_secrets_are_for_root_alone(saved: Any, repository: Any) -> None:
    assert saved.file("/etc/renfort/backup-client.json").mode == 0o600
    assert repository.file("/etc/renfort/backup-passwords").mode == 0o700
    shown = repository.check_output("ps -eo args") + saved.check_output("ps -eo args")
    assert "RESTIC_PASSWORD" not in shown
    assert "{SHA}" in repository.file("/etc/renfort/backup.htpasswd").content_string


def test_the_server_sees_little_of_its_machine(repository: Any) -> None:
    status = repository.check_output("cat /proc/$(pidof restic-rest-server)/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_retention_and_verification_leave_a_good_repository(saved: Any, repository: Any) -> None:
    repository.check_output(
        "systemctl start backup-retention.service && systemctl start backup-check.service"
    )
    assert "backup-machine: retention done" in journal(repository, "backup-retention")
    assert "neighbour: has saved nothing yet" in journal(repository, "backup-check")
    for name in (
        "retention_success_timestamp_seconds",
        "check_success_timestamp_seconds",
        "snapshots",
        "bytes",
    ):
        assert figure(repository, "renfort-repositories", f"renfort_repository_{name}{{") > 0
    assert newest(saved)["id"]
    owners = repository.check_output(f"find {REPOSITORY} ! -user restic-rest-server")
    assert owners == ""


def test_a_snapshot_from_the_future_keeps_retention_from_removing_the_others(
    saved: Any, repository: Any
) -> None:
    before = newest(saved)["id"]
    saved.check_output(f"{RESTIC} backup --quiet --time '2099-01-01 00:00:00' /etc/hostname")
    try:
        assert repository.run("systemctl start backup-retention.service").rc != 0
        assert "1 of its snapshots are from the future" in journal(repository, "backup-retention")
        failed = 'renfort_repository_failed{client="backup-machine",job_name="retention"}'
        assert figure(repository, "renfort-repositories", failed) == 1
        assert repository.file(f"{REPOSITORY}/snapshots/{before}").exists
    finally:
        future = newest(saved)["id"]
        repository.check_output(
            f"setpriv --reuid restic-rest-server --clear-groups rm {REPOSITORY}/snapshots/{future}"
        )
    repository.check_output("systemctl start backup-retention.service")


def test_damage_is_found_by_verification_and_by_a_restore_test(saved: Any, repository: Any) -> None:
    pack = repository.check_output(f"find {REPOSITORY}/data -type f -size +100k | sort | head -1")
    repository.check_output(f"cp -p {pack} /root/pack")
    repository.check_output(
        f"chmod u+w {pack} && printf damage | dd of={pack} bs=1 seek=5000 conv=notrunc status=none"
    )
    try:
        assert repository.run("systemctl start backup-check.service").rc != 0
        assert "backup-machine: restic check ended with status 1" in journal(repository, "backup-check")
        assert saved.run("systemctl start renfort-restore-test.service").rc != 0
        assert figure(saved, "renfort-backup", "renfort_restore_test_success") == 0
    finally:
        repository.check_output(f"cp -p /root/pack {pack}")
    repository.check_output("systemctl start backup-check.service")
    saved.check_output("systemctl start renfort-restore-test.service")


def test_timers_wait_for_their_time(saved: Any, repository: Any) -> None:
    for host, timers in (
        (saved, ("renfort-backup", "renfort-restore-test")),
        (repository, ("backup-retention", "backup-check")),
    ):
        for timer in timers:
            assert host.service(f"{timer}.timer").is_running
            assert host.service(f"{timer}.timer").is_enabled


def test_pgbackrest_gets_in_by_key_and_can_do_nothing_else(repository: Any) -> None:
    assert repository.user("pgbackrest").exists
    keys = repository.file("/var/lib/pgbackrest/.ssh/authorized_keys").content_string
    assert keys.startswith(
        'restrict,command="exec /usr/bin/pgbackrest ${SSH_ORIGINAL_COMMAND#* }" ssh-ed25519'
    )
    folder = repository.file("/srv/backup/pgbackrest")
    assert (folder.user, folder.mode) == ("pgbackrest", 0o750)
    written = (
        "setpriv --reuid pgbackrest --regid pgbackrest --clear-groups touch /srv/backup/pgbackrest/probe"
    )
    repository.check_output(f"{written} && rm /srv/backup/pgbackrest/probe")


def test_a_renewed_certificate_is_taken_up(saved: Any, repository: Any) -> None:
    before = repository.check_output("pidof restic-rest-server")
    repository.check_output("cp /etc/renfort/tls/server.crt /tmp/c && cp /tmp/c /etc/renfort/tls/server.crt")
    for _ in range(40):
        if repository.run("pidof restic-rest-server").stdout.strip() not in ("", before):
            break
        time.sleep(1)
    else:
        pytest.fail(f"the server was not restarted: still {before}")
    assert saved.run("for i in 1 2 3 4 5; do renfort-backup init && break; sleep 1; done").stdout == "there\n"
