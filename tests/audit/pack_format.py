"""`python -m tests.audit.pack_format` writes into docs/pack-format.md what the code knows: columns, bounds, exit codes."""

from __future__ import annotations

import re
from pathlib import Path

from service.audit import verify

DOCUMENT = Path(__file__).parents[2] / "docs" / "pack-format.md"
_BOUNDS = ("MAX_ARCHIVE", "MAX_TOTAL", "MAX_FILES", "MAX_NAME", "MAX_RATIO", "RATIO_FROM", "PAGE_ROWS")


def parts() -> dict[str, str]:
    """Name of a part → what stands in it."""
    tables = "".join(
        f"- `{key}` {title}: {'、'.join(f'{header} {kind}' for header, kind in columns)}\n"
        for key, (title, columns) in verify.TABLES.items()
    )
    codes = "".join(f"| {code} | `{kind}` |\n" for kind, code in verify.ARCHIVE_CODES.items())
    return {
        "format": f"`{verify.FORMAT}`",
        "log": f"`{verify.LOG_FORMAT.decode()}`",
        "codes": f"\n| code | what |\n|---|---|\n{codes}",
        "tables": f"\n{tables}",
    } | {name: str(getattr(verify, name)) for name in _BOUNDS}


def written(document: str) -> str:
    """The document with these parts as they are now; each is there once."""
    for name, content in parts().items():
        document, found = re.subn(
            rf"(<!-- {name} -->).*?(<!-- end -->)",
            lambda at, said=content: at[1] + said + at[2],
            document,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"the part {name} stands {found} times in {DOCUMENT.name}")
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
