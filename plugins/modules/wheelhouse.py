# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wheelhouse
short_description: Make one archive of a Python application and its wheels, on the controller
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - For machines that reach no package index. The controller fetches the wheels that the requirements name,
    each with its hash, for the Python of the machines, and puts them into one archive with the application's
    source.
  - What was fetched once is kept; afterwards no network is needed. The archive holds C(requirements.txt),
    C(wheels/) and each source under its own name, so a machine installs it with
    C(pip install --no-index --find-links wheels --require-hashes -r requirements.txt).
  - The same inputs have the same digest, and the digest is known before anything is fetched.
options:
  requirements:
    description: File on the controller in which every package has an exact version and SHA-256 hashes.
    type: path
    required: true
  sources:
    description: Folders on the controller that travel along.
    type: list
    elements: path
    default: []
  python:
    description: Version of Python on the machines, such as V(3.13) on Debian 13.
    type: str
    required: true
  architecture:
    description: Architecture of the machines, V(x86_64) or V(aarch64).
    type: str
    default: x86_64
  cache:
    description: Folder on the controller for wheels and archives. By default in the user's cache.
    type: path
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    description: Nothing is fetched or written; the digest is the same.
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Fetch what the application needs
  ent.renfort.wheelhouse:
    requirements: "{{ role_path }}/files/requirements.txt"
    sources:
      - "{{ role_path }}/files/project"
    python: "3.13"
    architecture: "{{ ansible_facts.architecture }}"
  register: __cas_wheelhouse
"""

RETURN = r"""
path:
  description: The archive on the controller.
  type: str
  returned: success
digest:
  description: SHA-256 over everything that the archive is made of.
  type: str
  returned: success
present:
  description: Whether the archive is there; false only in check mode.
  type: bool
  returned: success
"""
