"""The digest of a procedure's text is worked out by the service, in the form that the decision will compare."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
import rfc8785

from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.service import Service

SECOND = "653022202209"
TITLE = {
    "asset": "A-1",
    "ownerKind": "VILLAGE",
    "owners": [{"party": SECOND, "amount": "333333.3"}, {"party": VILLAGE, "amount": "666666.67"}],
}
CANONICAL = (
    '{"asset":"A-1","ownerKind":"VILLAGE","owners":'
    f'[{{"amount":"666666.67","party":"{VILLAGE}"}},{{"amount":"333333.30","party":"{SECOND}"}}]}}'
)
"""By hand: owners in order of their codes, two decimals, keys in order, no spaces."""


async def digested(service: Service, kind: str, content: Any) -> httpx.Response:
    draft = {"kind": kind, "id": "A-1", "content": content}
    return await service.post("/v1/procedures/subjects/digest", draft)


async def test_text_with_a_form_is_digested_in_that_form(service: Service) -> None:
    before = await service.head()
    answer = (await digested(service, "asset_title", TITLE)).json()
    assert answer["canonical"] == CANONICAL
    assert answer["subject"]["sha256"] == hashlib.sha256(CANONICAL.encode()).hexdigest()
    assert await service.head() == before


async def test_text_without_a_form_is_digested_as_it_is_given(service: Service) -> None:
    content = {"乙": ["甲", None, True], "a": {"z": 1, "b": "1.00"}}
    answer = await digested(service, "plan", content)
    assert answer.status_code == 422, "keys are ASCII"
    answer = await digested(service, "plan", {"b": content["乙"], "a": content["a"]})
    expected = rfc8785.dumps({"b": content["乙"], "a": content["a"]})
    assert answer.json()["canonical"].encode() == expected
    assert answer.json()["subject"]["sha256"] == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"owners": [{"party": VILLAGE, "amount": 66666667}]}, "AMOUNT_MALFORMED", "content.owners.0.amount"),
        ({"owners": [{"party": VILLAGE, "amount": "0.001"}]}, "AMOUNT_PRECISION", "content.owners.0.amount"),
        ({"owners": []}, "FIELD_INVALID", "content.owners"),
        ({"note": "x"}, "FIELD_UNKNOWN", "content.note"),
    ],
)
async def test_text_that_has_not_its_form_is_refused(
    service: Service, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await digested(service, "asset_title", TITLE | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["field"] == field


async def opened(service: Service, subject: dict[str, Any]) -> httpx.Response:
    person = await service.person(TOWNSHIP)
    opening = {
        "chain": "A5",
        "title": "联建资产确权",
        "subject": subject,
        "case": {"ownerKind": "VILLAGE", "projectScope": "JOINT_VILLAGE"},
        "parties": [
            {"role": role, "organization": unit}
            for role, unit in (("TOWNSHIP", TOWNSHIP), ("PROJECT_VILLAGE", VILLAGE), ("VILLAGE", VILLAGE))
        ],
    }
    by = {"organization": TOWNSHIP, "person": person}
    return await service.post("/v1/procedures", {"opening": opening, "by": by}, "approver")


async def test_procedure_opens_with_the_subject_as_it_was_answered(service: Service) -> None:
    subject = (await digested(service, "asset_title", TITLE)).json()["subject"]
    assert (await opened(service, subject)).status_code == 201


async def test_procedure_over_a_title_text_in_fen_is_refused(service: Service) -> None:
    content = TITLE | {"owners": [{"party": VILLAGE, "amount": 66666667}]}
    digest = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    answer = await opened(service, {"kind": "asset_title", "id": "A-1", "sha256": digest, "content": content})
    assert (answer.status_code, answer.json()["code"]) == (422, "AMOUNT_MALFORMED"), answer.text


async def test_procedure_over_a_title_text_out_of_order_is_refused(service: Service) -> None:
    digest = hashlib.sha256(rfc8785.dumps(TITLE)).hexdigest()
    answer = await opened(service, {"kind": "asset_title", "id": "A-1", "sha256": digest, "content": TITLE})
    assert (answer.status_code, answer.json()["code"]) == (409, "PLAN_HASH_MISMATCH"), answer.text
