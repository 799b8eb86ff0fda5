"""The steps of one procedure: a chain of T5 laid out for the case, with the units that take each step.

The plan is made once, when the procedure is opened, and stored with it: a chain amended later leaves running procedures
as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol, TypeVar

from pydantic import Field

from domain.procedure.notice import NoticePlace
from domain.refusals import refuse
from domain.values import AssetTypeCode, Code, Fen, Listed, Name, Value

if TYPE_CHECKING:
    from domain.organization.organization import OrganizationCard
    from domain.regulation import Rules
    from domain.regulation.rows import Chain, ChainStep

Act = Literal["DO", "REVIEW", "DETERMINE", "DECIDE", "MEETING", "NOTICE", "FILING", "FACT"]
"""What taking a step means."""

VILLAGE_ROLES: Final = frozenset({"TWO_COMMITTEES", "FIRST_SECRETARY_COMMITTEES_TEAM"})
"""Bodies within a village: the village acts for them."""

ROUTE_FILING: Final = "ROUTE_FILING"
"""Where the route of a disposal files its approval, if anywhere (P04)."""

_PLACE_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "PROJECT_VILLAGE": ("PROJECT_VILLAGE", "VILLAGE"),
    "OWNER_LOCATION": ("OWNER", "VILLAGE"),
}
"""Whose place a notice's place is: the first of these roles that the case has."""


class ProcedureParty(Value):
    """A unit in a role of the chain."""

    role: Code = Field(
        title="角色", description="VILLAGE / TOWNSHIP / OWNER / IMPLEMENTER / PROJECT_VILLAGE …"
    )
    organization: Code = Field(title="单位")


_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "VILLAGE": frozenset({"VILLAGE"}),
    "PROJECT_VILLAGE": frozenset({"VILLAGE"}),
    "TOWNSHIP": frozenset({"TOWNSHIP"}),
    "DEPARTMENT": frozenset({"DEPARTMENT"}),
    "LINE_DEPARTMENT": frozenset({"DEPARTMENT"}),
    "OWNER": frozenset({"VILLAGE", "TOWNSHIP", "DEPARTMENT", "FARM", "COMPANY"}),
    "IMPLEMENTER": frozenset({"VILLAGE", "TOWNSHIP", "DEPARTMENT", "FARM"}),
}
"""Which kinds of units can have a role; a role without a row is open to all."""


def check_parties(parties: Iterable[ProcedureParty], units: Mapping[str, OrganizationCard]) -> None:
    """Units have roles that they can have, and a township is the villages' own. `units`: the cards of all of them.

    Refused: FIELD_INVALID.
    """
    every = tuple(parties)
    townships = {_township(units[one.organization]) for one in every if one.role == "TOWNSHIP"}
    for one in every:
        card = units[one.organization]
        fits = card.kind in _KINDS.get(one.role, {card.kind})
        if fits and townships and card.kind == "VILLAGE":
            fits = _township(card) in townships
        if not fits:
            raise refuse("FIELD_INVALID", field=f"parties.{one.role}", value=one.organization)


def _township(card: OrganizationCard) -> str | None:
    """The part of a unit's division code that names the township."""
    return None if card.division is None else card.division[:9]


class ProcedureCase(Value):
    """Facts of the matter that decide which steps apply and who takes them."""

    owner_kind: Literal["DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM", "HOUSEHOLD"] | None = Field(
        default=None, title="所有权人类型"
    )
    project_scope: Annotated[Code, Listed("project-scopes")] | None = Field(default=None, title="项目范围")
    asset_type: AssetTypeCode | None = Field(
        default=None, title="资产类型", description="由此推导行业主管部门"
    )
    disposal_value: Fen | None = Field(default=None, title="处置价值", description="由此推导逐级上报路线")


class PlannedNotice(Value):
    """HARD blocks the steps that need it; `period`: the parameter with its days, none: nothing to wait for."""

    force: Literal["HARD", "SOFT"] = Field(title="公示要求")
    period: Code | None = Field(default=None, title="公示期参数")
    places: tuple[NoticePlace, ...] = Field(default=(), title="公示地点")


class PlannedFiling(Value):
    """OF_RECORD: submitted is done, a return reopens it; RECHECK: must be accepted."""

    addressee: Code = Field(title="备案机关")
    effect: Literal["OF_RECORD", "RECHECK"] = Field(title="备案效力")


class PlannedStep(Value):
    """A step that applies to the case. Each of `actors` takes its part, in the order given when `in_order`."""

    code: Code = Field(title="环节代码")
    zh: Name = Field(title="环节名称")
    act: Act = Field(title="环节种类")
    actors: tuple[Code, ...] = Field(title="办理单位")
    in_order: bool = Field(default=False, title="是否依次办理")
    needs: tuple[Code, ...] = Field(default=(), title="前置环节")
    not_same_person_as: tuple[Code, ...] = Field(default=(), title="不得由同一人办理的环节")
    meeting: Literal["REPRESENTATIVES", "TOWNSHIP"] | None = Field(default=None, title="会议种类")
    matter: Literal["COLLECTIVE", "OTHER"] | None = Field(default=None, title="事项性质")
    notice: PlannedNotice | None = Field(default=None, title="公示安排")
    filing: PlannedFiling | None = Field(default=None, title="备案安排")
    optional: bool = Field(default=False, title="是否可省略")
    refusal: Code | None = Field(default=None, title="拒绝代码")
    refusal_when: Literal["LACKING", "EARLY"] | None = Field(default=None, title="拒绝条件")


def lay_out(
    chain: Chain, case: ProcedureCase, parties: Sequence[ProcedureParty], rules: Rules
) -> tuple[PlannedStep, ...]:
    """The chain's steps that apply, in its order. Refused: FIELD_REQUIRED (a role nobody was named for), RULE_GAP."""
    cast = _Cast(case, parties, rules)
    applying = {step.code for step in chain.steps if _applies(step, case) and cast.has_office(step)}
    recheckers = {
        step.filing.addressee for step in chain.steps if step.filing and step.filing.effect == "RECHECK"
    }
    for step in chain.steps:  # one filing suffices where both would go to the same office (C4.7-06)
        if step.filing is not None and step.filing.effect == "OF_RECORD" and step.code in applying:
            applying -= {step.code} if set(cast.units(step.filing.addressee)) <= recheckers else set()
    by_code = {step.code: step for step in chain.steps}

    def needs_of(step: ChainStep) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for code in step.needs:
            found.update(dict.fromkeys((code,) if code in applying else needs_of(by_code[code])))
        return tuple(found)

    return tuple(_planned(step, needs_of, cast) for step in chain.steps if step.code in applying)


def _applies(step: ChainStep, case: ProcedureCase) -> bool:
    """A fact that decides over a step must be known, else the step might be left out by leaving out the fact."""
    if step.only_for and case.owner_kind is None:
        raise refuse("FIELD_REQUIRED", field="case.ownerKind", missing=["case.ownerKind"])
    if step.only_scopes and case.project_scope is None:
        raise refuse("FIELD_REQUIRED", field="case.projectScope", missing=["case.projectScope"])
    return step.applies(case.owner_kind, case.project_scope)


def act_of(step: ChainStep) -> Act:
    """What taking a step of a chain means."""
    if step.act == "FACT":
        return "FACT"
    if step.meeting is not None:
        return "MEETING"
    if step.notice is not None:
        return "NOTICE"
    return step.act if step.filing is None else "FILING"


def _planned(step: ChainStep, needs_of: Callable[[ChainStep], tuple[str, ...]], cast: _Cast) -> PlannedStep:
    act = act_of(step)
    notice = filing = None
    if act == "NOTICE" and step.notice is not None:
        notice = PlannedNotice(
            force=step.notice.force,
            period=step.notice.period,
            places=tuple(
                NoticePlace(role=role, organization=unit)
                for role in step.notice.places
                for unit in cast.place(role)
            ),
        )
    elif act == "FILING" and step.filing is not None:
        filing = PlannedFiling(addressee=cast.only(step.filing.addressee), effect=step.filing.effect)
    roles = (step.by,) if step.by is not None else step.all_of
    actors = tuple(dict.fromkeys(unit for role in roles for unit in cast.units(role)))
    if filing is not None and set(actors) == {filing.addressee}:  # 审核备案: what comes before files with it
        actors = cast.units("VILLAGE")
    return PlannedStep(
        code=step.code,
        zh=step.zh,
        act=act,
        actors=actors,
        in_order=step.by == "ROUTE",
        needs=needs_of(step),
        not_same_person_as=step.not_same_person_as,
        meeting=step.meeting,
        matter=step.matter if step.meeting == "REPRESENTATIVES" else None,
        notice=notice,
        filing=filing,
        optional=step.optional or (notice is not None and notice.force == "SOFT"),
        refusal=step.refusal,
        refusal_when=step.refusal_when,
    )


class _Cast:
    """The units in each role of one case."""

    def __init__(self, case: ProcedureCase, parties: Iterable[ProcedureParty], rules: Rules) -> None:
        self._case = case
        self._rules = rules
        self._named: dict[str, tuple[str, ...]] = {}
        for one in parties:
            known = self._named.get(one.role, ())
            self._named[one.role] = known if one.organization in known else (*known, one.organization)
        self._organizations = {row.code for row in rules.organizations()}

    def units(self, role: str) -> tuple[str, ...]:
        """The units of a role; an organisation the regulation names is itself. FIELD_REQUIRED when nobody was named."""
        if role in self._organizations:
            return (role,)
        if role in VILLAGE_ROLES:
            role = "VILLAGE"
        if role == "LINE_DEPARTMENT" and self._case.asset_type is not None:
            return (self._rules.line_department(self._case.asset_type),)
        if role in {"ROUTE", "APPROVER", ROUTE_FILING}:
            return self._route(role)
        found = self._named.get(role)
        if not found:
            raise refuse("FIELD_REQUIRED", field=f"parties.{role}", missing=[f"parties.{role}"])
        return found

    def has_office(self, step: ChainStep) -> bool:
        """Whether what is filed where the route says so is filed anywhere."""
        return step.filing is None or step.filing.addressee != ROUTE_FILING or bool(self.units(ROUTE_FILING))

    def only(self, role: str) -> str:
        """The unit of a role that only one unit can have. FIELD_INVALID when several were named."""
        first, *others = self.units(role)
        if others:
            raise refuse("FIELD_INVALID", field=f"parties.{role}", value="、".join(others))
        return first

    def place(self, role: str) -> tuple[str, ...]:
        """The units at whose place a notice hangs."""
        roles = _PLACE_ROLES.get(role, (role,))
        named = next((one for one in roles if one in self._named), roles[0])
        return self.units(named)

    def _route(self, role: str) -> tuple[str, ...]:
        case = self._case
        missing = [
            f"case.{name}"
            for name, value in (("ownerKind", case.owner_kind), ("disposalValue", case.disposal_value))
            if value is None
        ]
        if case.owner_kind is None or case.disposal_value is None:
            raise refuse("FIELD_REQUIRED", field=missing[0], missing=missing)
        asset_class = None
        if case.asset_type is not None:
            asset_class = self._rules.asset_type(case.asset_type).asset_class
        route = self._rules.disposal_route(case.owner_kind, case.disposal_value, asset_class)
        filed = () if route.filing is None else (route.filing,)
        levels = {"APPROVER": (route.approver,), ROUTE_FILING: filed}.get(role, route.levels)
        return tuple(unit for level in levels for unit in self.units(level))


class Laid(Protocol):
    """Attributes of a step that the questions below ask; ledgers have steps of their own."""

    @property
    def code(self) -> str:
        """The step."""

    @property
    def actors(self) -> Sequence[str]:
        """Units that may complete the step."""

    @property
    def needs(self) -> Sequence[str]:
        """What comes directly before it."""

    @property
    def in_order(self) -> bool:
        """Whether one actor comes after the other."""

    @property
    def optional(self) -> bool:
        """Whether the matter can be completed without it."""


L = TypeVar("L", bound=Laid)


def before(steps: Iterable[Laid], code: str) -> frozenset[str]:
    """Every step that has to be done before a step, directly or further back."""
    by_code = {step.code: step for step in steps}
    found: set[str] = set()
    waiting = list(by_code[code].needs)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(by_code[one].needs)
    return frozenset(found)


def after(steps: Iterable[Laid], code: str) -> frozenset[str]:
    """Every step that rests on a step, directly or further on."""
    every = tuple(steps)
    return frozenset(step.code for step in every if code in before(every, step.code))


def lacking(steps: Iterable[Laid], done: Mapping[str, Iterable[str]], code: str) -> list[str]:
    """What of the steps before a step is not done, in the chain's order. `done`: step → units that took their part."""
    every = tuple(steps)
    wanted = before(every, code)
    return [
        step.code
        for step in every
        if step.code in wanted and not set(step.actors) <= set(done.get(step.code, ()))
    ]


def due(steps: Iterable[L], done: Mapping[str, Iterable[str]]) -> list[tuple[L, tuple[str, ...]]]:
    """Steps that can be taken now, with the units that still have to, in the chain's order."""
    every = tuple(steps)
    found: list[tuple[L, tuple[str, ...]]] = []
    for step in every:
        taken = set(done.get(step.code, ()))
        left = tuple(unit for unit in step.actors if unit not in taken)
        if left and not lacking(every, done, step.code):
            found.append((step, left[:1] if step.in_order else left))
    return found


def completed(steps: Iterable[Laid], done: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The steps that all their units have taken, in the chain's order."""
    return tuple(step.code for step in steps if set(step.actors) <= set(done.get(step.code, ())))


def state(
    steps: Iterable[Laid], done: Mapping[str, Iterable[str]], *, withdrawn: bool
) -> Literal["OPEN", "COMPLETED", "WITHDRAWN"]:
    """COMPLETED when every step is done that is not optional."""
    if withdrawn:
        return "WITHDRAWN"
    every = tuple(steps)
    wanted = {step.code for step in every if not step.optional}
    return "COMPLETED" if wanted <= set(completed(every, done)) else "OPEN"
