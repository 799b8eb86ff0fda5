"""Procedures in business time: a step that is entered late stands on the state of its day, and undoes no later one."""

from __future__ import annotations

from domain.procedure.procedure import ProcedureInstance
from tests.api.bodies import TOWNSHIP
from tests.api.procedure.test_procedures import joint_title, posting
from tests.api.refolded import agrees
from tests.api.service import Service


async def test_withdrawal_before_a_step_that_was_taken_names_it(service: Service) -> None:
    """Given up on 29 June 2021, while the township met over it on 30 June."""
    it = await joint_title(service)
    before = await service.read(it.path)
    body = {"by": await it.signer(TOWNSHIP), "reason": "撤回", "occurredOn": "2021-06-29"}
    answer = await service.post(f"{it.path}/withdrawal", body, "clerk")
    assert (answer.status_code, answer.json()["code"]) == (409, "LATER_FACT_CONFLICT"), answer.text
    for told in ("procedure.meeting_held", "2021-06-30", "STEP_OUT_OF_ORDER"):
        assert told in answer.json()["detail"]
    assert await service.read(it.path) == before
    gone = await service.write(f"{it.path}/withdrawal", body | {"occurredOn": "2021-07-01"}, "clerk")
    assert gone["resource"]["state"] == "WITHDRAWN"
    await agrees(service, ProcedureInstance, gone["id"], "procedure", "procedures")


async def test_sheet_that_is_entered_late_hangs_since_its_own_day(service: Service) -> None:
    """A third sheet of 30 June, entered after those of 1 July, stands before them."""
    it = await joint_title(service)
    third = posting("TOWNSHIP", TOWNSHIP, "2021-06-30", location="政府大厅")
    posted = await it.act("notices", "NOTICE", TOWNSHIP, "clerk", None, posting=third)
    shown = posted["resource"]["postings"]["NOTICE"]
    assert [one["posting"]["postedOn"] for one in shown] == ["2021-06-30", "2021-07-01", "2021-07-01"]
    await agrees(service, ProcedureInstance, posted["id"], "procedure", "procedures")
