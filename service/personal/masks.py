"""Masks in the place of tokens: a mask that those recognise who know the value, and nobody else learns it from.

The forms are those of common practice in public notices and banking: the surname, the first three and the last four
digits of a telephone number.
"""

from __future__ import annotations

import re
from typing import Final

import orjson

from domain.sealed import HIDDEN, MARKER, TOKEN, SealedForm, parts_of
from service.personal.ciphers import NotOpened, unseal
from service.personal.keys import PersonKey, PersonKeys
from service.sealing_keys import SealingKeyMissing

FORGOTTEN: Final = "（已遗忘）"
"""Where nobody can open it any more."""

_TOKENS: Final = re.compile(TOKEN.pattern.encode())
_MARKER: Final = MARKER.encode()
_PHONE: Final = re.compile(r"1[0-9]{10}")


def mask(form: str, value: str) -> str:
    """A value behind its mask: 张**, 138****1234, 653***********1234, ****1234; of anything else nothing."""
    digits = "".join(value.replace("-", "").split())
    match form:
        case SealedForm.PHONE:
            return _phone(digits)
        case SealedForm.CONTACT:
            return _phone(digits) if _PHONE.fullmatch(digits) else HIDDEN
        case SealedForm.NAME:
            return f"{value[:1]}**"
        case SealedForm.ID_NUMBER:
            return f"{digits[:3]}{'*' * 11}{digits[-4:]}" if len(digits) == 18 else HIDDEN
        case SealedForm.ACCOUNT:
            return f"****{digits[-4:]}" if len(digits) >= 12 else HIDDEN
    return HIDDEN


def _phone(digits: str) -> str:
    return f"{digits[:3]}****{digits[-4:]}" if _PHONE.fullmatch(digits) else HIDDEN


class Masks:
    """Masks of a service's answers."""

    def __init__(self, keys: PersonKeys | None) -> None:
        self._keys = keys

    async def rendered(self, body: bytes, county: str | None) -> bytes:
        """JSON with a mask in the place of every token; without keys nothing of a value is shown."""
        if _MARKER not in body:
            return body
        tokens = {one.group().decode() for one in _TOKENS.finditer(body)}
        masks = {
            token.encode(): orjson.dumps(shown)[1:-1]
            for token, shown in (await self.of(tokens, county)).items()
        }
        return _TOKENS.sub(lambda one: masks[one.group()], body)

    async def of(self, tokens: set[str], county: str | None) -> dict[str, str]:
        """Each token's mask."""
        if self._keys is None or county is None:
            return dict.fromkeys(tokens, HIDDEN)
        try:
            keys = await self._keys.named(county, {found.key for one in tokens if (found := parts_of(one))})
        except SealingKeyMissing:
            return dict.fromkeys(tokens, HIDDEN)
        return {one: shown_of(one, county, keys) for one in tokens}


def shown_of(token: str, county: str, keys: dict[str, PersonKey]) -> str:
    """A token's mask under the keys that are there."""
    parts = parts_of(token)
    key = None if parts is None else keys.get(parts.key)
    if parts is None or key is None:
        return FORGOTTEN
    if key.restricted:
        return HIDDEN
    try:
        return mask(parts.form, unseal(key.secret, (county, key.subject), token))
    except NotOpened:
        return HIDDEN
