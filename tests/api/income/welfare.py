"""A village's public-welfare post over HTTP: held by a household, its months assessed."""

from __future__ import annotations

from typing import Any

from tests.api.income.decided import SEEN
from tests.api.service import Service

POSTS = "/v1/public-welfare-posts"


def cleaning(village: str, wage: str = "1000.00") -> dict[str, Any]:
    told = {"village": village, "name": "保洁员", "duties": "村道保洁", "monthlyWage": wage}
    return {"post": told | {"createdOn": "2022-01-05", "documentNo": "村岗1号"}}


def holding(household: str, wage: str = "1000.00", **facts: Any) -> dict[str, Any]:
    told = {"household": household, "since": "2022-02-01", "until": "2022-08-31", "wage": wage}
    return {"holder": told | {"announcedOn": "2022-01-08", "agreementSha256": SEEN} | facts}


def worked(household: str, month: str, wage: str = "1000.00", **facts: Any) -> dict[str, Any]:
    told = {"household": household, "month": month, "result": "PASSED", "wage": wage}
    return {"assessment": told | {"assessedOn": "2022-09-01"} | facts}


async def post_of(
    service: Service, village: str, *households: str, wage: str = "1000.00", months: tuple[str, ...] = ()
) -> str:
    """The code of a post that these households hold, for months that passed."""
    code = str((await service.write(POSTS, cleaning(village, wage)))["id"])
    for household in households:
        await service.write(f"{POSTS}/{code}/holders", holding(household, wage))
        for month in months:
            await service.write(f"{POSTS}/{code}/assessments", worked(household, month, wage))
    return code
