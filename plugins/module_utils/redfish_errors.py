# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the management controller (BMC) of a server: an exception a case."""

from __future__ import annotations

from .core.errors import RenfortError


class RedfishError(RenfortError):
    """A BMC refused or could not be asked."""


class BmcOptionsError(RedfishError):
    """The options that say how to reach the BMCs are missing or unreadable."""


class BmcUnreachableError(RedfishError):
    """No connection could be made, it was cut, or no answer came in time."""


class BmcTlsError(RedfishError):
    """The BMC's certificate does not verify."""


class BmcAuthError(RedfishError):
    """The BMC does not know the user, or refuses the password."""


class BmcPrivilegeError(RedfishError):
    """The user is known and may not do this."""


class SystemMissingError(RedfishError):
    """The BMC has no such system, or several and none is named."""


class BmcRefusedError(RedfishError):
    """The BMC does not accept an action, or did something else."""


class PowerTimeoutError(RedfishError):
    """An action was accepted and its effect did not show in time."""
