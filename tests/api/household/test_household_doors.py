"""What is personal of a household asset, at every door of its register: shown to whom the table says, masked for others."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook

from service.ledgers.sheets import MEDIA_TYPE
from tests.api.bodies import VILLAGE
from tests.api.household.test_household_life import entered
from tests.api.service import Service

SEEN_BY = {
    "clerk": True,  # the township that keeps the ledger
    "village": True,
    "auditor": True,
    "office": True,
    "household": True,
    "neighbour": False,
    "second_village": False,
    "reader": False,
    "commerce": False,
    "admin": False,
    "operator": False,
}
"""Who sees the household's code and words about its asset: written from 三(七), 四(五)18, 五(四)."""
LEDGER = "/v1/ledgers/household-register"


async def doors(service: Service, asset: str, who: str) -> dict[str, str]:
    """Everything one can get to know about a household asset through its register, as text by door."""
    about = {"asset": asset, "min_position": await service.head()}
    head = service.headers(who)
    lines = await service.http.get(LEDGER, params=about, headers=head | {"Accept": "application/x-ndjson"})
    book = await service.http.get(LEDGER, params=about, headers=head | {"Accept": MEDIA_TYPE})
    cells = load_workbook(io.BytesIO(book.content)).worksheets[0].iter_rows(values_only=True)
    changes = await service.read(f"{LEDGER}/changes", who, asset=asset, from_as_of="2010-01-01")
    return {
        "page": json.dumps(await service.read(LEDGER, who, **about), ensure_ascii=False),
        "lines": lines.text,
        "workbook": str(list(cells)),
        "changes": json.dumps(changes, ensure_ascii=False),
        "resource": json.dumps(await service.read(f"/v1/household-assets/{asset}", who), ensure_ascii=False),
    }


@pytest.mark.parametrize("who", SEEN_BY)
@pytest.mark.clause("C3-07", "C4.5-18")
async def test_a_household_s_asset_is_known_to_be_its_own_to_those_who_keep_or_audit_it(
    service: Service, who: str
) -> None:
    """Masks household and words in page, lines, workbook, changes and resource for other townships and readers."""
    household, words = "H-0012", "养在王五家后院"
    life = await entered(service, household=household, assetContent=words)
    for door, told in (await doors(service, life.asset, who)).items():
        assert (household in told) is SEEN_BY[who], door
        assert (words in told) is SEEN_BY[who], door
        assert SEEN_BY[who] or "***" in told, door


@pytest.mark.parametrize(("who", "more", "status"), [
    ("household", {}, 200),
    ("auditor", {}, 200),
    ("neighbour", {}, 403),
    ("reader", {}, 403),
    ("clerk", {}, 403),
    ("clerk", {"village": VILLAGE}, 200),
    ("clerk", {"village": "653022202299"}, 200),
    ("neighbour", {"village": VILLAGE}, 403),
    ("second_village", {"village": VILLAGE}, 403),
])  # fmt: skip
async def test_rows_are_not_found_by_a_household_that_is_masked(
    service: Service, who: str, more: dict[str, Any], status: int
) -> None:
    """Refuses a filter and an order by what is masked: what comes back would tell it."""
    await entered(service)
    found = await service.get(LEDGER, who, household="H-0012", **more)
    assert found.status_code == status, found.text
    if status == 403:
        assert found.json()["code"] == "FORBIDDEN_PERSONAL_DATA"
    if who != "household":
        ordered = await service.get(LEDGER, who, sort="household", **more)
        assert ordered.status_code == status, ordered.text


async def test_a_write_is_answered_without_what_the_writer_may_not_see(service: Service) -> None:
    """A department inspects household assets of the whole county, and does not learn from its answer whose they are."""
    life = await entered(service, assetContent="养在赵六家后院")
    inspected = {"inspectedOn": "2021-10-01", "present": True, "condition": "良好"}
    for who, seen in (("commerce", False), ("clerk", True)):
        answer = await service.post(
            f"{life.path}/inspections", {"inspection": inspected}, who, version=life.version
        )
        assert answer.status_code == 201, answer.text
        life.version = answer.json()["version"]
        assert ("赵六" in answer.text) is seen
        inspected |= {"inspectedOn": "2021-10-02"}
