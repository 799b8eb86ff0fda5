"""The spreadsheet of a pack (交接清册) as one file: the parts that the verifier knows, the same bytes on every run."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from service.audit.verify import workbook_parts
from service.audit.zipped import entry

Rows = list[list[Any]]


def workbook_of(subtitle: str, tables: dict[str, Rows]) -> bytes:
    """Every table on a sheet of its own; a signature block stands below the first one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, content in workbook_parts(subtitle, tables):
            book.writestr(entry(name), content, compresslevel=1)
    return out.getvalue()
