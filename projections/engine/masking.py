"""Texts for the public, without the numbers by which a person could be known: phones, identity and bank cards."""

from __future__ import annotations

import re
from typing import Final

_DAY: Final = r"(?:19|20)\d{2}[-./](?:1[0-2]|0?[1-9])[-./](?:3[01]|[12]\d|0?[1-9])(?!\d)(?![-./]\d{3}(?!\d))"
"""A date, which stays; not what only begins like one and goes on as a number does."""
_DIGIT: Final = r"[\d零〇○一二三四五六七八九幺①-⑨⓪]"
"""A figure of any script, or as it is read out."""
_AREA: Final = r"[(（](?=\d{2,5}[)）])"
"""The bracket before an area code; one before anything longer begins a new number."""
_BETWEEN: Final = rf"(?:[\s\-‐-―−_.·•．/／\\)）+\u200b-\u200f\u2060\ufe0e\ufe0f\u20e3]|{_AREA}){{0,4}}"
"""What people put between the figures of one number: spaces, dashes, dots, slashes, brackets around the area code. No commas:
those stand between numbers.
"""
_NUMBERS: Final = re.compile(
    rf"(?P<day>{_DAY})|(?:{_AREA})?{_DIGIT}(?:{_BETWEEN}(?!{_DAY}){_DIGIT}){{10,}}(?:\s?[xXｘＸ])?"
)
"""Eleven figures and more. Eleven is what a mobile number or a number with its area code has; amounts and areas have fewer. An
identity number may end in X.
"""

MASK: Final = "***"


def masked(text: str) -> str:
    """The text with every such number masked. Names cannot be told from other words: who posts leaves them out."""
    return _NUMBERS.sub(lambda found: found["day"] or MASK, text)
