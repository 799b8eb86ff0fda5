"""The asset register, column by column from an asset's whole story: the 14 items of 四(六)¶2, then where each region of its
life has come to (四(五) title, 四(七) and 四(十一) contracts, 四(九) income, 四(十) keeping, 四(十二) disposal).

Nothing is carried along: every column is asked of all that has happened, as a clerk would who has only the papers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from domain.recorded import RecordedEvent
from tests.projections.plain.story import (
    Row,
    Table,
    day,
    findings_of,
    name_of,
    streams,
    township_of,
    village_of,
    warnings_of,
)

Story = list[RecordedEvent]


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The register and the shares."""
    cases = [
        event for event in events if event.type in {"departure_case.opened", "departure_case.lines_added"}
    ]
    assets = streams(events, "asset")
    return {
        "asset_register": [
            one_row(asset, story, [one for one in cases if asset in one.data["assets"]])
            for asset, story in sorted(assets.items())
        ],
        "asset_share": [row for asset, story in sorted(assets.items()) for row in shares(asset, story)],
    }


def each(story: Story, *names: str) -> Iterator[RecordedEvent]:
    """What of these happened, first to last."""
    return (event for event in story if name_of(event) in names)


def last(story: Story, *names: str) -> RecordedEvent | None:
    """The last of these that happened."""
    return next(each(story[::-1], *names), None)


def one_row(asset: str, story: Story, listings: Story) -> Row:
    """The register's row of an asset. `listings`: the departure cases that put it on their lists."""
    registered = story[0]
    return (
        {"asset": asset, "county": registered.county}
        | items_1_to_9(story)
        | rights(story)
        | accounts(story)
        | contract(story)
        | money(story)
        | keeping(story, listings)
        | condition(story)
        | disposal(story)
        | {
            "documents": len(list(each(story, "document_archived"))),
            "corrections": len(list(each(story, "registration_corrected"))),
            "warnings": warnings_of(story),
            "findings": findings_of(story),
            "imported_history": [
                {
                    "event": one.type,
                    "occurredOn": one.occurred_on.isoformat(),
                    "source": one.basis["provenance"],
                }
                for one in story
                if one.basis.get("provenance") is not None
            ],
            "registered_on": registered.occurred_on,
            "last_occurred_on": max(event.occurred_on for event in story),
            "version": len(story),
            "first_position": registered.position,
            "position": max(
                [story[-1].position, *(one.position for one in listings if not disposed_before(story, one))]
            ),
        }
    )


def items_1_to_9(story: Story) -> Row:
    """The card as it was last told; the quantity also by what came to a herd or left it since."""
    told = last(story, "registered", "registration_corrected", "final_settlement_recorded")
    assert told is not None
    card = told.data["card"]
    grown = sum(Decimal(one.data["herdChange"]["change"]) for one in each(story, "herd_count_changed"))
    return {
        "asset_name": card["assetName"],
        "asset_content": card["assetContent"],
        "asset_class": card["assetClass"],
        "subclass": card.get("subclass"),
        "asset_type": card["assetType"],
        "construction_start": day(card.get("constructionStart")),
        "completion_date": day(card["completionDate"]),
        "completion_year": int(card["completionDate"][:4]),
        "useful_life_years": card.get("usefulLifeYears"),
        "quantity": Decimal(card["quantity"]) + grown,
        "unit_of_measure": card["unitOfMeasure"],
        "items": card["items"],
        "original_value": card["originalValue"],
        "funding_lines": card["fundingLines"],
        "scope": told.data["scope"],
        "location": card["location"],
        "village": village_of(card["location"]),
        "township": township_of(card["location"]),
        "project_code": card.get("projectCode"),
        "project_name": card.get("projectName"),
        "project_scope": card["projectScope"],
        "implementer": card["implementer"],
        "implementer_kind": card["implementerKind"],
        "remarks": card.get("remarks"),
    }


def title(story: Story) -> str:
    """UNCONFIRMED, then where the last word on the title brought it; doubt disputes only what was confirmed."""
    state = "UNCONFIRMED"
    for event in story:
        match name_of(event):
            case "ownership_procedure_started":
                state = "IN_PROCEDURE"
            case "ownership_confirmed":
                state = "CONFIRMED"
            case "title_dispute_opened":
                state = "DISPUTED"
            case "risk_flagged" if event.data["kind"] == "TITLE_UNCLEAR" and state == "CONFIRMED":
                state = "DISPUTED"
    return state


def rights(story: Story) -> Row:
    """Items 10 and 12, as the last confirmation has them; 11: who has it by contract, else the owner."""
    confirmed = last(story, "ownership_confirmed")
    offered = {one.data["transfer"]["transfer"] for one in each(story, "transfer_initiated")}
    ended = {one.data["transfer"] for one in each(story, "transfer_completed", "transfer_refused")}
    said: Any = {} if confirmed is None else confirmed.data["confirmation"]
    settled = last(story, "final_settlement_recorded")
    parts = said if valued(story) is confirmed else valued(story).data
    return {
        "title": title(story),
        "owners": parts.get("owners", []),
        "owner_kind": said.get("ownerKind"),
        "ownership_rule": confirmed and confirmed.data["rule"],
        "regime": confirmed and confirmed.data["regime"],
        "income_right_holders": parts.get("incomeRightHolders", []),
        "confirmed_on": confirmed and confirmed.occurred_on,
        "settled_on": settled and settled.occurred_on,
        "user_right_holder": user(story),
        "open_transfers": len(offered - ended),
    }


def valued(story: Story) -> Any:
    """What said last how much of the asset each party has: the confirmation, or the final settlement after it."""
    return last(story, "ownership_confirmed", "final_settlement_recorded")


def user(story: Story) -> str | None:
    """The operator of the contract that was last signed or changed; with the contract's end the owner again."""
    who: str | None = None
    running: set[str] = set()
    owner: str | None = None
    for event in story:
        match name_of(event):
            case "ownership_confirmed":
                owners = event.data["confirmation"]["owners"]
                owner = owners[0]["party"] if len(owners) == 1 else None  # several have it together
                if not running:
                    who = event.data["confirmation"].get("userRightHolder") or owner
            case "leased" | "operating_contract_signed" | "operating_contract_changed":
                running.add(event.data["terms"]["contract"])
                who = event.data["terms"]["operator"]["operator"]
            case "operating_contract_ended":
                running.discard(event.data["contract"])
                if not running:
                    who = owner
    return who


def shares(asset: str, story: Story) -> Iterator[Row]:
    """One row per party of the last confirmation: what it owns and what income is its."""
    confirmed = last(story, "ownership_confirmed")
    if confirmed is None:
        return
    said = confirmed.data["confirmation"]
    parts = said if valued(story) is confirmed else valued(story).data
    owned = {one["party"]: one["amount"] for one in parts["owners"]}
    income = {one["party"]: one["amount"] for one in parts["incomeRightHolders"]}
    for party in sorted({*owned, *income}):
        yield {
            "county": confirmed.county,
            "asset": asset,
            "party": party,
            "amount": owned.get(party, 0),
            "income_amount": income.get(party, 0),
            "owner_kind": said["ownerKind"],
            "position": valued(story).position,
        }


def accounts(story: Story) -> Row:
    """What each party booked last, and depreciation so far (四(七)2 年终按照规定计提折旧)."""
    booked = {one.data["booking"]["party"]: one.data["booking"]["amount"] for one in each(story, "booked")}
    posted = last(story, "depreciation_posted")
    worn = posted.data["accumulated"] if posted else 0
    return {
        "registration": "BOOKED" if booked else "REGISTERED",
        "booked": bool(booked),
        "bookings": booked,
        "booked_amount": sum(booked.values()),
        "accumulated_depreciation": worn,
        "depreciated_through": posted and posted.data["year"],
        "net_book_value": items_1_to_9(story)["original_value"] - worn,
    }


def contracts(story: Story) -> dict[str, Row]:
    """Every contract and where it stands: running, held over, expired or terminated, ended with the asset's disposal."""
    known: dict[str, Row] = {}
    for event in story:
        data = event.data
        match name_of(event):
            case "leased" | "operating_contract_signed" | "operating_contract_changed":
                terms = data["terms"]
                changed = name_of(event) == "operating_contract_changed"
                known[terms["contract"]] = {
                    "operator": terms["operator"]["operator"],
                    "operatorName": terms["operator"]["name"],
                    "mode": terms["mode"],
                    "startsOn": terms["startsOn"],
                    "endsOn": terms["endsOn"],
                    "annualIncome": terms["annualIncome"],
                    "signer": terms["signer"],
                    "part": terms.get("part"),
                    "state": known[terms["contract"]]["state"] if changed else "ACTIVE",
                    "endedOn": None,
                } | imported_from(event, known.get(terms["contract"], {}))
            case "holdover_started":
                known[data["contract"]]["state"] = "HOLDOVER"
            case "operating_contract_ended":
                known[data["contract"]] |= {"state": data["outcome"], "endedOn": data["endedOn"]}
            case "disposed":
                for code in data["endedContracts"]:
                    known[code] |= {"state": "TERMINATED", "endedOn": data["sale"]["disposedOn"]}
    return known


def imported_from(event: RecordedEvent, was: Row) -> Row:
    """The source of a contract that came in as imported history, and keeps it through its changes."""
    source = was.get("importedFrom", event.basis.get("provenance"))
    return {} if source is None else {"importedFrom": source}


def contract(story: Story) -> Row:
    """The contract that counts: one that runs before one that is held over before one that ended, then the later end."""
    known = contracts(story)
    nothing = dict.fromkeys(
        ("contract_code", "contract_starts_on", "contract_ends_on", "operator", "operator_name", "operating_mode", "annual_income")
    )  # fmt: skip
    if not known:
        return nothing | {"contract": "NONE", "contracts": {}}
    for states in (("ACTIVE",), ("HOLDOVER",), ("EXPIRED", "TERMINATED")):
        candidates = [(one["endsOn"], code) for code, one in known.items() if one["state"] in states]
        if candidates:
            break
    code = max(candidates)[1]
    shown = known[code]
    found = nothing | {
        "contract": shown["state"],
        "contracts": known,
        "contract_code": code,
        "contract_starts_on": day(shown["startsOn"]),
        "contract_ends_on": day(shown["endsOn"]),
    }
    if shown["state"] in {"ACTIVE", "HOLDOVER"}:
        found |= {
            "operator": shown["operator"],
            "operator_name": shown["operatorName"],
            "operating_mode": shown["mode"],
            "annual_income": shown["annualIncome"],
        }
    return found


def money(story: Story) -> Row:
    """Item 13: what came in and what was paid out."""
    return {
        "income_received": sum(one.data["receipt"]["amount"] for one in each(story, "income_received")),
        "income_distributed": sum(
            one.data["distribution"]["amount"] for one in each(story, "income_distributed")
        ),
    }


def disposed_before(story: Story, event: RecordedEvent) -> bool:
    """Whether the asset was gone when something else happened."""
    return any(one.position < event.position for one in each(story, "disposed"))


def keeping(story: Story, listings: Story) -> Row:
    """管护主体, 具体责任人, 监管单位; in handover from the case that lists it to the handover by that case (C4.10-10)."""
    said: Any = {}
    duties: list[Row] = []
    for event in each(story, "custody_assigned", "handed_over"):
        if name_of(event) == "custody_assigned":
            said = event.data["custody"]
            duties = [dict(one) for one in said["duties"]]
        elif said:
            duty = event.data["duty"]
            duties = [one for one in duties if one != {"person": event.data["outgoing"], "duty": duty}]
            taken_on = {"person": event.data["incoming"], "duty": duty}
            if taken_on not in duties:
                duties.append(taken_on)
    supervised = last(story, "supervision_assigned")
    open_cases: list[str] = []
    for event in sorted([*story, *listings], key=lambda one: one.position):
        if event in listings and not disposed_before(story, event):
            case = event.stream.partition("-")[2]
            open_cases += [case] if case not in open_cases else []
        elif name_of(event) == "handed_over":
            open_cases = [one for one in open_cases if one != event.data["case"]]
        elif name_of(event) == "disposed":
            open_cases = []
    first = said.get("firstResponsible", {})
    provisional = said.get("provisional", False)
    assigned = "PROVISIONAL" if provisional else "ASSIGNED"
    return {
        "custody": "IN_HANDOVER" if open_cases else assigned if said else "NONE",
        "custody_provisional": provisional,
        "custodian": said.get("custodian"),
        "responsible_unit": said.get("responsibleUnit"),
        "first_responsible_unit": first.get("organization"),
        "first_responsible_post": first.get("position"),
        "duties": duties,
        "supervision": supervised.data["supervision"] if supervised else [],
        "open_cases": open_cases,
    }


def condition(story: Story) -> Row:
    """Use, upkeep, and the risks of the preamble that are open, with the day on which they were found."""
    reports = list(each(story, "operation_status_reported"))
    maintained = list(each(story, "maintenance_done"))
    used, since, risks = "NOT_IN_USE", None, dict[str, str]()
    for event in story:
        data = event.data
        match name_of(event):
            case "put_into_use":
                used, since = "IN_USE", data["inUseSince"]
            case "operation_status_reported":
                report = data["report"]
                used = report["state"]
                if since is None and used in {"IN_USE", "PARTLY_USED"}:
                    since = report["reportedOn"]
                for kind in data["clearedRisks"]:
                    risks.pop(kind, None)
                risks |= dict.fromkeys(data["openedRisks"], report["reportedOn"])
            case "risk_flagged":
                risks[data["kind"]] = event.occurred_on.isoformat()
            case "risk_cleared":
                risks.pop(data["kind"], None)
            case "title_dispute_opened":
                risks["TITLE_UNCLEAR"] = data["dispute"]["openedOn"]
            case "ownership_confirmed":
                risks.pop("TITLE_UNCLEAR", None)
            case "disposed":
                risks = {}
    return {
        "operation": used,
        "in_use_since": day(since),
        "last_status_on": day(reports[-1].data["report"]["reportedOn"]) if reports else None,
        "last_maintenance_on": day(maintained[-1].data["maintenance"]["doneOn"]) if maintained else None,
        "maintenance_cost": sum(one.data["maintenance"]["cost"] for one in maintained),
        "open_risks": risks,
    }


STEPS = {
    "disposal_proposed": "PROPOSED",
    "appraisal_recorded": "APPRAISED",
    "appraisal_published": "PUBLISHED",
    "disposal_forwarded": "FORWARDED",
    "disposal_approved": "APPROVED",
    "disposed": "DISPOSED",
}
"""四(十二): 评估、公开、逐级上报、批准后处置."""


def disposal(story: Story) -> Row:
    """Item 14: every disposal, step by step, and what it fetched."""
    known: dict[str, Row] = {}
    region = "NONE"
    for event in story:
        data, name = event.data, name_of(event)
        if name == "disposal_proposed":
            proposal = data["proposal"]
            start = {"kind": proposal["kind"], "proposedOn": event.occurred_on.isoformat()}
            known[proposal["disposal"]] = known.get(proposal["disposal"], {}) | start
            current = known[proposal["disposal"]]
        elif "disposal" in data and name in {*STEPS, "disposal_closed", "disposal_proceeds_received"}:
            current = known[data["disposal"]]
        else:
            continue
        partly = name == "disposal_approved" and not data.get("complete", True)
        if (name in STEPS and not partly) or name == "disposal_closed":
            region = current["state"] = STEPS.get(name) or data["outcome"]
        match name:
            case "appraisal_recorded":
                current |= {
                    "appraisedValue": data["appraisal"]["value"],
                    "forwarded": [],
                    "approvalDocument": None,
                }
            case "disposal_forwarded":
                current["forwarded"] = [*current.get("forwarded", []), data["level"]]
            case "disposal_approved":
                current["approvalDocument"] = data["approval"]["documentNo"]
            case "disposed":
                current |= {"disposedOn": data["sale"]["disposedOn"], "price": data["sale"]["price"]}
            case "disposal_proceeds_received":
                current["proceeds"] = current.get("proceeds", 0) + data["amount"]
    sold = last(story, "disposed")
    return {
        "disposal": region,
        "disposals": known,
        "disposed_on": sold and day(sold.data["sale"]["disposedOn"]),
        "disposal_kind": sold and sold.data["kind"],
        "disposal_price": sold and sold.data["sale"]["price"],
        "disposal_proceeds": sum(one.data["amount"] for one in each(story, "disposal_proceeds_received")),
    }
