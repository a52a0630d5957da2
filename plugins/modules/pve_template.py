# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_template
short_description: Make the golden template from a cloud image, through the API alone
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - A hypervisor fetches the image and checks its checksum; a guest is made whose disk is a copy of it.
    Debian's cloud images have no guest agent, so the guest boots once with a small CD-ROM from which
    cloud-init installs it. When the agent has answered, the guest forgets its host keys, machine id and
    cloud-init's state, is shut down, gets a cloud-init drive and becomes a template. Image and CD-ROM are
    removed from the storage again.
  - Killed at any moment, it goes on where it was when it is run again. A second run sends no writing call.
  - The template's description says from which image it was made. A template from another image, and a guest
    that this module did not make, are refused and not touched.
options:
  vmid:
    description: Id of the template.
    type: int
    required: true
  name:
    description: Its name.
    type: str
    required: true
  node:
    description: The hypervisor on which it is made.
    type: str
    required: true
  storage:
    description: The storage of its disk. Guests on other hypervisors need one that is shared.
    type: str
    required: true
  images:
    description:
      - The storage of O(node) to which image and CD-ROM are fetched, for content C(import) and C(iso).
    type: str
    required: true
  bridge:
    description: The bridge of its card.
    type: str
    required: true
  image:
    description:
      - URL of the image, which ends with C(.qcow2), C(.raw) or C(.vmdk). The hypervisor fetches it, not the
        controller.
    type: str
    required: true
  checksum:
    description: Algorithm and digits, as in C(sha512:0123…). One of V(sha256), V(sha384), V(sha512).
    type: str
    required: true
  cores:
    description: Cores of the template; each guest gets its own number.
    type: int
    default: 2
  memory:
    description: Memory in MiB, likewise.
    type: int
    default: 2048
  disk:
    description: Size of the disk in GiB, at least; guests are grown from that.
    type: int
    default: 8
  address:
    description: Address of the first boot with its prefix length. Without it the guest asks DHCP.
    type: str
  gateway:
    description: Its gateway, with O(address).
    type: str
  nameservers:
    description: Its name servers, with O(address).
    type: list
    elements: str
    default: []
  apt_mirror:
    description:
      - URL of the Debian mirror for the first boot and all guests. Without it the one that the image knows.
    type: str
  wait:
    description: How long each task, and the first boot, may take, in seconds.
    type: int
    default: 1800
extends_documentation_fragment:
  - ent.renfort.pve
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin, so that each step is shown as it begins.
  - The privileges that the API token needs are listed in docs/reference/privileges.md.
  - Name, cores and memory of a template that exists are changed; what else differs needs a new template.
requirements:
  - pycdlib
seealso:
  - module: ent.renfort.pve_access
  - module: ent.renfort.pve_guests
"""

EXAMPLES = r"""
- name: Make the template of the guests
  ent.renfort.pve_template:
    vmid: 9000
    name: debian-13
    node: pve1
    storage: vmdata
    images: local
    bridge: vmbr0
    image: https://images.example.net/debian-13-genericcloud-amd64-20261110.qcow2
    checksum: "sha512:{{ debian_13_checksum }}"
    api_host: pve1.example.net
    api_user: renfort-templates@pve
    api_token_id: templates
    api_token_file: ~/.config/renfort/template-token
"""

RETURN = r"""
steps:
  description: The steps that were taken, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [fetch image, upload seed, create, grow disk, first boot, attach cloud-init drive]
writes:
  description: How many writing calls were sent to the API.
  returned: success
  type: int
  sample: 0
reads:
  description: How many reading calls were sent to the API.
  returned: success
  type: int
  sample: 4
"""
