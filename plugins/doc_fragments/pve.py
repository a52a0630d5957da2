# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options that every user of the Proxmox VE API shares."""

from __future__ import annotations


class ModuleDocFragment:
    """Options as in module_utils/proxmox_options.py."""

    DOCUMENTATION = r"""
options:
  api_host:
    description: Address or name of one node of the Proxmox VE cluster.
    type: str
    env:
      - name: RENFORT_PVE_HOST
  api_port:
    description: TCP port of the API.
    type: int
    default: 8006
    env:
      - name: RENFORT_PVE_PORT
  api_user:
    description: User that the API token belongs to, with its realm.
    type: str
    env:
      - name: RENFORT_PVE_USER
  api_token_id:
    description: Name of the API token, or C(user@realm!name), which sets O(api_user) too.
    type: str
    env:
      - name: RENFORT_PVE_TOKEN_ID
  api_token_secret:
    description: Secret of the API token. It wins over O(api_token_file).
    type: str
    env:
      - name: RENFORT_PVE_TOKEN_SECRET
  api_token_file:
    description: File that holds the secret of the API token. C(~) is the home directory.
    type: str
    env:
      - name: RENFORT_PVE_TOKEN_FILE
  ca_file:
    description:
      - File with the certificate of the authority that signed the API's certificate, in PEM.
        C(~) is the home directory.
      - Without it, the authorities that Python trusts.
    type: str
    env:
      - name: RENFORT_PVE_CA_FILE
  timeout:
    description: How long one call may take, in seconds.
    type: int
    default: 30
requirements:
  - proxmoxer >= 2.0
  - requests
"""
