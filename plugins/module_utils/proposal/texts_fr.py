# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The French texts of a proposal, with ordinary spaces: they are set when they are filled in."""

from __future__ import annotations

from collections.abc import Mapping

_FRAME: Mapping[str, str] = {
    "joined": "{first} et {last}",
    "period.day": "le {latest}",
    "period.between": "entre le {earliest} et le {latest}",
    "title": "Proposition de renfort",
    "subtitle": "{title} · espace numérique de travail",
    "who.issued": "Date d'émission",
    "who.scope": "Périmètre",
    "who.accounts": "Comptes",
    "who.portals.one": "Portail",
    "who.portals.many": "Portails",
    "who.stock": "Matériel considéré",
    "who.stock.now": "disponible à la date du plan ; les livraisons annoncées sont présentées à part",
    "who.stock.issued": "disponible au {day} ; les livraisons annoncées sont présentées à part",
    "who.stock.at": "attendu au {day}, livraisons prévues d'ici là comprises",
    "schools.one": "{number} établissement",
    "schools.many": "{number} établissements",
    "accounts.all": "{total} : {profiles}",
    "accounts.pupils.one": "{number} élève",
    "accounts.pupils.many": "{number} élèves",
    "accounts.teachers.one": "{number} enseignant",
    "accounts.teachers.many": "{number} enseignants",
    "accounts.parents.one": "{number} parent",
    "accounts.parents.many": "{number} parents",
    "accounts.staff.one": "{number} autre personnel",
    "accounts.staff.many": "{number} autres personnels",
}

_SUMMARY: Mapping[str, str] = {
    "verdict": "En résumé",
    "verdict.all": (
        "Le matériel disponible permet de servir la totalité de la demande estimée, soit {sessions} au "
        "moment le plus chargé."
    ),
    "verdict.part": (
        "Le matériel disponible permet de servir {percent} de la demande estimée, soit {sessions} au "
        "moment le plus chargé."
    ),
    "verdict.spare": "Il y manque toutefois une partie des machines de réserve.",
    "verdict.sessions.one": "{number} session sur {asked}",
    "verdict.sessions.many": "{number} sessions sur {asked}",
    "verdict.recommended": "Nous vous recommandons {option}, qui porte cette part à {percent}, {when}.",
    "verdict.nothing": "À ce jour, rien ne permet d'augmenter cette part.",
    "context": "Objet de la proposition",
    "context.all": (
        "Une forte hausse de la fréquentation de votre espace numérique de travail est attendue. Nous avons "
        "estimé la demande qui en résulte et l'infrastructure qu'elle appelle ; nous soumettons à votre "
        "accord le renfort décrit ci-après."
    ),
    "context.only": (
        "Une forte hausse de la fréquentation de votre espace numérique de travail est attendue. Nous avons "
        "estimé la demande qui en résulte et l'infrastructure qu'elle appelle ; le matériel disponible n'y "
        "suffisant pas, nous soumettons à votre accord le renfort partiel décrit ci-après."
    ),
    "context.part": (
        "Une forte hausse de la fréquentation de votre espace numérique de travail est attendue. Nous avons "
        "estimé la demande qui en résulte et l'infrastructure qu'elle appelle ; le matériel disponible n'y "
        "suffisant pas, nous soumettons à votre choix les options décrites ci-après."
    ),
}

_DEMAND: Mapping[str, str] = {
    "demand": "La demande estimée",
    "demand.figure": (
        "L'estimation part de la fréquentation de votre espace : {figure}. Les grandeurs au moment le plus "
        "chargé s'en déduisent."
    ),
    "demand.level": "Le dimensionnement retient l'estimation {level}, mise en évidence dans le tableau.",
    "demand.quantity": "Au moment le plus chargé",
    "demand.estimate": "Estimation",
    "demand.low": "Basse",
    "demand.mid": "Centrale",
    "demand.high": "Haute",
    "level.low": "basse",
    "level.mid": "centrale",
    "level.high": "haute",
    "chain": "De votre fréquentation aux machines",
    "chain.step": "Étape",
    "chain.how": "Calcul",
    "chain.result": "Résultat",
    "chain.quantities": "De votre fréquentation aux grandeurs à servir",
    "chain.numbers": "Des grandeurs au nombre de machines",
    "chain.given": "point de départ, tel qu'estimé",
    "chain.accounts": "comptes de votre projet",
    "chain.shared": "{tier}, tous projets",
    "chain.machines": "{quantity} ÷ {each} par machine = {asked}",
    "chain.utilised": "{quantity} ÷ ({each} par machine × {used} %) = {asked}",
    "chain.minimum": "minimum du service, la demande n'exigeant pas davantage",
    "chain.fixed": "minimum du service, quelle que soit la demande",
    "chain.spare": "{needed} + {spare} de réserve = {total}",
    "chain.steps": "{needed} + {spare} de réserve = {total}, par {step}",
    "chain.notes": (
        "Visites par seconde et durée d'une visite donnent les sessions simultanées (loi de Little). Le "
        "nombre de machines est arrondi à l'entier supérieur ; la réserve remplace les machines en panne. "
        "Les calculs portent sur les valeurs non arrondies."
    ),
    "figure.normal": "{figure} en temps ordinaire",
    "figure.forecast": "{figure}, hausse comprise",
    "figure.visits_per_month.one": "{number} visite par mois",
    "figure.visits_per_month.many": "{number} visites par mois",
    "figure.requests_per_day.one": "{number} requête par jour",
    "figure.requests_per_day.many": "{number} requêtes par jour",
    "figure.daily_visits_per_account.one": "{number} visite par jour, tous comptes réunis",
    "figure.daily_visits_per_account.many": "{number} visites par jour, tous comptes réunis",
    "figure.daily_visits_per_school.one": "{number} visite par jour et par établissement",
    "figure.daily_visits_per_school.many": "{number} visites par jour et par établissement",
    "figure.concurrent_sessions.one": "{number} session simultanée",
    "figure.concurrent_sessions.many": "{number} sessions simultanées",
}

_UNITS: Mapping[str, str] = {
    "unit.sessions": "Sessions simultanées",
    "unit.visits_per_second": "Visites par seconde",
    "unit.requests_per_second": "Requêtes par seconde",
    "unit.connections": "Connexions ouvertes",
    "unit.connection_memory_mib": "Mémoire des connexions, en Mio",
    "unit.tls_handshakes_per_second": "Ouvertures de connexions chiffrées par seconde",
    "unit.logins_per_second": "Authentifications par seconde",
    "unit.messages_per_second": "Messages envoyés par seconde",
    "unit.mail_kib_per_second": "Courrier, en Kio par seconde",
    "unit.database_connections": "Connexions aux bases de données",
    "unit.io_per_second": "Accès aux disques par seconde",
    "unit.vpn_tunnels": "Accès VPN",
    "unit.storage_gib": "Croissance des données, en Gio",
    "unit.accounts": "Comptes",
    "unit.visits_per_day": "Visites par jour",
    "unit.surge_visits_per_day": "Visites par jour, hausse comprise",
    "unit.normal_visits_per_second": "Visites par seconde, temps ordinaire",
    "quantity.sessions.one": "{number} session",
    "quantity.sessions.many": "{number} sessions",
    "quantity.visits_per_second.one": "{number} visite/s",
    "quantity.visits_per_second.many": "{number} visites/s",
    "quantity.requests_per_second.one": "{number} requête/s",
    "quantity.requests_per_second.many": "{number} requêtes/s",
    "quantity.connections.one": "{number} connexion",
    "quantity.connections.many": "{number} connexions",
    "quantity.connection_memory_mib.one": "{number} Mio de connexions",
    "quantity.connection_memory_mib.many": "{number} Mio de connexions",
    "quantity.tls_handshakes_per_second.one": "{number} ouverture/s",
    "quantity.tls_handshakes_per_second.many": "{number} ouvertures/s",
    "quantity.logins_per_second.one": "{number} authentification/s",
    "quantity.logins_per_second.many": "{number} authentifications/s",
    "quantity.messages_per_second.one": "{number} message/s",
    "quantity.messages_per_second.many": "{number} messages/s",
    "quantity.mail_kib_per_second.one": "{number} Kio/s de courrier",
    "quantity.mail_kib_per_second.many": "{number} Kio/s de courrier",
    "quantity.database_connections.one": "{number} connexion",
    "quantity.database_connections.many": "{number} connexions",
    "quantity.io_per_second.one": "{number} accès/s",
    "quantity.io_per_second.many": "{number} accès/s",
    "quantity.vpn_tunnels.one": "{number} accès VPN",
    "quantity.vpn_tunnels.many": "{number} accès VPN",
    "quantity.storage_gib.one": "{number} Gio",
    "quantity.storage_gib.many": "{number} Gio",
    "quantity.visits_per_day.one": "{number} visite/jour",
    "quantity.visits_per_day.many": "{number} visites/jour",
    "quantity.surge_visits_per_day.one": "{number} visite/jour",
    "quantity.surge_visits_per_day.many": "{number} visites/jour",
    "quantity.normal_visits_per_second.one": "{number} visite/s",
    "quantity.normal_visits_per_second.many": "{number} visites/s",
    "quantity.accounts.one": "{number} compte",
    "quantity.accounts.many": "{number} comptes",
}

_FACTORS: Mapping[str, str] = {
    "factor.school_days.one": "{number} jour de classe",
    "factor.school_days.many": "{number} jours de classe",
    "factor.schools.one": "{number} établissement",
    "factor.schools.many": "{number} établissements",
    "factor.pages_per_visit.one": "{number} page/visite",
    "factor.pages_per_visit.many": "{number} pages/visite",
    "factor.requests_per_page.one": "{number} requête/page",
    "factor.requests_per_page.many": "{number} requêtes/page",
    "factor.handshakes_per_visit.one": "{number} ouverture par visite",
    "factor.handshakes_per_visit.many": "{number} ouvertures par visite",
    "factor.logins_per_visit.one": "{number} authentification par visite",
    "factor.logins_per_visit.many": "{number} authentifications par visite",
    "factor.messages_per_visit.one": "{number} message par visite",
    "factor.messages_per_visit.many": "{number} messages par visite",
    "factor.number": "{number}",
    "factor.3600": "{number} s",
    "factor.busiest_hour_percent": "{number} % à l'heure de pointe",
    "factor.peak_to_mean": "{number} de pic",
    "factor.surge_visits": "{number} de hausse",
    "factor.surge_pages": "{number} de hausse",
    "factor.duration": "{number} s par visite ({minutes} min)",
    "factor.duration_in_surge": "{number} s par visite ({minutes} min × {surge} de hausse)",
    "factor.connection_seconds": "{number} s de connexion par page",
    "factor.connection_kib": "{number} Kio par connexion",
    "factor.mail_kib_per_message": "{number} Kio par message",
    "factor.database_milliseconds_per_request": "{number} ms de base de données par requête",
    "factor.io_per_request": "{number} accès par requête",
    "factor.tunnels_per_staff": "{number} accès par personne",
    "factor.storage_mib_per_visit": "{number} Mio/visite",
    "factor.storage_months": "{number} mois",
}

_MACHINES: Mapping[str, str] = {
    "tier.haproxy": "Répartiteurs de charge",
    "tier.web": "Serveurs web",
    "tier.cas": "Serveurs d'authentification",
    "tier.database": "Serveurs de bases de données",
    "tier.messaging": "Bases de données de la messagerie",
    "tier.smtp": "Serveurs de courrier",
    "tier.vpn": "Passerelles VPN",
    "tier.storage": "Serveurs de stockage",
    "tier.backup": "Serveurs de sauvegarde",
    "tier.monitoring": "Serveurs de supervision",
    "machines.one": "{number} machine",
    "machines.many": "{number} machines",
    "infrastructure": "L'infrastructure : l'existant et le renfort",
    "infrastructure.tier": "Service",
    "infrastructure.machine": "Une machine : cœurs, mémoire, disque",
    "infrastructure.existing": "En place",
    "infrastructure.added": "Ajoutées",
    "infrastructure.lacking": "Manquantes",
    "infrastructure.total": "Nécessaires",
    "infrastructure.shape": "{cores} · {memory} · {disk}",
    "infrastructure.shape_with_data": "{cores} · {memory} · {disk} + {data} de données",
    "infrastructure.range": "{total} ({low} à {high})",
    "infrastructure.yours": "Machines dédiées à votre projet",
    "infrastructure.sum": "Total des machines dédiées",
    "infrastructure.shared": "Machines communes à tous les projets",
    "infrastructure.ranges": (
        "Entre parenthèses : le nombre de machines pour les estimations basse et haute de la demande."
    ),
    "infrastructure.cores.one": "{number} cœur",
    "infrastructure.cores.many": "{number} cœurs",
    "infrastructure.physical.one": "Parmi les machines ajoutées, {number} est un serveur physique.",
    "infrastructure.physical.many": "Parmi les machines ajoutées, {number} sont des serveurs physiques.",
    "infrastructure.missing.one": "{number} machine manquante",
    "infrastructure.missing.many": "{number} machines manquantes",
    "infrastructure.until.day": "{tier} : {missing} jusqu'au {day} au plus tard (livraison annoncée).",
    "infrastructure.until.unknown": "{tier} : {missing} jusqu'à une livraison dont la date est inconnue.",
    "infrastructure.until.never": "{tier} : {missing}, qu'aucune livraison annoncée ne comble.",
    "infrastructure.all": "Ce renfort sert la totalité de la demande retenue.",
    "infrastructure.spare": (
        "Ce renfort sert la totalité de la demande retenue ; il n'y manque que de la réserve, sans "
        "laquelle une panne pourrait réduire la part servie."
    ),
    "infrastructure.part": (
        "Ce renfort sert {percent} de la demande retenue. C'est le service « {tier} » qui fixe cette "
        "limite : {have} sur les {needed} nécessaires, hors réserve."
    ),
}

_OPTIONS: Mapping[str, str] = {
    "options": "Les options soumises à votre choix",
    "options.order": (
        "Les options sont classées selon la part de la demande qu'elles servent, puis selon leur certitude "
        "(une livraison sans date vient après), ce qu'elles demandent aux usagers, enfin leur date."
    ),
    "options.only": (
        "Une seule option se présente : aucune livraison annoncée, aucune commande ni aucune mesure ne "
        "permet de servir une plus grande part de la demande."
    ),
    "options.figure": "Part de la demande servie par chaque option",
    "options.figure.bar": "{label} : {percent}",
    "options.option": "Option",
    "options.served": "Demande servie",
    "options.admitted": "Sessions admises",
    "options.waiting": "Sessions en attente",
    "options.from": "Date d'effet",
    "option.listed": "{number}. {name}",
    "option.titled": "Option {number} : {name}",
    "option.chosen": "{title} – {percent} de la demande, {when}",
    "option.referred": "l'option {number} (« {name} »)",
    "option.recommended": "{name} (recommandée)",
    "option.stock": "Matériel disponible",
    "option.delivery": "Livraison annoncée",
    "option.order": "Nouvelle commande",
    "option.measures": "Mesures de contingence",
    "date.now": "immédiate",
    "date.at": "le {day}",
    "date.unknown": "inconnue",
    "by.now": "dès maintenant",
    "by.at": "à compter du {day}",
    "by.unknown": "à une date qui n'est pas connue",
    "stock": "Le renfort est limité au matériel disponible.",
    "delivery": "Le renfort est complété avec le matériel annoncé {when} (livraison {names}).",
    "delivery.unknown": (
        "Le renfort est complété avec du matériel annoncé sans date (livraison {names}) : la date est "
        "inconnue, le fournisseur ne l'ayant pas communiquée."
    ),
    "delivery.after": "Cette livraison s'ajoute aux précédentes, qu'elle suppose arrivées.",
    "delivery.name": "« {name} »",
    "order.servers.one": "{number} serveur {model} ({cores}, {memory})",
    "order.servers.many": "{number} serveurs {model} ({cores}, {memory} chacun)",
    "order": (
        "Le renfort est complété avec du matériel à commander pour l'ensemble des projets de la "
        "plateforme : {servers}. La date de livraison est inconnue tant que le fournisseur n'a pas accepté "
        "la commande."
    ),
    "measures": (
        "Le matériel disponible est conservé tel quel et des fonctions sont allégées pendant la pointe, puis "
        "rétablies."
    ),
    "measures.seen": "Ce que voient les usagers :",
    "users.none": "Rien n'est demandé aux usagers.",
    "users.admitted.one": "Au moment le plus chargé, {number} session est admise",
    "users.admitted.many": "Au moment le plus chargé, {number} sessions sont admises",
    "users.waiting.one": "{admitted} et {number} patiente dans la file d'attente.",
    "users.waiting.many": "{admitted} et {number} patientent dans la file d'attente.",
    "users.meanwhile": "D'ici là, nous proposons {option}, d'effet immédiat : {percent} de la demande.",
}

_END: Mapping[str, str] = {
    "conditions": "Conditions et incertitudes",
    "conditions.estimate": "Estimation",
    "conditions.estimate.between": (
        "La demande n'est pas connue exactement : elle se situe entre {low} et {high}. Au-delà de "
        "l'estimation retenue ({chosen}), des usagers patienteraient."
    ),
    "conditions.estimate.exact": (
        "La demande est donnée sans fourchette ; elle n'en reste pas moins une estimation. Au-delà de "
        "{chosen}, des usagers patienteraient."
    ),
    "conditions.stock": "Matériel",
    "conditions.stock.text": (
        "Il est réparti entre tous les projets de la plateforme. Cette proposition vaut pour {stock} ; elle "
        "sera révisée si le matériel ou la demande d'un projet change."
    ),
    "conditions.valid": "le matériel disponible à la date du plan",
    "conditions.valid.at": "le matériel au {day}",
    "conditions.dates": "Dates",
    "conditions.dates.text": (
        "Les dates de livraison sont celles que les fournisseurs annoncent ; elles ne sont pas confirmées. "
        "La mise en service suit l'arrivée du matériel."
    ),
    "conditions.measures": "Mesures",
    "conditions.measures.text": (
        "Chacune est réversible et levée dès que la fréquentation le permet. Leur effet sur la demande est "
        "une estimation."
    ),
    "conditions.price": "Prix",
    "conditions.price.text": "Ce document n'en fixe aucun.",
    "agreement": "Votre accord",
    "agreement.all": (
        "Le matériel disponible servant toute la demande, il n'y a pas d'option à choisir. Nous vous "
        "remercions de nous retourner ce document daté et signé."
    ),
    "agreement.part": (
        "Nous vous remercions de cocher la ou les options retenues et de nous retourner ce document daté et "
        "signé. Nous restons à votre disposition pour toute précision."
    ),
    "agreement.only": (
        "Nous vous remercions de nous retourner ce document daté et signé. Nous restons à votre disposition "
        "pour toute précision."
    ),
    "agreement.accept": "Le renfort décrit dans cette proposition",
    "agreement.customer": "Pour le client : {title}",
    "agreement.operator": "Pour l'exploitant de la plateforme",
    "agreement.name": "Nom et qualité :",
    "agreement.date": "Date :",
    "agreement.signature": "Signature :",
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
