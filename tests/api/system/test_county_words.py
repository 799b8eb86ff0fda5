"""Each county's own words: refusals, articles, codes, examinations and compliance quote the document of the county at hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from domain.refusals import catalogue, refuse
from domain.regulation import Regulation
from service.commands.operations import ENDED
from tests import second_county as wuqia
from tests.api.bodies import card
from tests.api.matrix import OF_NO_COUNTY, PUBLIC as PUBLIC_ROUTES
from tests.api.service import COUNTY, REGULATION, new_code
from tests.api.two_counties import Both, County, both

OURS = {one.id: one.quote for one in REGULATION.articles.by_number.values()}
THEIRS = {number: quote for number, (_, quote, _) in wuqia.ARTICLES.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counties(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Both counties, served by one service."""
    folders = (tmp_path_factory.mktemp(name) for name in ("policy", "keys"))
    async with both(module_database_url, *folders) as served:
        yield served


def unaccepted(county: County) -> dict[str, Any]:
    """A card without its acceptance."""
    return county.road(acceptance={"result": "FAILED", "acceptedOn": "2020-01-20", "documentNo": "验字9"})


async def refused(county: County, **headers: str) -> dict[str, Any]:
    body = {"asset": new_code(), "card": unaccepted(county)}
    answer = await county.service.post("/v1/assets", body, "clerk", **headers)
    assert answer.json()["code"] == "ACCEPTANCE_REQUIRED"
    return dict(answer.json())


async def test_refusal_of_each_county_quotes_its_own_article(counties: Both) -> None:
    first, second = [await refused(county) for county in counties]
    assert first["clause"] == second["clause"] == "C4.3-01"
    assert (first["article"], second["article"]) == ("C4.3-01", "第四条")
    assert first["quote"] == OURS["C4.3-01"]
    assert second["quote"] == "项目完工后须先验收，验收合格方可登记"


async def test_refusal_is_said_in_the_county_s_own_sentence(counties: Both) -> None:
    """The second county words this code itself, in both languages; title and detail are its."""
    first, second = [await refused(county) for county in counties]
    assert "历史资产须说明缺失原因" in first["detail"]
    assert second["detail"] == second["title"] == "还没有验收，先验收再来登记。"
    english = await refused(counties[1], Accept_Language="en")
    assert english["detail"] == "Not accepted yet: have it accepted, then register it."


async def test_refusal_without_an_article_of_the_county_quotes_nobody(counties: Both) -> None:
    """四(二) is not in the second county's document: the rule stands by its clause, no other county's words do."""
    said = []
    for county in counties:
        body = {"asset": new_code(), "card": county.road(assetType="PROCESSING")}
        answer = await county.service.post("/v1/assets", body, "clerk")
        said.append(answer.json())
    assert {one["code"] for one in said} == {"TYPE_CLASS_MISMATCH"}
    assert said[0]["clause"] == said[1]["clause"]
    assert said[0]["quote"] == OURS[said[0]["clause"]]
    assert (said[1]["article"], said[1]["quote"]) == (None, None)


async def test_line_of_a_batch_is_refused_in_the_county_s_words(counties: Both) -> None:
    for county, number in zip(counties, ("C4.3-01", "第四条"), strict=True):
        lines = [{"asset": new_code(), "card": unaccepted(county)}]
        answer = await county.service.post("/v1/assets/bulk", lines, "clerk")
        (item,) = answer.json()["items"]
        assert item["problem"]["article"] == number


async def test_articles_of_each_county_are_its_document_s(counties: Both) -> None:
    found = [(await one.service.get("/v1/regulation/clauses", county=one.code)).json() for one in counties]
    assert {one["id"]: one["quote"] for one in found[0]["clauses"]} == OURS
    assert {one["id"]: one["quote"] for one in found[1]["clauses"]} == THEIRS
    assert [one["document"] for one in found] == ["陶政办发〔2021〕15号", wuqia.DOCUMENT]
    answered = {key: one["id"] for one in found[1]["clauses"] for key in one["answers"]}
    assert (answered["C4.12-04"], answered["C4.12-02"]) == ("第十二条", "第十二条")
    assert found[0]["unanswered"] == []
    without = {one["clause"]: one["notInDocument"] for one in found[1]["unanswered"]}
    assert {key for key, said in without.items() if said} == set(wuqia.NOT_IN_DOCUMENT)
    assert set(without) | set(answered) == set(OURS)
    assert not set(without) & set(answered)


async def test_codes_of_each_county_are_in_its_words(counties: Both) -> None:
    found = []
    for county in counties:
        codes = (await county.service.get("/v1/regulation/codes", county=county.code)).json()["codes"]
        found.append({one["code"]: one for one in codes})
    assert set(found[0]) == set(found[1]) == set(catalogue())
    differing = {code for code, entry in found[0].items() if entry != found[1][code]}
    assert differing == {"ACCEPTANCE_REQUIRED", "SIGNING_KEY_UNAVAILABLE"}
    ours, theirs = (one["ACCEPTANCE_REQUIRED"] for one in found)
    assert (theirs["kind"], theirs["nature"], theirs["clauses"]) == (
        ours["kind"], ours["nature"], ours["clauses"],
    )  # fmt: skip
    assert theirs["zh"] == "还没有验收，先验收再来登记。"


async def test_parameters_rest_on_the_county_s_own_articles(counties: Both) -> None:
    for county, article in zip(counties, ("C4.12-04", "第十二条"), strict=True):
        rows = (await county.service.get("/v1/policy/parameters", county=county.code)).json()["parameters"]
        (threshold,) = (one for one in rows if one["id"] == "P01")
        assert (threshold["clause"], threshold["article"]) == ("C4.12-04", article)


async def test_examination_quotes_the_county_s_own_article(counties: Both) -> None:
    """An asset that came in as history without its acceptance: the same finding, each by its own document."""
    told = []
    for county in counties:
        context = county.service.app.state.context
        asset = new_code()
        await _registered_as_history(county, asset)
        await context.in_force.catch_up(county.code)
        found = await county.service.read(f"/v1/assets/{asset}/examination")
        told.append({one["code"]: one for one in found["clauses"]}["ACCEPTANCE_REQUIRED"])
        details = [one["detailZh"] for one in found["findings"] if one["code"] == "ACCEPTANCE_REQUIRED"]
        assert all(("还没有验收" in one) == (county.code == wuqia.COUNTY) for one in details)
        assert details
    assert [(one["article"], one["quote"]) for one in told] == [
        ("C4.3-01", OURS["C4.3-01"]), ("第四条", THEIRS["第四条"]),
    ]  # fmt: skip
    assert told[0]["title"] != told[1]["title"] == "完工验收"


async def _registered_as_history(county: County, asset: str) -> None:
    from domain.asset.asset import Asset
    from domain.asset.facts.card import RegisterCard
    from service.commands.commands import stream_append
    from service.commands.founding import system_actor
    from service.log.appending import Append

    context = county.service.app.state.context
    at = context.occasion(county.code, None, provenance="旧台账")
    made = Asset.register(asset, RegisterCard.model_validate(unaccepted(county)), at)
    await context.store.append(
        county.code,
        Append(
            command_id=f"history-{asset}",
            actor=system_actor(county.code, "import").envelope(),
            correlation_id=asset,
            causation_id=None,
            streams=[stream_append(context, made)],
        ),
    )


async def test_compliance_quotes_the_county_s_own_article(counties: Both) -> None:
    for county, quotes in zip(counties, (OURS["C4.3-03"], THEIRS["第五条"]), strict=True):
        found = await county.service.read(f"/v1/organizations/{county.township}/compliance")
        items = {one["clause"]: one for one in found["items"]}
        assert items["C4.3-03"]["quote"] == quotes
        assert (items["C5.5-01"]["quote"] is None) == (county.code == wuqia.COUNTY)


async def test_clearance_that_is_refused_quotes_the_county_s_own_article(counties: Both) -> None:
    for county, quote in zip(counties, (OURS["C4.10-11"], THEIRS["第十一条"]), strict=True):
        person = new_code("P")
        body = {"name": "张三", "organization": county.township}
        await county.service.write("/v1/persons", {"person": person, "card": body}, "personnel")
        asset = new_code()
        made = await county.registered(asset)
        custody = {
            "custodian": county.township,
            "responsibleUnit": county.township,
            "duties": [{"person": person, "duty": "MANAGER"}],
            "provisional": True,
        }
        await county.service.write(
            f"/v1/assets/{asset}/custody", {"custody": custody}, version=made["version"]
        )
        found = await county.service.read(f"/v1/clearances/{person}", "personnel")
        assert found["refusal"]["quote"] == quote


async def test_operation_that_failed_says_why_in_the_county_s_words(counties: Both) -> None:
    """A pack that cannot be signed, because the keys are away: each county is told in its own sentence."""
    folder = counties[0].service.app.state.checkpoints.keys.folder
    told = []
    for county in counties:
        person = new_code("P")
        body = {"name": "张三", "organization": county.township}
        await county.service.write("/v1/persons", {"person": person, "card": body}, "personnel")
        await county.service.write("/v1/checkpoints", {}, "auditor")
        away = folder.rename(folder.with_name("away"))
        ordered = await county.service.post("/v1/audit-packs", {"person": person}, "auditor")
        found = await _ended(county, ordered.json()["pack"])
        away.rename(folder)
        assert (found["state"], found["problem"]["code"]) == ("FAILED", "SIGNING_KEY_UNAVAILABLE")
        told.append(found["problem"]["detailZh"])
    assert told[0] == catalogue()["SIGNING_KEY_UNAVAILABLE"].zh != told[1] == "本县签名密钥不在，请找管理员。"


async def _ended(county: County, pack: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found = dict(await county.service.read(f"/v1/audit-packs/{pack}", "auditor"))
            if found["state"] in ENDED:
                return found
            await asyncio.sleep(0.05)


# ---- whose county is meant -------------------------------------------------------------------------------------------

PUBLIC = (
    "/v1/policy",
    "/v1/policy/parameters",
    "/v1/policy/parameter-changes",
    "/v1/regulation/codes",
    "/v1/regulation/clauses",
)


@pytest.mark.parametrize("path", PUBLIC)
async def test_county_of_a_key_is_found_without_being_named(counties: Both, path: str) -> None:
    for county in counties:
        answer = await county.service.get(path)
        assert (answer.status_code, answer.json()["county"]) == (200, county.code)
        named = await county.service.get(path, county=counties[0].code)
        assert named.json()["county"] == counties[0].code


@pytest.mark.parametrize("path", PUBLIC)
async def test_county_has_to_be_named_without_a_key(counties: Both, path: str) -> None:
    service = counties[0].service
    nobody = await service.get(path, who=None)
    assert (nobody.status_code, nobody.json()["code"], nobody.json()["missing"]) == (
        422, "COUNTY_REQUIRED", ["county"],
    )  # fmt: skip
    assert COUNTY in nobody.json()["detail"] and wuqia.COUNTY in nobody.json()["detail"]
    unknown = await service.get(path, who=None, county="110101")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "COUNTY_UNKNOWN")
    wrong = await service.get(path, who="k_1.wrong")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "CREDENTIAL_INVALID")


@pytest.mark.parametrize(
    ("method", "path"),
    sorted(one for one in PUBLIC_ROUTES if not one[1].startswith("/health") and one not in OF_NO_COUNTY),
)
async def test_every_public_route_takes_the_county_of_a_key(counties: Both, method: str, path: str) -> None:
    """Whatever it answers about something that is not there, it does not ask which county is meant."""
    for county in counties:
        service = county.service
        place = path.format(notice="N-none", table="T1", certificate="Z-none")
        if method == "GET":
            known, nobody = await service.get(place), await service.get(place, who=None)
        else:
            known, nobody = await service.post(place, {}), await service.post(place, {}, None)
        assert nobody.json()["code"] == "COUNTY_REQUIRED"
        assert known.status_code < 500
        told = {"NOT_FOUND", "CODE_UNKNOWN", "FIELD_REQUIRED", "SIGN_IN_NOT_OFFERED"}
        assert known.status_code == 200 or known.json()["code"] in told, known.text


async def test_problem_before_a_county_is_known_quotes_nobody(counties: Both) -> None:
    answer = await counties[0].service.post("/v1/assets", {"card": card()}, "k_1.wrong")
    assert (answer.json()["code"], answer.json()["quote"]) == ("CREDENTIAL_INVALID", None)


# ---- every code ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Regulation:
    folder = tmp_path_factory.mktemp("theirs")
    wuqia.write_second_county(folder)
    return Regulation.load(folder, wuqia.COUNTY)


@pytest.mark.parametrize("code", sorted(one.code for one in catalogue().values() if one.kind != "warning"))
def test_no_code_of_the_second_county_quotes_the_first(theirs: Regulation, code: str) -> None:
    """Under every clause that a code can stand for, the words are the county's own or nobody's."""
    mapped = {key: number for number, (_, _, keys) in wuqia.ARTICLES.items() for key in keys}
    for clause in catalogue()[code].clauses or (None,):
        said = theirs.wording.said(refuse(code, clause=clause))
        number = mapped.get(clause or "")
        assert (None if said.article is None else said.article.id) == number
        assert said.quote == (None if number is None else THEIRS[number])
