"""No number of a person on the public board: one is put into every text that somebody can write there (C3-04, C3-07)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.procedure.test_procedures import joint_title, posting
from tests.api.service import Service

_NUMBERS = count(13_900_000_001)


def phone(written: list[str], words: str) -> str:
    """Words with a mobile number that stands nowhere else."""
    number = str(next(_NUMBERS))
    written.append(number)
    return f"{words}，电话{number}"


async def everything_public(service: Service, *notices: str) -> str:
    """What the public reads: the board, and each notice."""
    params = {"limit": 200, "min_position": await service.head()}
    texts = [(await service.http.get("/v1/notices", params=params)).text]
    texts += [(await service.http.get(f"/v1/notices/{one}")).text for one in notices]
    assert all(one in texts[0] for one in notices)
    return "\n".join(texts)


async def objected(service: Service, notice: str, text: str) -> int:
    answer = await service.http.post(
        f"/v1/notices/{notice}/objections",
        json={"text": text, "contact": "13700000000"},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["resource"]["number"])


async def suggested(service: Service, notice: str, text: str) -> None:
    answer = await service.http.post(
        f"/v1/notices/{notice}/suggestions",
        json={"text": text, "contact": "13700000000"},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 201, answer.text


NUMBERED: Final = {
    "/v1/notices": {"announcement.title", "posting.location", "posting.text"},
    "/v1/notices/{announcement}/places": {"posting.location", "posting.text"},
    "/v1/notices/{announcement}/objections/{number}/resolution": {"answer"},
    "/v1/notices/{notice}/objections": {"contact", "text"},
    "/v1/notices/{notice}/suggestions": {"contact", "text"},
    "/v1/procedures": {"opening.title"},
    "/v1/procedures/{procedure}/notices": {"posting.location", "posting.text"},
    "/v1/procedures/{procedure}/objections/{number}/resolution": {"answer"},
    "/v1/procedures/{procedure}/withdrawal": {"reason"},
}
"""Operation → its texts into which the tests below put a number."""

WITHIN: Final = {
    "/v1/procedures/{procedure}/amendments": {"reason"},
    "/v1/procedures/{procedure}/decisions": {"documentNo", "reasons"},
    "/v1/procedures/{procedure}/determinations": {"reasons"},
    "/v1/procedures/{procedure}/filing-answers": {"reasons"},
    "/v1/procedures/{procedure}/meetings": {"meeting.place"},
    "/v1/procedures/{procedure}/objections": {"contact", "text"},
    "/v1/procedures/{procedure}/reviews": {"reasons"},
    "/v1/procedures/{procedure}/steps": {"documentNo", "note"},
    "/v1/procedures/{procedure}/suggestions": {"contact", "text"},
}
"""What offices tell each other about a procedure: the board reads none of it; the public's objections and suggestions come
in by the notice's own path.
"""


def texts_in(schemas: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Paths of the free texts of a body: strings that are no code, day, digest or choice."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from texts_in(schemas, one, path)
    if schema.get("type") == "array":
        yield from texts_in(schemas, schema["items"], path)
    for name, one in schema.get("properties", {}).items():
        yield from texts_in(schemas, one, f"{path}.{name}".lstrip("."))
    if schema.get("type") == "string" and not {"pattern", "enum", "format", "const"} & set(schema):
        yield path


async def test_every_text_that_may_come_before_the_public_gets_a_number_or_stays_within(
    service: Service,
) -> None:
    """A text more in the body of a notice or a procedure is put into one of the two lists, and into the tests."""
    document = (await service.http.get("/openapi.json")).json()
    found = {}
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body is not None and path.startswith(("/v1/notices", "/v1/procedures")):
            schema = body["content"]["application/json"]["schema"]
            if texts := set(texts_in(document["components"]["schemas"], schema)):
                found[path] = texts
    assert found == NUMBERED | WITHIN


async def test_no_text_of_an_announcement_shows_a_number(service: Service) -> None:
    """Title, text and place of the notice and of a further place; the words of an objection, its answer, a suggestion."""
    written: list[str] = []
    by = {"organization": TOWNSHIP, "person": await service.person(TOWNSHIP)}
    first = posting("TOWNSHIP", TOWNSHIP, location=phone(written, "公示栏"), text=phone(written, "公示"))
    body = {
        "announcement": {"stage": "CONTRACT", "title": phone(written, "标题")},
        "by": by,
        "posting": first,
    }
    made = await service.write("/v1/notices", body)
    notice = f"public_notice-{made['id']}"
    further = posting("VILLAGE", VILLAGE, location=phone(written, "村委会"), text=phone(written, "再公示"))
    await service.write(f"/v1/notices/{made['id']}/places", {"by": by, "posting": further})
    number = await objected(service, notice, phone(written, "我有意见"))
    answer = {"by": by, "outcome": "DISMISSED", "answer": phone(written, "经核实")}
    await service.write(f"/v1/notices/{made['id']}/objections/{number}/resolution", answer)
    await suggested(service, notice, phone(written, "建议"))
    shown = await everything_public(service, notice)
    assert "经核实" in shown and "我有意见" in shown and "村委会" in shown
    assert [one for one in written if one in shown] == [] and len(written) == 8
    assert "13700000000" not in shown


async def test_no_text_of_a_procedure_s_notice_shows_a_number(service: Service) -> None:
    """Title of the matter, text and place of its notice, objection and answer, suggestion, the reason of its withdrawal."""
    written: list[str] = []
    title, text = phone(written, "联建确权"), phone(written, "拟确权")
    it = await joint_title(service, title=title, text=text, location=phone(written, "公示栏"))
    notice = f"procedure-{it.path.rsplit('/', 1)[1]}:NOTICE"
    number = await objected(service, notice, phone(written, "份额不对"))
    answer = {
        "step": "NOTICE",
        "by": await it.signer(TOWNSHIP),
        "outcome": "DISMISSED",
        "answer": phone(written, "核对无误"),
    }
    await service.write(f"{it.path}/objections/{number}/resolution", answer, "clerk")
    await suggested(service, notice, phone(written, "建议"))
    shown = await everything_public(service, notice)
    assert "核对无误" in shown and "份额不对" in shown and "拟确权" in shown
    gone = {"by": await it.signer(TOWNSHIP), "reason": phone(written, "不办了")}
    await service.write(f"{it.path}/withdrawal", gone, "clerk")
    shown += (
        await service.http.get(f"/v1/notices/{notice}", params={"min_position": await service.head()})
    ).text
    assert [one for one in written if one in shown] == [] and len(written) == 7
