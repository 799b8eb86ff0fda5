"""Names are found as people write them: in full or half width, in any case (issue: one and the same name)."""

from __future__ import annotations

import pytest

from tests.api.asset.test_titles import registered
from tests.api.bodies import road
from tests.api.service import Service


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("ＡＢ１２号水渠", "AB12号水渠"),
        ("AB13号水渠", "ＡＢ１３号水渠"),
        ("ab14号水渠", "ＡＢ１４"),
        ("Cafe\u0301 15号", "Café 15号"),
        ("100%_16号水渠", "100％_16"),
    ],
)
async def test_a_name_is_found_in_either_width_case_and_composition(
    service: Service, written: str, asked: str
) -> None:
    asset = await registered(service, road(assetName=written))
    other = await registered(service, road(assetName="100xx16号水渠"))
    found = await service.read("/v1/ledgers/asset-register", name=asked, min_position=await service.head())
    codes = [row["asset"] for row in found["rows"]]
    assert asset in codes
    assert other not in codes
