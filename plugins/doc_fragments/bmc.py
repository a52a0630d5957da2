# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options that every user of the servers' management controllers shares."""

from __future__ import annotations


class ModuleDocFragment:
    """Options as in module_utils/redfish_options.py."""

    DOCUMENTATION = r"""
options:
  bmc_user:
    description: User of the BMCs, with the role Operator.
    type: str
    env:
      - name: RENFORT_BMC_USER
  bmc_user_file:
    description: File that holds the user instead.
    type: path
    env:
      - name: RENFORT_BMC_USER_FILE
  bmc_password:
    description: Its password.
    type: str
    env:
      - name: RENFORT_BMC_PASSWORD
  bmc_password_file:
    description: File that holds the password instead.
    type: path
    env:
      - name: RENFORT_BMC_PASSWORD_FILE
  bmc_ca_file:
    description:
      - Certificate of the authority that signed those of the BMCs, in PEM.
      - Without it the authorities count that Python trusts. Verification cannot be switched off.
    type: path
    env:
      - name: RENFORT_BMC_CA_FILE
  bmc_timeout:
    description: Seconds that one answer of a BMC may take.
    type: int
    default: 60
notes:
  - Needs C(sushy) on the controller.
"""
