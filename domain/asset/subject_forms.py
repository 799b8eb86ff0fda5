"""Kinds of subjects whose text a decision reads, and the form it must have: so that its digest is the one expected.

A subject of any other kind is a text of its own: whatever JSON `domain.procedure.subject.Content` admits, as it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain.asset.facts.texts import (
    CONTRACT_KIND,
    DISPOSAL_KIND,
    PROCEEDS_KIND,
    ContractContent,
    DisposalContent,
    ProceedsUseContent,
)
from domain.asset.facts.title_plan import SUBJECT_KIND, TitleContent
from domain.procedure.subject import Subject, digest_of
from domain.regulation.rows import Chain, OwnershipRule
from domain.values import Value

if TYPE_CHECKING:
    from domain.regulation import Rules


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of subject with a form. `fields`: the names of its content's fields; `chains`: procedures that are over it."""

    kind: str
    zh: str
    en: str
    model: type[Value]
    canonical: Callable[[Any], dict[str, Any]]
    chains: Callable[[Rules], tuple[str, ...]]
    canonical_zh: str
    canonical_en: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the content's fields, as clients write them."""
        return tuple(field.alias or name for name, field in self.model.model_fields.items())


def _title_chains(rules: Rules) -> tuple[str, ...]:
    """The chains that rows of T3 ask for before an ownership is confirmed."""
    rows = rules.table("ownership_rules.rule", OwnershipRule)
    return tuple(dict.fromkeys(row.chain for row in rows if row.chain is not None))


def _carried_out_by(*facts: str) -> Callable[[Rules], tuple[str, ...]]:
    """The chains in which one of these events takes a step."""

    def chains(rules: Rules) -> tuple[str, ...]:
        rows = rules.table("chains.chain", Chain)
        return tuple(row.code for row in rows if any({*facts} & {*step.facts} for step in row.steps))

    return chains


_AS_WRITTEN_ZH: Final = "字段按请求体的写法，空值不写；合同不含签订日期和决定本身的文号；对象的键按 ASCII 排序，不含空格，UTF-8，取 SHA-256"
_AS_WRITTEN_EN: Final = (
    "fields as in the request, none that is empty, without the day of signing and the decision's own document; keys in"
    " ASCII order, no spaces, UTF-8, SHA-256"
)

FORMS: Final[Mapping[str, Form]] = {
    SUBJECT_KIND: Form(
        SUBJECT_KIND,
        "资产权属",
        "title of an asset",
        TitleContent,
        TitleContent.canonical,
        _title_chains,
        "各权利人按单位编号排序，金额为元、两位小数的字符串；对象的键按 ASCII 排序，不含空格，UTF-8，取 SHA-256",
        "owners in order of their codes, amounts as yuan strings with two decimals; keys in ASCII order, no spaces,"
        " UTF-8, SHA-256",
    ),
    **{
        kind: Form(
            kind, zh, en, model, model.canonical, _carried_out_by(*facts), _AS_WRITTEN_ZH, _AS_WRITTEN_EN
        )
        for kind, zh, en, model, facts in (
            (
                CONTRACT_KIND,
                "经营合同",
                "operating contract",
                ContractContent,
                ("asset.leased", "asset.operating_contract_signed"),
            ),
            (DISPOSAL_KIND, "资产处置", "disposal of an asset", DisposalContent, ("asset.disposed",)),
            (
                PROCEEDS_KIND,
                "处置所得再安排",
                "use of disposal proceeds",
                ProceedsUseContent,
                ("proceeds_pool.proceeds_allocated",),
            ),
        )
    },
}
"""Every kind with a form."""


def subject_of(kind: str, subject_id: str, content: dict[str, Any]) -> Subject:
    """The subject with its content in the form of its kind and its digest. `ValidationError` for content without the form."""
    form = FORMS.get(kind)
    kept = content if form is None else form.canonical(form.model.model_validate(content))
    return Subject(kind=kind, id=subject_id, sha256=digest_of(kept), content=kept)
