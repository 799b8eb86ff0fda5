"""The spreadsheet of a pack (交接清册) as one file: the parts that the verifier knows, the same bytes on every run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from service.audit.verify import workbook_parts
from service.audit.zipped import entry

Rows = list[list[Any]]


def workbook_of(summary: Sequence[Sequence[str]], tables: dict[str, Rows]) -> bytes:
    """The cover that is signed, and every view of the tables on a sheet of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, content in workbook_parts(summary, tables):
            book.writestr(entry(name), content, compresslevel=1)
    return out.getvalue()
