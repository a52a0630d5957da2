# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proposal of a tenant as a document, from the values of the report."""

from __future__ import annotations

from ..core.report_views import ReportData
from .agreement_section import agreement, conditions
from .chain_section import chain
from .demand_section import demand, opening
from .document import Document, SecondPage
from .machines_section import infrastructure
from .options_section import options
from .subject import subject_of
from .typography import Language


def document_of(data: ReportData, tenant: str, language: Language) -> Document:
    """Return the proposal of a tenant.

    Args:
        data: the report of the plan.
        tenant: the tenant's name.
        language: the language to write in.

    Raises:
        RenfortError: the report has no such tenant.
    """
    subject = subject_of(data, tenant, language)
    return Document(
        language=language.value,
        title=subject.texts("title"),
        subtitle=subject.texts("subtitle", title=subject.view.title),
        blocks=(
            *opening(subject),
            *demand(subject),
            *chain(subject),
            *infrastructure(subject),
            SecondPage(),
            *(() if subject.served_whole else options(subject)),
            *conditions(subject),
            *agreement(subject),
        ),
    )
