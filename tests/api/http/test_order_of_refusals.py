"""Which refusal comes first is the same for every command: codes that refer to nothing, then the aggregate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.service import Service

NOBODY = "P-NOBODY"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/departures/NONE/reassignments", {"assets": ["A-1"], "incoming": NOBODY}, "incoming"),
        (
            "/v1/assets/NONE/custody",
            {
                "custody": {
                    "custodian": "U-1",
                    "responsibleUnit": "U-1",
                    "duties": [{"person": NOBODY, "duty": "MANAGER"}],
                }
            },
            "custody.duties[0].person",
        ),
    ],
)
async def test_code_that_refers_to_nothing_is_refused_before_the_aggregate(
    service: Service, path: str, body: dict[str, Any], field: str
) -> None:
    before = await service.head()
    answer = await service.post(path, body, version=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "CODE_UNKNOWN"), answer.text
    assert field in answer.json()["detail"]
    assert await service.head() == before
