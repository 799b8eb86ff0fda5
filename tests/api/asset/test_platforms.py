"""Platform companies over HTTP (四(七)3): authorised by the owner for parts of an operating asset's management, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_parties import shared
from tests.api.asset.test_titles import SECOND, confirmed, refused, write
from tests.api.bodies import TOWNSHIP, VILLAGE, terms, transfer
from tests.api.contracts import Choice, decided
from tests.api.income.decided import village_key
from tests.api.organization.test_bookkeeping import company, ended, engagement, path
from tests.api.service import Service

FROM, UNTIL = "2021-08-20", "2099-12-31"


def authorised(company: str, *scopes: str, **changes: Any) -> dict[str, Any]:
    told = {"company": company, "scopes": list(scopes), "since": FROM, "until": UNTIL}
    return {"authorisation": told | {"documentNo": "陶国资〔2021〕1号"} | changes}


async def signing(service: Service, asset: str, signer: str, **changes: Any) -> dict[str, Any]:
    """A contract that the platform signs, and the village's decision on that very text."""
    return await decided(service, asset, terms(signer=signer, **changes))


@pytest.mark.clause("C4.7-13")
async def test_company_signs_for_the_owner_only_while_it_is_authorised_to_operate(service: Service) -> None:
    """Refuses a company's signature before, after and beside its authorisation to operate; takes it inside, and the owner stays."""
    asset, other = await confirmed(service), await confirmed(service)
    platform = await company(service)
    body = await signing(service, asset, platform)
    assert (await refused(service, asset, "leases", body, platform))[:2] == (409, "SIGNER_NOT_OWNER")
    beside = authorised(platform, "MAINTAIN", "SUPERVISE", until="2021-08-31")
    await write(service, asset, "platform-authorisations", beside, "village")
    early = await signing(service, asset, platform, signedOn="2021-08-31")
    tried = await refused(service, asset, "leases", early, platform)
    assert tried[:2] == (403, "PLATFORM_SCOPE_EXCEEDED")
    assert (await refused(service, asset, "leases", body, platform))[:2] == (409, "SIGNER_NOT_OWNER")
    operating = authorised(platform, "OPERATE", since="2021-09-01")
    await write(service, asset, "platform-authorisations", operating, "village")
    signed = await write(service, asset, "leases", body, platform)
    assert [one["type"] for one in signed["events"]] == ["asset.leased", "procedure.step_taken_by_fact"]
    assert [one["party"] for one in signed["resource"]["owners"]] == [VILLAGE]
    of_other = await signing(service, other, platform)
    assert (await refused(service, other, "leases", of_other, platform))[:2] == (409, "SIGNER_NOT_OWNER")
    await write(service, other, "platform-authorisations", authorised(platform, "OPERATE"), "village")
    ending = {"company": platform, "lastDay": "2021-08-31", "reason": "授权撤回"}
    await write(service, other, "platform-authorisations/ending", ending, "village")
    assert (await refused(service, other, "leases", of_other, platform))[:2] == (409, "SIGNER_NOT_OWNER")
    gone = await refused(service, other, "platform-authorisations/ending", ending, "village")
    assert gone[:2] == (409, "STEP_OUT_OF_ORDER")
    later = ending | {"lastDay": "2021-09-01"}
    assert (await refused(service, other, "platform-authorisations/ending", later, "village"))[:2] == (
        404,
        "NOT_FOUND",
    )


@pytest.mark.clause("C4.7-13")
async def test_platform_neither_disposes_nor_hands_the_asset_to_another_owner(service: Service) -> None:
    """Refuses a platform the proposal to dispose and the transfer to another owner with PLATFORM_SCOPE_EXCEEDED, whatever it is authorised for."""
    asset = await confirmed(service)
    platform, stranger = await company(service), await company(service)
    scopes = ("OPERATE", "MAINTAIN", "DISTRIBUTE", "SUPERVISE")
    await write(service, asset, "platform-authorisations", authorised(platform, *scopes), "village")
    proposal = {"proposal": {"disposal": "D1", "kind": "AUCTION", "reason": "闲置"}}
    offer = {"transfer": transfer() | {"receiver": SECOND}}
    for noun, body in (("disposals", proposal), ("transfers", offer), ("ownership-confirmations", {})):
        tried = await refused(service, asset, noun, body, platform)
        assert tried[:2] == (403, "PLATFORM_SCOPE_EXCEEDED"), noun
        assert (await refused(service, asset, noun, body, stranger))[:2] == (403, "ROLE_NOT_ALLOWED"), noun


@pytest.mark.clause("C4.7-13")
async def test_owners_authorise_one_company_for_each_part_of_an_operating_asset(service: Service) -> None:
    """Refuses an authorisation by who is no owner, to what is no company, of a scope twice, of a made-up scope, and without the co-owner."""
    asset = await confirmed(service)
    platform, second = await company(service), await company(service)
    noun, body = "platform-authorisations", authorised(platform, "OPERATE", "MAINTAIN")
    for who in ("second_village", platform):
        assert (await refused(service, asset, noun, body, who))[0] == 403, who
    no_company = authorised(TOWNSHIP, "OPERATE")
    assert (await refused(service, asset, noun, no_company, "village"))[:2] == (422, "FIELD_INVALID")
    made_up = authorised(platform, "SELL")
    assert (await refused(service, asset, noun, made_up, "village"))[:2] == (422, "CODE_UNKNOWN")
    await write(service, asset, noun, body, "village")
    again = authorised(second, "SUPERVISE", "MAINTAIN")
    assert (await refused(service, asset, noun, again, "village"))[:2] == (409, "ALREADY_EXISTS")
    await write(service, asset, noun, authorised(second, "SUPERVISE"), "village")
    joint = await shared(service)
    typed = await refused(service, joint, noun, body | {"consentedBy": [VILLAGE, SECOND]}, "village")
    assert typed[:2] == (422, "FIELD_UNKNOWN")

    def word(consent: str, owner: str) -> dict[str, Any]:
        told = {"consent": consent, "owner": owner, "counterpart": platform, "agreed": True}
        return {
            "consent": told | {"decidedOn": "2021-08-01", "documentNo": "村意1号", "documentSha256": "d" * 64}
        }

    consents = f"{noun}/consents"
    await write(service, joint, consents, word("Y1", VILLAGE), "village")
    foreign = await refused(service, joint, consents, word("Y2", SECOND), "village")
    assert foreign[:2] == (403, "FORBIDDEN")
    tried = await refused(service, joint, noun, body, "village")
    assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", [SECOND])
    await write(service, joint, consents, word("Y2", SECOND), await village_key(service, SECOND))
    await write(service, joint, noun, body, "village")


@pytest.mark.clause("C4.7-04")
async def test_bookkeeping_agent_decides_nothing_for_its_principal(service: Service) -> None:
    """Refuses an agent's key the contract, the disposal, the owner's step and the authorisation of its principal with AGENT_NO_APPROVAL_RIGHT."""
    asset, agent = await confirmed(service), await company(service)
    stranger = await company(service)
    it = Choice(service, asset, terms())
    await it.open()
    step = {
        "step": "SELECT",
        "by": await it.by(VILLAGE),
        "subjectSha256": it.sha256,
        "occurredOn": "2021-09-01",
    }
    steps = f"/v1/procedures/{it.code}/steps"
    before = await service.post(steps, step, agent)
    assert (before.status_code, before.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
    await service.write(path(), engagement(agent), "village")
    refusal = (403, "AGENT_NO_APPROVAL_RIGHT")
    tried = await service.post(steps, step, agent)
    assert (tried.status_code, tried.json()["code"]) == refusal
    assert tried.json()["clause"] == "C4.7-04"
    await it.through()
    body = {"terms": it.terms, "procedure": it.code}
    proposal = {"proposal": {"disposal": "D1", "kind": "AUCTION", "reason": "闲置"}}
    own = authorised(agent, "OPERATE")
    for noun, sent in (("leases", body), ("disposals", proposal), ("platform-authorisations", own)):
        assert (await refused(service, asset, noun, sent, agent))[:2] == refusal, noun
    assert (await refused(service, asset, "leases", body, stranger))[:2] == (403, "FORBIDDEN")
    await ended(service)
    assert (await refused(service, asset, "leases", body, agent))[:2] == (403, "FORBIDDEN")
    await write(service, asset, "leases", body, "village")


@pytest.mark.clause("C4.7-13")
async def test_contract_that_a_platform_signed_is_ended_by_it_while_it_may_operate_and_by_the_owner(
    service: Service,
) -> None:
    """Refuses a platform whose authorisation is over, or is for something else, the ending of its contract; takes it inside, and the owner's always."""
    platform, keeper = await company(service), await company(service)
    ending = {"endedOn": "2021-12-01", "outcome": "TERMINATED", "reason": "承租方违约"}

    async def let() -> str:
        asset = await confirmed(service)
        operating = authorised(platform, "OPERATE", since="2021-09-01", until="2021-12-31")
        await write(service, asset, "platform-authorisations", operating, "village")
        beside = authorised(keeper, "MAINTAIN", since="2021-09-01", until="2021-12-31")
        await write(service, asset, "platform-authorisations", beside, "village")
        await write(service, asset, "leases", await signing(service, asset, platform), platform)
        return asset

    asset, other = await let(), await let()
    noun = "leases/L1/ending"
    late = ending | {"endedOn": "2022-01-01"}
    assert (await refused(service, asset, noun, late, platform))[0] == 403
    assert (await refused(service, asset, noun, ending, keeper))[0] == 403
    assert (await refused(service, asset, noun, ending, "second_village"))[0] == 403
    ended = await write(service, asset, noun, ending, platform)
    assert ended["resource"]["contracts"]["L1"]["state"] == "TERMINATED"
    await write(service, other, noun, late, "village")
    own = await confirmed(service)
    decided_on = await decided(service, own, terms())
    await write(service, own, "platform-authorisations", authorised(platform, "OPERATE"), "village")
    await write(service, own, "leases", decided_on, "village")
    assert (await refused(service, own, noun, ending, platform))[0] == 403
