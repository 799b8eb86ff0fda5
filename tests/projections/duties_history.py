"""Events of registration, care, households and units for the random histories: what `history` does not make itself."""

from __future__ import annotations

from typing import Any, Final

SHA: Final = "ab" * 32

Made = tuple[str, dict[str, Any]]

ASSET_EVENTS: Final[tuple[Made, ...]] = (
    (
        "asset.herd_count_changed",
        {
            "herdChange": {"kind": "SALE", "change": "-1", "happenedOn": "2021-09-01"},
            "quantity": "11.5",
        },
    ),
    (
        "asset.stocktake_recorded",
        {"stocktaking": {"stocktake": "ST-1", "verifiedOn": "2021-09-01"}},
    ),
    (
        "asset.external_entry_recorded",
        {"entry": {"system": "SYS_SANZI", "refNo": "回执1号", "enteredOn": "2021-09-01"}},
    ),
    (
        "asset.management_rule_adopted",
        {
            "managementRule": {
                "owner": "653022012001",
                "title": "管护制度",
                "documentNo": "村制1号",
                "effectiveFrom": "2021-09-01",
            }
        },
    ),
    (
        "asset.maintenance_planned",
        {"plan": {"intervalDays": 180, "startsOn": "2021-09-01", "content": "清淤"}},
    ),
)
"""One each of what can happen to an asset any time."""

DUTIES: Final = [
    {
        "system": "SYS_RURAL_COLLECTIVE",
        "enteredBy": ["AGRICULTURE"],
        "afterStocktake": False,
        "ruleGap": False,
    },
    {"system": "SYS_SANZI", "enteredBy": ["653022201000"], "afterStocktake": False, "ruleGap": False},
]
"""What a confirmation opens."""


def household_events(asset_card: dict[str, Any]) -> tuple[Made, ...]:
    """One each of what can happen to a household asset with this card."""
    entrustment = {
        "entrustment": "E-1",
        "operator": "COOP-1",
        "operatorName": "养殖合作社",
        "agreementNo": "托1号",
        "startsOn": "2021-09-01",
        "endsOn": "2024-08-31",
        "yearlyReturn": 1_200_00,
        "consentDocument": "同意书1号",
    }
    corrected = {"card": asset_card, "changed": ["assetName"], "old": {"assetName": "旧"}}
    return (
        (
            "household_asset.household_confirmed",
            {"confirmation": {"confirmedOn": "2021-08-01", "documentNo": "乡确1号"}},
        ),
        ("household_asset.registration_corrected", corrected | {"reason": "笔误", "documentNo": "更1号"}),
        (
            "household_asset.document_archived",
            {"document": {"kind": "PHOTO", "document": "D-1", "sha256": SHA}},
        ),
        (
            "household_asset.external_entry_recorded",
            {"entry": {"system": "SYS_XJ_BIGDATA", "refNo": "R-1", "enteredOn": "2021-09-01"}},
        ),
        (
            "household_asset.loss_recorded",
            {"loss": {"kind": "DIED", "lostOn": "2021-09-01", "quantity": "1"}, "quantity": "9"},
        ),
        ("household_asset.entrusted", {"entrustment": entrustment}),
        (
            "household_asset.entrustment_ended",
            {"entrustment": "E-1", "endedOn": "2022-09-01", "reason": "到期"},
        ),
        (
            "household_asset.registration_closed",
            {"closing": {"closedOn": "2022-10-01", "reason": "灭失", "documentNo": "销1号"}},
        ),
    )


def unit_events(village: str) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """What a village and its township do about their duties: stream, type, data."""
    unit, ledger = f"organization-{village}", f"household_ledger-{village}"
    member = {"person": "P-0001", "role": "组长", "since": "2021-08-01"}
    force = {"documentNo": "专班1号", "establishedOn": "2021-08-01", "members": [member]}
    rule = {"topic": "USE", "title": "办法", "documentNo": "制1号", "effectiveFrom": "2021-08-01"}
    guidance = {"guidance": "G-1", "guided": village[:9] + "000", "topic": "登记", "givenOn": "2021-09-01"}
    incentive = rule | {"kind": "SUPPORTING_RULE", "topic": "SMALL_ASSET_INCENTIVE"}
    push = {
        "township": village[:9] + "000",
        "pushedOn": "2021-09-30",
        "rows": [{"asset": "H-1", "version": 1, "sha256": SHA}],
        "sha256": SHA,
    }
    request = {"request": "C-1", "asset": "H-1", "content": "数量有误"}
    six = ["AGRICULTURE", "AUDIT", "DRC", "ETHNIC_AFFAIRS", "FINANCE", "RURAL_REVITALIZATION"]
    return (
        (unit, "organization.rule_adopted", {"rule": rule}),
        (unit, "organization.task_force_established", {"taskForce": force}),
        (unit, "organization.task_force_member_changed", {"member": member | {"until": "2022-08-01"}}),
        (unit, "organization.guidance_recorded", {"guidance": guidance}),
        (unit, "organization.office_members_named", {"members": six, "documentNo": "办1号"}),
        (unit, "organization.rule_adopted", {"rule": incentive}),
        (unit, "organization.incentive_pilot_enabled", {"documentNo": "试1号"}),
        (ledger, "household_ledger.pushed", {"push": push}),
        (ledger, "household_ledger.correction_requested", {"request": request}),
        (ledger, "household_ledger.renewed", {"push": push | {"sha256": SHA[::-1]}}),
        (ledger, "household_ledger.acknowledged", {"sha256": SHA[::-1], "rows": 1}),
    )
