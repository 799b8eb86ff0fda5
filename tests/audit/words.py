"""`python -m tests.audit.words` writes into the verifier what events and codes are called: it travels alone, and asks nobody.

Events of assets and procedures and the codes of the tables that a pack shows are written as the service has them; other
words that stand there stay.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from domain.regulation import Regulation
from service.audit import verify
from service.audit.pack import words_of

FILE: Final = Path(verify.__file__)
SHOWN: Final = ("event/asset.", "event/procedure.", *(f"{kind}/" for kind in verify.OWN_WORDS))
WIDTH: Final = 118
_PLACE: Final = re.compile(r"(?<=^WORDS: Final = \{\n).*?(?=^\}  # fmt: skip$)", re.DOTALL | re.MULTILINE)


def due() -> dict[str, str]:
    """What the verifier has to have a word for."""
    words = words_of(Regulation.load(county="653022"))
    return {name: word for name, word in words.items() if name.startswith(SHOWN)}


def written(source: str) -> str:
    """The verifier's source with the words as they are now, in the order of their names."""
    kept = {name: word for name, word in verify.WORDS.items() if not name.startswith(SHOWN)}
    lines = [""]
    for name, word in sorted((kept | due()).items()):
        entry = f'"{name}": "{word}",'
        joined = f"{lines[-1]} {entry}" if lines[-1] else f"    {entry}"
        if len(joined) > WIDTH:
            lines.append(f"    {entry}")
        else:
            lines[-1] = joined
    text, found = _PLACE.subn(lambda _: "\n".join(lines) + "\n", source)
    if found != 1:
        raise ValueError(f"the words stand {found} times in {FILE.name}")
    return text


if __name__ == "__main__":
    FILE.write_text(written(FILE.read_text("utf-8")), "utf-8")
