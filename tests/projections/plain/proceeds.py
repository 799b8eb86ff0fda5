"""Disposal proceeds (C4.12-07): what came in, and what became of every use that was decided on."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each receipt and for each allocation of each pool."""
    receipts: Table = []
    allocations: Table = []
    for story in streams(events, "proceeds_pool").values():
        receipts += [one_receipt(one) for one in story if name_of(one) == "proceeds_received"]
        allocations += [one_allocation(one, story) for one in story if name_of(one) == "proceeds_allocated"]
    return {"proceeds_receipt": receipts, "proceeds_allocation": allocations}


def one_receipt(event: RecordedEvent) -> Row:
    """Money for a disposed asset, and whose it is."""
    told = event.data["receipt"]
    return {
        "county": event.county,
        "asset": told["asset"],
        "disposal": told["disposal"],
        "voucher_no": told["voucherNo"],
        "amount": told["amount"],
        "received_on": day(told["receivedOn"]),
        "legal_owners": told["legalOwners"],
        "position": event.position,
    }


def one_allocation(event: RecordedEvent, story: list[RecordedEvent]) -> Row:
    """A use of it: less what came back, less what stands in each asset's card last."""
    told = event.data["allocation"]
    mine = [one for one in story if one.data.get("allocation") == told["allocation"]]
    back = sum(one.data["back"]["amount"] for one in mine if name_of(one) == "allocation_returned")
    last = {one.data["asset"]: one.data["amount"] for one in mine if name_of(one) == "funding_linked"}
    formed = {asset: amount for asset, amount in last.items() if amount > 0}
    return {
        "county": event.county,
        "allocation": told["allocation"],
        "project_code": told["projectCode"],
        "project_name": told["projectName"],
        "allocator": event.data["allocator"],
        "document_no": told["documentNo"],
        "procedure": event.data.get("procedure"),
        "allocated_on": day(told["allocatedOn"]),
        "amount": told["amount"],
        "returned": back,
        "formed": sum(formed.values()),
        "unused": told["amount"] - back - sum(formed.values()),
        "assets": formed,
        "position": max([event, *mine], key=lambda one: one.position).position,
    }
