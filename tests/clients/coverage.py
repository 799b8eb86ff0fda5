"""What generators made of the document, compared with the document: nothing lost, nothing warned of, every class named.

    python coverage.py DOCUMENT FOLDER

FOLDER is where bin/clients works: `taizhang_client/`, and with npm `schema.ts` and `redocly.json`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


def operations(document: dict) -> set[str]:
    """Operation ids of the document; two of one name fail."""
    found = [
        one["operationId"]
        for path in document["paths"].values()
        for how, one in path.items()
        if how in METHODS
    ]
    assert len(found) == len(set(found)), "an operationId stands twice"
    return set(found)


def in_python(client: Path) -> set[str]:
    """Operations that became a module of the client in Python."""
    return {module.stem for module in (client / "api").rglob("*.py")} - {"__init__"}


def in_typescript(schema: str) -> set[str]:
    """Operations that became a member of `operations` in the client in TypeScript."""
    body = schema.split("export interface operations {\n", 1)[1].split("\n}\n", 1)[0]
    return set(re.findall(r"^ {4}(\w+): \{$", body, re.MULTILINE))


def unnamed(client: Path) -> set[str]:
    """Classes that a generator had to name itself: by a number, or after a title in Chinese."""
    modules = {module.stem for module in (client / "models").glob("*.py")}
    return {name for name in modules if re.search(r"_type_\d|[^\x00-\x7f]", name)}


def faults(document: dict, folder: Path) -> list[str]:
    """One line for everything that is lost or warned of."""
    wanted = operations(document)
    client = folder / "taizhang_client"
    lines = [f"Python client lacks {name}" for name in sorted(wanted - in_python(client))]
    lines += [f"Python client had to name a class itself: {name}" for name in sorted(unnamed(client))]
    if (folder / "schema.ts").exists():
        made = in_typescript((folder / "schema.ts").read_text("utf-8"))
        lines += [f"TypeScript client lacks {name}" for name in sorted(wanted - made)]
        problems = json.loads((folder / "redocly.json").read_text("utf-8"))["problems"]
        lines += [
            f"redocly {one['severity']}: {one['message']} {one['location'][0]['pointer']}" for one in problems
        ]
    return lines


def main(document: str, folder: str) -> None:
    found = faults(json.loads(Path(document).read_text("utf-8")), Path(folder))
    print(*found or ["every operation is there, no warning"], sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
