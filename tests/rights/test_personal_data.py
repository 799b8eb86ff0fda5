"""No personal value leaves the service by any door but to those whom the table by hand lets see it.

A marked value stands in every personal field of the log. Everything that can be read is read: every GET of the interface
with every role of every unit, in every form it offers (page, lines, workbook, events).
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from typing import Any, Final, get_args

import pytest
import pytest_asyncio
from openpyxl import load_workbook
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from domain.aggregate import ENVELOPE_FIELDS
from domain.catalogue import EVENT_TYPES
from domain.classification import classified
from service.clock import utc_now
from service.commands.credentials import Credentials, KeySpec
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.matrix import ROUTES
from tests.api.service import COUNTY, KEYS, running
from tests.rights.county import path_of
from tests.rights.personal_data import Planted, planted

pytestmark = pytest.mark.asyncio(loop_scope="module")

MORE: Final = {
    "log_auditor": ("COUNTY_GOV", "COUNTY_GOV", "LOG_AUDITOR", COUNTY),
    "own_personnel": (TOWNSHIP, "TOWNSHIP", "PERSONNEL", TOWNSHIP),
    "revitalization": ("RURAL_REVITALIZATION", "DEPARTMENT", "REGISTRAR", COUNTY),
    "county_reader": ("FINANCE", "DEPARTMENT", "READER", COUNTY),
    "village_reader": (VILLAGE, "VILLAGE", "READER", VILLAGE),
}
"""Keys beside those of every test: organisation, its kind, role, division."""

SEEN_BY: Final[dict[str, frozenset[str]]] = {
    # 三(七): the household itself; 四(五)18: township and village keep the ledger; 四(六)1: the office; 五(四): auditors
    "HOUSEHOLD": frozenset({"clerk", "approver", "village", "office", "revitalization", "auditor"}),
    # 三(七): what is about the household of the key `household` itself
    "OWN": frozenset({"household", "clerk", "approver", "village", "office", "revitalization", "auditor"}),
    # 三(五): who answers an objection; auditors
    "OBJECTOR": frozenset(
        {
            "clerk",
            "approver",
            "finance",
            "agriculture",
            "commerce",
            "county",
            "revitalization",
            "office",
            "auditor",
        }
    ),
    # 四(十)3: who carries the handover out in village and township, the county, personnel, auditors
    "LEAVER": frozenset({"clerk", "approver", "village", "county", "personnel", "own_personnel", "auditor"}),
    # 五(四): auditors, the office, personnel
    "ANSWERABLE": frozenset({"office", "personnel", "neighbour", "own_personnel", "auditor"}),
    # whoever keeps the income ledger of the asset, the department that built it, the office, auditors
    "PAYER": frozenset({"clerk", "approver", "village", "commerce", "office", "auditor"}),
}
"""Who of the keys may see what is about whom, in a village of the township of `clerk`. Written from the regulation."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(module_database_url: str) -> AsyncIterator[Planted]:
    async with running(module_database_url) as service:
        for name, (unit, kind, role, division) in MORE.items():
            spec = KeySpec(COUNTY, name, unit, kind, [role], [division])
            service.tokens[name] = (await Credentials(service.pool).create(spec, utc_now())).token
        yield await planted(service)


def guarded(model: type[BaseModel], path: str = "") -> set[str]:
    """The personal fields of a form that hold words, by their paths."""
    found = set()
    for name, one in model.model_fields.items():
        if name in ENVELOPE_FIELDS:
            continue
        mark = classified(one)
        if mark is not None and mark.guarded:
            if "str" in str(one.annotation) and "dict" not in str(one.annotation):
                found.add(f"{path}{to_camel(name)}")
            continue
        for form in forms(one.annotation):
            found |= guarded(form, f"{path}{to_camel(name)}.")
    return found


def forms(hint: Any) -> set[type[BaseModel]]:
    own = {hint} if isinstance(hint, type) and issubclass(hint, BaseModel) else set()
    return own.union(*map(forms, get_args(hint)))


NOT_PLANTED: Final = {
    "priority_households.tag_ended end.household": "the household that was tagged",
    "public_welfare_post.month_assessed assessment.household": "the household that was appointed",
    "public_welfare_post.holder_released release.household": "the household that was appointed",
    "public_welfare_post.wage_paid wage.household": "the household that was appointed, where a plan pays it",
    "departure_case.signing_refused refusal.reason": "comes after a sealed list, which the planted case does not have",
    "violation_case.reported answerable.person": "the service finds it: who had the duty that day",
    "violation_case.accountability_decided accountability.person": "the code of a person that is on record",
    "procedure.objection_filed objection.text": "the same form as a public notice's",
    "procedure.objection_filed objection.contact": "the same form as a public notice's",
    "procedure.suggestion_filed text": "the same as a public notice's",
    "procedure.suggestion_filed contact": "the same as a public notice's",
    "public_notice.objection_filed objection.contact": "",
}


async def test_a_marked_value_stands_in_every_personal_field_of_the_log(county: Planted) -> None:
    wanted = {f"{kind} {path}" for kind, event in EVENT_TYPES.items() for path in guarded(event)}
    here = {where for _, where in county.marks.values()}
    assert wanted - here - NOT_PLANTED.keys() == set()


def filled_path(county: Planted, template: str) -> list[str]:
    """The paths of an operation in this county: about what was planted, else about what there is not."""
    given = county.given
    names = re.findall(r"\{(\w+)\}", template)
    codes = {name: given[name] for name in names if name in given}
    path = template
    for name in names:
        if name == "asset" and "/household-assets" in template:
            codes[name] = given["household_asset"]
        if name == "case" and "/violations" in template:
            codes[name] = given["violation"]
        if name == "ledger":
            codes[name] = "VILLAGE_REGISTER"
        if name == "name":
            codes[name] = "pack.zip"
        if name in codes:
            path = path.replace(f"{{{name}}}", codes[name])
    paths = [path_of(path)]
    if template.startswith("/v1/assets/{asset}/"):
        paths += [
            path_of(path.replace(given["asset"], given[one]))
            for one in ("household_asset", "closed_household_asset")
        ]
    return paths


FORMS: Final = (
    "application/json",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


async def told(county: Planted, path: str, who: str | None, form: str) -> str:
    """What an operation tells somebody in a form, as text."""
    params = {"limit": "1000"} if path in PAGED else {}
    headers = county.service.headers(who, Accept=form)
    answer = await county.service.http.get(path, params=params, headers=headers)
    if answer.status_code != 200:
        return ""
    if answer.content[:2] == b"PK":
        sheets = load_workbook(io.BytesIO(answer.content)).worksheets
        return "\n".join(str(row) for sheet in sheets for row in sheet.iter_rows(values_only=True))
    return answer.text


READS: Final = sorted(path for method, path in ROUTES if method == "GET")
PAGED: Final = {"/v1/events"}
"""Where more than a page's usual number is needed to come to everything."""
WHO: Final = (*KEYS, *MORE, None)
ASKED_FOR: Final = {"/v1/readings": "log_auditor"}
"""Who reads what auditors asked for sees the household that they asked about."""


@pytest.mark.parametrize("template", READS)
async def test_what_is_personal_is_found_only_where_the_table_says(county: Planted, template: str) -> None:
    """Looks for every marked value in every form of the operation, asked by every key and by nobody."""
    wrong = set()
    for path in filled_path(county, template):
        for who in WHO:
            for form in FORMS:
                text = await told(county, path, who, form)
                wrong |= {
                    (path, who or "nobody", subject, where)
                    for mark, (subject, where) in county.marks.items()
                    if mark[2:] in text and who not in SEEN_BY[subject] and ASKED_FOR.get(path) != who
                }
    assert not wrong, "\n".join(map(str, sorted(wrong)))
