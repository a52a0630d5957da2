# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proposal is about: one tenant of a report, with the values that its sections need."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import RenfortError
from ..core.interval import Level
from ..core.model import Unit
from ..core.options import Option
from ..core.plan_records import Shortage
from ..core.report_views import NeedView, QuantityView, ReportData, TenantView
from .steps import at
from .texts import Texts
from .typography import Language

ALL = 100.0
"""The percentage at which the whole demand is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One tenant in one language."""

    data: ReportData
    view: TenantView
    texts: Texts

    @property
    def level(self) -> Level:
        """The level of demand that the plan is sized for."""
        return Level(self.data.level)

    @property
    def served_whole(self) -> bool:
        """Whether the stock serves the whole demand, so that there is nothing to choose."""
        return self.view.percent >= ALL

    @property
    def has_choice(self) -> bool:
        """Whether there is more than one way to serve the tenant."""
        return not self.served_whole and len(self.view.options) > 1

    @property
    def lacks_machines(self) -> bool:
        """Whether machines find no place, be they only spare ones."""
        return any(need.missing for need in (*self.view.needs, *self.data.shared))

    @property
    def recommended(self) -> Option:
        """The option that is ranked first."""
        return self.view.options[0]

    @property
    def bound(self) -> NeedView | None:
        """The machines that limit what is served; none when the whole demand is."""
        needs = (*self.view.needs, *self.data.shared)
        return next((need for need in needs if need.tier == self.view.bound_by), None)

    @property
    def shortages(self) -> tuple[Shortage, ...]:
        """What is missing of the tenant's machines and of those that all share."""
        return tuple(short for short in self.data.shortages if short.tenant in ("", self.view.name))

    def quantity(self, unit: str, *, shared: bool = False) -> QuantityView:
        """Return one quantity of the tenant's demand, or of that of all tenants together."""
        quantities = self.data.together if shared else self.view.quantities
        return next(quantity for quantity in quantities if quantity.unit == unit)

    def binding(self, need: NeedView) -> QuantityView | None:
        """Return the quantity that a number of machines follows from; none when it is a minimum."""
        if need.by_minimum or not need.binding_unit:
            return None
        return self.quantity(need.binding_unit, shared=not need.tenant)

    def chosen(self, quantity: QuantityView) -> float:
        """Return a quantity at the level that the plan is sized for."""
        return at(quantity, self.level)

    def sessions(self, level: Level | None = None) -> str:
        """Return the sessions that are asked for, as a text: ``15 000 sessions``."""
        quantity = self.quantity(Unit.SESSIONS)
        return self.texts.counted("quantity.sessions", whole(at(quantity, level or self.level)))


def whole(value: float) -> int:
    """Return the nearest whole number, the higher of two."""
    return int(value + 0.5)


def subject_of(data: ReportData, tenant: str, language: Language) -> Subject:
    """Return what the proposal of a tenant is about.

    Raises:
        RenfortError: the report has no such tenant.
    """
    for view in data.tenants:
        if view.name == tenant:
            return Subject(data=data, view=view, texts=Texts(language))
    known = ", ".join(view.name for view in data.tenants) or "none"
    raise RenfortError(
        f'a proposal for the tenant "{tenant}" cannot be made: the plan does not serve it.',
        hint=f"Tenants of the plan: {known}.",
    )
