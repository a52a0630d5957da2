# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of calls at which a provisioning was killed, and what the next run made of it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from lab.control.certificates import ensure_certificates
from lab.control.state import State
from tests.crash.runs import MACHINES, Killed, killed_at_every_call

LEAST_CALLS = 20


def main() -> int:
    """Kill, run again, print."""
    rows: list[Killed] = []
    with tempfile.TemporaryDirectory() as folder:
        state = State(folder=Path(folder))
        ensure_certificates(state)
        both = Path(folder, "server.pem")
        both.write_text(state.certificate.read_text() + state.ca.read_text() + state.key.read_text())
        print(f"{len(MACHINES)} guests; killed when the n-th call had taken effect; then run again:")
        for row in killed_at_every_call(both, Path(folder)):
            rows.append(row)
            print(row, flush=True)
    unfinished = sum(1 for row in rows if row.wrong)
    figures = {
        "calls_killed_at": {
            "value": len(rows),
            "target": f"≥ {LEAST_CALLS}",
            "met": len(rows) >= LEAST_CALLS,
        },
        "not_complete_after_the_next_run": {"value": unfinished, "target": "= 0", "met": unfinished == 0},
    }
    print(json.dumps({"bench": "crash", "figures": figures}, ensure_ascii=False))
    return 1 if unfinished or len(rows) < LEAST_CALLS else 0


if __name__ == "__main__":
    sys.exit(main())
