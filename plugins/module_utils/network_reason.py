# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a call over the network failed, out of the exceptions that libraries wrap in each other."""

from __future__ import annotations


def root_reason(error: BaseException) -> str:
    """Return the innermost reason of a chain of network errors, without the libraries' object names."""
    reason: BaseException = error
    for _ in range(10):
        inner = getattr(reason, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in reason.args if isinstance(item, BaseException)), reason.__cause__)
        if inner is None:
            break
        reason = inner
    text = getattr(reason, "verify_message", "") or getattr(reason, "strerror", "") or str(reason)
    text = str(text).rsplit(": ", 1)[-1] if "object at 0x" in str(text) else str(text)
    return text.rstrip(".")
