"""Changes of a running contract over HTTP: only as its owners decided before, by a procedure over the new text (C4.11-03)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_parties import shared
from tests.api.asset.test_titles import SECOND, confirmed, refused, write
from tests.api.bodies import VILLAGE, terms
from tests.api.contracts import Choice, decided
from tests.api.service import Service

NEXT = {"operator": "OP-2", "name": "杏干合作社"}
VOTED = "2022-03-01"
CHANGES = "leases/L1/changes"


async def let(service: Service) -> str:
    """A village's asset that is let."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await decided(service, asset, terms()), "village")
    return asset


def over(service: Service, asset: str, text: dict[str, Any]) -> Choice:
    """The owners' procedure over a new text, in March 2022."""
    it = Choice(service, asset, text)
    it.day = VOTED
    return it


def change(it: Choice, on: str = VOTED, **more: Any) -> dict[str, Any]:
    """The change as its owners decided on it."""
    return {"terms": it.terms, "procedure": it.code, "occurredOn": on} | more


@pytest.mark.clause("C4.11-03")
async def test_operator_is_not_changed_without_the_owner_s_consent(service: Service) -> None:
    """Refuses another operator on anybody's word, before the village has voted, dated before the vote, and by another text's vote."""
    asset = await let(service)
    word = {"terms": terms(operator=NEXT), "occurredOn": VOTED}
    tried = await refused(service, asset, CHANGES, word, "village")
    assert tried == (409, "OWNER_CONSENT_REQUIRED", ["procedure"])
    typed = word | {"consentDocument": "同意书1号", "consentedOn": VOTED, "consentedBy": [VILLAGE]}
    assert (await refused(service, asset, CHANGES, typed, "village"))[:2] == (422, "FIELD_UNKNOWN")
    it = over(service, asset, terms(operator=NEXT))
    await it.open()
    tried = await refused(service, asset, CHANGES, change(it), "village")
    assert tried == (409, "DECISION_REQUIRED", ["MEETING"])
    await it.take("MEETING")
    early = change(it, "2022-02-28")
    assert (await refused(service, asset, CHANGES, early, "village"))[:2] == (409, "CONSENT_AFTER_FACT")
    cheaper = change(it, terms=it.terms | {"annualIncome": "29999.99"})
    tried = await refused(service, asset, CHANGES, cheaper, "village")
    assert tried == (409, "PLAN_HASH_MISMATCH", ["procedure"])
    done = await write(service, asset, CHANGES, change(it), "village")
    types = [one["type"] for one in done["events"]]
    assert types == ["asset.operating_contract_changed", "procedure.step_taken_by_fact"]
    assert done["resource"]["contracts"]["L1"]["terms"]["operator"]["operator"] == "OP-2"
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]["data"]
    assert (stored["consentedBy"], stored["consentedOn"]) == ([VILLAGE], VOTED)


@pytest.mark.clause("C4.11-03", "C4.7-05")
async def test_rent_changes_on_the_selection_of_before_and_a_longer_term_does_not(service: Service) -> None:
    """Refuses a longer term without a selection of its own: a renewal is a selection too."""
    asset = await let(service)
    first = (await service.read(f"/v1/assets/{asset}"))["resource"]["contracts"]["L1"]["terms"]["selection"]
    dearer = over(service, asset, terms(annualIncome="36000.00", selection=first))
    await dearer.open()
    await dearer.through()
    await write(service, asset, CHANGES, change(dearer), "village")
    longer = {"annualIncome": "36000.00", "endsOn": "2024-09-02"}
    again = over(service, asset, terms(**longer, selection=first))
    await again.open()
    await again.through()
    tried = await refused(service, asset, CHANGES, change(again), "village")
    assert tried == (409, "OPERATOR_NOT_SELECTED", ["terms.selection"])
    selected = over(service, asset, terms(**longer))
    await selected.open()
    await selected.through()
    await write(service, asset, CHANGES, change(selected), "village")


@pytest.mark.clause("C4.11-03")
async def test_every_co_owner_consents_to_a_change(service: Service) -> None:
    """Refuses what one of two owners decided, for an asset across villages (P34)."""
    asset = await shared(service)
    text = terms(charterDocument="章程1号")
    await write(service, asset, "leases", await decided(service, asset, text), "village")
    cheaper = text | {"annualIncome": "20000.00"}
    alone = over(service, asset, cheaper)
    await alone.open(owners=[VILLAGE])
    await alone.through()
    tried = await refused(service, asset, CHANGES, change(alone), "village")
    assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", [SECOND])
    both = over(service, asset, cheaper)
    await both.open()
    await both.through()
    await write(service, asset, CHANGES, change(both), "village")
