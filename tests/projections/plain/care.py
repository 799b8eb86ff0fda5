"""What is done and due around an asset (三(五), 四(六), 四(八), 五(三)): acceptance, guidance, file, certificates, custody, upkeep."""

from __future__ import annotations

from typing import Any

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams

TOLD = {
    *(
        "registered",
        "registration_corrected",
        "final_settlement_recorded",
        "document_archived",
        "stocktake_recorded",
        "ownership_confirmed",
    ),
    *(
        "ownership_filed",
        "ownership_certificate_issued",
        "title_certificate_applied",
        "title_certificate_issued",
    ),
    *("title_certificate_ineligible", "management_rule_adopted", "custody_assigned", "maintenance_planned"),
    "maintenance_done",
}
"""What changes a row, or says again what it says."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each asset."""
    return {"asset_duty": [one_asset(*one) for one in streams(events, "asset").items()]}


def one_asset(asset: str, story: list[RecordedEvent]) -> Row:
    """The row of one asset."""

    def all_of(*names: str) -> list[RecordedEvent]:
        return [one for one in story if name_of(one) in names]

    cards = all_of("registered", "registration_corrected", "final_settlement_recorded")
    card = cards[-1].data["card"]
    guided = [one.data["guidance"] for one in cards if one.data.get("guidance")]
    guidance = guided[-1] if guided else {}
    stocktakes = [one.data["stocktaking"] for one in all_of("stocktake_recorded")]
    titles = all_of("ownership_confirmed")
    title = titles[-1].data if titles else {}
    filed = [one for one in all_of("ownership_filed") if titles and one.position > titles[-1].position]
    pending = None if filed else title.get("filingDue")
    kept = [
        one.occurred_on for one in all_of("custody_assigned") if not one.data["custody"].get("provisional")
    ]
    plans = [one.data["plan"] for one in all_of("maintenance_planned")]
    done = [one.data["maintenance"]["doneOn"] for one in all_of("maintenance_done")]
    rules = [one.data["managementRule"] for one in all_of("management_rule_adopted")]
    given = [one.data["certificate"] for one in all_of("ownership_certificate_issued")]
    return {
        "county": story[0].county,
        "asset": asset,
        "accepted_on": day((card.get("acceptance") or {}).get("acceptedOn")),
        "registered_on": story[0].occurred_on,
        "guiding_department": guidance.get("lead"),
        "co_guiding": guidance.get("co", []),
        "guidance_gap": guidance.get("ruleGap", False),
        "document_kinds": sorted({one.data["document"]["kind"] for one in all_of("document_archived")}),
        "stocktake": stocktakes[-1]["stocktake"] if stocktakes else None,
        "verified_on": day(stocktakes[-1]["verifiedOn"]) if stocktakes else None,
        "title_holders": title.get("holders") or [],
        "ownership_certificates": {one["village"]: one["number"] for one in given},
        "title_certificates": certificates(story),
        "filing_due": pending,
        "filing_since": titles[-1].occurred_on if pending else None,
        "management_rules": {
            one["owner"]: {"documentNo": one["documentNo"], "effectiveFrom": one["effectiveFrom"]}
            for one in rules
        },
        "custody_on": kept[0] if kept else None,
        "maintenance_starts_on": day(plans[-1]["startsOn"]) if plans else None,
        "maintenance_interval_days": plans[-1]["intervalDays"] if plans else None,
        "maintenance_content": plans[-1]["content"] if plans else None,
        "maintained_on": day(max(done)) if done else None,
        "position": [one.position for one in story if name_of(one) in TOLD][-1],
    }


def certificates(story: list[RecordedEvent]) -> dict[str, Any]:
    """Each certificate that was asked for, and how it was answered last."""
    found: dict[str, Any] = {}
    for one in story:
        match name_of(one):
            case "title_certificate_applied":
                asked = one.data["certificate"]
                found[asked["certificate"]] = {
                    "kind": asked["kind"],
                    "holder": asked["holder"],
                    "state": "APPLIED",
                }
            case "title_certificate_issued":
                found[one.data["certificate"]] |= {"state": "ISSUED", "number": one.data["number"]}
            case "title_certificate_ineligible":
                found[one.data["certificate"]] |= {"state": "INELIGIBLE"}
    return found
