# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.privileges import grants
from lab.control import api, cli, emulator
from lab.control.certificates import ensure_certificates
from lab.control.datacentre import load_datacentre
from lab.control.seeding import account
from lab.control.state import DATACENTRE, State, write_secret
from lab.errors import LabError


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(folder=tmp_path / "state")
    made.prepare()
    return made


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_the_state_folder_and_its_secrets_are_the_owners_alone(state: State) -> None:
    assert state.folder.stat().st_mode & 0o777 == 0o700
    assert state.root_password.stat().st_mode & 0o777 == 0o600
    password = state.root_password.read_text()
    state.prepare()
    assert state.root_password.read_text() == password


def test_a_secret_replaces_one_that_everybody_could_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


def test_the_certificate_is_good_for_the_loopback_and_signed_by_the_labs_authority(state: State) -> None:
    assert ensure_certificates(state)
    authority = x509.load_pem_x509_certificate(state.ca.read_bytes())
    verifier = (
        x509.verification.PolicyBuilder()
        .store(x509.verification.Store([authority]))
        .time(datetime.datetime.now(datetime.UTC).replace(tzinfo=None))
        .build_server_verifier(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    )
    leaf = x509.load_pem_x509_certificate(state.certificate.read_bytes())
    assert [c.subject for c in verifier.verify(leaf, [])] == [leaf.subject, authority.subject]
    ssl.create_default_context().load_verify_locations(str(state.ca))


def test_the_portals_have_a_certificate_of_the_same_authority_with_its_key(state: State) -> None:
    ensure_certificates(state)
    authority = x509.load_pem_x509_certificate(state.ca.read_bytes())
    verifier = (
        x509.verification.PolicyBuilder()
        .store(x509.verification.Store([authority]))
        .time(datetime.datetime.now(datetime.UTC).replace(tzinfo=None))
        .build_server_verifier(x509.DNSName("eure.ent.example"))
    )
    leaf = x509.load_pem_x509_certificate(state.portals.read_bytes())
    assert verifier.verify(leaf, [])[0] == leaf
    # OpenSSL refuses a key that is not the certificate's.
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(state.portals)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(state.ca, state.ca_key)


def test_an_authority_without_its_key_is_made_again(state: State) -> None:
    ensure_certificates(state)
    state.ca_key.unlink()
    assert ensure_certificates(state)
    assert not ensure_certificates(state)


def test_valid_certificates_are_kept(state: State) -> None:
    ensure_certificates(state)
    before = state.certificate.read_bytes()
    assert not ensure_certificates(state)
    assert state.certificate.read_bytes() == before


def test_the_first_guests_carry_the_tags_that_a_planned_machine_would() -> None:
    for guest in load_datacentre(DATACENTRE).guests:
        planned = Machine(
            name=guest.name,
            vmid=guest.vmid,
            tier=guest.tier,
            tenant=guest.tenant,
            hypervisor=guest.node,
            template=guest.template,
            cores=guest.cores,
            memory_mib=guest.memory_mib,
            disk_gib=8,
            storage="vmdata",
            bridge=guest.bridge,
            address=guest.address,
            gateway=guest.gateway,
            nameservers=guest.nameservers,
            pool=guest.pool,
            reason="",
        )
        assert guest.tags == ";".join(planned.tags)


def test_the_datacentre_is_consistent() -> None:
    datacentre = load_datacentre(DATACENTRE)
    subnets = {bridge.name: ipaddress.ip_network(bridge.subnet) for bridge in datacentre.bridges}
    assert datacentre.images == ("debian-13",)
    assert [guest.vmid for guest in datacentre.guests] == [2000, 2001, 2002]
    for guest in datacentre.guests:
        assert ipaddress.ip_address(guest.ip) in subnets[guest.bridge]
        assert guest.nameservers == (guest.gateway,)


def test_the_datacentre_and_the_planners_networks_agree() -> None:
    inventory = DATACENTRE.parents[1] / "inventories/lab/group_vars/all/networks.yml"
    networks = yaml.safe_load(inventory.read_text(encoding="utf-8"))["renfort_networks"].values()
    assert {(row["bridge"], row["cidr"], row["gateway"]) for row in networks} == {
        (bridge.name, bridge.subnet, bridge.gateway) for bridge in load_datacentre(DATACENTRE).bridges
    }


def test_a_missing_key_of_the_datacentre_is_named(tmp_path: Path) -> None:
    data = yaml.safe_load(DATACENTRE.read_text(encoding="utf-8"))
    del data["bridges"]["vmbr1"]["gateway"]
    broken = tmp_path / "datacentre.yml"
    broken.write_text(yaml.safe_dump(data))
    with pytest.raises(LabError, match=r"datacentre\.yml is not as the lab needs it: 'gateway'"):
        load_datacentre(broken)


def test_the_operators_get_what_the_lists_of_privileges_say_for_the_lab() -> None:
    operators = account(load_datacentre(DATACENTRE))

    given = {(grant.path, grant.role) for grant in grants(operators.duty, operators.places)}
    assert {
        ("/pool/renfort", "RenfortGuests"),
        ("/vms/9000", "RenfortTemplate"),
        ("/storage/vmdata", "RenfortStorage"),
        ("/sdn/zones/localnetwork/vmbr2", "RenfortBridges"),
    } <= given
    assert ("/storage/local", "RenfortStorage") not in given


def test_a_stale_pid_file_is_no_running_emulator(state: State) -> None:
    state.pid_file.write_text(str(os.getpid()))
    assert emulator.running_pid(state) == 0
    assert not emulator.stop(state)
    assert not state.pid_file.exists()


def test_a_taken_port_is_named_with_what_to_do(
    state: State, busy_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "API_PORT", busy_port)
    with pytest.raises(LabError, match=rf"Port {busy_port} of 127\.0\.0\.1 is taken.*ss -ltnp"):
        emulator.start(state)
    assert not state.pid_file.exists()


def test_a_lab_that_does_not_run_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(api, "ADMIN_PORT", closed.getsockname()[1])
        assert cli.main(["faults", "list"]) == cli.EXIT_FAILED
    assert capsys.readouterr().err == "lab: The lab does not run. Start it with `scripts/lab.py up`.\n"


@pytest.mark.parametrize("argv", [["--help"], ["up", "--help"], ["faults", "add", "--help"]])
def test_every_command_explains_itself(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 0
    assert "usage: lab.py" in capsys.readouterr().out
