# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers of the internet: they take mail for every domain, each as it was told to behave.

All but ``process`` stands alone with aiosmtpd and dnspython: it also runs on a machine without the project.
"""
