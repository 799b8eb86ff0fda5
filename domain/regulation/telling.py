"""Chinese words for the parameters of refusals: codes by their lists, units by their names, fields by their titles.

Which of these a parameter is, its code says in `codes.toml` (`tells`). What nobody has a word for is told as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from domain.refusals import chinese_of
from domain.regulation.divisions import DivisionRow
from domain.regulation.rows import Chain, OwnershipRule, Row
from domain.words import LISTS

Tell = Callable[[str], str | None]
"""The Chinese of something, by what it is called in a request or in the log; None where there is no word for it."""

AS_IT_STANDS: Final = frozenset({"code", "day", "number", "text", "yuan"})
"""Parameters that need no words: codes that people gave themselves, days, numbers, texts as they were typed."""
OF_THE_REQUEST: Final = frozenset({"field", "operation"})
"""Parameters that the words of the request tell: the title of a field, what was asked for."""
OWN_KINDS: Final = AS_IT_STANDS | OF_THE_REQUEST | {"anchor", "facts", "reason", "step", "unit"}
"""Every kind of parameter beside the lists."""

_COMMITTEES: Final = {
    "村村民委员会": "村",
    "村民委员会": "村",
    "村委会": "村",
    "社区居民委员会": "社区",
    "居民委员会": "社区",
    "社区居委会": "社区",
    "居委会": "社区",
}
"""What the ministry's list of divisions calls the place by: its committee."""
_SEVERAL: Final = re.compile(r"([：:、，；（） /])")
_NAMES: Final = re.compile(r"[A-Za-z]\w*")
_FACTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "assetClass": ("资产类别", ("asset_types.class",)),
    "assetType": ("资产类型", ("asset_types.type",)),
    "projectScope": ("项目范围", ("PROJECT_SCOPE",)),
    "implementerKind": ("实施单位类型", ("UNIT_KIND",)),
    "ownerKind": ("所有权人类型", ("UNIT_KIND",)),
    "fundsPaidTo": ("资金拨付对象", ("UNIT_KIND",)),
    "villageUse": ("是否村内使用", ()),
    "equityInvestment": ("是否入股", ()),
    "titleUnclear": ("产权是否不明晰", ()),
    "entrusted": ("是否委托", ()),
    "operatorPresent": ("是否有经营主体", ()),
    "selfOperated": ("是否自主经营", ()),
    "fundSources": ("资金来源", ("fund_sources.source", "fund_sources.parent")),
    "regime": ("会计制度", ("regimes.accounting_system",)),
    "kind": ("会议种类", ("MEETING",)),
    "matter": ("会议事项", ("MATTER",)),
}
"""Facts that a table of rules is asked about: what each is called, and the lists of its codes."""
_FLAGS: Final = {"True": "是", "False": "否"}


class Telling:
    """Words of one county for the parameters of refusals: its tables, its divisions, and the service's own lists."""

    def __init__(
        self, rows: Mapping[str, Sequence[Row]] | None = None, divisions: Sequence[DivisionRow] = ()
    ) -> None:
        """Without rows: only what the service itself has words for."""
        self._rows = rows or {}
        self._divisions = divisions
        self._lists: dict[str, Mapping[str, str]] = {}

    def told(
        self, kinds: Mapping[str, tuple[str, ...]], params: Mapping[str, Any], request: Mapping[str, Tell]
    ) -> dict[str, Any]:
        """The parameters in Chinese. `kinds`: of each; `request`: words of the request that is answered, by kind."""
        return {name: self._tell(value, kinds.get(name, ()), request) for name, value in params.items()}

    def _tell(self, value: Any, kinds: tuple[str, ...], request: Mapping[str, Tell]) -> Any:
        if isinstance(value, list | tuple):
            return [self._tell(one, kinds, request) for one in value]
        if not isinstance(value, str) or not kinds or AS_IT_STANDS.issuperset(kinds):
            return value
        found = self._word(value, kinds, request)
        if found is not None:
            return found
        parts = _SEVERAL.split(value)
        if len(parts) == 1:
            return value
        return "".join(self._word(part, kinds, request) or part for part in parts)

    def _word(self, value: str, kinds: tuple[str, ...], request: Mapping[str, Tell]) -> str | None:
        for kind in kinds:
            if kind in AS_IT_STANDS:
                continue
            if kind in OF_THE_REQUEST:
                found = request[kind](value) if kind in request else None
                if found is None and kind == "field":
                    found = self._anywhere(value)
            elif kind == "reason":
                found = chinese_of(value)
            elif kind == "unit":
                found = self._unit(value)
            elif kind == "facts":
                found = self._facts(value)
            elif kind == "anchor":
                found = self._anchor(value, request)
            else:
                found = self.words(kind).get(value)
            if found is not None:
                return found
        return None

    def words(self, name: str) -> Mapping[str, str]:
        """Code → Chinese of a list: of the service, of the county's vocabulary, or of a table, by its name."""
        if name not in self._lists:
            self._lists[name] = LISTS[name] if name in LISTS else dict(self._of_the_county(name))
        return self._lists[name]

    def _of_the_county(self, name: str) -> Iterator[tuple[str, str]]:
        if name == "step":
            for rule in self._rows.get("ownership_rules.rule", ()):
                if isinstance(rule, OwnershipRule):
                    yield from ((step.code, step.zh) for step in rule.steps)
            for chain in self._rows.get("chains.chain", ()):
                if isinstance(chain, Chain):
                    yield from ((step.code, step.zh) for step in chain.steps)
                    yield chain.code, chain.zh
        elif "." in name:
            for row in sorted(self._rows.get(name, ()), key=lambda one: one.in_force_from):
                yield getattr(row, row.KEY[0]), row.zh  # type: ignore[attr-defined]  # what a code stands for has words
        else:
            for term in self._rows.get("vocabularies.term", ()):
                if term.list == name:  # type: ignore[attr-defined]  # the vocabulary's rows are terms
                    yield term.code, term.zh  # type: ignore[attr-defined]

    def _unit(self, code: str) -> str | None:
        """A department by its name, a place by its name and code: names of villages recur."""
        name = self.words("departments.organization").get(code)
        if name is not None:
            return name
        place = self._places.get(code)
        return None if place is None else f"{place}（{code}）"

    @cached_property
    def _places(self) -> Mapping[str, str]:
        return {row.code: _place(row.name) for row in self._divisions}

    def _anywhere(self, field: str) -> str | None:
        """What is called the same in every request: its business day, the asset, a paper."""
        last = field.rpartition(".")[2]
        return self.words("DAY").get(last) or self.words("ACT").get(field)

    def _anchor(self, day: str, request: Mapping[str, Tell]) -> str | None:
        """The day that a date is measured from: as the request's field is called, else by its last name."""
        asked = request["field"](day) if "field" in request else None
        names = _NAMES.findall(day.partition(" ")[0])
        return asked or (self.words("DAY").get(names[-1]) if names else None)

    def _facts(self, facts: str) -> str | None:
        """`assetClass=ROAD，titleUnclear=False` as a sentence names it."""
        told = []
        for fact in facts.split("，"):
            name, equals, value = fact.partition("=")
            if not equals or name not in _FACTS:
                return None
            title, lists = _FACTS[name]
            words = [_FLAGS.get(one) or self._word(one, lists, {}) or one for one in _listed(value)]
            told.append(f"{title}：{'、'.join(words)}")
        return "，".join(told)


def _listed(value: str) -> list[str]:
    return [one.strip(" '") for one in value.strip("[]").split(",")]


def _place(name: str) -> str:
    for committee, place in _COMMITTEES.items():
        if name.endswith(committee):
            return name.removesuffix(committee) + place
    return name
