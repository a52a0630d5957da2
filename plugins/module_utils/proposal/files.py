# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proposal of a tenant as files: French and English, each to read, to compare and to sign."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.report_views import ReportData
from .build import document_of
from .markdown import to_markdown
from .pdf import to_pdf
from .typography import Language


def proposal_files(data: ReportData, tenant: str) -> Mapping[str, bytes]:
    """Return the files of a tenant's proposal by name: ``eure.fr.md``, ``eure.fr.pdf`` and so on.

    The same values give the same bytes.

    Args:
        data: the report of the plan.
        tenant: the tenant's name.

    Raises:
        RenfortError: the report has no such tenant, or a PDF cannot be made.
    """
    files: dict[str, bytes] = {}
    for language in Language:
        document = document_of(data, tenant, language)
        files[f"{tenant}.{language}.md"] = to_markdown(document).encode()
        files[f"{tenant}.{language}.pdf"] = to_pdf(document)
    return files
