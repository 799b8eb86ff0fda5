"""Texts for the public, without the numbers by which a person could be known: phones, identity and bank cards."""

from __future__ import annotations

import re
from typing import Final

_NUMBERS: Final = re.compile(
    r"(?P<day>\d{4}[-./]\d{1,2}[-./]\d{1,2}(?!\d))|\d(?:[\s\-–—.·]?\d){10,}[xXｘＸ]?",
)
"""A date, which stays, or eleven digits and more of any script, also with spaces or dashes between them.

Eleven is what a mobile number or a number with its area code has; amounts and areas have fewer. An identity number may
end in X.
"""

MASK: Final = "***"


def masked(text: str) -> str:
    """The text with every such number masked. Names cannot be told from other words: who posts leaves them out."""
    return _NUMBERS.sub(lambda found: found["day"] or MASK, text)
