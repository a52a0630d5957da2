# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a proposal says, whatever it is written in afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.model import Unit
from ansible_collections.ent.renfort.plugins.module_utils.proposal.build import document_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.document import (
    Agreement,
    Bars,
    Document,
    Heading,
    Note,
    Table,
)
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language
from tests.unit.proposal import samples

FR, EN = Language.FR, Language.EN


def document(case: str, language: Language = FR) -> Document:
    data, tenant = samples.CASES[case]
    return document_of(data, tenant, language)


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text of a document's fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)


def prose(made: Document) -> str:
    """Return all that a document says, with ordinary spaces."""
    return " | ".join(texts_of(asdict(made))).replace("\u00a0", " ").replace("\u202f", " ")


def headings(made: Document) -> list[str]:
    return [block.text for block in made.blocks if isinstance(block, Heading)]


def tables(made: Document) -> list[Table]:
    return [block for block in made.blocks if isinstance(block, Table)]


@pytest.mark.parametrize("case", samples.CASES)
def test_french_typography(case: str) -> None:
    for text in texts_of(asdict(document(case, FR))):
        assert not re.search(r" [:;!?%»]", text), text
        assert not re.search(r"« |\d \d|\d\.\d|\d%|\w'\w|\"", text), text
        assert not re.search(r"[^\s\d][;!?%](\s|$)", text), text
        assert text == text.strip()


@pytest.mark.parametrize("case", samples.CASES)
def test_english_typography(case: str) -> None:
    for text in texts_of(asdict(document(case, EN))):
        assert not re.search(r"[\s\u00a0\u202f][:;!?%”]", text), text
        assert not re.search(r"«|“\s|\d,\d\d?(?!\d)|\w'\w|\"", text), text
        assert text == text.strip()


@pytest.mark.parametrize("case", samples.CASES)
@pytest.mark.parametrize("language", Language)
def test_tables_are_complete(case: str, language: Language) -> None:
    for table in tables(document(case, language)):
        assert table.rows
        assert {len(row.cells) for row in table.rows} <= {1, len(table.columns)}


@pytest.mark.parametrize("case", samples.CASES)
def test_both_languages_have_the_same_shape(case: str) -> None:
    french, english = document(case, FR), document(case, EN)
    assert [type(block) for block in french.blocks] == [type(block) for block in english.blocks]
    for one, other in zip(tables(french), tables(english), strict=True):
        assert (len(one.rows), len(one.columns), one.marked) == (
            len(other.rows),
            len(other.columns),
            other.marked,
        )


@pytest.mark.parametrize("case", samples.CASES)
def test_nothing_of_the_english_reasons_is_shown(case: str) -> None:
    assert "not shown to customers" not in prose(document(case))


def test_a_tenant_that_is_served_has_nothing_to_choose() -> None:
    made = document("served")
    assert not [block for block in made.blocks if isinstance(block, Bars)]
    assert "Le matériel disponible servant toute la demande, il n’y a pas d’option à choisir." in prose(made)
    assert len(agreement(made).choices) == 1


def test_the_recommended_option_comes_first_and_says_what_holds_until_then() -> None:
    made = document("waiting")
    bars = next(block for block in made.blocks if isinstance(block, Bars))
    assert [bar.strong for bar in bars.bars] == [True, False, False, False, False]
    assert "1. Livraison annoncée (recommandée)" in prose(made)
    assert "D’ici là, nous proposons l’option 3 (« Mesures de contingence »)" in prose(made)
    assert "Nous vous recommandons l’option 1" in next(
        block.text for block in made.blocks if isinstance(block, Note)
    )


def test_what_one_signs_names_share_and_date_of_each_option() -> None:
    choices = [choice.replace("\u00a0", " ") for choice in agreement(document("waiting", EN)).choices]
    assert choices == [
        "Option 1: Announced delivery – 100% of the demand, between 16 and 30 April 2020",
        "Option 2: New order – 100% of the demand, at a date that is not known",
        "Option 3: Contingency measures – 92.3% of the demand, at once",
        "Option 4: Announced delivery – 86.6% of the demand, between 31 March and 6 April 2020",
        "Option 5: Hardware available – 66.6% of the demand, at once",
    ]


def test_an_order_is_the_one_that_closes_the_shortage_now() -> None:
    assert "3 r640 servers (64 cores, 512 GiB each)" in prose(document("waiting", EN))
    assert "1 r640 server" not in prose(document("waiting", EN))


def test_a_delivery_that_builds_on_others_says_so() -> None:
    assert prose(document("waiting")).count("Cette livraison s’ajoute aux précédentes") == 1


def test_an_unknown_date_is_called_unknown() -> None:
    text = prose(document("undated"))
    assert "la date est inconnue, le fournisseur ne l’ayant pas communiquée" in text
    assert "à une date qui n’est pas connue" in text
    assert "elles ne sont pas confirmées" in text


def test_measures_say_what_users_see() -> None:
    text = prose(document("measured"))
    assert "Les messages restent lisibles sur le portail ; aucun courriel n’est plus envoyé." in text
    assert "Les blocs « agenda » et « actualités » sont remplacés par un lien." in text
    assert "Chacune est réversible" in text


def test_who_waits_is_counted() -> None:
    assert "9 999 sessions sont admises et 5 001 patientent dans la file d’attente." in prose(
        document("waiting")
    )


def test_a_single_option_is_not_a_choice() -> None:
    made = document("without_choice")
    assert "Une seule option se présente" in prose(made)
    assert "recommand" not in prose(made)
    assert len(agreement(made).choices) == 1


def test_missing_spares_do_not_lower_the_share_and_are_told() -> None:
    text = prose(document("without_spare"))
    assert "Il y manque toutefois une partie des machines de réserve." in text
    assert "1 machine manquante jusqu’à une livraison dont la date est inconnue" in text


def test_a_shared_tier_that_bounds_is_computed_from_the_demand_of_all() -> None:
    rows = [row.cells for table in tables(document("measured")) for row in table.rows]
    (row,) = (cells for cells in rows if cells[0] == "Serveurs de courrier, tous projets")
    assert row[1].replace("\u00a0", " ") == "252 messages/s ÷ (78,8 par machine × 80 %) = 4,00"


def test_the_chain_leads_from_visits_over_requests_to_what_follows_from_them() -> None:
    rows = [row.cells for table in tables(document("versatile", EN)) for row in table.rows]
    how = {cells[0]: cells[1].replace("\u00a0", " ") for cells in rows if len(cells) == 3}
    assert how["Concurrent sessions"] == "4 visits/s × 600 s a visit (8 min × 1.25 in the surge)"
    assert how["Requests a second"] == "4 visits/s × 8 pages/visit × 1.6 in the surge × 10 requests/page"
    assert how["Database connections"] == "512 requests/s × 4 ms of database a request ÷ 1,000"
    assert how["Mail, in KiB a second"] == "4.4 messages/s × 30 KiB a message"
    assert how["Growth of data, in GiB"] == (
        "16,000 visits/day × 4 in the surge × 20 school days × 1 MiB/visit ÷ 1,024 × 3 months"
    )


def test_the_estimate_that_was_chosen_stands_out() -> None:
    assert [tables(document(case))[0].marked for case in ("undated", "waiting", "at_a_date")] == [1, 2, 3]
    assert tables(document("served"))[0].marked is None


def test_a_plan_for_a_date_says_so() -> None:
    text = prose(document("at_a_date"))
    assert "attendu au 1er mai 2020" in text
    assert "à compter du 1er mai 2020" in text


@pytest.mark.parametrize(
    ("case", "stock", "valid"),
    [
        (
            "waiting",
            "disponible au 17 mars 2020 ; les livraisons annoncées",
            "vaut pour le matériel au 17 mars 2020 ; elle",
        ),
        (
            "at_a_date",
            "attendu au 1er mai 2020, livraisons",
            "vaut pour le matériel au 1er mai 2020 ; elle",
        ),
    ],
)
def test_the_date_of_issue_and_what_the_proposal_is_valid_for(case: str, stock: str, valid: str) -> None:
    text = prose(document(case))
    assert "Date d’émission | 17 mars 2020" in text
    assert stock in text
    assert valid in text
    assert "Date of issue | 17 March 2020" in prose(document(case, EN))


def test_without_a_date_of_issue_none_is_made_up() -> None:
    text = prose(document("served"))
    assert "émission" not in text
    assert "vaut pour le matériel disponible à la date du plan" in text


def test_no_quantity_is_divided_by_nothing() -> None:
    view = samples.served()
    idle = replace(
        view,
        quantities=samples.quantities(0, 0, 0, accounts=0),
        needs=(samples.need("web", (0, 0, 0, 0, 0), tenant="creuse", unit=Unit.SESSIONS),),
    )
    text = prose(document_of(samples.report(idle, lacking=False), "creuse", FR))
    assert "= 0 | 0 machine" in text


def test_a_tenant_that_is_not_in_the_plan_is_named() -> None:
    with pytest.raises(RenfortError) as caught:
        document_of(samples.CASES["served"][0], "orne", FR)
    assert str(caught.value) == (
        'a proposal for the tenant "orne" cannot be made: the plan does not serve it. '
        "Tenants of the plan: creuse."
    )


def agreement(made: Document) -> Agreement:
    return next(block for block in made.blocks if isinstance(block, Agreement))
