# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How gunicorn serves the CAS; the figures are in the settings that the role writes.

gunicorn takes every name here that it knows for a setting, `config` among them.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import multiprocess
from renfort_cas.config import read as _read

_server = _read().server

bind = f"127.0.0.1:{_server['port']}"
workers = _server["workers"]
worker_class = "gthread"
threads = _server["threads"]
timeout = _server["timeout"]
graceful_timeout = _server["timeout"]
keepalive = 75
backlog = 1024
# A worker is renewed now and then, not all at once.
max_requests = 50000
max_requests_jitter = 10000
limit_request_line = 8190
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
accesslog = None
errorlog = "-"
proc_name = "cas"


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn passes it
    """Let the figures of a worker that has ended stay in the sums."""
    multiprocess.mark_process_dead(worker.pid)
