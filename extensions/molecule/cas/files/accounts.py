# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of a large tenant as JSON lines: accounts.py <number> <password hash>."""

from __future__ import annotations

import json
import sys

PROFILES = ("pupil", "pupil", "pupil", "parent", "parent", "teacher", "staff")

for number in range(int(sys.argv[1])):
    account = {
        "username": f"user-{number:06d}",
        "profile": PROFILES[number % len(PROFILES)],
        "name": f"Élève & Fils <{number}>",
        "mail": f"user-{number:06d}@school.example",
        "school": f"Collège {number // 700}",
        "password_hash": sys.argv[2],
    }
    print(json.dumps(account, ensure_ascii=False))
