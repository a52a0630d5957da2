# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real NetBox with a PostgreSQL and a Redis of its own, for as long as a block lasts.

Nothing is shared with services of the machine: PostgreSQL and Redis listen on sockets in a temporary
folder only, NetBox on a free port of 127.0.0.1. All three end with the block, by their process ids,
and also when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context

from tests.netbox.install import Installed, SetupError, install, run, say

START_S = 60
"""How long a service may take to answer."""

STOP_S = 20
"""How long a service may take to end before it is killed."""

PAGE = 50
"""Objects on a page: few, so that a small NetBox has lists of several pages."""

ADMINISTRATOR = """
from users.models import Token, User
token = Token(user=User.objects.create_superuser("admin", password="{password}"), version={version})
token.save()
print("TOKEN", token.get_auth_header_prefix().split()[1] + token.token if token.v2 else token.token)
"""
"""Makes the first account, which makes everything else through the API."""

CONFIGURATION = """
ALLOWED_HOSTS = ["*"]
DATABASES = {{"default": {{"NAME": "netbox", "USER": "netbox", "HOST": "{database}", "CONN_MAX_AGE": 300}}}}
REDIS = {{
    "tasks": {{"URL": "unix://{redis}?db=0"}},
    "caching": {{"URL": "unix://{redis}?db=1"}},
}}
SECRET_KEY = "{secret}"
API_TOKEN_PEPPERS = {{1: "{pepper}"}}
RELEASE_CHECK_URL = None
CENSUS_REPORTING_ENABLED = False
MAX_PAGE_SIZE = {page}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A NetBox that answers."""

    url: str
    ca_file: Path
    token: str
    password: str
    log: Path


@contextlib.contextmanager
def running_netbox() -> Iterator[Running]:
    """Start everything, yield the NetBox, end everything."""
    installed = install()
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="renfort-netbox-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o711)
        database = _start_postgres(stack, installed, folder)
        redis = folder / "redis.sock"
        _start(
            stack,
            "Redis",
            ["redis-server", "--port", "0", "--unixsocket", redis, "--unixsocketperm", "700", "--save", ""],
            log=folder / "redis.log",
            ready=lambda: run(["redis-cli", "-s", redis, "ping"]),
        )
        environment = _configure(folder, database, redis)
        _migrate(installed, database, environment)
        password = secrets.token_urlsafe(24)
        code = ADMINISTRATOR.format(password=password, version=2)
        told = run([installed.bin / "netbox", "shell", "-c", code], env=environment)
        token = next(line.split()[1] for line in told.splitlines() if line.startswith("TOKEN "))
        yield _start_web(stack, installed, folder, environment, (token, password))
        say("ending NetBox, Redis and PostgreSQL")


def _start_postgres(stack: contextlib.ExitStack, installed: Installed, folder: Path) -> Path:
    """Start a new cluster that listens on a socket in its folder, and return the folder."""
    # PostgreSQL refuses root.
    user = "postgres" if os.geteuid() == 0 else ""
    home = folder / "postgresql"
    home.mkdir(mode=0o700)
    if user:
        shutil.chown(home, user, user)
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if user else []
    data = home / "data"
    initdb = ["initdb", "-D", data, "-U", "netbox", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    run([*as_user, installed.postgres / initdb[0], *initdb[1:]])
    options = ["listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    _start(
        stack,
        f"PostgreSQL {installed.postgres.parent.name}",
        [installed.postgres / "postgres", "-D", data, "-k", home, *(f"-c{option}" for option in options)],
        log=folder / "postgresql.log",
        ready=lambda: run([installed.postgres / "pg_isready", "-h", home]),
        user=user,
        # The quick end; the usual signal waits for the clients.
        end=signal.SIGINT,
    )
    return home


def _configure(folder: Path, database: Path, redis: Path) -> Mapping[str, str]:
    """Write the configuration and return the environment that finds it."""
    root = folder / "netbox"
    (root / "conf").mkdir(parents=True, mode=0o700)
    text = CONFIGURATION.format(
        database=database, redis=redis, secret=secrets.token_hex(32), pepper=secrets.token_hex(32), page=PAGE
    )
    (root / "conf" / "configuration.py").write_text(text, encoding="utf-8")
    return {"NETBOX_ROOT": str(root), "DJANGO_SETTINGS_MODULE": "netbox.settings"}


def _migrate(installed: Installed, database: Path, environment: Mapping[str, str]) -> None:
    """Bring the database to the state after all migrations: from the copy of an earlier run, if any."""
    access = ["-h", database, "-U", "netbox"]
    run([installed.postgres / "createdb", *access, "netbox"])
    if installed.dump.exists():
        say("restoring the migrated database of an earlier run")
        run([installed.postgres / "pg_restore", *access, "-d", "netbox", installed.dump])
        return
    say("running all migrations of NetBox (about four minutes, the first time only)")
    run([installed.bin / "netbox", "migrate", "--no-input"], env=environment)
    partial = installed.dump.with_name(f"{installed.dump.name}.{os.getpid()}")
    run([installed.postgres / "pg_dump", *access, "-Fc", "-f", partial, "netbox"])
    partial.replace(installed.dump)


def _start_web(
    stack: contextlib.ExitStack,
    installed: Installed,
    folder: Path,
    environment: Mapping[str, str],
    account: tuple[str, str],
) -> Running:
    """Start NetBox behind TLS, with a certificate of its own."""
    token, password = account
    certificate, key = folder / "server.pem", folder / "server.key"
    request = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-days", "2", "-subj", "/CN=NetBox under test", "-addext", "subjectAltName=IP:127.0.0.1"]
    run([*request, *names, "-keyout", key, "-out", certificate])
    # Bound here, so that nothing can take the port before NetBox listens on it.
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    listener.set_inheritable(True)
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    context = create_default_context(cafile=str(certificate))
    asked = urllib.request.Request(f"{url}/api/status/", headers={"Authorization": f"Bearer {token}"})
    _start(
        stack,
        "NetBox",
        [
            *(installed.bin / "gunicorn", "netbox.wsgi:application"),
            *("--bind", f"fd://{listener.fileno()}", "--threads", "4", "--graceful-timeout", "2"),
            *("--certfile", certificate, "--keyfile", key, "--access-logfile", folder / "access.log"),
        ],
        log=folder / "netbox.log",
        ready=lambda: urllib.request.urlopen(asked, context=context, timeout=START_S).close(),
        environment=environment,
        keep=listener.fileno(),
        # The quick end; the usual signal waits for connections that are kept alive.
        end=signal.SIGINT,
    )
    return Running(url=url, ca_file=certificate, token=token, password=password, log=folder / "access.log")


def _start(
    stack: contextlib.ExitStack,
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], object],
    user: str = "",
    environment: Mapping[str, str] | None = None,
    keep: int | None = None,
    end: signal.Signals = signal.SIGTERM,
) -> None:
    """Start a service that ends with the stack, and wait until it is ready."""
    say(f"starting {name}")
    # Should this process be killed, the system ends the service.
    guard = ["setpriv", f"--pdeathsig={end.name.removeprefix('SIG')}"]
    if user:
        guard += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*guard, "--", *(str(word) for word in command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            pass_fds=() if keep is None else (keep,),
            cwd=log.parent,
            start_new_session=True,
        )
    stack.callback(_stop, process, name, end)
    deadline = time.monotonic() + START_S
    while True:
        try:
            ready()
            return
        except (SetupError, OSError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
                raise SetupError(f"{name} does not answer ({error}); its last lines:\n{last}") from error
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes], name: str, end: signal.Signals) -> None:
    if process.poll() is not None:
        return
    process.send_signal(end)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        say(f"{name} (process {process.pid}) did not end in {STOP_S} s: it is killed")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
