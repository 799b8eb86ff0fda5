"""Platform companies of an asset (C4.7-13): who is authorised for what of its management, and until when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.consents import agreed_by
from domain.asset.facts.platforms import PlatformAuthorisation
from domain.asset.state import AssetState
from domain.bounds import FactDay
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import BusinessDate, Code, OrganizationCode, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetPlatforms(AssetState):
    """The part of `Asset` that knows its platform companies."""

    class PlatformAuthorised(AssetState.Event):
        """The owners authorised a company for parts of the asset's management; they stay the owners."""

        TOPIC: ClassVar[str] = "asset.platform_authorised"
        TITLE: ClassVar[str] = "授权平台公司"
        authorisation: PlatformAuthorisation = Field(title="平台公司授权")
        consented_by: tuple[Code, ...] = Field(title="同意的所有权人")

    def authorise_platform(
        self,
        authorisation: PlatformAuthorisation,
        company_kind: str,
        at: Occasion,
    ) -> None:
        """Authorise a company for parts of an operating asset's management (C4.7-13). `company_kind`: of its unit.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; MODE_NOT_ALLOWED_FOR_CLASS for an asset
        that is not operated; CODE_UNKNOWN for no such scope; FIELD_INVALID for a unit that is no company; ALREADY_EXISTS while it or another company has
        such a scope; CO_OWNER_CONSENT_REQUIRED when owners with too small a part have a consent on record by its first day.
        """
        at.cite("C4.7-13")
        self._allow("CUSTODY", at)
        if authorisation in self.platforms:
            return
        asset_class = self.card.asset_class
        at.require(
            at.rules.mode_allowed(asset_class, "PLATFORM"),
            "MODE_NOT_ALLOWED_FOR_CLASS",
            clause="C4.7-13",
            mode="PLATFORM",
            assetClass=asset_class,
        )
        if company_kind != "COMPANY" or authorisation.company in self._owner_parties:
            raise refuse(
                "FIELD_INVALID",
                clause="C4.7-13",
                field="authorisation.company",
                value=authorisation.company,
            )
        unknown = sorted(set(authorisation.scopes) - at.rules.codes("PLATFORM_SCOPE"))
        if unknown:
            raise refuse("CODE_UNKNOWN", clause="C4.7-13", field="authorisation.scopes", value=unknown[0])
        for known in self.platforms:
            if known.clashes_with(authorisation):
                raise refuse("ALREADY_EXISTS", clause="C4.7-13", what=known.company)
        agreed = agreed_by(self.consents, "PLATFORM", None, authorisation.company)
        consented_by = {owner for owner, day in agreed.items() if day <= authorisation.since}
        absent = sorted(self._owner_parties - consented_by)
        at.require(
            len(self.owners) == 1 or self._enough(consented_by, at),
            "CO_OWNER_CONSENT_REQUIRED",
            missing=absent,
            owners=absent,
        )
        self.record(
            self.PlatformAuthorised,
            at,
            authorisation=authorisation,
            consented_by=tuple(sorted(consented_by)),
        )

    @event(PlatformAuthorised)
    def _platform_authorised(self, authorisation: PlatformAuthorisation) -> None:
        self.platforms = (*self.platforms, authorisation)

    class PlatformAuthorisationEnded(AssetState.Event):
        """The company is authorised no more: its last day."""

        TOPIC: ClassVar[str] = "asset.platform_authorisation_ended"
        TITLE: ClassVar[str] = "终止平台授权"
        company: OrganizationCode = Field(title="平台公司")
        last_day: FactDay = Field(title="授权最后一日")
        reason: Annotated[Text, UNIT] = Field(title="终止授权原因")

    def end_platform(self, company: str, last_day: date, reason: str, at: Occasion) -> None:
        """End an authorisation before its time (C4.7-13). NOT_FOUND where the company has none on that day; STEP_OUT_OF_ORDER on its last."""
        at.cite("C4.7-13")
        known = next((one for one in self.platforms if one.company == company and one.covers(last_day)), None)
        if known is None:
            raise refuse("NOT_FOUND", what=company)
        if known.until == last_day:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.7-13", step="platformAuthorisation", state="ENDED")
        self.record(self.PlatformAuthorisationEnded, at, company=company, last_day=last_day, reason=reason)

    @event(PlatformAuthorisationEnded)
    def _platform_authorisation_ended(self, company: Code, last_day: BusinessDate) -> None:
        self.platforms = tuple(
            one.model_copy(update={"until": last_day})
            if one.company == company and one.covers(last_day)
            else one
            for one in self.platforms
        )
