"""The income ledger (四(九)): a line for each holder's part of what came in, and for each use of what was paid out."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day

LINE: Row = dict.fromkeys(
    ("voucher_no", "reference", "contract", "payer", "account_kind", "use", "purpose", "household")
)


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The ledger's lines in the order of the log."""
    lines = []
    for event in events:
        lines += [
            LINE
            | {
                "county": event.county,
                "asset": event.stream.removeprefix("asset-"),
                "position": event.position,
                "line": number,
                "imported_from": event.basis.get("provenance"),
            }
            | line
            | {"year": line["entered_on"].year}
            for number, line in enumerate(of_one(event), 1)
        ]
    return {"income_ledger": lines}


def of_one(event: RecordedEvent) -> Table:
    """What one event puts into the ledger."""
    data = event.data
    if event.type == "asset.income_received":
        receipt = data["receipt"]
        whose = [(one["party"], one["amount"]) for one in data["attributions"]]
        return [
            {
                "entry": "RECEIPT",
                "holder": holder,
                "amount": amount,
                "entered_on": day(receipt["receivedOn"]),
                "voucher_no": receipt["voucherNo"],
                "reference": receipt["receipt"],
                "contract": receipt.get("contract"),
                "payer": receipt.get("payer"),
                "account_kind": receipt["accountKind"],
            }
            for holder, amount in whose or [(None, receipt["amount"])]
        ]
    if event.type == "asset.ownership_confirmed" and data["attributions"]:
        found = [(one["party"], one["amount"]) for one in data["attributions"]]
        moved = [(None, -sum(amount for _, amount in found)), *found]
        return [
            {"entry": "ATTRIBUTION", "holder": holder, "amount": amount, "entered_on": event.occurred_on}
            for holder, amount in moved
        ]
    if event.type == "asset.income_distributed":
        paid = data["distribution"]
        return [
            {
                "entry": "DISTRIBUTION",
                "holder": paid["holder"],
                "amount": -use["amount"],
                "entered_on": day(paid["paidOn"]),
                "voucher_no": paid["voucherNo"],
                "reference": paid["plan"],
                "use": use["use"],
                "purpose": use.get("purpose"),
                "household": use.get("household"),
            }
            for use in paid["lines"]
        ]
    return []
