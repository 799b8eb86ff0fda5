"""What a late event makes impossible of what came after it."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.asset.asset import Asset
from domain.examination.examination import Happened
from domain.examination.later import Impeded, impeded
from domain.procedure.public_notice import PublicNotice
from tests.domain.saying import refused
from tests.examples import confirmed, imported, occasion, receipt, regulation, report, terms, yuan

NEW = 1000


def told(asset: Asset) -> list[Happened]:
    """Everything of it, recorded on one day; the last event is the late one."""
    events: list[Any] = list(asset.history)
    return [
        Happened(NEW if one is events[-1] else place, date(2023, 6, 1), one)
        for place, one in enumerate(events, 1)
    ]


def found(asset: Asset) -> list[Impeded]:
    return impeded(asset.stream, told(asset), {NEW}, lambda _, day: regulation().on(day), {})


def test_contract_that_runs_into_a_later_one_is_named_with_the_rule_it_would_break() -> None:
    asset = confirmed()
    later = terms(contract="C-2", signed_on=date(2022, 9, 1), starts_on=date(2022, 9, 2))
    asset.sign_contract(later, imported(date(2022, 9, 1)))
    asset.stand_on(date(2021, 12, 1))
    asset.sign_contract(terms(), imported(date(2021, 12, 1)))
    (one,) = found(asset)
    assert (one.event.event.TOPIC, one.event.event.occurred_on) == ("asset.leased", date(2022, 9, 1))
    assert (one.code, one.absolute) == ("CONTRACT_OVERLAP", False)
    with refused("LATER_FACT_CONFLICT", clause="C4.3-01"):
        raise one.refusal(occasion())


def test_two_receipts_under_one_number_are_no_fact() -> None:
    asset = confirmed()
    asset.receive_income(receipt(contract=None), occasion(date(2022, 9, 30)))
    other = receipt(contract=None, amount=yuan("1.00"), received_on=date(2022, 3, 1))
    asset.stand_on(date(2022, 3, 1))
    asset.receive_income(other, occasion(date(2022, 3, 1)))
    (one,) = found(asset)
    assert (one.code, one.absolute) == ("ALREADY_EXISTS", True)


def test_what_a_late_event_leaves_possible_is_not_told() -> None:
    asset = confirmed()
    asset.report_status(report("IN_USE", date(2022, 5, 1)), occasion(date(2022, 5, 1)))
    asset.report_status(report("IDLE", date(2022, 3, 1)), occasion(date(2022, 3, 1)))
    assert found(asset) == []


def test_of_what_nobody_judges_again_only_what_has_no_place_is_told() -> None:
    assert (
        impeded(
            PublicNotice.stream_of("N-1"), told(confirmed()), {NEW}, lambda _, day: regulation().on(day), {}
        )
        == []
    )
