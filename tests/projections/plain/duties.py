"""The risk board (前言: 闲置、浪费、流失、损毁及权属不清) and the entries in systems outside (四(三), 四(五)): opened and closed."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def risks(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each time a risk was found: by hand or by a report; until it was cleared, confirmed away or disposed of."""
    found: Table = []
    for asset, story in sorted(streams(events, "asset").items()):
        flags: Table = []
        for event in story:
            data = event.data
            opened: list[tuple[str, str, str | None]] = []
            cleared: set[str] = set()
            on, words = event.occurred_on, ""
            match name_of(event):
                case "risk_flagged":
                    opened = [(data["kind"], on.isoformat(), data["reason"])]
                case "risk_cleared":
                    cleared, words = {data["kind"]}, data["reason"]
                case "operation_status_reported":
                    told = data["report"]["reportedOn"]
                    opened = [(kind, told, data["report"].get("note")) for kind in data["openedRisks"]]
                    cleared, words, on = set(data["clearedRisks"]), "使用状况报告", day(told) or on
                case "ownership_confirmed":
                    cleared, words = {"TITLE_UNCLEAR"}, "确权"
                case "disposed":
                    cleared, words = {one["kind"] for one in flags}, "处置"
            for flag in flags:
                if flag["cleared_on"] is None and flag["kind"] in cleared:
                    flag["cleared_on"] = max(on, flag["flagged_on"])
                    flag["clearance"], flag["position"] = words, event.position
            flags += [
                {
                    "county": event.county,
                    "asset": asset,
                    "kind": kind,
                    "flagged_on": day(since),
                    "reason": reason,
                    "cleared_on": None,
                    "clearance": None,
                    "first_position": event.position,
                    "position": event.position,
                }
                for kind, since, reason in opened
            ]
        found += flags
    return {"asset_risk": found}


def entries(events: list[RecordedEvent]) -> dict[str, Table]:
    """What is to be entered where: since there is an owner, until it is entered; not any more once the asset is gone."""
    found: Table = []
    for holding, kind in (("ASSET", "asset"), ("HOUSEHOLD", "household_asset")):
        for asset, story in streams(events, kind).items():
            found += [{"asset": asset, "holding": holding} | row for row in of_one(story)]
    return {"external_entry": found}


def of_one(story: list[RecordedEvent]) -> Table:
    """The systems that one asset is entered in."""
    systems: dict[str, Row] = {}
    for event in story:
        data = event.data
        match name_of(event):
            case "ownership_confirmed" | "registered" if "externalDuties" in data:
                owned = data.get("confirmation", {}).get("owners", [])
                owners = [one["party"] for one in owned]  # a household is no unit, and is not named here
                due = {one["system"]: one for one in data["externalDuties"]}
                for system, row in systems.items():
                    if system not in due and row["state"] == "OPEN":
                        row |= {"state": "LAPSED", "position": event.position}
                for system, duty in due.items():
                    if systems.get(system, {}).get("state") != "CLOSED":
                        systems[system] = opened(event, system, owners) | {
                            "entered_by": duty["enteredBy"],
                            "after_stocktake": duty["afterStocktake"],
                            "rule_gap": duty["ruleGap"],
                        }
            case "external_entry_recorded":
                entry = data["entry"]
                row = systems.setdefault(entry["system"], opened(event, entry["system"], []))
                row |= {
                    "state": "CLOSED",
                    "ref_no": entry["refNo"],
                    "entered_on": day(entry["enteredOn"]),
                    "recorded_by": event.actor["organization"],
                    "position": event.position,
                }
            case "disposed" | "registration_closed":
                for row in systems.values():
                    if row["state"] == "OPEN":
                        row |= {"state": "LAPSED", "position": event.position}
    return list(systems.values())


def opened(event: RecordedEvent, system: str, owners: list[str]) -> Row:
    """An entry that is due."""
    return {
        "county": event.county,
        "system": system,
        "owners": owners,
        "entered_by": [],
        "after_stocktake": False,
        "rule_gap": False,
        "opened_on": event.occurred_on,
        "state": "OPEN",
        "ref_no": None,
        "entered_on": None,
        "recorded_by": None,
        "position": event.position,
    }
