"""In what condition a county's sealed personal data are: for `taizhang doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from service.commands.commands import CommandContext
from service.personal.keys import MEND, USE, opener, wrapping_now
from service.personal.readings import SEALED_TYPES, holds_plaintext
from service.sealing_keys import SealingKeyMissing, SealingKeys


@dataclass(frozen=True, slots=True)
class PersonalCondition:
    """Condition of the sealed values: keys that open, what is wrong with the others, events from before sealing."""

    keys: int
    wrong: str | None
    plaintext: int

    def in_words(self) -> str:
        """One sentence."""
        kept = self.wrong or f"{self.keys} keys of persons open"
        if self.plaintext == 0:
            return kept
        return f"{kept}; {self.plaintext} events from before sealing hold values in plaintext, which cannot be forgotten"


async def condition(
    pool: asyncpg.Pool, context: CommandContext, county: str, masters: Path | None
) -> PersonalCondition:
    """Open every key of the county, and read every event that may hold a sealed value."""
    rows = await pool.fetch("SELECT key, master, wrapped FROM personal_key WHERE county = $1", county)
    wrong = None
    if masters is not None:
        keys = SealingKeys(masters, USE)
        unwrap = opener(keys, county)
        try:
            await wrapping_now(pool, keys, county)
            for row in rows:
                unwrap(row)
        except SealingKeyMissing as missing:
            wrong = f"{missing}: {MEND}"
    elif rows:
        wrong = f"{len(rows)} keys of persons, and no folder of master keys"
    plaintext = 0
    async for events in context.store.read(county, types=SEALED_TYPES):
        plaintext += sum(holds_plaintext(context, one) for one in events)
    return PersonalCondition(len(rows), wrong, plaintext)
