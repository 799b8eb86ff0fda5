"""Texts for the public, without the numbers by which a person could be known: phones, identity and bank cards."""

from __future__ import annotations

import re
from typing import Final

_LONG_NUMBER: Final = re.compile(r"\d(?:[\s\-–—.·]?\d){6,}[xXｘＸ]?")
"""Seven digits or more, of any script, also with spaces or dashes between them; an identity number may end in X."""

MASK: Final = "***"


def masked(text: str) -> str:
    """The text with every long number masked. Names cannot be told from other words: who posts leaves them out."""
    return _LONG_NUMBER.sub(MASK, text)
