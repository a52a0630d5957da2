# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's templates, rendered with its defaults, and judged by a real HAProxy where there is one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ansible_collections.ent.renfort.plugins.filter import haproxy_maxconn
from ansible_collections.ent.renfort.plugins.module_utils.config_fragments import assemble
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_certificates import bundles
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_config import (
    path_map,
    portal_map,
    section_fragments,
)
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_difference import parse

ROLE = Path(__file__).parents[3] / "roles" / "haproxy"
MACHINE = {"stdout_lines": ["2097152", "524288"]}
MARKER = "@fragments_digest@"
BACKENDS = [
    {
        "name": "eure",
        "hosts": ["eure.ent.example"],
        "servers": [
            {"name": "eure-web-01", "address": "10.83.20.11", "port": 80},
            {"name": "eure-web-02", "address": "10.83.20.12", "port": 8080, "weight": 50, "backup": True},
        ],
        "rules": ["http-response set-header X-Tenant eure"],
    },
    {
        "name": "eure_cas",
        "hosts": ["eure.ent.example"],
        "paths": ["/cas/"],
        "check_path": "/cas/healthz",
        "server_maxconn": 50,
        "servers": [{"name": "eure-cas-01", "address": "10.83.20.21", "port": 80}],
    },
    {"name": "haut_rhin", "hosts": ["haut-rhin.ent.example", "www.haut-rhin.ent.example"], "servers": []},
]
SERVICES = [
    {
        "name": "leader",
        "bind": ["*:5432"],
        "networks": ["10.83.0.0/16"],
        "on_marked_down": "shutdown-sessions",
        "servers": [{"name": "db-01", "address": "10.83.30.11", "port": 6432, "tls_name": "db-01.example"}],
        "check": {"type": "http", "port": 8008, "path": "/primary", "tls": True, "ca_file": "/etc/ca.crt"},
        "timeouts": {"client": "30m", "server": "30m"},
        "maxconn": 100,
    },
    {
        "name": "submission",
        "bind": ["*:25"],
        "send_proxy": True,
        "servers": [{"name": "smtp-01", "address": "10.83.0.31", "port": 10025}],
        "check": {"type": "smtp", "host": "portal.example"},
    },
    {"name": "plain", "bind": ["*:7000"], "servers": [{"name": "a", "address": "10.0.0.1", "port": 7000}]},
]


def environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["ent.renfort.portal_map"] = portal_map
    env.filters["ent.renfort.path_map"] = path_map
    env.filters["ent.renfort.haproxy_maxconn"] = haproxy_maxconn.haproxy_maxconn
    return env


def variables(**given: Any) -> dict[str, Any]:
    """The defaults and constants of the role, its computed defaults computed, and what is given."""
    env = environment()
    files = [ROLE / "defaults" / "main.yml", ROLE / "vars" / "main.yml"]
    values: dict[str, Any] = {"ansible_managed": "Ansible managed", "__haproxy_machine": MACHINE}
    for file in files:
        values |= yaml.safe_load(file.read_text(encoding="utf-8"))
    values |= given
    values["__haproxy_certificates"] = bundles(
        values["haproxy_certificates"], directory=values["__haproxy_certificates_directory"]
    )
    values["__haproxy_referred"] = [
        {"kind": "map", "path": values["__haproxy_map"], "digest": "0" * 64},
        *({**bundle, "kind": "certificate"} for bundle in values["__haproxy_certificates"]),
    ]
    for name in ("haproxy_portals", "haproxy_paths", "__haproxy_maxconn", "__haproxy_bind_certificates"):
        if isinstance(values[name], str):
            expression = values[name].strip().removeprefix("{{").removesuffix("}}")
            values[name] = env.compile_expression(expression)(**values)
    return values


def fragments(**given: Any) -> dict[str, str]:
    values = variables(haproxy_backends=BACKENDS, **given)
    env = environment()
    rendered = {
        path.name.removesuffix(".j2"): env.get_template(f"etc/haproxy/fragments/{path.name}").render(values)
        for path in (ROLE / "templates" / "etc" / "haproxy" / "fragments").glob("*.j2")
    }
    backends = section_fragments(rendered.pop("400-haproxy-backends.cfg"), prefix="400-haproxy-")
    services = section_fragments(
        rendered.pop("960-haproxy-tcp.cfg"), prefix="960-haproxy-tcp-", keyword="listen"
    )
    return rendered | {fragment["name"]: fragment["content"] for fragment in [*backends, *services]}


def certificate(host: str) -> str:
    """A certificate that signs itself, with its key, as HAProxy wants both in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (signed.public_bytes(Encoding.PEM) + private).decode()


def verdict(parts: Mapping[str, str], directory: Path) -> str:
    """What HAProxy says of a configuration, its files being rendered in a directory."""
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if haproxy is None:
        pytest.skip("no haproxy on this machine to judge the configuration")
    values = variables(haproxy_backends=BACKENDS)
    for name in (
        "portals.map",
        "paths.map",
        "errors/renfort-unavailable.html",
        "errors/renfort-unknown-host.html",
    ):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = environment().get_template(f"etc/haproxy/{name}.j2").render(values)
        target.write_text(text, encoding="utf-8")
    text = assemble(parts, marker=MARKER).text.replace("/etc/haproxy", str(directory))
    config = directory / "haproxy.cfg"
    config.write_text(text, encoding="utf-8")
    done = subprocess.run([haproxy, "-c", "-f", str(config)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_haproxy_accepts_the_defaults_without_a_warning(tmp_path: Path) -> None:
    said = verdict(fragments(), tmp_path)
    assert "[ALERT]" not in said, said
    assert "[WARNING]" not in said, said


def test_haproxy_accepts_every_option_switched_on(tmp_path: Path) -> None:
    parts = fragments(haproxy_persistence_cookie="SERVER", haproxy_log_all=False, haproxy_balance="leastconn")
    said = verdict(parts, tmp_path)
    assert "[ALERT]" not in said, said
    assert "[WARNING]" not in said, said


def test_a_fragment_between_300_and_390_continues_the_portals_frontend(tmp_path: Path) -> None:
    parts = fragments() | {"310-shield-rules.cfg": "    http-request deny if { path /robots.txt }\n"}
    said = verdict(parts, tmp_path)
    assert "[ALERT]" not in said, said
    text = assemble(parts, marker=MARKER).text
    assert text.index("frontend portals") < text.index("/robots.txt") < text.index("use_backend")


def test_each_backend_is_a_fragment_with_its_servers() -> None:
    parts = fragments()
    assert {"400-haproxy-eure.cfg", "400-haproxy-haut_rhin.cfg", "400-haproxy-unknown_host.cfg"} <= set(parts)
    eure = parts["400-haproxy-eure.cfg"].splitlines()
    assert "    server eure-web-01 10.83.20.11:80" in eure
    assert "    server eure-web-02 10.83.20.12:8080 weight 50 backup" in eure
    assert "    http-response set-header X-Tenant eure" in eure
    assert "    server" not in parts["400-haproxy-haut_rhin.cfg"].replace("default-server", "")


def test_the_map_holds_every_portal_host() -> None:
    values = variables(haproxy_backends=BACKENDS)
    lines = environment().get_template("etc/haproxy/portals.map.j2").render(values).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "eure.ent.example eure",
        "haut-rhin.ent.example haut_rhin",
        "www.haut-rhin.ent.example haut_rhin",
    ]


def test_the_machine_gives_the_limit_of_connections() -> None:
    assert "    maxconn 30000" in fragments()["000-haproxy-global.cfg"].splitlines()


def test_a_path_of_a_portal_leads_to_a_backend_of_its_own() -> None:
    values = variables(haproxy_backends=BACKENDS)
    lines = environment().get_template("etc/haproxy/paths.map.j2").render(values).splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["eure.ent.example/cas/ eure_cas"]
    parts = fragments()
    assert "map_beg(/etc/haproxy/paths.map)" in parts["300-haproxy-portals.cfg"]
    routes = [
        line.split()[1] for line in parts["390-haproxy-routes.cfg"].splitlines() if "use_backend" in line
    ]
    assert routes == ["%[var(txn.backend)]", "%[var(txn.portal)]"]
    cas = parts["400-haproxy-eure_cas.cfg"]
    assert "http-check send meth GET uri /cas/healthz " in cas
    assert " maxconn 50\n" in cas


def test_without_paths_nothing_is_looked_up_for_them() -> None:
    values = fragments(haproxy_paths={})
    assert "paths.map" not in values["300-haproxy-portals.cfg"]
    assert "txn.backend" not in values["390-haproxy-routes.cfg"]


def test_services_beside_http_check_what_they_are_told_to(tmp_path: Path) -> None:
    parts = fragments(haproxy_tcp_services=SERVICES)
    leader = parts["960-haproxy-tcp-leader.cfg"].splitlines()
    assert "    tcp-request connection reject unless { src 10.83.0.0/16 }" in leader
    assert "    http-check send meth GET uri /primary ver HTTP/1.1 hdr Host localhost" in leader
    (common,) = [line for line in leader if "default-server" in line]
    assert (
        " maxconn 100 port 8008 check-ssl verify required ca-file /etc/ca.crt on-marked-down shutdown"
        in common
    )
    assert "    server db-01 10.83.30.11:6432 verifyhost db-01.example" in leader
    submission = parts["960-haproxy-tcp-submission.cfg"]
    assert "option smtpchk EHLO portal.example" in submission
    assert " send-proxy\n" in submission
    assert "option" not in parts["960-haproxy-tcp-plain.cfg"]
    configuration = parse(assemble(parts, marker=MARKER).text)
    assert {"leader/db-01", "submission/smtp-01", "eure/eure-web-01"} <= set(configuration.servers)
    said = verdict(
        {name: text.replace("/etc/ca.crt", "@system-ca") for name, text in parts.items()}, tmp_path
    )
    assert "[ALERT]" not in said, said


def test_certificates_of_the_role_are_listed_and_digested() -> None:
    pem = certificate("eure.ent.example")
    given = {"haproxy_tls_binds": ["*:443"], "haproxy_certificates": [{"name": "eure", "pem": pem}]}
    values = variables(haproxy_backends=BACKENDS, **given)
    listed = environment().get_template("etc/haproxy/certificates.list.j2").render(values).splitlines()
    assert listed[-1] == "/etc/haproxy/certificates/eure.pem"
    parts = fragments(**given)
    bind = "    bind *:443 ssl crt-list /etc/haproxy/certificates.list alpn h2,http/1.1"
    assert bind in parts["300-haproxy-portals.cfg"].splitlines()
    files = parse(assemble(parts, marker=MARKER).text).files
    assert files["/etc/haproxy/certificates/eure.pem"][0] == "certificate"
    assert "PRIVATE KEY" not in "".join(parts.values())


@pytest.mark.parametrize("seconds", [0, 31536000])
def test_browsers_are_held_to_tls_only_when_asked(seconds: int) -> None:
    portals = fragments(haproxy_hsts_max_age=seconds)["300-haproxy-portals.cfg"]
    assert ("Strict-Transport-Security" in portals) is bool(seconds)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"haproxy_tls_certificates": "/etc/certs"}, "    bind *:443 ssl crt /etc/certs alpn h2,http/1.1"),
        ({"haproxy_tls_crt_list": "/etc/crts"}, "    bind *:443 ssl crt-list /etc/crts alpn h2,http/1.1"),
    ],
)
def test_tls_takes_a_directory_or_a_list_and_redirects(given: dict[str, str], expected: str) -> None:
    portals = fragments(haproxy_tls_binds=["*:443"], **given)["300-haproxy-portals.cfg"].splitlines()
    assert expected in portals
    assert "    http-request redirect scheme https code 301 unless { ssl_fc }" in portals


def test_haproxy_accepts_a_directory_of_certificates(tmp_path: Path) -> None:
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    for host in ("eure.ent.example", "haut-rhin.ent.example"):
        (certificates / f"{host}.pem").write_text(certificate(host), encoding="utf-8")
    parts = fragments(haproxy_tls_binds=["*:443"], haproxy_tls_certificates=str(certificates))
    said = verdict(parts, tmp_path)
    assert "[ALERT]" not in said, said
    assert "[WARNING]" not in said, said


@pytest.mark.parametrize("page", ["renfort-unavailable.html", "renfort-unknown-host.html"])
def test_the_pages_speak_french_and_english(page: str) -> None:
    text = environment().get_template(f"etc/haproxy/errors/{page}.j2").render(variables())
    assert '<section lang="fr">' in text
    assert '<section lang="en">' in text
