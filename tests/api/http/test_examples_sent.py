"""Every example of the document is sent as it stands: its form is always good, and what refuses it is a rule about the matter."""

from __future__ import annotations

import re
import tomllib
import uuid
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from domain.asset.asset import Asset
from domain.organization.organization import Organization, OrganizationCard
from domain.organization.person import Person, PersonCard
from service.api.http.examples import NAMED
from service.commands.commands import stream_append
from service.commands.founding import system_actor
from service.log.appending import Append
from tests.api.http.test_examples import with_bodies
from tests.api.operations import Operation
from tests.api.service import COUNTY, Service
from tests.examples import confirmation, herd_card, occasion, workshop_card
from tests.rights.county import filled, path_of
from tests.rights.test_over_http import VERSIONED

FILE: Final = tomllib.loads(Path(__file__).with_name("examples_refused.toml").read_text("utf-8"))
LISTED: Final = {name: group["code"] for group in FILE["refused"] for name in group["operations"]}
"""Operation → the code with which a rule about the matter refuses its example."""
HERD: Final = "A-0002"
BEFORE: Final = re.compile("transfers|joint-|quantification|ownership|county-decisions|disputes|depreciation")
ENDS: Final = ("/holdover", "/ending", "/withdrawal", "/execution", "/successor")
"""What ends something is sent after everything else, in this order."""
OF_FORM: Final = (400, 411, 413, 415, 422, 428)


@pytest.fixture(scope="module")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def a_villages_herd() -> Asset:
    """An asset that its village made, confirmed."""
    asset = Asset.register(HERD, herd_card(useful_life_years=8), occasion(date(2021, 6, 17)))
    asset.confirm_ownership(confirmation(), occasion(date(2021, 6, 17)))
    return asset


def place_of(template: str) -> str:
    """Where an example goes: to a confirmed asset, except what comes before the confirmation; to the procedure of the
    example that opens one, the hold of the example that places one.
    """
    if template.startswith("/v1/procedures/{procedure}"):
        return template.format(procedure="X-0001", number="1")
    if "/holds/{hold}/" in template:
        return path_of(template.replace("{hold}", "X-0001"))
    if not template.startswith("/v1/assets/{asset}/") or BEFORE.search(template):
        return path_of(template)
    return template.format(
        asset=HERD, contract="X-0001", disposal="X-0001", certificate="X-0001", kind="IDLE", cover="X-0001"
    )


async def with_what_examples_name(service: Service) -> dict[str, int]:
    """Fill the county; beside it the persons and the asset that the examples name. Gives the versions by stream."""
    versions = await filled(service)
    context = service.app.state.context
    card = PersonCard(name="买买提", organization=NAMED["organization"])
    made = [
        Person.register(NAMED["person"], card, occasion(date(2021, 6, 17))),
        Person.register(
            "P-0002", PersonCard(name="阿曼古丽", organization="AUDIT"), occasion(date(2021, 6, 17))
        ),
        Asset.register(NAMED["asset"], workshop_card(), occasion()),
        a_villages_herd(),
    ]
    company = OrganizationCard(name="某国资公司", kind="COMPANY", valid_from=date(2015, 1, 1))
    made.append(Organization.define("GZ-0001", company, occasion()))
    versions |= {one.stream: one.version for one in made}
    await context.store.append(
        COUNTY,
        Append(
            command_id="examples",
            actor=system_actor(COUNTY, "examples").envelope(),
            correlation_id="examples",
            causation_id=None,
            streams=[stream_append(context, one) for one in made],
        ),
    )
    return versions


async def sent(
    service: Service, operation: Operation, example: Any, versions: dict[str, int]
) -> httpx.Response:
    """The answer to an example, sent by the first key that may."""
    path = place_of(operation.path)
    stream = next((one for start, one in VERSIONED.items() if path.startswith(f"{start}/")), None)
    stream = f"asset-{HERD}" if HERD in path else stream
    for who in operation.admitted():
        headers = service.headers(who, Idempotency_Key=str(uuid.uuid4()))
        if stream is not None and "If-Match" in operation.parameters("header"):
            headers["If-Match"] = f'"{versions[stream]}"'
        answer = await service.http.request(operation.method, path, json=example, headers=headers)
        if answer.status_code == 201 and stream is not None and "{" in operation.path:
            versions[stream] = answer.json()["version"]
        if answer.status_code != 403:
            break
    return answer


async def test_every_example_is_taken_or_refused_by_a_rule_about_the_matter(service: Service) -> None:
    versions = await with_what_examples_name(service)
    every = sorted(with_bodies(), key=lambda one: [one[0].path.endswith(end) for end in reversed(ENDS)])
    taken, refused = [], {}
    for operation, example in every:
        answer = await sent(service, operation, example, versions)
        if answer.is_success:
            taken.append(str(operation))
        else:
            refused[str(operation)] = (answer.status_code, answer.json()["code"], answer.json()["detail"])
    assert {name: why for name, why in refused.items() if why[0] in OF_FORM} == {}
    assert {name: why[1] for name, why in refused.items()} == LISTED
    assert len(LISTED) == FILE["most"]
    assert len(taken) > 80
