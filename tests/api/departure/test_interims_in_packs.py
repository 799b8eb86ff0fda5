"""Interim custodians in packs: of the leaver's case all of them, of whoever looked after another's things the own days."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio

from service.audit import verify
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.test_answering import left, meanwhile
from tests.api.log.test_audit_packs import ended
from tests.api.service import Service, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service that signs."""
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


async def interims(service: Service, person: str) -> list[list[str]]:
    """The rows of a person's pack, which verifies."""
    ordered = await service.post("/v1/audit-packs", {"person": person}, "auditor")
    done = await ended(service, ordered.json()["pack"])
    assert done["state"] == "SUCCEEDED", done
    content = (await service.get(done["file"], "auditor")).content
    (key,) = await service.read("/v1/log/keys")
    assert verify.verify(BytesIO(content), key["fingerprint"])["pinned"]
    with zipfile.ZipFile(BytesIO(content)) as zipped:
        return list(json.loads(zipped.read(verify.TABLES_FILE))["interims"])


@pytest.mark.clause("C4.10-09", "C4.10-10")
async def test_pack_names_every_interim_custodian_with_the_days(signing: Service) -> None:
    """Names in the leaver's pack every interim custodian with its days, in the custodian's own pack its own, and in no other's."""
    it = await left(signing)
    first = await meanwhile(signing, it, "2023-02-01", "2023-02-20")
    second = await meanwhile(signing, it, "2023-02-21", "2023-03-10")
    case = it.path.rsplit("/", 1)[1]
    found = await interims(signing, it.outgoing)
    assert [(row[0], row[5], row[6], row[7]) for row in found] == [
        (case, "2023-02-01", "2023-02-20", "盘〔2023〕2023-02-01"),
        (case, "2023-02-21", "2023-03-10", "盘〔2023〕2023-02-21"),
    ]
    for row, person in zip(found, (first, second), strict=True):
        for cell, code in zip(row[1:5], (it.outgoing, VILLAGE, person, TOWNSHIP), strict=True):
            assert code in cell, row
    assert await interims(signing, second) == found[1:]
    assert await interims(signing, it.incoming) == []
