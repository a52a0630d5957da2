# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the parts that work without Ansible say that they cannot."""

from __future__ import annotations


class NeedsAnsible(Exception):  # noqa: N818 - it is no error: somebody else has the answer
    """Something in the configuration means the same only to Ansible itself; the text says what."""
