"""Exceptions (例外批准, P25): the county government lets one asset depart from one rule, for a stated time.

A request that needs an exception names it by its number; what it permits, and until when, is read from here and never
from the request.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.occasion import LiftedRefusal
from domain.refusals import refuse
from domain.values import AssetCode, BusinessDate, Code, Name, PaperSha256, Text, Value

if TYPE_CHECKING:
    from collections.abc import Collection

    from domain.occasion import Occasion
    from domain.organization.organization import OrganizationCard

GRANTING: Final = {"COUNTY": frozenset({"COUNTY_GOV"})}
"""P25: kinds of unit that grant, by the level the county asks for at least. Levels above a county keep no key here."""


class OverrideGrant(Value):
    """Exception granted: one asset from one rule, by which document, from which day until which (both included)."""

    code: Code = Field(title="所解除的拒绝代码")
    asset: AssetCode = Field(title="资产编号")
    document_no: Name = Field(title="批准文号")
    document_sha256: PaperSha256 = Field(title="批准文件摘要")
    reason: Text = Field(title="批准理由")
    granted_on: FactDay = Field(title="批准日期", description="自该日起有效")
    expires_on: Annotated[BusinessDate, NotBefore("granted_on")] | None = Field(
        default=None, title="批准有效期至", description="含当日"
    )


class OverrideRevocation(Value):
    """The exception ends before its time: it holds no more on that day."""

    revoked_on: Annotated[FactDay, NotBefore("its.override_grant.granted_on")] = Field(
        title="撤销日期", description="自该日起失效"
    )
    document_no: Name = Field(title="撤销文号")
    reason: Text = Field(title="撤销理由")


class PolicyOverride(DomainAggregate):
    """One exception, from its grant to its end."""

    TOPIC: ClassVar[str] = "policy_override"
    KIND: ClassVar[str] = "policy_override"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    override_grant: Annotated[OverrideGrant, Field(title="例外批准内容")]
    granted_by: Annotated[str, Field(title="批准单位")]
    revocation: Annotated[OverrideRevocation | None, Field(title="撤销情况")]

    @property
    def begun_on(self) -> date:
        """The day of the grant."""
        return self.override_grant.granted_on

    class Event(DomainAggregate.Event):
        """Root of the exception's events."""

    class Granted(Event, CreatedEvent):
        """The county government excepted an asset from a rule."""

        TOPIC: ClassVar[str] = "policy_override.granted"
        TITLE: ClassVar[str] = "例外批准"
        override_grant: OverrideGrant = Field(title="例外批准内容")
        granted_by: Code = Field(title="批准单位")

    @classmethod
    def grant(
        cls,
        number: str,
        grant: OverrideGrant,
        grantor: tuple[str, OrganizationCard],
        concerned: Collection[str],
        at: Occasion,
    ) -> PolicyOverride:
        """Grant an exception (P25).

        `grantor`: the unit of the credential that grants, its code and card. `concerned`: the units that the asset
        belongs to or is kept by; none of them excepts itself. FORBIDDEN; OVERRIDE_NOT_POSSIBLE for a rule that no
        document lifts; FIELD_REQUIRED without the expiry that P25 asks for.
        """
        rule = at.rules.parameters["P25"]
        at.cite(at.rules.parameter_row("P25").article)
        unit, card = grantor
        if card.kind not in GRANTING[rule.granted_at_least_by] or unit in concerned:
            raise at.refusal("FORBIDDEN", action=f"例外批准（{unit}）")
        if not at.rules.wording.liftable(grant.code):
            raise at.refusal("OVERRIDE_NOT_POSSIBLE", refused=grant.code)
        if grant.expires_on is None and "EXPIRY" in rule.requires:
            raise refuse("FIELD_REQUIRED", field="overrideGrant.expiresOn")
        return cls.begin(cls.Granted, number, at, override_grant=grant, granted_by=unit)

    @event(Granted)
    def __init__(self, override_grant: OverrideGrant, granted_by: Code) -> None:
        self.override_grant = override_grant
        self.granted_by = granted_by
        self.revocation = None

    class Revoked(Event):
        """The county government took the exception back."""

        TOPIC: ClassVar[str] = "policy_override.revoked"
        TITLE: ClassVar[str] = "撤销例外批准"
        asset: AssetCode = Field(title="资产编号")
        revocation: OverrideRevocation = Field(title="撤销情况")

    def revoke(self, revocation: OverrideRevocation, at: Occasion) -> None:
        """Take the exception back from a day on; what was decided under it before stays.

        OVERRIDE_REVOKED when it was revoked otherwise already.
        """
        at.cite(at.rules.parameter_row("P25").article)
        if self.revocation == revocation:
            return
        if self.revocation is not None:
            raise refuse(
                "OVERRIDE_REVOKED", override=self.id, revokedOn=self.revocation.revoked_on.isoformat()
            )
        self.record(self.Revoked, at, asset=self.override_grant.asset, revocation=revocation)

    @event(Revoked)
    def _revoked(self, revocation: OverrideRevocation) -> None:
        self.revocation = revocation

    def held_on(self, day: date) -> bool:
        """Whether it was in force on a day: the first and the last day included, that of the revocation not."""
        grant, revocation = self.override_grant, self.revocation
        return (
            grant.granted_on <= day
            and (grant.expires_on is None or day <= grant.expires_on)
            and (revocation is None or day < revocation.revoked_on)
        )

    def lifting(self, day: date) -> LiftedRefusal:
        """What a decision of that day stores of it. OVERRIDE_NOT_IN_FORCE, OVERRIDE_REVOKED."""
        grant = self.override_grant
        if not self.held_on(day):
            if self.revocation is not None and day >= self.revocation.revoked_on:
                raise refuse(
                    "OVERRIDE_REVOKED", override=self.id, revokedOn=self.revocation.revoked_on.isoformat()
                )
            raise refuse(
                "OVERRIDE_NOT_IN_FORCE",
                override=self.id,
                date=day.isoformat(),
                grantedOn=grant.granted_on.isoformat(),
                expiresOn=None if grant.expires_on is None else grant.expires_on.isoformat(),
            )
        return LiftedRefusal(
            override=self.id,
            subject=f"asset-{grant.asset}",
            code=grant.code,
            document_no=grant.document_no,
            reason=grant.reason,
            granted_by=self.granted_by,
            expires_on=grant.expires_on,
        )
