"""A query parameter that an operation does not have, or that is given twice, is refused by every operation."""

from __future__ import annotations

from pydantic.alias_generators import to_camel

from tests.api.operations import Operation, operations
from tests.api.service import Service


async def told(service: Service, operation: Operation, query: str) -> tuple[str, int, str, str]:
    answer = await service.http.request(
        operation.method, f"{operation.url()}?{query}", headers=service.headers(operation.who)
    )
    problem = answer.json()
    return str(operation), answer.status_code, problem["code"], problem["detail"]


async def test_an_unknown_parameter_is_refused_by_every_operation(service: Service) -> None:
    walked = operations()
    assert len(walked) > 260
    for operation in walked:
        found = await told(service, operation, "colour=red")
        assert found[1:3] == (422, "FIELD_UNKNOWN"), found


async def test_a_parameter_given_twice_is_refused_by_every_operation_that_has_it(service: Service) -> None:
    seen = 0
    for operation in operations():
        for name, schema in operation.parameters("query").items():
            if schema.get("type") == "array":
                continue
            found = await told(service, operation, f"{name}=1&{name}=1")
            assert found[1:3] == (422, "FIELD_REPEATED"), found
            assert name in found[3]
            seen += 1
        found = await told(service, operation, "colour=red&colour=red")
        assert found[1:3] == (422, "FIELD_UNKNOWN"), found
    assert seen > 250


async def test_the_nearest_right_name_is_told(service: Service) -> None:
    """`asOf` for `as_of`, `limits` for `limit`: what a client of JSON fields, or a hasty hand, writes."""
    seen = 0
    for operation in operations():
        for name in operation.parameters("query"):
            for wrong in {to_camel(name), f"{name}s"} - operation.parameters("query").keys():
                found = await told(service, operation, f"{wrong}=1")
                assert found[1:3] == (422, "FIELD_UNKNOWN"), found
                assert f"是否指 {name}，" in found[3], (wrong, found)
                seen += 1
    assert seen > 300


async def test_a_list_may_be_given_several_times(service: Service) -> None:
    answer = await service.get("/v1/ledgers/asset-register", village=["653022200201", "653022200202"])
    assert answer.status_code == 200


async def test_a_name_in_another_encoding_is_refused(service: Service) -> None:
    """养殖 in GBK: it would be searched for as garbled text, and nothing found."""
    for raw in ("%D1%F8%D6%B3", "a%00b"):
        answer = await service.http.get(
            f"/v1/ledgers/asset-register?name={raw}", headers=service.headers("reader")
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID"), raw
