"""Puts the sample county into the log: with progress, resumable, never into a log that holds real data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice

from domain.aggregate import DomainAggregate
from domain.occasion import Occasion
from domain.organization.organization import Organization
from service.commands.commands import CommandContext, stream_append
from service.commands.founding import divisions_of, found, organizations_of, system_actor
from service.log.appending import Append, Claim
from service.sample.generator import Sample, SampleUnit

CHUNK = 250
"""Streams per append."""

Progress = Callable[[int, int], None]
"""Called with (done, total) assets."""


class SampleRefused(Exception):  # noqa: N818  a state of the database, not a mistake
    """The log holds something else than this sample."""


async def load_sample(
    context: CommandContext, county: str, assets: int, seed: int, progress: Progress | None = None
) -> bool:
    """Generate and record the sample. False when it is there already; `SampleRefused` on a log with other data."""
    await found(context, county)
    mark = f"seed={seed} assets={assets}"
    state = {
        claim.kind: claim.key for claim in await context.store.claims(county, ("sample", "sample_loaded"))
    }
    if state.get("sample_loaded") == mark:
        return False
    if "sample" in state and state["sample"] != mark:
        msg = f"the log of {county} already holds another sample ({state['sample']})"
        raise SampleRefused(msg)
    if "sample" not in state and await _has_assets(context, county):
        msg = f"the log of {county} holds data of its own; the sample is only for an empty county"
        raise SampleRefused(msg)
    sample = await _sample(context, county, seed)
    people = list(sample.people())
    await _append(context, county, people, () if "sample" in state else (Claim("sample", mark),))
    await _append(context, county, await _appointed(context, county, sample))
    done = 0
    for chunk in _chunks(sample.asset(index) for index in range(assets)):
        last = done + len(chunk) >= assets
        beside, sample.papers = sample.papers, []
        if last:
            beside += sample.accounts.values()
        await _append(context, county, [*chunk, *beside], (Claim("sample_loaded", mark),) if last else ())
        done += len(chunk)
        if progress is not None:
            progress(done, assets)
        await asyncio.sleep(0)  # lets the projector and the progress display have the loop
    return True


async def _has_assets(context: CommandContext, county: str) -> bool:
    wanted = ["asset.registered", "household_asset.registered"]
    async for events in context.store.read(county, types=wanted, batch=1):
        return bool(events)
    return False


async def _sample(context: CommandContext, county: str, seed: int) -> Sample:
    codes = [row.code for row in divisions_of(context, county)]
    departments = [entry.code for entry in organizations_of(context, county)]
    known = await context.load_many(Organization, county, [*departments, *codes])
    units = {
        code: SampleUnit(code=code, name=one.card.name, kind=one.card.kind, parent=one.card.superior)
        for code, one in known.items()
    }
    provenance = f"样例数据（虚构），种子 {seed}"
    seen: dict[date, Occasion] = {}

    def occasion(day: date) -> Occasion:
        known_day = seen.get(day) or seen.setdefault(day, context.occasion(county, day))
        return Occasion(on=day, today=known_day.today, rules=known_day.rules, provenance=provenance)

    return Sample(seed=seed, units=units, occasion=occasion)


async def _appointed(context: CommandContext, county: str, sample: Sample) -> list[DomainAggregate]:
    organizations = await context.load_many(Organization, county, sorted(sample.staff))
    for organization in organizations.values():
        if not organization.tenures:
            await context.take_back(county, organization, None)
            sample.appoint(organization)
    return list(organizations.values())


async def _append(
    context: CommandContext,
    county: str,
    aggregates: Iterable[DomainAggregate],
    claims: tuple[Claim, ...] = (),
) -> None:
    """Append what is not there yet: a load that was interrupted goes on where it stopped."""
    appends = [stream_append(context, one) for one in aggregates]
    there = await context.store.load_many(
        county, [one.stream for one in appends if one.expected_version == 0]
    )
    appends = [
        one for one in appends if one.events and not (one.expected_version == 0 and one.stream in there)
    ]
    if not appends:
        return
    await context.store.append(
        county,
        Append(
            command_id=f"sample-{appends[0].stream}",
            actor=system_actor(county, "sample").envelope(),
            correlation_id="sample",
            causation_id=None,
            streams=appends,
            claims=claims,
        ),
    )


def _chunks(aggregates: Iterator[DomainAggregate]) -> Iterator[list[DomainAggregate]]:
    while chunk := list(islice(aggregates, CHUNK)):
        yield chunk
