"""What secures contracts (四(八) 担保、抵押、保险、多方联保): each cover until it is given back."""

from __future__ import annotations

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Table, day, name_of, streams


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each cover of each asset's contracts."""
    found: Table = []
    for asset, story in streams(events, "asset").items():
        released = {one.data["cover"]: one for one in story if name_of(one) == "risk_mitigation_released"}
        for one in story:
            if name_of(one) != "risk_mitigation_added":
                continue
            told = one.data["cover"]
            end = released.get(told["cover"])
            found.append(
                {
                    "county": one.county,
                    "asset": asset,
                    "cover": told["cover"],
                    "contract": one.data["contract"],
                    "kind": told["kind"],
                    "provider": told["provider"],
                    "beneficiary": told["beneficiary"],
                    "amount": told["amount"],
                    "valid_from": day(told["validFrom"]),
                    "valid_to": day(told["validTo"]),
                    "collateral": told.get("collateral"),
                    "rule_ref": told.get("ruleRef"),
                    "released_on": day(end.data["release"]["releasedOn"]) if end else None,
                    "release_reason": end.data["release"]["reason"] if end else None,
                    "position": (end or one).position,
                }
            )
    return {"risk_cover": found}
