"""The ledgers (台账): what is read. Each is built from the log alone, and can be rebuilt from it at any time.

One file per ledger holds its tables, the functions that apply events to them, and the questions they answer.
"""

from __future__ import annotations

from projections.catalogue import CATALOGUE
from projections.engine.tables import metadata

__all__ = ["CATALOGUE", "metadata"]
