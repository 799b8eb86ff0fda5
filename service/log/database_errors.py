"""Meaning of a database error for the transaction that met it."""

from __future__ import annotations

from enum import Enum
from typing import Final

from service.database.trouble import TROUBLE

_AGAIN_CLASSES: Final = frozenset({"40", "55", "57"})
"""SQLSTATE classes after which the same rows may well be stored: rollback, lock not available, intervention."""
_SESSION_ENDED: Final = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""SQLSTATEs with which the server closes a session."""
_ROW_CLASSES: Final = frozenset({"21", "22", "23", "54"})
"""SQLSTATE classes that blame rows: the batch is tried command by command to find the one."""
_READ_ONLY: Final = "25006"

DATABASE_ERRORS: Final = (
    *TROUBLE,
    ValueError,
    OverflowError,
)


class Verdict(Enum):
    """Verdict of a database error on the batch that met it."""

    LOST = "the connection is gone; what became of the statement is not known"
    AGAIN = "not stored, the same rows may well be next time"
    ROWS = "not stored, one of the commands is to blame"
    READ_ONLY = "not stored, this database takes no writes"
    REFUSED = "not stored, and nothing will be until somebody mends the database"


def verdict_on(error: Exception) -> Verdict:
    """What became of the batch, by the SQLSTATE."""
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None:
        return Verdict.ROWS if isinstance(error, ValueError | OverflowError) else Verdict.LOST
    if sqlstate == _READ_ONLY:
        return Verdict.READ_ONLY
    if sqlstate[:2] == "08" or sqlstate in _SESSION_ENDED:
        return Verdict.LOST
    if sqlstate[:2] in _AGAIN_CLASSES:
        return Verdict.AGAIN
    return Verdict.ROWS if sqlstate[:2] in _ROW_CLASSES else Verdict.REFUSED
