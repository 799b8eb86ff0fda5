"""The final settlement of works over HTTP: one act corrects value and shares; books, depreciation and ledgers follow."""

from __future__ import annotations

from typing import Any

from tests.api.asset.test_business_time import disposed, enter, everything_agrees, owned, refused
from tests.api.asset.test_parties import shared
from tests.api.bodies import VILLAGE, card
from tests.api.service import Service, new_code

SHA = "cd" * 32
NOUN = "final-settlements"
LINES = [
    {"source": "FISCAL_DEV", "amount": "600000.00", "allocatedOn": "2020-12-01"},
    {"source": "AID_XJ", "amount": "340000.00", "allocatedOn": "2020-12-01"},
]


def settlement(on: str = "2022-03-20", **changes: Any) -> dict[str, Any]:
    """A production line of a million yuan cost 940,000 by its final account of 15 March 2022."""
    given = {
        "document": "JS-1",
        "settledOn": "2022-03-15",
        "originalValue": "940000.00",
        "fundingLines": LINES,
    }
    return {"settlement": given | changes, "occurredOn": on}


async def accounted(service: Service, **changes: Any) -> str:
    """The village's production line, in use since 15 August 2021, with its final account in the file."""
    asset = await owned(service, **changes)
    await enter(service, asset, "use", {"inUseSince": "2021-08-15"})
    await file(service, asset)
    return asset


async def file(service: Service, asset: str, kind: str = "FINAL_ACCOUNT") -> None:
    paper = {"kind": kind, "document": "JS-1", "sha256": SHA, "title": "竣工决算审核报告"}
    await enter(service, asset, "documents", {"document": paper, "occurredOn": "2022-03-16"})


async def test_one_act_corrects_value_shares_and_ledgers(service: Service) -> None:
    """940,000 less 5 % over 120 months from September 2021: seven months at the old value are 55,416.66 written off; 893,000
    less that over 113 months, nine of them by the end of 2022, are 66,710.17 more.
    """
    asset = await accounted(service)
    booked = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记1", "bookedOn": "2021-09-30"}
    await enter(service, asset, "bookings", {"booking": booked})
    await enter(service, asset, "depreciation", {"year": 2021})
    answer = await enter(service, asset, NOUN, settlement())
    assert [one["type"] for one in answer["events"]] == ["asset.final_settlement_recorded"]
    now = await everything_agrees(service, asset)
    assert (now["title"], now["card"]["originalValue"]) == ("CONFIRMED", "940000.00")
    assert now["owners"] == now["incomeRightHolders"] == [{"party": VILLAGE, "amount": "940000.00"}]
    assert (now["settledValue"]["since"], now["settledValue"]["valueBefore"]) == ("2022-03-20", "1000000.00")
    assert now["accumulatedDepreciation"] == "31666.66"
    (row,) = (await service.read("/v1/ledgers/asset-register", asset=asset))["rows"]
    assert (row["originalValue"], row["netBookValue"], row["settledOn"]) == (
        "940000.00",
        "908333.34",
        "2022-03-20",
    )
    assert row["bookings"] == {VILLAGE: "1000000.00"}
    timeline = await service.read(f"/v1/assets/{asset}/timeline")
    assert "决算 940000.00 元，差额 -60000.00 元" in str(timeline)

    again = booked | {"voucherNo": "记2", "bookedOn": "2022-03-25"}
    told = await refused(service, asset, "bookings", {"booking": again})
    assert told["code"] == "BOOKED_AMOUNT_MISMATCH"
    assert "940000.00" in told["detail"]
    await enter(service, asset, "bookings", {"booking": again | {"amount": "940000.00"}})
    await enter(service, asset, "depreciation", {"year": 2022})
    now = await everything_agrees(service, asset)
    assert now["accumulatedDepreciation"] == "122126.83"


async def test_the_owner_has_its_books_to_correct_from_the_settlement_on(service: Service) -> None:
    asset = await accounted(service)
    booked = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记1", "bookedOn": "2021-08-20"}
    await enter(service, asset, "bookings", {"booking": booked})
    assert await due_of(service, asset) is None
    await enter(service, asset, NOUN, settlement())
    first = await due_of(service, asset)
    assert first is not None
    assert "2022-03-20" < first < "2022-06-30"
    again = booked | {"amount": "940000.00", "voucherNo": "记2", "bookedOn": "2022-03-25"}
    await enter(service, asset, "bookings", {"booking": again})
    assert await due_of(service, asset) is None


async def due_of(service: Service, asset: str) -> str | None:
    """By when data quality wants the asset booked."""
    await service.app.state.projector.wait_for("653022", ("asset_register",), await service.head(), 20)
    page = await service.read("/v1/ledgers/data-quality", asset=asset, kind="BOOKING_OVERDUE")
    return page["rows"][0]["dueOn"] if page["rows"] else None


async def test_a_settlement_is_refused_for_each_of_its_reasons(service: Service) -> None:
    asset = await owned(service)
    assert (await refused(service, asset, NOUN, settlement()))["code"] == "EVIDENCE_REQUIRED"
    await file(service, asset)
    early = settlement("2021-08-09")
    assert (await refused(service, asset, NOUN, early | {"occurredOn": "2022-03-15"}))["code"] == (
        "EVIDENCE_REQUIRED"  # the paper came a day later
    )
    for changes, code in (
        ({"settledOn": "2021-06-29"}, "DATE_ORDER"),
        ({"settledOn": "2022-03-21"}, "DATE_ORDER"),
        ({"originalValue": "-1.00"}, "AMOUNT_NOT_POSITIVE"),
        ({"originalValue": "0.00"}, "AMOUNT_NOT_POSITIVE"),
        ({"originalValue": "940000.01"}, "FUNDING_SUM_MISMATCH"),
        ({"fundingLines": []}, "FUNDING_REQUIRED"),
        ({"document": "JS-2"}, "EVIDENCE_REQUIRED"),
    ):
        told = await refused(service, asset, NOUN, settlement(**changes))
        assert told["code"] == code, (changes, told)
    await enter(service, asset, NOUN, settlement(settledOn="2021-06-30"))
    told = await refused(service, asset, NOUN, settlement("2022-05-01", originalValue="940000.00"))
    assert told["code"] == "ALREADY_SETTLED"
    assert "资料 JS-1，自 2022-03-20 起" in told["detail"]


async def test_a_title_that_does_not_stand_on_the_day_is_settled_by_nothing(service: Service) -> None:
    asset = await accounted(service)
    before = await refused(service, asset, NOUN, settlement("2021-08-09", settledOn="2021-07-20"))
    assert before["code"] == "OWNERSHIP_NOT_CONFIRMED"
    dispute = {"dispute": {"openedOn": "2022-03-18", "reason": "两村争议"}}
    await enter(service, asset, "title-disputes", dispute)
    assert (await refused(service, asset, NOUN, settlement()))["code"] == "OWNERSHIP_NOT_CONFIRMED"
    bare = new_code()
    await service.write("/v1/assets", {"asset": bare, "card": card(), "occurredOn": "2021-07-15"})
    await file(service, bare)
    told = await refused(service, bare, NOUN, settlement())
    assert (told["code"], told["missing"]) == ("OWNERSHIP_NOT_CONFIRMED", ["ownershipConfirmation"])


async def test_what_is_sold_by_the_day_or_on_its_way_is_not_settled(service: Service) -> None:
    """Proposed in May and sold in July 2023: from the proposal on the value stays; before it the settlement is entered late."""
    asset = await accounted(service)
    await disposed(service, asset)
    told = await refused(service, asset, NOUN, settlement("2023-07-01"))
    assert told["code"] == "ASSET_DISPOSED"
    assert (await refused(service, asset, NOUN, settlement("2023-05-01")))["code"] == "DISPOSAL_IN_PROGRESS"
    await enter(service, asset, NOUN, settlement("2023-04-30"))
    assert (await everything_agrees(service, asset))["card"]["originalValue"] == "940000.00"


async def test_a_settlement_below_what_is_written_off_is_refused(service: Service) -> None:
    """31,666.66 yuan are written off by the end of 2021."""
    asset = await accounted(service)
    await enter(service, asset, "depreciation", {"year": 2021})
    for value, code in (("31666.65", "FIELD_INVALID"), ("31666.66", None)):
        lines = [LINES[0] | {"amount": value}]
        body = settlement(originalValue=value, fundingLines=lines)
        if code is None:
            await enter(service, asset, NOUN, body)
        else:
            assert (await refused(service, asset, NOUN, body))["code"] == code


async def test_a_settlement_and_a_correction_of_the_card_do_not_undo_one_another(service: Service) -> None:
    """Both say the whole card: what lies before the later of them and is entered after it is refused."""
    asset = await accounted(service)
    await enter(service, asset, NOUN, settlement())
    correction = {"changes": {"remarks": "已挂牌"}, "reason": "补记", "documentNo": "更1号"}
    late = {"correction": correction, "occurredOn": "2022-03-01"}
    assert (await refused(service, asset, "registration-corrections", late))["code"] == "LATER_FACT_CONFLICT"
    await enter(service, asset, "registration-corrections", late | {"occurredOn": "2022-04-01"})
    other = await accounted(service)
    await enter(service, other, "registration-corrections", late | {"occurredOn": "2022-04-01"})
    assert (await refused(service, other, NOUN, settlement()))["code"] == "LATER_FACT_CONFLICT"
    await enter(service, other, NOUN, settlement("2022-04-02"))
    assert (await everything_agrees(service, other))["card"]["remarks"] == "已挂牌"


async def test_each_owner_of_a_shared_asset_keeps_its_part(service: Service) -> None:
    """Two villages that own 600,000 and 400,000 of a million own 564,000 and 376,000 of 940,000."""
    asset = await shared(service)
    await file(service, asset)
    await enter(service, asset, NOUN, settlement())
    now = await everything_agrees(service, asset)
    assert [one["amount"] for one in now["owners"]] == ["564000.00", "376000.00"]
    page = await service.read("/v1/ledgers/asset-register", asset=asset)
    assert page["rows"][0]["owners"] == now["owners"]


async def test_a_settlement_that_the_township_records_for_a_village_says_so(service: Service) -> None:
    asset = await accounted(service)
    answer = await enter(service, asset, NOUN, settlement())
    assert "RECORDED_ON_BEHALF" in {one["code"] for one in answer["warnings"]}
    other = await accounted(service)
    answer = await enter(service, other, NOUN, settlement(), "village")
    assert "RECORDED_ON_BEHALF" not in {one["code"] for one in answer["warnings"]}
