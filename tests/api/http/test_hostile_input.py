"""What a careless or hostile client sends: a clear 4xx, nothing stored, never a 5xx."""

from __future__ import annotations

import unicodedata
from typing import Any

import orjson
import pytest

from service.api.http.intake import MAX_BODY_BYTES
from service.api.http.strict_json import MAX_DEPTH
from tests.api.bodies import road
from tests.api.service import Service, new_code


def lines(amount: Any = "450000.00", allocated_on: Any = "2019-03-01") -> list[dict[str, Any]]:
    return [{"source": "FISCAL_DEV", "amount": amount, "allocatedOn": allocated_on}]


async def refused(service: Service, body: Any, code: str, status: int = 422) -> dict[str, Any]:
    """The registration is refused with that code, and nothing was stored."""
    before = await service.head()
    answer = await service.post("/v1/assets", body)
    problem = dict(answer.json())
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert await service.head() == before
    return problem


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("45万元", "AMOUNT_MALFORMED"),
        ("45万", "AMOUNT_MALFORMED"),
        ("450000元", "AMOUNT_MALFORMED"),
        ("４５００００.００", "AMOUNT_MALFORMED"),
        ("٤٥٠٠٠٠", "AMOUNT_MALFORMED"),
        ("450,000.00", "AMOUNT_MALFORMED"),
        ("4.5e5", "AMOUNT_MALFORMED"),
        ("NaN", "AMOUNT_MALFORMED"),
        ("Infinity", "AMOUNT_MALFORMED"),
        ("", "AMOUNT_MALFORMED"),
        (" 450000.00", "AMOUNT_MALFORMED"),
        ("0450000.00", "AMOUNT_MALFORMED"),
        (450000, "AMOUNT_MALFORMED"),
        (450000.00, "AMOUNT_MALFORMED"),
        (True, "AMOUNT_MALFORMED"),
        (["450000.00"], "AMOUNT_MALFORMED"),
        ("0.005", "AMOUNT_PRECISION"),
        ("450000.001", "AMOUNT_PRECISION"),
        ("1000000000000000000", "AMOUNT_OUT_OF_RANGE"),
        ("9" * 400, "AMOUNT_OUT_OF_RANGE"),
        ("-450000.00", "AMOUNT_NOT_POSITIVE"),
        ("0.00", "AMOUNT_NOT_POSITIVE"),
        (None, "AMOUNT_MALFORMED"),
    ],
)
async def test_money_is_a_plain_decimal_in_yuan(service: Service, value: Any, code: str) -> None:
    body = {"card": road(originalValue=value, fundingLines=lines(value))}
    problem = await refused(service, body, code)
    assert "originalValue" in problem["field"] or "fundingLines" in problem["field"]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2999-01-01", "DATE_IN_FUTURE"),
        ("2021-02-29", "DATE_MALFORMED"),
        ("20210301", "DATE_MALFORMED"),
        ("2021-3-1", "DATE_MALFORMED"),
        ("２０２１-03-01", "DATE_MALFORMED"),
        ("2021-03-01T00:00:00Z", "DATE_MALFORMED"),
        ("0000-01-01", "DATE_MALFORMED"),
        (1614556800, "DATE_MALFORMED"),
        ("", "DATE_MALFORMED"),
    ],
)
async def test_a_date_is_a_day_that_exists_and_is_not_to_come(
    service: Service, value: Any, code: str
) -> None:
    await refused(service, {"card": road(completionDate=value)}, code)
    await refused(service, {"card": road(), "occurredOn": value}, code)
    await refused(service, {"card": road(fundingLines=lines(allocated_on=value))}, code)


@pytest.mark.parametrize(("allocated_on", "scope"), [("2013-01-01", "IN"), ("2012-12-31", "OUT")])
async def test_the_scope_begins_on_the_first_day_of_2013(
    service: Service, allocated_on: str, scope: str
) -> None:
    body = {"asset": new_code(), "card": road(fundingLines=lines(allocated_on=allocated_on))}
    answer = await service.post("/v1/assets", body)
    if answer.status_code == 201:
        assert answer.json()["resource"]["scope"] == scope
    else:
        assert (answer.status_code, answer.json()["code"], scope) == (
            409,
            "FUNDING_BEFORE_SCOPE_START",
            "OUT",
        )


@pytest.mark.parametrize(
    "text",
    ["\u0000", "a\u0000b", "\u0007", "\u0001 x", "x\uffff", "\ue000", "", "   ", "长" * 121],
)
async def test_names_hold_printable_text(service: Service, text: str) -> None:
    await refused(service, {"card": road(assetName=text)}, "FIELD_INVALID")


@pytest.mark.parametrize(
    "name",
    [
        "مەھەللە يولى",
        "玉麦镇 Ꙋ 𠮷野家",
        "e\u0301cole",
        "🛣️ 村道",
        "<script>alert(1)</script>",
        "'; DROP TABLE event; --",
    ],
)
async def test_names_of_all_scripts_come_back_as_they_were(service: Service, name: str) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(assetName=name)})
    shown = (await service.read(f"/v1/assets/{asset}"))["resource"]["card"]["assetName"]
    assert shown == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("code", ["", "a b", "../etc", "资产1", "x" * 65, "-a", "a\n", "a/b", 7])
async def test_codes_are_short_plain_ascii(service: Service, code: Any) -> None:
    await refused(service, {"asset": code, "card": road()}, "FIELD_INVALID")


def nested(depth: int) -> bytes:
    return b'{"card":' * depth + b"{}" + b"}" * depth


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"", "application/json", 400, "BODY_REQUIRED"),
        (b"null", "application/json", 422, "FIELD_INVALID"),
        (b"{", "application/json", 400, "BODY_MALFORMED"),
        (b"[1,]", "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":NaN}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":Infinity}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":"\xff\xfe"}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":"\\ud800"}', "application/json", 400, "BODY_MALFORMED"),
        (b'\xef\xbb\xbf{"card":{}}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":{},"card":{}}', "application/json", 400, "BODY_MALFORMED"),
        (b'{"card":{"assetName":"a","assetName":"b"}}', "application/json", 400, "BODY_MALFORMED"),
        (nested(MAX_DEPTH + 1), "application/json", 400, "BODY_TOO_DEEP"),
        (b"[" * 100_000, "application/json", 400, "BODY_TOO_DEEP"),
        (b'"' + b"x" * MAX_BODY_BYTES + b'"', "application/json", 413, "BODY_TOO_LARGE"),
        (b"x" * 10_485_760, "application/json", 413, "BODY_TOO_LARGE"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"<a/>", "application/xml", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", "", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}\n{}", "application/x-ndjson", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"[]", "application/json", 422, "FIELD_INVALID"),
        (b'"text"', "application/json", 422, "FIELD_INVALID"),
    ],
)
async def test_bodies_that_are_no_request(
    service: Service, content: bytes, media_type: str, status: int, code: str
) -> None:
    before = await service.head()
    headers = service.headers("clerk", Idempotency_Key=new_code("key"), Content_Type=media_type)
    answer = await service.http.post("/v1/assets", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await service.head() == before


async def test_colons_and_brackets_inside_strings_are_text(service: Service) -> None:
    body = {"asset": new_code(), "card": road(assetContent='{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[: "')}
    assert (await service.post("/v1/assets", body)).status_code == 201


async def test_a_body_that_comes_in_pieces_is_bounded_too(service: Service) -> None:
    async def pieces() -> Any:
        for _ in range(200):
            yield b" " * 65_536

    headers = service.headers("clerk", Idempotency_Key=new_code("key"), Content_Type="application/json")
    answer = await service.http.post("/v1/assets", content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1e3"},
        {"limit": "99999999999999999999"},
        {"min_position": "-1"},
        {"sort": "nothing"},
        {"sort": "funding_lines"},
        {"cursor": "nonsense"},
        {"cursor": "W10"},
        {"value_from": "1万"},
        {"colour": "red"},
        {"completed_from": "20210"},
        {"name": "a\u0000b"},
    ],
)
async def test_questions_to_ledgers_that_make_no_sense(service: Service, query: dict[str, str]) -> None:
    answer = await service.get("/v1/ledgers/asset-register", **query)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["code"] in {"FIELD_INVALID", "FIELD_UNKNOWN", "CURSOR_INVALID", "AMOUNT_MALFORMED"}


async def test_a_correction_that_makes_the_card_invalid_is_refused(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    before = await service.head()
    for changes in ({"originalValue": "1.00"}, {"originalValue": 5}, {"nothing": 1}, {"quantity": "-1"}):
        correction = {"changes": changes, "reason": "录入错误", "documentNo": "更正001"}
        answer = await service.post(
            f"/v1/assets/{asset}/registration-corrections", {"correction": correction}, version=1
        )
        assert answer.status_code in {409, 422}, (changes, answer.text)
    assert await service.head() == before


async def test_numbers_too_big_for_json_readers_are_refused(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    body = orjson.dumps({"year": 2021}).replace(b"2021", b"1" + b"0" * 30)
    headers = service.headers(
        "clerk", Idempotency_Key=new_code("key"), Content_Type="application/json", If_Match='"1"'
    )
    answer = await service.http.post(f"/v1/assets/{asset}/depreciation", content=body, headers=headers)
    assert answer.status_code in {400, 422}
