# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all our action plugins share: work on the controller that tells its progress while it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import RenfortError
from .plain import plain

display = Display()


class ToldAction(ActionBase):
    """An action that only has to say what its options are, and to act.

    ``missing`` is the error of importing a library that the work needs, None when all are there.
    """

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    missing: ClassVar[ImportError | None] = None
    tell: Callable[[str], None] = staticmethod(display.display)
    """Shows a line at once."""

    def spec(self) -> dict[str, dict[str, Any]]:
        """Return the options, as Ansible describes them."""
        raise NotImplementedError

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        """Do the work and return its result; `with_verdict` adds whether it failed.

        Raises:
            RenfortError: the work could not be done.
        """
        raise NotImplementedError

    def failed(self, error: RenfortError) -> dict[str, Any]:
        """Return the result of work that could not be done."""
        return {"failed": True, "changed": False, "msg": str(error)}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self.missing is not None:
            library = self.missing.name or str(self.missing)
            return result | {"failed": True, "msg": missing_required_lib(library)}
        _, options = self.validate_argument_spec(argument_spec=self.spec())
        try:
            return result | self.act(plain(options), dry_run=bool(self._task.check_mode))
        except RenfortError as error:
            return result | self.failed(error)


def with_verdict(result: dict[str, Any], message: str) -> dict[str, Any]:
    """Return a result that failed with a message, or as it is when the message is empty."""
    return result | ({"failed": True, "msg": message} if message else {})
