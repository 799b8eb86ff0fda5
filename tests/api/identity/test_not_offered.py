"""A service without a folder of keys and without a provider says that it offers no such way in."""

from __future__ import annotations

from tests.api.service import Service


async def test_ways_in_that_are_not_offered_are_told(service: Service) -> None:
    sign_in = {"login": "someone", "password": "Ulugqat-2026-Kuz", "code": "123456"}
    link = {"subject": "s", "kind": "PERSON", "target": "P-1"}
    for path, body, who in (
        ("/v1/sessions", sign_in, None),
        ("/v1/sessions/provider", {}, None),
        ("/v1/identity-links", link, "admin"),
    ):
        answer = await service.http.post(path, json=body, headers=service.headers(who))
        assert (answer.status_code, answer.json()["code"]) == (404, "SIGN_IN_NOT_OFFERED"), path
