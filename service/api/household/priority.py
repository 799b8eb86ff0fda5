"""Priority households over HTTP (重点关注户, C4.9-08): tagged as the monitoring says, and held against the village's plans of income."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.household.priority import PriorityHouseholds, PriorityTag, PriorityTagEnd
from domain.occasion import Occasion
from domain.values import Code, OrganizationCode
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model

router = routes("/v1/priority-households", "priority-households 重点关注户")

VillageCode = Annotated[Code, Path(title="村编号")]
PriorityHouseholdsView = view_model(
    PriorityHouseholds, village=Annotated[OrganizationCode, Field(title="村集体")]
)


class TagPriorityHousehold(Circumstances):
    """Request body: a household of a village became one to look after first."""

    village: OrganizationCode = Field(title="村集体", pattern=r"^[0-9]{12}$")
    tag: PriorityTag = Field(title="重点关注户标签")


class EndPriorityTag(Circumstances):
    """Request body: a household no longer bears a tag."""

    end: PriorityTagEnd = Field(title="解除重点关注情况")


def _view(it: PriorityHouseholds) -> dict[str, Any]:
    return it.view() | {"village": it.id}


async def _place(it: PriorityHouseholds, write: Write) -> Resource:
    """A roll is kept in the village it is about, by it and by the units above it."""
    return await _village(write, it.id)


async def _village(write: Write, village: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, village, "village"))


_ROLLS = Kind(
    router,
    PriorityHouseholds,
    PriorityHouseholdsView,
    lambda it, _: _view(it),
    _place,
    parties=lambda it: (it.id,),
)


@_ROLLS.post("", "标注重点关注户", "household.tag")
async def tag_priority_household(body: TagPriorityHousehold, write: Writing) -> Response:
    """Record a household's tag, from its day on (C4.9-08); the roll begins with the village's first one."""

    async def tag(at: Occasion, work: Work) -> PriorityHouseholds:
        if await work.context.knows(PriorityHouseholds, write.county, body.village):
            roll = await work.get(PriorityHouseholds, body.village)
        else:
            roll = PriorityHouseholds.open(body.village, at)
        roll.tag(body.tag, at)
        return roll

    async def scope() -> Resource:
        return await _village(write, body.village)

    return await write.create(_ROLLS, body, tag, scope=scope, on=body.tag.since, party=body.village)


@_ROLLS.post("/{village}/endings", "解除重点关注户", "household.tag")
async def end_priority_tag(village: VillageCode, body: EndPriorityTag, write: Writing) -> Response:
    """Record the last day of a household's tag (C4.9-08)."""
    return await write.decide(
        _ROLLS, village, body, lambda it, at: it.end_tag(body.end, at), on=body.end.until
    )


@get(
    router,
    "/{village}",
    "查询重点关注户",
    "household_asset.read",
    response_model=from_log(PriorityHouseholdsView),
)
async def read_priority_households(village: VillageCode, read: Reading) -> Response:
    """A village's priority households from the log, with those whose tag has ended."""
    return await read.aggregate(PriorityHouseholds, village, _view)
