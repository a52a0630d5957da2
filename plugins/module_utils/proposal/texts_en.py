# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The English texts of a proposal."""

from __future__ import annotations

from collections.abc import Mapping

_FRAME: Mapping[str, str] = {
    "joined": "{first} and {last}",
    "period.day": "on {latest}",
    "period.between": "between {earliest} and {latest}",
    "title": "Proposal for added capacity",
    "subtitle": "{title} · school digital workspace",
    "who.issued": "Date of issue",
    "who.scope": "Scope",
    "who.accounts": "Accounts",
    "who.portals.one": "Portal",
    "who.portals.many": "Portals",
    "who.stock": "Hardware considered",
    "who.stock.now": "available on the date of the plan; announced deliveries are shown separately",
    "who.stock.issued": "available on {day}; announced deliveries are shown separately",
    "who.stock.at": "expected on {day}, including deliveries due by then",
    "schools.one": "{number} school",
    "schools.many": "{number} schools",
    "accounts.all": "{total}: {profiles}",
    "accounts.pupils.one": "{number} pupil",
    "accounts.pupils.many": "{number} pupils",
    "accounts.teachers.one": "{number} teacher",
    "accounts.teachers.many": "{number} teachers",
    "accounts.parents.one": "{number} parent",
    "accounts.parents.many": "{number} parents",
    "accounts.staff.one": "{number} other member of staff",
    "accounts.staff.many": "{number} other members of staff",
}

_SUMMARY: Mapping[str, str] = {
    "verdict": "In short",
    "verdict.all": (
        "The hardware available serves the whole of the estimated demand, that is {sessions} at the busiest "
        "moment."
    ),
    "verdict.part": (
        "The hardware available serves {percent} of the estimated demand, that is {sessions} at the "
        "busiest moment."
    ),
    "verdict.spare": "Some of the spare machines are missing, however.",
    "verdict.sessions.one": "{number} session out of {asked}",
    "verdict.sessions.many": "{number} sessions out of {asked}",
    "verdict.recommended": "We recommend {option}, which brings this share to {percent} {when}.",
    "verdict.nothing": "At present, nothing can raise this share.",
    "context": "Purpose of this proposal",
    "context.all": (
        "A sharp rise in the use of your digital workspace is expected. We have estimated the resulting "
        "demand and the infrastructure that it calls for, and submit the added capacity described below for "
        "your approval."
    ),
    "context.only": (
        "A sharp rise in the use of your digital workspace is expected. We have estimated the resulting "
        "demand and the infrastructure that it calls for. As the hardware available is not sufficient, we "
        "submit the partial capacity described below for your approval."
    ),
    "context.part": (
        "A sharp rise in the use of your digital workspace is expected. We have estimated the resulting "
        "demand and the infrastructure that it calls for. As the hardware available is not sufficient, we "
        "submit the options described below for your choice."
    ),
}

_DEMAND: Mapping[str, str] = {
    "demand": "The estimated demand",
    "demand.figure": (
        "The estimate starts from the use of your workspace: {figure}. The quantities at the busiest moment "
        "follow from it."
    ),
    "demand.level": "The {level} estimate, highlighted in the table, was chosen for sizing.",
    "demand.quantity": "At the busiest moment",
    "demand.estimate": "Estimate",
    "demand.low": "Low",
    "demand.mid": "Central",
    "demand.high": "High",
    "level.low": "low",
    "level.mid": "central",
    "level.high": "high",
    "chain": "From your traffic to machines",
    "chain.step": "Step",
    "chain.how": "Arithmetic",
    "chain.result": "Result",
    "chain.quantities": "From your traffic to the quantities to serve",
    "chain.numbers": "From quantities to numbers of machines",
    "chain.given": "starting point, as estimated",
    "chain.accounts": "accounts of your project",
    "chain.shared": "{tier}, all projects",
    "chain.machines": "{quantity} ÷ {each} a machine = {asked}",
    "chain.utilised": "{quantity} ÷ ({each} a machine × {used}%) = {asked}",
    "chain.minimum": "minimum of the service; the demand does not ask for more",
    "chain.fixed": "minimum of the service, whatever the demand",
    "chain.spare": "{needed} + {spare} spare = {total}",
    "chain.steps": "{needed} + {spare} spare = {total}, in steps of {step}",
    "chain.notes": (
        "Visits a second and the length of a visit give the concurrent sessions (Little's law). Numbers of "
        "machines are rounded up; spare machines stand in for those that fail. The arithmetic uses values "
        "that are not rounded."
    ),
    "figure.normal": "{figure} in normal times",
    "figure.forecast": "{figure}, the surge included",
    "figure.visits_per_month.one": "{number} visit a month",
    "figure.visits_per_month.many": "{number} visits a month",
    "figure.requests_per_day.one": "{number} request a day",
    "figure.requests_per_day.many": "{number} requests a day",
    "figure.daily_visits_per_account.one": "{number} visit a day, all accounts together",
    "figure.daily_visits_per_account.many": "{number} visits a day, all accounts together",
    "figure.daily_visits_per_school.one": "{number} visit a day and school",
    "figure.daily_visits_per_school.many": "{number} visits a day and school",
    "figure.concurrent_sessions.one": "{number} concurrent session",
    "figure.concurrent_sessions.many": "{number} concurrent sessions",
}

_UNITS: Mapping[str, str] = {
    "unit.sessions": "Concurrent sessions",
    "unit.visits_per_second": "Visits a second",
    "unit.requests_per_second": "Requests a second",
    "unit.connections": "Open connections",
    "unit.connection_memory_mib": "Memory of connections, in MiB",
    "unit.tls_handshakes_per_second": "Encrypted connections opened a second",
    "unit.logins_per_second": "Logins a second",
    "unit.messages_per_second": "Messages sent a second",
    "unit.mail_kib_per_second": "Mail, in KiB a second",
    "unit.database_connections": "Database connections",
    "unit.io_per_second": "Disk operations a second",
    "unit.vpn_tunnels": "VPN tunnels",
    "unit.storage_gib": "Growth of data, in GiB",
    "unit.accounts": "Accounts",
    "unit.visits_per_day": "Visits a day",
    "unit.surge_visits_per_day": "Visits a day, the surge included",
    "unit.normal_visits_per_second": "Visits a second, normal times",
    "quantity.sessions.one": "{number} session",
    "quantity.sessions.many": "{number} sessions",
    "quantity.visits_per_second.one": "{number} visit/s",
    "quantity.visits_per_second.many": "{number} visits/s",
    "quantity.requests_per_second.one": "{number} request/s",
    "quantity.requests_per_second.many": "{number} requests/s",
    "quantity.connections.one": "{number} connection",
    "quantity.connections.many": "{number} connections",
    "quantity.connection_memory_mib.one": "{number} MiB of connections",
    "quantity.connection_memory_mib.many": "{number} MiB of connections",
    "quantity.tls_handshakes_per_second.one": "{number} opening/s",
    "quantity.tls_handshakes_per_second.many": "{number} openings/s",
    "quantity.logins_per_second.one": "{number} login/s",
    "quantity.logins_per_second.many": "{number} logins/s",
    "quantity.messages_per_second.one": "{number} message/s",
    "quantity.messages_per_second.many": "{number} messages/s",
    "quantity.mail_kib_per_second.one": "{number} KiB/s of mail",
    "quantity.mail_kib_per_second.many": "{number} KiB/s of mail",
    "quantity.database_connections.one": "{number} connection",
    "quantity.database_connections.many": "{number} connections",
    "quantity.io_per_second.one": "{number} operation/s",
    "quantity.io_per_second.many": "{number} operations/s",
    "quantity.vpn_tunnels.one": "{number} VPN tunnel",
    "quantity.vpn_tunnels.many": "{number} VPN tunnels",
    "quantity.storage_gib.one": "{number} GiB",
    "quantity.storage_gib.many": "{number} GiB",
    "quantity.visits_per_day.one": "{number} visit/day",
    "quantity.visits_per_day.many": "{number} visits/day",
    "quantity.surge_visits_per_day.one": "{number} visit/day",
    "quantity.surge_visits_per_day.many": "{number} visits/day",
    "quantity.normal_visits_per_second.one": "{number} visit/s",
    "quantity.normal_visits_per_second.many": "{number} visits/s",
    "quantity.accounts.one": "{number} account",
    "quantity.accounts.many": "{number} accounts",
}

_FACTORS: Mapping[str, str] = {
    "factor.school_days.one": "{number} school day",
    "factor.school_days.many": "{number} school days",
    "factor.schools.one": "{number} school",
    "factor.schools.many": "{number} schools",
    "factor.pages_per_visit.one": "{number} page/visit",
    "factor.pages_per_visit.many": "{number} pages/visit",
    "factor.requests_per_page.one": "{number} request/page",
    "factor.requests_per_page.many": "{number} requests/page",
    "factor.handshakes_per_visit.one": "{number} opening a visit",
    "factor.handshakes_per_visit.many": "{number} openings a visit",
    "factor.logins_per_visit.one": "{number} login a visit",
    "factor.logins_per_visit.many": "{number} logins a visit",
    "factor.messages_per_visit.one": "{number} message a visit",
    "factor.messages_per_visit.many": "{number} messages a visit",
    "factor.number": "{number}",
    "factor.3600": "{number} s",
    "factor.busiest_hour_percent": "{number}% in the busiest hour",
    "factor.peak_to_mean": "{number} at its peak",
    "factor.surge_visits": "{number} in the surge",
    "factor.surge_pages": "{number} in the surge",
    "factor.duration": "{number} s a visit ({minutes} min)",
    "factor.duration_in_surge": "{number} s a visit ({minutes} min × {surge} in the surge)",
    "factor.connection_seconds": "{number} s of connection a page",
    "factor.connection_kib": "{number} KiB a connection",
    "factor.mail_kib_per_message": "{number} KiB a message",
    "factor.database_milliseconds_per_request": "{number} ms of database a request",
    "factor.io_per_request": "{number} disk operations a request",
    "factor.tunnels_per_staff": "{number} tunnels a person",
    "factor.storage_mib_per_visit": "{number} MiB/visit",
    "factor.storage_months": "{number} months",
}

_MACHINES: Mapping[str, str] = {
    "tier.haproxy": "Load balancers",
    "tier.web": "Web servers",
    "tier.cas": "Authentication servers",
    "tier.database": "Database servers",
    "tier.messaging": "Database servers for messaging",
    "tier.smtp": "Mail servers",
    "tier.vpn": "VPN gateways",
    "tier.storage": "Storage servers",
    "tier.backup": "Backup servers",
    "tier.monitoring": "Monitoring servers",
    "machines.one": "{number} machine",
    "machines.many": "{number} machines",
    "infrastructure": "The infrastructure: what exists and what is added",
    "infrastructure.tier": "Service",
    "infrastructure.machine": "One machine: cores, memory, disk",
    "infrastructure.existing": "Existing",
    "infrastructure.added": "Added",
    "infrastructure.lacking": "Missing",
    "infrastructure.total": "Needed",
    "infrastructure.shape": "{cores} · {memory} · {disk}",
    "infrastructure.shape_with_data": "{cores} · {memory} · {disk} + {data} of data",
    "infrastructure.range": "{total} ({low} to {high})",
    "infrastructure.yours": "Machines of your project alone",
    "infrastructure.sum": "Total of your project's machines",
    "infrastructure.shared": "Machines shared by all projects",
    "infrastructure.ranges": (
        "In brackets: the number of machines for the low and the high estimate of the demand."
    ),
    "infrastructure.cores.one": "{number} core",
    "infrastructure.cores.many": "{number} cores",
    "infrastructure.physical.one": "Of the machines added, {number} is a physical server.",
    "infrastructure.physical.many": "Of the machines added, {number} are physical servers.",
    "infrastructure.missing.one": "{number} machine missing",
    "infrastructure.missing.many": "{number} machines missing",
    "infrastructure.until.day": "{tier}: {missing} until {day} at the latest (announced delivery).",
    "infrastructure.until.unknown": "{tier}: {missing} until a delivery of which the date is unknown.",
    "infrastructure.until.never": "{tier}: {missing}, which no announced delivery will bring.",
    "infrastructure.all": "This capacity serves the whole of the demand chosen for sizing.",
    "infrastructure.spare": (
        "This capacity serves the whole of the demand chosen for sizing; only spare machines are "
        "missing, without which a failure could lower the share that is served."
    ),
    "infrastructure.part": (
        "This capacity serves {percent} of the demand chosen for sizing. The limit is set by the "
        'service "{tier}": {have} out of the {needed} needed, spares not counted.'
    ),
}

_OPTIONS: Mapping[str, str] = {
    "options": "The options for your choice",
    "options.order": (
        "The options are ranked by the share of the demand that they serve, then by their certainty (a "
        "delivery without a date comes after), by what they ask of users, and by their date."
    ),
    "options.only": (
        "There is only one option: no announced delivery, order or measure can serve a larger share of the "
        "demand."
    ),
    "options.figure": "Share of the demand served by each option",
    "options.figure.bar": "{label}: {percent}",
    "options.option": "Option",
    "options.served": "Demand served",
    "options.admitted": "Sessions admitted",
    "options.waiting": "Sessions waiting",
    "options.from": "Takes effect",
    "option.listed": "{number}. {name}",
    "option.titled": "Option {number}: {name}",
    "option.chosen": "{title} – {percent} of the demand, {when}",
    "option.referred": 'option {number} ("{name}")',
    "option.recommended": "{name} (recommended)",
    "option.stock": "Hardware available",
    "option.delivery": "Announced delivery",
    "option.order": "New order",
    "option.measures": "Contingency measures",
    "date.now": "at once",
    "date.at": "on {day}",
    "date.unknown": "unknown",
    "by.now": "at once",
    "by.at": "from {day}",
    "by.unknown": "at a date that is not known",
    "stock": "The added capacity is limited to the hardware available.",
    "delivery": "The hardware announced {when} (delivery {names}) completes the added capacity.",
    "delivery.unknown": (
        "Hardware announced without a date (delivery {names}) completes the added capacity: the date is "
        "unknown, as the supplier has given none."
    ),
    "delivery.after": "This delivery comes on top of the earlier ones, which it assumes to have arrived.",
    "delivery.name": '"{name}"',
    "order.servers.one": "{number} {model} server ({cores}, {memory})",
    "order.servers.many": "{number} {model} servers ({cores}, {memory} each)",
    "order": (
        "Hardware to be ordered for all projects of the platform completes the added capacity: {servers}. "
        "The date of delivery is unknown until the supplier has accepted the order."
    ),
    "measures": (
        "The hardware available is kept as it is; some functions are reduced during the peak and restored "
        "afterwards."
    ),
    "measures.seen": "What users see:",
    "users.none": "Nothing is asked of users.",
    "users.admitted.one": "At the busiest moment, {number} session is admitted",
    "users.admitted.many": "At the busiest moment, {number} sessions are admitted",
    "users.waiting.one": "{admitted} and {number} waits in the queue.",
    "users.waiting.many": "{admitted} and {number} wait in the queue.",
    "users.meanwhile": "Until then we propose {option}, which takes effect at once: {percent} of the demand.",
}

_END: Mapping[str, str] = {
    "conditions": "Conditions and uncertainty",
    "conditions.estimate": "Estimate",
    "conditions.estimate.between": (
        "The demand is not known exactly: it lies between {low} and {high}. Beyond the estimate chosen for "
        "sizing ({chosen}), users would wait."
    ),
    "conditions.estimate.exact": (
        "The demand is given without a range; it remains an estimate. Beyond {chosen}, users would wait."
    ),
    "conditions.stock": "Hardware",
    "conditions.stock.text": (
        "It is divided among all projects of the platform. This proposal is valid for {stock}; it will be "
        "revised if the hardware, or the demand of a project, changes."
    ),
    "conditions.valid": "the stock on the date of the plan",
    "conditions.valid.at": "the stock of {day}",
    "conditions.dates": "Dates",
    "conditions.dates.text": (
        "Dates of delivery are those that suppliers announce; they are not confirmed. Machines enter service "
        "after the hardware has arrived."
    ),
    "conditions.measures": "Measures",
    "conditions.measures.text": (
        "Each can be reversed and is lifted as soon as traffic allows. Their effect on the demand is an "
        "estimate."
    ),
    "conditions.price": "Price",
    "conditions.price.text": "This document sets none.",
    "agreement": "Your agreement",
    "agreement.all": (
        "As the hardware available serves the whole demand, there is no option to choose. Please return "
        "this document to us, dated and signed."
    ),
    "agreement.part": (
        "Please tick the option or options that you choose and return this document to us, dated and signed. "
        "We remain at your disposal for any question."
    ),
    "agreement.only": (
        "Please return this document to us, dated and signed. We remain at your disposal for any question."
    ),
    "agreement.accept": "The added capacity described in this proposal",
    "agreement.customer": "For the customer: {title}",
    "agreement.operator": "For the operator of the platform",
    "agreement.name": "Name and position:",
    "agreement.date": "Date:",
    "agreement.signature": "Signature:",
}

TEXTS: Mapping[str, str] = {
    **_FRAME,
    **_SUMMARY,
    **_DEMAND,
    **_UNITS,
    **_FACTORS,
    **_MACHINES,
    **_OPTIONS,
    **_END,
}
"""Each text by its key, with its placeholders in braces."""
