"""Papers that the service gave out, asked by their number: whether what each says still holds, and why not."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

import service as delivered
from domain.catalogue import EVENT_TYPES
from service.sealing.sealing import Sealing
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.departing import Departure, departure
from tests.api.log.test_audit_packs import ended
from tests.api.service import Service, running
from tests.clauses.test_seals import owned, seal
from tests.contract import document

FILES: Final = {
    "/v1/audit-packs/{pack}/file": "/v1/audit-packs/{pack}/standing",
    "/v1/audit-packs/{pack}/papers": "the uploaders' papers as they are: each is its digest",
    "/v1/audit/verifier/verify.py": "the program; its digest is /v1/audit/verifier",
    "/v1/clearance-certificates/{certificate}/note": "/v1/clearance-certificates/{certificate}",
    "/v1/documents/{digest}/content": "what was uploaded: it is its digest",
    "/v1/imports/template.xlsx": "an empty form",
    "/v1/operations/{operation}/files/{name}": "the same pack, or the refused rows of an import",
    "/metrics": "figures of the process",
}
"""Every file that the service gives out, but ledgers as sheets: the question by which it is asked, or why there is none."""

NUMBERS: Final = {
    "certificate": "/v1/title-papers",
    "clearance_certificate": "/v1/clearance-certificates/{certificate}",
    "household_entrustment": "the parties' own contract, recorded here",
    "collective": "the registry's number",
    "recording_confirmation": "a confirmation inside the service; no paper",
    "guidance": "a unit's own document, recorded here",
    "policy_override": "the government's own document, recorded here",
    "revitalisation_case": "a case inside the service; no paper",
}
"""Every number that the log gives once: the question by which its paper is asked, or whose number it is."""

SEALED: Final = {
    "departure_case.list_sealed": "/v1/departures/{case}/standing",
    "ledger_seal.sealed": "/v1/seals/{seal}/standing",
    "joint_review.ledgers_sealed": "/v1/seals/{seal}/standing",
}
"""Every event that seals something, and the question by which it is asked."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that signs."""
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


# ---- the kinds ---------------------------------------------------------------------------------------------------------


def files_given_out() -> set[str]:
    """Paths of the document that answer with a file, and not with a ledger that is also given as a sheet."""
    found = set()
    for path, operations in document()["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if content and "application/json" not in content:
            found.add(path)
    return found


def numbers_given() -> set[str]:
    """The kinds of numbers that commands claim."""
    found = set()
    for source in Path(delivered.__file__).parent.rglob("*.py"):
        tree = ast.parse(source.read_text("utf-8"))
        named = {
            ast.unparse(one.target): one.value
            for one in tree.body
            if isinstance(one, ast.AnnAssign) and one.value
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "work.claim":
                kind = named.get(ast.unparse(node.args[0]), node.args[0])
                found.add(ast.literal_eval(kind))
    return found


def test_every_paper_that_is_given_out_is_asked_by_its_number() -> None:
    assert files_given_out() == set(FILES)
    assert numbers_given() == set(NUMBERS)
    assert {name for name in EVENT_TYPES if name.endswith("sealed")} == set(SEALED)
    asked = {one for table in (FILES, NUMBERS, SEALED) for one in table.values() if one.startswith("/")}
    for path in asked:
        answer = document()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        model = document()["components"]["schemas"][answer["$ref"].rpartition("/")[2]]["properties"]
        assert {"holds", "doubts"} <= set(model) or {"state", "revokedFor"} <= set(model), path


# ---- seals -------------------------------------------------------------------------------------------------------------


async def told(service: Service, path: str, who: str = "reader", **asked: Any) -> tuple[bool, list[str]]:
    found = await service.read(f"{path}/standing", who, **asked)
    return found["holds"], found["doubts"]


@pytest.mark.clause("C4.4-04", "C4.5-01")
async def test_seal_holds_until_something_of_its_days_is_recorded(
    signing: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Says of a seal by its number that it holds: until something is recorded of its days, under another digest, on another log."""
    asset = await owned(signing)
    sealed = await seal(signing, "ASSET", VILLAGE, 2021)
    path = f"/v1/seals/ASSET:{VILLAGE}:2021"
    assert await told(signing, path) == (True, [])
    assert await told(signing, path, digest=sealed["rootHash"]) == (True, [])
    assert await told(signing, path, digest="ab" * 32) == (False, ["OTHER_DIGEST"])
    noun = f"/v1/assets/{asset}/registration-corrections"
    idle = {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}}
    await signing.write(f"/v1/assets/{asset}/status-reports", idle, version=2)
    assert await told(signing, path) == (True, [])
    within = {"changes": {"assetName": "更名后的生产线"}, "reason": "笔误", "documentNo": "更正1号"}
    await signing.write(noun, {"correction": within, "occurredOn": "2021-12-31"}, version=3)
    found = await signing.read(f"{path}/standing")
    assert (found["holds"], found["doubts"], found["changed"]) == (False, ["LATER_FACTS"], 1)

    async def other(_self: Sealing, _position: int) -> str:
        return "cd" * 32

    monkeypatch.setattr(Sealing, "root", other)
    assert (await told(signing, path))[1] == ["LATER_FACTS", "LOG_DIFFERS"]
    none = await signing.get(f"/v1/seals/ASSET:{VILLAGE}:2019/standing")
    assert (none.status_code, none.json()["code"]) == (404, "NOT_FOUND")


# ---- handover lists ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.10-10")
async def test_handover_list_holds_until_it_is_sealed_anew_or_its_days_change(signing: Service) -> None:
    """Says of a signed list that it holds: not once another one is sealed or it lies open, nor when its days are mended."""
    leaving = await departure(signing, 1)
    leaving.day = signing.app.state.context.today().isoformat()
    await leaving.open()
    early = await signing.get(f"{leaving.path}/standing")
    assert (early.status_code, early.json()["missing"]) == (409, ["seal"])
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    first = leaving.digest
    assert await told(signing, leaving.path, digest=first) == (True, [])
    assert await told(signing, leaving.path, digest="ab" * 32) == (False, ["OTHER_DIGEST"])
    third = await signing.person(VILLAGE)
    await signing.write(f"{leaving.path}/successor", {"successor": third}, "personnel")
    assert await told(signing, leaving.path) == (False, ["REOPENED"])
    leaving.incoming = third
    await leaving.accept()
    await leaving.seal()
    assert await told(signing, leaving.path, digest=first) == (False, ["REPLACED"])
    await leaving.all_signatures()
    await signing.write(f"{leaving.path}/completion", {})
    assert await told(signing, leaving.path) == (True, [])
    await named_anew(signing, leaving.assets[0], "2022-06-01")
    assert await told(signing, leaving.path) == (False, ["LATER_FACTS"])


async def named_anew(service: Service, asset: str, on: str) -> None:
    """A correction of the asset's name, of a day."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    given = {"changes": {"assetName": f"改名{version}"}, "reason": "笔误", "documentNo": "更正1号"}
    path = f"/v1/assets/{asset}/registration-corrections"
    await service.write(path, {"correction": given, "occurredOn": on}, version=version)


# ---- packs -------------------------------------------------------------------------------------------------------------


async def packed(service: Service, leaving: Departure, **asked: Any) -> tuple[str, str]:
    """A pack of what was in the leaver's care: its path and digest."""
    body = {"person": leaving.outgoing} | asked
    ordered = await service.post("/v1/audit-packs", body, "auditor")
    assert ordered.status_code == 202, ordered.text
    code = ordered.json()["pack"]
    early = await service.get(f"/v1/audit-packs/{code}/standing", "auditor")
    assert early.status_code in {200, 404}
    done = await ended(service, code)
    assert done["state"] == "SUCCEEDED", done
    return f"/v1/audit-packs/{code}", done["result"]["sha256"]


@pytest.mark.clause("C4.10-09")
async def test_pack_holds_until_its_care_its_facts_or_its_cases_are_others(signing: Service) -> None:
    """Says of a pack by its number that it holds: until care or facts of its days come late, or a case of it goes on."""
    leaving = await departure(signing, 2)
    first, second = leaving.assets
    days = {"from": "2022-01-01", "to": "2022-12-31"}
    path, digest = await packed(signing, leaving, **days)
    assert await told(signing, path, "auditor", digest=digest) == (True, [])
    assert await told(signing, path, "auditor", digest="ab" * 32) == (False, ["OTHER_DIGEST"])
    await named_anew(signing, second, "2023-01-01")
    await leaving.open()  # on the last day of January 2023, and recorded today
    assert await told(signing, path, "auditor") == (True, [])
    await named_anew(signing, first, "2022-12-31")
    found = await signing.read(f"{path}/standing", "auditor")
    assert (found["doubts"], found["assets"], found["cases"]) == (["LATER_FACTS"], [first], [])
    path, _ = await packed(signing, leaving, **days)
    assert await told(signing, path, "auditor") == (True, [])
    await leaving.reconcile()
    found = await signing.read(f"{path}/standing", "auditor")
    assert (found["doubts"], len(found["cases"])) == (["CASE_WENT_ON"], 1)
    path, _ = await packed(signing, leaving, **days)
    version = (await signing.read(f"/v1/assets/{second}"))["version"]
    kept = (await signing.read(f"/v1/assets/{second}"))["resource"]["custody"]
    other = kept | {"duties": [*kept["duties"], {"person": leaving.outgoing, "duty": "RESPONSIBLE"}]}
    body = {"custody": other, "occurredOn": "2022-07-01"}
    await signing.write(f"/v1/assets/{second}/custody", body, version=version)
    found = await signing.read(f"{path}/standing", "auditor")
    assert (found["doubts"], found["assets"]) == (["CARE_CHANGED", "LATER_FACTS"], [second])


async def test_pack_that_was_never_made_is_not_found(signing: Service) -> None:
    answer = await signing.get("/v1/audit-packs/pack-none/standing", "auditor")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    leaving = Departure(signing, [], await signing.person(TOWNSHIP), "", "")
    ordered = await signing.post("/v1/audit-packs", {"person": leaving.outgoing}, "auditor")
    ended_as = await ended(signing, ordered.json()["pack"])
    other = await signing.get(f"/v1/audit-packs/{ended_as['pack']}/standing", "reader")
    assert other.status_code == 403
