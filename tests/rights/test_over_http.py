"""Every write over HTTP by every role, kind of organisation and reach: 403 exactly where the hand table says so.

One county is set up once, and nothing more is recorded in it: an append that got past the question of rights is refused
as busy, so that every probe meets the same county. The question is asked after the codes and the aggregate are found;
that each forbidden cell is answered by 403 shows that the probe's body came that far.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from domain.refusals import refuse
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests import contract
from tests.api.matrix import ROUTES
from tests.api.service import COUNTY, Service, running
from tests.examples import MANAGER, TOWNSHIP, VILLAGE
from tests.rights.bodies import put, smallest
from tests.rights.county import CODES, filled, path_of
from tests.rights.table import KINDS, RIGHTS, ROLES, Right

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_TOWNSHIP = "653022201000"
WRITES: Final = sorted(one for one in RIGHTS if not one.startswith("GET "))
KIND_OF: Final = {
    VILLAGE: "VILLAGE",
    TOWNSHIP: "TOWNSHIP",
    "COUNTY_GOV": "COUNTY_GOV",
    "ASSET_OFFICE": "ASSET_OFFICE",
}
VERSIONED: Final = {
    "/v1/assets": f"asset-{CODES['asset']}",
    "/v1/household-assets": f"household_asset-{CODES['household_asset']}",
    "/v1/fund-allocations": f"fund_allocation-{CODES['allocation']}",
}
"""Paths whose decisions name the version that they rest on, and the stream it is the version of."""
JUDGED_LATER: Final = {
    "POST /v1/policy-overrides": "the county government itself, and nobody of its kind: tests/domain/oversight/test_policy_override.py",
    "POST /v1/procedures/subjects/digest": "the digest of a text: nothing is acted upon",
    "POST /v1/assets/{asset}/disposals/{disposal}/closing": "who rejects is an approver, who withdraws the proposer: below",
    "POST /v1/imports": "where the rows lie is known when the file is read: refused in the operation, see test_imports",
    "POST /v1/revitalisation-detections": "only the assets that the sender may act for are looked at: tests/api/revitalisation",
    "POST /v1/notices": "a notice about no asset lies where the unit is that posts it: nowhere else to be refused",
}
"""Operations whose reach is not a question of the request itself, with the reason."""
SPOKEN: Final[dict[str, tuple[str, ...]]] = {
    "POST /v1/procedures": ("by.organization",),
    "POST /v1/imports/{batch}/review": ("opinion.organization",),
    "POST /v1/imports/{batch}/determinations": ("opinion.organization",),
    "POST /v1/joint-reviews/{review}/signatures": ("signature.department",),
    "POST /v1/departures/{case}/audit": ("audit.auditorOrganization",),
    "POST /v1/departures/{case}/findings": ("auditorOrganization",),
    "POST /v1/inspections": ("inspected.organ",),
    "POST /v1/violations/{case}/establishment": ("establishment.decidedBy",),
    "POST /v1/violations/{case}/accountabilities": ("accountability.decidedBy",),
    "POST /v1/notices/{announcement}/places": ("by.organization",),
    "POST /v1/notices/{announcement}/objections/{number}/resolution": ("by.organization",),
}
"""Fields in which the unit of a row with `where = "unit"` stands; the paths of procedures are added below."""
EXTRA: Final[dict[str, dict[str, Any]]] = {
    "POST /v1/organizations/{organization}/task-force": {
        "taskForce.members": [{"person": MANAGER, "role": "HEAD", "since": "2021-09-20"}]
    },
    "POST /v1/departures/{case}/signing-refusal": {"refusal.supervisor": MANAGER},
    "POST /v1/notices": {"posting.evidence": ["0" * 64]},
    "POST /v1/assets/{asset}/supervision": {"supervision": [{"supervisor": TOWNSHIP}]},
    "POST /v1/household-entrustments": {"assets": [{"asset": "H-1", "yearlyReturn": "1.00"}]},
    "POST /v1/household-entrustments/{entrustment}/ending": {"assets": ["H-1"]},
    "POST /v1/assets/{asset}/leases/{contract}/changes": {"terms.contract": "L-1"},
    "POST /v1/stocktakes": {"scope": {"kind": "DIVISION", "code": VILLAGE}},
    "POST /v1/seals": {"kind": "ASSET", "year": 2021},
    "POST /v1/divisions": {"division": "653022202299"},
    "POST /v1/organizations": {"organization": "NEW-1"},
    "POST /v1/keys": {"organization": "AUDIT"},
    "POST /v1/income-plans/{income_plan}/execution": {"procedure": "PR-1"},
    "POST /v1/maintenance-expenses/{maintenance_expense}/payments": {"procedure": "PR-1"},
    "POST /v1/incentive-plans/{incentive_plan}/payments": {"procedure": "PR-1"},
    "POST /v1/relief-plans/{relief_plan}/payments": {"procedure": "PR-1"},
}
"""What else a body needs to come to the question of rights."""
for _operation in WRITES:
    if _operation.startswith("POST /v1/procedures/") and RIGHTS[_operation].where == "unit":
        SPOKEN[_operation] = ("by.organization",)


PAST_THE_QUESTION: Final = {"SERVICE_BUSY", "SIGNING_KEY_UNAVAILABLE", "WEBHOOK_KEY_UNAVAILABLE"}
"""What a command that was let through comes to here: nothing is stored, and there is no key to sign with."""


WANT_OF_RIGHT: Final = {"FORBIDDEN", "FORBIDDEN_JURISDICTION", "ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}
"""Refusals of the sender. Others of status 403 are rules about the matter: ROW_OWNED_BY_TOWNSHIP (C4.5-18)."""


@dataclass
class Probed:
    """The county, its versions, and keys made as they are needed."""

    service: Service
    versions: dict[str, int]
    schemas: dict[str, Any]
    paths: dict[str, Any]
    tokens: dict[tuple[str, str, str, tuple[str, ...]], str] = field(default_factory=dict)

    async def key(self, role: str, kind: str, unit: str, divisions: tuple[str, ...]) -> str:
        who = (role, kind, unit, divisions)
        if who not in self.tokens:
            spec = KeySpec(COUNTY, "-".join(who[:3]), unit, kind, [role], divisions)
            credentials = Credentials(self.service.pool)
            self.tokens[who] = (await credentials.create(spec, utc_now())).token
        return self.tokens[who]

    def body(self, operation: str, sender: str, kind: str) -> Any:
        """The smallest body, in which the sender speaks for its own unit."""
        method, _, path = operation.partition(" ")
        content = self.paths[path][method.lower()].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        schema = content["application/json"]["schema"]
        body = smallest(schema["items"] if "/bulk" in path else schema, self.schemas)
        for field_path, value in EXTRA.get(operation, {}).items():
            put(body, field_path, value)
        right = RIGHTS[operation]
        if right.where == "unit":
            for one in SPOKEN.get(operation, ()):
                put(body, one, own_unit(right))
        if right.speaks is not None:
            put(body, right.speaks, sender)
        if operation.endswith("/forwardings"):
            put(body, "level", "AGRICULTURE" if sender == "FINANCE" else kind)
        if operation == "POST /v1/assets/{asset}/disposals/{disposal}/approval":
            put(body, "approval.approverLevel", kind)
        return [body] if "/bulk" in path else body

    async def ask(
        self, operation: str, role: str, kind: str, unit: str, divisions: tuple[str, ...], body: Any
    ) -> httpx.Response:
        method, _, path = operation.partition(" ")
        headers = {
            "Authorization": f"Bearer {await self.key(role, kind, unit, divisions)}",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        owned = RIGHTS[operation].parties and path.startswith("/v1/assets/{asset}")
        for stem, stream in VERSIONED.items():
            if path.startswith(f"{stem}/{{"):
                version = self.versions[f"asset-{CODES['owned_asset']}" if owned else stream]
                headers["If-Match"] = f'"{version}"'
        about = {"asset": CODES["owned_asset"]} if owned else {}
        return await self.service.http.request(method, path_of(path, **about), json=body, headers=headers)

    async def refused(
        self, operation: str, role: str, kind: str, unit: str, divisions: tuple[str, ...], body: Any
    ) -> bool:
        """Whether it is for want of a right that the sender is refused."""
        answer = await self.ask(operation, role, kind, unit, divisions, body)
        assert answer.status_code < 500 or answer.json()["code"] in PAST_THE_QUESTION, answer.text
        if "FORBIDDEN_JURISDICTION" in answer.text:  # the answer to many lines names what was refused of each
            return True
        return answer.status_code == 403 and answer.json()["code"] in WANT_OF_RIGHT


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def probed(module_database_url: str) -> AsyncIterator[Probed]:
    async with running(module_database_url) as service:
        versions = await filled(service)
        described = contract.document()
        store = service.app.state.context.store

        async def keep_nothing(*_: Any) -> None:
            raise refuse("SERVICE_BUSY")

        store.append = keep_nothing
        yield Probed(service, versions, described["components"]["schemas"], described["paths"])


def own_unit(right: Right) -> str:
    """The unit that may, by its code."""
    return {None: VILLAGE, "VILLAGE": VILLAGE, "TOWNSHIP": TOWNSHIP}.get(right.unit, right.unit or "")


def some_kind(right: Right, role: str) -> str:
    return min(right.kinds[role], key=lambda kind: (kind != "TOWNSHIP", kind))


@pytest.mark.parametrize("operation", WRITES)
async def test_role_and_kind_are_asked_at_the_door(probed: Probed, operation: str) -> None:
    """An empty body is enough: whose role may not, in his kind of organisation, is refused before it is read."""
    right = RIGHTS[operation]
    wrong = []
    for role in ROLES:
        counts = right.kinds.get(role, frozenset())
        for kind in sorted(counts)[:1] + sorted(KINDS - counts)[-1:]:
            answer = await probed.ask(operation, role, kind, "X-9", (COUNTY,), None)
            told = answer.status_code == 403 and answer.json()["code"] in {
                "ROLE_NOT_ALLOWED",
                "ROLE_READ_ONLY",
            }
            if told is (kind in counts):
                wrong.append((role, kind, answer.status_code))
    assert not wrong, f"{right.clauses}: {wrong}"


def senders(right: Right, role: str) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Reach → unit, kind and divisions of a sender whose role counts."""
    kind = some_kind(right, role)
    own = own_unit(right)
    own_kind = KIND_OF.get(own, "DEPARTMENT")
    found = {
        "other township": (OTHER_TOWNSHIP, kind, (OTHER_TOWNSHIP,)),
        "county": ("EDUCATION", kind, (COUNTY,)),
    }
    if own_kind in right.kinds[role]:
        found["own unit"] = (own, own_kind, () if right.unit else (own,))
    if own != TOWNSHIP:
        found["own township"] = (TOWNSHIP, kind, (TOWNSHIP,))
    return found


@pytest.mark.parametrize("operation", [one for one in WRITES if one not in JUDGED_LATER])
async def test_reach_is_asked_of_what_is_acted_upon(probed: Probed, operation: str) -> None:
    """The own unit's, the own township's, another township's, with the whole county in the key: as the row says.

    What is an act of its parties is refused to a department whose key covers the whole county, for it is not above them.
    """
    right = RIGHTS[operation]
    wrong = []
    for role in right.kinds:
        for reach, (unit, kind, divisions) in senders(right, role).items():
            body = probed.body(operation, unit, kind)
            refused = await probed.refused(operation, role, kind, unit, divisions, body)
            if refused is right.acts(role, kind, reach):
                answer = await probed.ask(operation, role, kind, unit, divisions, body)
                wrong.append((role, kind, reach, answer.status_code, answer.text[:300]))
    assert not wrong, f"{right.clauses}: {wrong}"


@pytest.mark.parametrize("operation", [one for one in WRITES if RIGHTS[one].speaks])
async def test_nobody_speaks_for_another_unit(probed: Probed, operation: str) -> None:
    """A key that covers the whole county does not make its holder the unit that the body names."""
    right = RIGHTS[operation]
    for role in right.kinds:
        kind = some_kind(right, role)
        body = probed.body(operation, "FINANCE", kind)
        assert await probed.refused(operation, role, kind, "EDUCATION", (COUNTY,), body), role


async def test_an_owner_withdraws_a_disposal_and_an_approver_rejects_it(probed: Probed) -> None:
    """C4.12-02: closing is two things, and neither role does the other's."""
    operation = "POST /v1/assets/{asset}/disposals/{disposal}/closing"
    for role, outcome, allowed in (
        ("REGISTRAR", "WITHDRAWN", True),
        ("REGISTRAR", "REJECTED", False),
        ("APPROVER", "REJECTED", True),
        ("APPROVER", "WITHDRAWN", False),
    ):
        body = {"outcome": outcome, "reason": "另有安排"}
        for unit, near in ((TOWNSHIP, True), (OTHER_TOWNSHIP, False)):
            refused = await probed.refused(operation, role, "TOWNSHIP", unit, (unit,), body)
            assert refused is not (allowed and near), (role, outcome, unit)


NOT_ONE_AGGREGATE: Final = {
    "POST /v1/divisions/{division}/successor": "the successor is asked for first, and the probe names none that is there",
    "POST /v1/organizations/{organization}/successor": "the same",
    "POST /v1/policy-overrides/{override}/revocation": "the county of the probe has granted no exception",
    "POST /v1/fund-reconciliations/{unit}/{year}/comparisons": "makes the year's reconciliation where there is none",
    "POST /v1/household-entrustments/{entrustment}/ending": "of several household assets at once",
    "POST /v1/checkpoints/{size}/witnesses": "of the log, which has no version but its size",
    "POST /v1/operations/{operation}/cancellation": "of work under way, which is no aggregate",
    "POST /v1/stocktakes/{campaign}/surpluses/{surplus}/registration": "of a campaign and an asset together",
}
"""Operations below a code that do not decide about one aggregate, with the reason."""


async def test_every_decision_about_an_aggregate_knows_the_version_it_rests_on(probed: Probed) -> None:
    """If-Match of a version that is not the present one is VERSION_STALE for every kind; where it is due it is asked for."""
    wrong = []
    for operation in WRITES:
        method, _, path = operation.partition(" ")
        described = probed.paths[path][method.lower()].get("parameters", ())
        header = next((one for one in described if one["name"] == "If-Match"), None)
        if header is None or "{" not in path or operation in NOT_ONE_AGGREGATE:
            continue
        right = RIGHTS[operation]
        role = min(right.kinds)
        unit, kind, divisions = senders(right, role).get("own unit") or senders(right, role)["county"]
        body = probed.body(operation, unit, kind)
        key = await probed.key(role, kind, unit, divisions)
        sent = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid.uuid4().hex}
        stale = await probed.service.http.request(
            method, path_of(path), json=body, headers=sent | {"If-Match": '"99"'}
        )
        if (stale.status_code, stale.json()["code"]) != (412, "VERSION_STALE"):
            wrong.append((operation, stale.status_code, stale.json()["code"]))
        if header["required"]:
            bare = await probed.service.http.request(method, path_of(path), json=body, headers=sent)
            if (bare.status_code, bare.json()["code"]) != (428, "VERSION_REQUIRED"):
                wrong.append((operation, bare.status_code, bare.json()["code"]))
    assert not wrong, wrong


async def test_the_exceptions_are_operations() -> None:
    assert {*JUDGED_LATER, *SPOKEN, *EXTRA, *NOT_ONE_AGGREGATE} <= {
        f"{method} {path}" for method, path in ROUTES
    }
