"""Which money makes a managed asset, and which department guides it (一, 四(一); T1, P16, P18, AMB-02, AMB-03)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.card import Correction, FundingLine
from tests.domain.saying import found, recorded, refused
from tests.examples import ASSET, WORTH, herd_card, imported, line, occasion, registered, workshop_card, yuan

FARM = "653022400000"


def register(*lines: FundingLine, **changes: Any) -> Asset:
    given = {"funding_lines": lines} if lines else {}
    return Asset.register(ASSET, workshop_card(**(given | changes)), occasion())


def guides(*lines: FundingLine, **changes: Any) -> tuple[str, tuple[str, ...], bool]:
    guidance = register(*lines, **changes).guidance
    assert guidance is not None
    return guidance.lead, guidance.co, guidance.rule_gap


@pytest.mark.clause("C1-01")
def test_money_allocated_on_the_first_day_brings_an_asset_into_scope() -> None:
    """Derives whether an asset is in scope from the allocation dates of its money and keeps the rest for reference."""
    assert register(line(WORTH, allocated_on=date(2013, 1, 1))).scope == "IN"
    assert register(line(WORTH, allocated_on=date(2012, 12, 31))).scope == "OUT"
    mixed = (line("1.00", allocated_on=date(2013, 1, 1)), line("239999.00", allocated_on=date(2012, 12, 31)))
    assert register(*mixed).scope == "IN"


@pytest.mark.clause("C1-01")
def test_old_money_cannot_be_claimed_into_scope_nor_new_money_out_of_it() -> None:
    """Refuses a claim that old money is in scope, or that new money is not."""
    with refused("FUNDING_BEFORE_SCOPE_START"):
        register(line(WORTH, allocated_on=date(2012, 12, 31)), scope="IN")
    with refused("FIELD_INVALID"):
        register(line(WORTH), scope="OUT")
    filed = register(line(WORTH), scope="IN")
    assert (filed.scope, filed.card.scope) == ("IN", None)
    history = Asset.register(
        ASSET,
        workshop_card(funding_lines=(line(WORTH, allocated_on=date(2012, 12, 31)),), scope="IN"),
        imported(),
    )
    event = recorded(history, Asset.Registered)
    assert found(event, "FUNDING_BEFORE_SCOPE_START") == {"start": "2013-01-01"}
    assert event.scope == "OUT"


@pytest.mark.clause("C4.1-01")
def test_an_asset_has_funding_lines_of_the_list_that_sum_to_its_value() -> None:
    """Takes funding lines of the closed list of sources only, and only when they sum to the value to the fen."""
    worth = {"original_value": yuan("1000000.00")}
    asset = register(line("600000.00"), line("400000.00", "AID_XJ"), **worth)
    assert [one.source for one in asset.card.funding_lines] == ["FISCAL_DEV", "AID_XJ"]
    with refused("FUNDING_SUM_MISMATCH"):
        register(line("599999.99"), line("400000.00", "AID_XJ"), **worth)
    with refused("FUND_SOURCE_UNKNOWN"):
        register(line(WORTH, "LOTTERY"))
    with refused("FUNDING_REQUIRED"):
        register(funding_lines=())
    for amount in ("0.00", "-1.00"):
        with refused("AMOUNT_NOT_POSITIVE"):
            register(line(amount), line(WORTH))


@pytest.mark.clause("C4.1-01")
def test_a_source_outside_the_list_needs_its_document_and_is_a_visible_gap() -> None:
    """Lets other money in with its document only, and shows that the regulation names no department for it."""
    with refused("FIELD_REQUIRED", missing=["fundingLines[0].documentNo"]):
        register(line(WORTH, "OTHER"))
    assert guides(line(WORTH, "OTHER", document_no="陶财〔2019〕9号")) == ("FINANCE", (), True)


@pytest.mark.clause("C4.1-02")
@pytest.mark.parametrize(
    "source",
    ["INTEGRATED_AGRI", "GOV_BOND", "INDUSTRY_AID", "FINANCIAL", "DESIGNATED_AID", "REVITALISED_STOCK"],
)
def test_the_finance_bureau_guides_what_its_six_sources_made(source: str) -> None:
    """Derives the finance bureau as guiding department of its six sources and refuses another one."""
    assert guides(line(WORTH, source)) == ("FINANCE", (), False)
    with refused("GUIDING_DEPT_MISMATCH", clause="C4.1-02"):
        register(line(WORTH, source), guiding_department="DRC")
    filed = register(line(WORTH, source), guiding_department="FINANCE")
    assert filed.card.guiding_department is None


@pytest.mark.clause("C4.1-03")
@pytest.mark.parametrize("source", ["FISCAL_DEV", "REGION_COOP", "SOCIAL_AID"])
def test_the_rural_revitalisation_bureau_guides_what_its_sources_made(source: str) -> None:
    """Derives the rural revitalisation bureau as guiding department of its three sources."""
    assert guides(line(WORTH, source)) == ("RURAL_REVITALIZATION", (), False)
    with refused("GUIDING_DEPT_MISMATCH", clause="C4.1-03"):
        register(line(WORTH, source), guiding_department="FINANCE")


@pytest.mark.clause("C4.1-04")
@pytest.mark.parametrize("source", ["FISCAL_WORK_RELIEF", "RELOCATION", "AID_XJ"])
def test_the_development_commission_guides_work_relief_relocation_and_aid(source: str) -> None:
    """Derives the development commission as guiding department of work relief, relocation and aid-Xinjiang funds."""
    assert guides(line(WORTH, source)) == ("DRC", (), False)


@pytest.mark.clause("C4.1-04")
def test_fiscal_money_names_its_sub_source() -> None:
    """Refuses fiscal funds that do not say which of the sub-sources they are."""
    with refused("FUND_SUBSOURCE_REQUIRED"):
        register(line(WORTH, "FISCAL"))


@pytest.mark.clause("C4.1-05")
@pytest.mark.parametrize("source", ["FISCAL_ETHNIC_DEV", "BORDER_PROSPERITY"])
def test_the_ethnic_affairs_bureau_guides_its_two_sources(source: str) -> None:
    """Derives the ethnic affairs bureau as guiding department of its two sources."""
    assert guides(line(WORTH, source)) == ("ETHNIC_AFFAIRS", (), False)
    with refused("GUIDING_DEPT_MISMATCH", clause="C4.1-05"):
        register(line(WORTH, source), guiding_department="DRC")


@pytest.mark.clause("C4.1-06")
def test_a_donation_goes_by_the_way_it_took() -> None:
    """Stores a donation by the way it took, to the village or not, and refuses one that does not say so."""
    to_village = register(line(WORTH, "DONATION_VILLAGE", direct_to_village=True))
    assert to_village.card.funding_lines[0].source == "DONATION_VILLAGE"
    assert to_village.guidance is not None
    assert to_village.guidance.lead == "AGRICULTURE"
    elsewhere = register(line(WORTH, "DONATION_VILLAGE", direct_to_village=False))
    assert elsewhere.card.funding_lines[0].source == "SOCIAL_AID"
    assert elsewhere.guidance is not None
    assert elsewhere.guidance.lead == "RURAL_REVITALIZATION"
    with refused("DONATION_PATH_REQUIRED"):
        register(line(WORTH, "DONATION_VILLAGE"))


@pytest.mark.clause("C4.1-07")
@pytest.mark.parametrize("source", ["SELF_RAISED", "OTHER_FISCAL"])
def test_own_money_is_the_farm_centre_s_only_when_a_farm_built(source: str) -> None:
    """Derives the farm centre for a farm's own money, and shows a rule gap for that of anybody else (AMB-02)."""
    farm = {"implementer": FARM, "implementer_kind": "FARM"}
    assert guides(line(WORTH, source), **farm) == ("FARM_CENTER", (), False)
    assert guides(line(WORTH, source), implementer="WATER") == ("FINANCE", (), True)
    assert guides(line(WORTH, "FISCAL_STATE_FARM")) == ("FARM_CENTER", (), False)


@pytest.mark.clause("C4.1-01", "C4.1-07")
@pytest.mark.parametrize(
    ("source", "department"), [("PAIRING_AID", "RURAL_REVITALIZATION"), ("VILLAGE_INCOME", "AGRICULTURE")]
)
def test_sources_the_scope_list_does_not_name_have_a_department_and_a_gap(
    source: str, department: str
) -> None:
    """Accepts sources the text uses without listing them, with a department and a visible rule gap (AMB-03)."""
    assert guides(line(WORTH, source)) == (department, (), True)


@pytest.mark.clause("C4.1-01")
@pytest.mark.parametrize(
    ("lines", "lead", "co"),
    [
        ((line("600.00"), line("400.00", "AID_XJ")), "RURAL_REVITALIZATION", ("DRC",)),
        ((line("500.00", "FINANCIAL"), line("500.00", "AID_XJ")), "FINANCE", ("DRC",)),
        (
            (line("300.00", "DESIGNATED_AID"), line("300.00", "GOV_BOND"), line("500.00", "AID_XJ")),
            "FINANCE",
            ("DRC",),
        ),
    ],
    ids=["largest", "tie", "sum per department"],
)
def test_the_largest_sum_per_department_leads(
    lines: tuple[FundingLine, ...], lead: str, co: tuple[str, ...]
) -> None:
    """Lets the department with the largest sum lead and names the others as co-guides (P18)."""
    value = yuan(f"{sum(one.amount for one in lines) // 100}.00")
    assert guides(*lines, original_value=value) == (lead, co, False)


@pytest.mark.clause("C4.1-02", "C4.6-02")
def test_a_correction_of_the_money_moves_the_guidance() -> None:
    """Derives the guiding departments again when the funding lines are corrected."""
    asset = registered(herd_card())
    assert asset.guidance is not None
    assert asset.guidance.lead == "RURAL_REVITALIZATION"
    lines = [line(WORTH, "AID_XJ").model_dump(mode="json")]
    asset.correct_registration(
        Correction(changes={"fundingLines": lines}, reason="资金来源录错", document_no="乡更〔2021〕2号"),
        occasion(),
    )
    event = recorded(asset, Asset.RegistrationCorrected)
    assert event.guidance is not None
    assert (event.guidance.lead, asset.guidance.lead) == ("DRC", "DRC")
