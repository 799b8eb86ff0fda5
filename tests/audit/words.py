"""`python -m tests.audit.words` writes into the verifier what events and codes are called: it travels alone, and asks nobody.

Events of assets and procedures and the codes of the tables that a pack shows are written as the service has them; other
words that stand there stay.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from domain.regulation import Regulation
from projections.asset.income import ENTRY
from projections.departure.cases import CASE_STATE
from projections.engine.codes import (
    ASSET_CLASS,
    CONTRACT_STATE,
    DEPARTURE_REASON,
    DUTY,
    DUTY_OF_CUSTODY,
    OPERATION_STATE,
    TITLE_STATE,
)
from projections.engine.meaning import Codes
from service.audit import verify
from service.audit.pack import words_of
from service.ledgers.words import Words

FILE: Final = Path(verify.__file__)
SHOWN: Final = ("event/asset.", "event/procedure.", *(f"{kind}/" for kind in verify.OWN_WORDS))
LABELS_OF: Final[dict[Codes, str]] = {
    ASSET_CLASS: "PUBLIC_WELFARE OPERATING",
    TITLE_STATE: "UNCONFIRMED IN_PROCEDURE CONFIRMED DISPUTED",
    OPERATION_STATE: "NOT_IN_USE IN_USE PARTLY_USED IDLE DAMAGED LOST",
    CONTRACT_STATE: "ACTIVE HOLDOVER EXPIRED TERMINATED",
    DUTY: "MANAGER RESPONSIBLE",
    DUTY_OF_CUSTODY: "FIRST_RESPONSIBLE",
    ENTRY: "RECEIPT ATTRIBUTION DISTRIBUTION",
    CASE_STATE: "OPEN COMPLETED",
    DEPARTURE_REASON: "TRANSFER RESIGN RETIRE REMOVED DEATH DETENTION OTHER",
}
"""List of the ledgers → those of its codes that the verifier tells by its labels."""
LABELS_OF_ITS_OWN: Final = {
    "FINDING": "检查发现",
    "WARNING": "提醒",
    "AUDIT_FINDING": "审计问题",
    "RECONCILED": "已完成",
    "SUPERVISOR": "第一监管责任人",
}
"""What only a pack tells: kinds of its tables' rows, 核账 in a departure's row, and a duty that a person had by his post
(in the ledgers the duty is the unit's, 监管单位)."""
WIDTH: Final = 118
_PLACE: Final = re.compile(r"(?<=^WORDS: Final = \{\n).*?(?=^\}  # fmt: skip$)", re.DOTALL | re.MULTILINE)


def due() -> dict[str, str]:
    """What the verifier has to have a word for."""
    words = words_of(Regulation.load(county="653022"))
    return {name: word for name, word in words.items() if name.startswith(SHOWN)}


def due_labels() -> dict[str, str]:
    """What the verifier's labels have to be: the words of the ledgers' lists, and its own."""
    words = Words(Regulation.load(county="653022"))
    told = [(code, words.of(codes)[code]) for codes, some in LABELS_OF.items() for code in some.split()]
    if len(dict(told)) < len(told):
        raise ValueError("a code of two lists has one label")
    return dict(told) | LABELS_OF_ITS_OWN


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
