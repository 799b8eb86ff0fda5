"""The statement of a village's income sub-account (C4.9-05): a line for the opening balance, and one for each posting."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table, day, name_of


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """The lines in the order of the log."""
    ours = [one for one in events if one.stream.startswith("income_sub_account-")]
    return {"income_posting": [of_one(one) for one in ours]}


def of_one(event: RecordedEvent) -> Row:
    """What one event puts on the statement; what is taken back stands on the other sides."""
    line: Row = {
        "county": event.county,
        "organization": event.stream.partition("-")[2],
        "position": event.position,
    }
    if name_of(event) == "opened":
        opening = event.data["opening"]
        return line | {
            "posting": None,
            "cause": "OPENING",
            "amount": opening["balance"],
            "day": day(opening["openedOn"]),
            "month": opening["openedOn"][:7],
            "for_month": None,
            "debit": None,
            "credit": None,
            "voucher_no": opening["documentNo"],
            "asset": None,
        }
    if name_of(event) == "period_closed":
        closing = event.data["closing"]
        return line | {
            "posting": None,
            "cause": "CLOSING",
            "amount": 0,
            "day": day(closing["closedOn"]),
            "month": closing["month"],
            "for_month": None,
            "debit": None,
            "credit": None,
            "voucher_no": f"{closing['month']} 结账",
            "asset": None,
        }
    entry = event.data["entry"]
    back = name_of(event) == "posting_reversed"
    debit, credit = entry["debit"], entry["credit"]
    return line | {
        "posting": entry["posting"],
        "cause": "REVERSAL" if back else entry["cause"],
        "amount": entry["amount"] * (1 if entry["inward"] != back else -1),
        "day": day(entry["day"]),
        "month": entry["month"],
        "for_month": entry.get("forMonth"),
        "debit": credit if back else debit,
        "credit": debit if back else credit,
        "voucher_no": event.data["reversal"]["documentNo"] if back else entry["voucherNo"],
        "asset": entry.get("asset"),
    }
