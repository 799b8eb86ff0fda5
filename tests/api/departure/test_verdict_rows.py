"""Nothing is signed on a row or a kept state that the events do not make: every table a clearance is read from, edited one
by one by somebody with the database, over HTTP.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.exit_codes import ExitCode
from tests.api.bodies import VILLAGE
from tests.api.departure.departing import Departure, departure, kept_asset
from tests.api.service import Service, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

HANDED_OVER = "the one who leaves has handed everything over"
HOLDING = "the one who leaves holds an asset, and a row says otherwise"
TABLES = (
    "custody_ledger",
    "departure_case",
    "departure_line",
    "tenure",
    "organization",
    "stream",
    "asset_register",
)
"""Where a clearance is read from."""

KEPT_STATE = (
    "UPDATE stream SET state = convert_to(replace(convert_from(state, 'UTF8'), '张三', '李四'), 'UTF8')"
    " WHERE stream = 'person-' || $1"
)

IN_CARE = "asset IN (SELECT asset FROM custody_ledger WHERE person = $1)"
UNREGISTERED = f"DELETE FROM asset_register WHERE {IN_CARE}"
AT_ANOTHER_VERSION = f"UPDATE asset_register SET version = version - 1 WHERE {IN_CARE}"

EDITS: dict[str, tuple[str, str]] = {
    "an asset in care is another's": (HOLDING, "UPDATE custody_ledger SET person = 'P-OTHER' WHERE person = $1"),
    "an asset's care has ended": (
        HOLDING, "UPDATE custody_ledger SET until = since, until_position = position WHERE person = $1",
    ),
    "an asset in care is gone": (HOLDING, "DELETE FROM custody_ledger WHERE person = $1"),
    "the case is of another reason": (
        HANDED_OVER, "UPDATE departure_case SET departs_on = '2021-08-01' WHERE person = $1",
    ),
    "the case is another's": (HANDED_OVER, "UPDATE departure_case SET person = 'P-OTHER' WHERE person = $1"),
    "a list's line is accepted": (
        HANDED_OVER,
        "UPDATE departure_line SET dispute = 'x' WHERE case_id IN (SELECT case_id FROM departure_case WHERE person = $1)",
    ),
    "a case that the log does not have": (
        HANDED_OVER,
        ("INSERT INTO departure_case SELECT (jsonb_populate_record(c, '{\"case_id\": \"D-FALSE\"}')).* FROM departure_case c"
        " WHERE person = $1"),
    ),
    "a post was never held": (HANDED_OVER, "DELETE FROM tenure WHERE person = $1"),
    "a unit is carried on by another": (
        HANDED_OVER,
        f"UPDATE organization SET successor = 'U-FALSE', closed_on = '2022-01-01' WHERE organization = '{VILLAGE}' AND $1 <> ''",
    ),
    "the person is called otherwise": (
        HANDED_OVER, KEPT_STATE,
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signing(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    async with running(module_database_url, tmp_path_factory.mktemp("keys")) as one:
        yield one


@asynccontextmanager
async def edited(service: Service, sql: str, person: str) -> AsyncIterator[None]:
    """Tables as somebody with the database leaves them; afterwards they are as they were.

    The service is as it is after a start: what a running one has in memory of a stream is its own and cannot be edited.
    """
    states = service.app.state.context.store._states
    for table in TABLES:
        await service.pool.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
    try:
        changed = await service.pool.execute(sql, person)
        assert not changed.endswith(" 0"), "there is something to edit"
        states.forget()
        yield
    finally:
        states.forget()
        for table in TABLES:
            await service.pool.execute(
                f"DELETE FROM {table} t WHERE EXISTS (SELECT FROM kept_{table}); "
                f"INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}"
            )


async def leaving(service: Service, how: str) -> Departure:
    """Somebody of the village who once held a post there."""
    one = await departure(service, 1)
    post = {
        "position": "VILLAGE_DEPUTY",
        "person": one.outgoing,
        "since": "2022-01-01",
        "documentNo": "任〔2022〕1号",
    }
    await appoint(service, post)
    await one.open()
    await one.hand_over()
    if how == HOLDING:
        await kept_asset(service, one.outgoing)
    return one


async def appoint(service: Service, post: dict[str, str]) -> None:
    unit = f"/v1/organizations/{VILLAGE}"
    version = (await service.read(unit))["version"]
    await service.write(f"{unit}/appointments", post, "personnel", version=version)
    version = (await service.read(unit))["version"]
    ending = {"until": "2022-06-30", "reason": "换届"}
    path = f"{unit}/appointments/{post['position']}/{post['person']}/ending"
    await service.write(path, ending, "personnel", version=version)


@pytest.mark.parametrize("edit", EDITS)
async def test_row_that_the_events_do_not_make(signing: Service, edit: str) -> None:
    how, sql = EDITS[edit]
    one = await leaving(signing, how)
    path, body = f"/v1/clearances/{one.outgoing}", {"issuedBy": "COUNTY_GOV"}
    before = await signing.read(path, "personnel")
    assert before["clear"] == (how == HANDED_OVER), before["missing"]
    async with edited(signing, sql, one.outgoing):
        answer = await signing.post(path, body, "personnel")
        assert (answer.status_code, answer.json()["code"]) == (503, "LEDGER_DIFFERS"), answer.text
    if how == HANDED_OVER:
        await signing.write(path, body, "personnel")


async def test_every_table_is_edited() -> None:
    edits = [*(sql for _, sql in EDITS.values()), *(sql for step in STEPS.values() for sql in step)]
    assert {table for table in TABLES if any(table in sql for sql in edits)} == set(TABLES)


async def test_who_has_handed_everything_over_gets_a_certificate(signing: Service) -> None:
    """Else the refusals above prove nothing."""
    one = await leaving(signing, HANDED_OVER)
    await signing.write(f"/v1/clearances/{one.outgoing}", {"issuedBy": "COUNTY_GOV"}, "personnel")


async def test_formality_is_not_carried_out_on_an_edited_row(signing: Service) -> None:
    one = await leaving(signing, HANDED_OVER)
    issued = await signing.write(f"/v1/clearances/{one.outgoing}", {"issuedBy": "COUNTY_GOV"}, "personnel")
    number = issued["resource"]["clearances"][-1]["certificateNo"]
    formality = {
        "kind": "TRANSFER", "documentNo": "调〔2023〕1号", "carriedOutOn": "2023-05-04", "certificateNo": number,
    }  # fmt: skip
    async with edited(signing, "DELETE FROM tenure WHERE person = $1", one.outgoing):
        answer = await signing.post(
            f"/v1/persons/{one.outgoing}/formalities", {"formality": formality}, "personnel"
        )
    assert (answer.status_code, answer.json()["code"]) == (503, "LEDGER_DIFFERS"), answer.text


KEPT_CASE = (
    "UPDATE stream SET state = convert_to(replace(convert_from(state, 'UTF8'), 'TRANSFER', 'RETIRE'), 'UTF8')"
    " WHERE stream IN (SELECT 'departure_case-' || case_id FROM departure_case WHERE person = $1)"
)
CARE_IS_ANOTHERS = EDITS["an asset in care is another's"][1]
STEPS: dict[str, tuple[str, ...]] = {
    "opening": (CARE_IS_ANOTHERS, UNREGISTERED, AT_ANOTHER_VERSION),
    "lines": (CARE_IS_ANOTHERS, UNREGISTERED, KEPT_CASE),
    "audit": ("DELETE FROM tenure WHERE person = $1", KEPT_CASE),
    "seal": (CARE_IS_ANOTHERS, UNREGISTERED, KEPT_CASE),
    "completion": (CARE_IS_ANOTHERS, UNREGISTERED, KEPT_CASE),
}
"""Steps of a case that read ledgers, and edits that each of them would be misled by."""


async def until(one: Departure, step: str) -> tuple[str, dict[str, Any], str]:
    """The case as far as its next step is this one: path, body and who takes it."""
    if step == "opening":
        notice = {
            "person": one.outgoing, "kind": "MANAGER", "organization": VILLAGE, "reason": "TRANSFER",
            "departsOn": "2023-01-31", "successor": one.incoming,
        }  # fmt: skip
        return "/v1/departures", {"notice": notice}, "personnel"
    await one.open()
    if step == "lines":
        await kept_asset(one.service, one.outgoing)
    elif step in {"seal", "completion"}:
        await one.reconcile()
        await one.accept()
        if step == "completion":
            await one.seal()
            await one.all_signatures()
    elif step == "audit":
        audit = {
            "auditor": await one.service.person("AUDIT"), "auditorOrganization": "AUDIT", "coversFrom": "2022-01-01",
            "cutOff": "2023-01-31", "opinion": "无保留意见", "reportNo": "审〔2023〕7号",
        }  # fmt: skip
        return f"{one.path}/audit", {"audit": audit}, "auditor"
    body = {"occurredOn": one.day} if step == "seal" else {}
    return f"{one.path}/{step}", body, "clerk"


@pytest.mark.parametrize(("step", "sql"), [(step, sql) for step, edits in STEPS.items() for sql in edits])
async def test_step_of_a_case_on_rows_that_the_events_do_not_make(
    signing: Service, step: str, sql: str
) -> None:
    """Refused while a row or the case's kept state is edited; taken, or refused for its own reason, once it is not."""
    one = await departure(signing, 1)
    post = {
        "position": "VILLAGE_DEPUTY", "person": one.outgoing, "since": "2022-01-01", "documentNo": "任〔2022〕1号",
    }  # fmt: skip
    await appoint(signing, post)
    path, body, who = await until(one, step)
    await one.clearance()  # the ledgers have taken in all of it
    async with edited(signing, sql, one.outgoing):
        answer = await signing.post(path, body, who)
        assert (answer.status_code, answer.json()["code"]) == (503, "LEDGER_DIFFERS"), answer.text
    answer = await signing.post(path, body, who)
    assert answer.json().get("code") != "LEDGER_DIFFERS", answer.text
    assert step == "audit" or answer.status_code == 201, answer.text


async def test_note_says_what_the_events_say_of_a_certificate(signing: Service) -> None:
    """A revocation wiped from the kept state does not bring a certificate back."""
    one = await leaving(signing, HANDED_OVER)
    issued = await signing.write(f"/v1/clearances/{one.outgoing}", {"issuedBy": "COUNTY_GOV"}, "personnel")
    number = issued["resource"]["clearances"][-1]["certificateNo"]
    async with edited(signing, KEPT_STATE, one.outgoing):
        shown = await signing.read(f"/v1/clearance-certificates/{number}", "personnel")
    assert shown["name"] == "张三"


async def thorough(url: str, keys: Path) -> tuple[int, str]:
    """Exit code and words of `taizhang verify --thorough`."""
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.program", "verify", "--thorough", "--processes", "1"),
        env={**os.environ, "TAIZHANG_DATABASE_URL": url, "TAIZHANG_KEYS": str(keys)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said = await run.communicate()
    return run.returncode or 0, b"".join(said).decode()


async def test_everything_kept_is_compared_with_the_events(
    signing: Service, module_database_url: str, tmp_path: Path
) -> None:
    """`taizhang verify --thorough`: content with what the service wrote; finds an edited state and an edited row."""
    one = await leaving(signing, HOLDING)
    code, said = await thorough(module_database_url, tmp_path)
    assert code == 0, said
    for sql, named in (
        (KEPT_STATE, f"person-{one.outgoing}"),
        ("UPDATE custody_ledger SET person = 'P-OTHER' WHERE person = $1", "the ledgers custody"),
    ):
        async with edited(signing, sql, one.outgoing):
            code, said = await thorough(module_database_url, tmp_path)
            assert (code, named in said) == (ExitCode.REFUSED, True), said
