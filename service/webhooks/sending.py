"""One message to one endpoint: made, signed, dialled. Deliveries, tests and the verification go the same way."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from domain.recorded import RecordedEvent
from domain.refusals import refuse
from service.sealing_keys import SealingKeyMissing
from service.version import installed_version
from service.webhooks.deliveries import attempted
from service.webhooks.dialling import Answer, Dialler
from service.webhooks.endpoints import Endpoints, WebhookEndpoint
from service.webhooks.messages import TEST, VERIFICATION, body_of_message, message_id, message_of
from service.webhooks.signing import headers_of


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends messages to endpoints."""

    endpoints: Endpoints
    dialler: Dialler
    clock: Callable[[], datetime]
    titles: Mapping[str, str]
    """Chinese names of the types of events."""

    async def signed(self, endpoint: WebhookEndpoint, message: str, body: bytes) -> dict[str, str]:
        """The headers of a message, signed with every live key of the endpoint; `SealingKeyMissing`."""
        now = self.clock()
        keys = await self.endpoints.signing_keys(endpoint.county, endpoint.endpoint, now)
        if not keys:  # removed a moment ago
            raise SealingKeyMissing(f"{endpoint.endpoint} has no live key")
        return headers_of(message, now, body, keys) | {
            "Content-Type": "application/json",
            "User-Agent": f"Taizhang/{installed_version()}",
        }

    async def about(self, endpoint: WebhookEndpoint, event: RecordedEvent) -> tuple[dict[str, str], bytes]:
        """Headers and body of the message about an event; `SealingKeyMissing`."""
        body = body_of_message(message_of(event, self.titles[event.type]))
        return await self.signed(endpoint, message_id(endpoint.county, event.position), body), body

    async def test(self, endpoint: WebhookEndpoint) -> Answer:
        """Send a message that is about nothing. WEBHOOK_KEY_UNAVAILABLE."""
        return (await self._ask(endpoint, TEST, {}))[0]

    async def verify(self, endpoint: WebhookEndpoint) -> Answer:
        """The handshake: the subscriber has to say the challenge back. WEBHOOK_NOT_VERIFIED, WEBHOOK_KEY_UNAVAILABLE."""
        challenge = secrets.token_urlsafe(24)
        answer, _ = await self._ask(endpoint, VERIFICATION, {"challenge": challenge})
        if not answer.delivered or not _said_back(answer.text, challenge):
            said = answer.status if answer.status is not None else answer.outcome
            raise refuse("WEBHOOK_NOT_VERIFIED", answer=str(said), missing=["challenge"])
        return answer

    async def _ask(self, endpoint: WebhookEndpoint, kind: str, data: dict[str, Any]) -> tuple[Answer, str]:
        began = self.clock()
        message = f"msg_{endpoint.county}_{kind.rpartition('.')[2]}_{secrets.token_hex(8)}"
        body = body_of_message(
            {
                "type": kind,
                "timestamp": began.isoformat(),
                "data": {"county": endpoint.county, "endpoint": endpoint.endpoint} | data,
            }
        )
        try:
            answer = await self.dialler.post(endpoint.url, await self.signed(endpoint, message, body), body)
        except SealingKeyMissing as error:
            raise refuse("WEBHOOK_KEY_UNAVAILABLE") from error
        async with self.endpoints.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT FROM webhook_endpoint WHERE county = $1 AND endpoint = $2 FOR UPDATE",
                endpoint.county,
                endpoint.endpoint,
            )
            await attempted(connection, endpoint, 0, answer, began, message)
        return answer, message


def _said_back(text: str, challenge: str) -> bool:
    """Whether an answer is `{"challenge": "…"}`, or the challenge alone."""
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        said = text.strip()
    return challenge in (said, said.get("challenge") if isinstance(said, dict) else None)
