"""Papers by the events that name them: where each event says so, written down by hand from the forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.recorded import RecordedEvent
from tests.projections.plain.story import Row, Table

SAID: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "annual_result.determined": (("statement", "documentSha256"),),
    "annual_result.restated": (("restatement", "documentSha256"),),
    "asset.appraisal_published": (("publication", "evidenceSha256"),),
    "asset.disposal_consent_recorded": (("consent", "documentSha256"),),
    "asset.preemption_offered": (("offer", "evidenceSha256"),),
    "asset.preemption_answered": (("answer", "evidenceSha256"),),
    "asset.document_archived": (("document", "sha256"),),
    "asset.external_entry_recorded": (("entry", "evidenceSha256"),),
    "asset.herd_count_changed": (("herdChange", "evidenceSha256"),),
    "asset.management_rule_adopted": (("managementRule", "sha256"),),
    "asset.owner_consent_recorded": (("consent", "documentSha256"),),
    "asset.operation_status_reported": (("report", "evidenceSha256"),),
    "cost_guarantee.inability_declared": (("declaration", "evidenceSha256"),),
    "departure_case.signed": (("signature", "paperSha256"),),
    "household_asset.document_archived": (("document", "sha256"),),
    "household_asset.external_entry_recorded": (("entry", "evidenceSha256"),),
    "household_asset.loss_recorded": (("loss", "evidenceSha256"),),
    "income_plan.executed": (("payment", "listSha256"),),
    "income_plan.use_published": (("notice", "evidenceSha256"),),
    "income_sub_account.opened": (("opening", "documentSha256"),),
    "inspection.finding_raised": (("supervisionFinding", "evidenceSha256"),),
    "operator_selection.bid_received": (("bid", "documentSha256"),),
    "operator_selection.opened": (("announcement", "announcementSha256"),),
    "operator_selection.operator_selected": (("choice", "evidenceSha256"),),
    "organization.members_counted": (("roll", "documentSha256"),),
    "organization.representatives_elected": (("roll", "documentSha256"),),
    "organization.rule_adopted": (("rule", "sha256"),),
    "personal_subject.restricted": (("order", "documentSha256"),),
    "personal_subject.restriction_lifted": (("order", "documentSha256"),),
    "personal_subject.hold_released": (("order", "documentSha256"),),
    "personal_subject.erased": (("forgetting", "order", "documentSha256"),),
    "policy_override.granted": (("overrideGrant", "documentSha256"),),
    "procedure.meeting_held": (
        ("meeting", "minutesSha256"),
        ("meeting", "rollSha256"),
        ("meeting", "photos"),
        ("roll", "documentSha256"),
    ),
    "procedure.notice_posted": (("posted", "posting", "evidence"),),
    "public_notice.place_added": (("posting", "evidence"),),
    "public_notice.posted": (("posting", "evidence"),),
    "public_welfare_post.holder_appointed": (("holder", "agreementSha256"),),
    "relief_plan.paid": (("payment", "listSha256"),),
    "relief_plan.proposed": (("content", "lines", "evidenceSha256"),),
    "relief_plan.use_published": (("notice", "evidenceSha256"),),
    "revitalisation_case.closed": (("closing", "evidenceSha256"),),
    "stocktake.lines_recorded": (("lines", "evidenceSha256"),),
    "stocktake.surplus_recorded": (("surplus", "evidenceSha256"),),
}
"""Event → where it names papers."""


def tables(events: list[RecordedEvent]) -> dict[str, Table]:
    """A row for each paper that an event names, once for each asset."""
    return {"paper_naming": [row for event in events for row in rows_of(event)]}


def rows_of(event: RecordedEvent) -> list[Row]:
    kind, _, code = event.stream.partition("-")
    told: list[tuple[str, str, str | None]] = []
    for path in SAID.get(event.type, ()):
        for digest, asset in found(event.data, path, None):
            if (one := (".".join(path), digest, asset)) not in told:
                told.append(one)
    return [
        {
            "county": event.county,
            "ordinal": number,
            "sha256": digest,
            "stream": event.stream,
            "type": event.type,
            "field": field,
            "asset": code if kind in {"asset", "household_asset"} else asset,
            "unit": event.actor.get("organization"),
            "occurred_on": event.occurred_on,
            "position": event.position,
        }
        for number, (field, digest, asset) in enumerate(told)
    ]


def found(value: Any, path: tuple[str, ...], asset: str | None) -> Iterator[tuple[str, str | None]]:
    """What stands at the end of the path, with the asset that the innermost form around it names."""
    if value is None:
        return
    if isinstance(value, list):
        for one in value:
            yield from found(one, path, asset)
    elif path:
        yield from found(value.get(path[0]), path[1:], value.get("asset", asset))
    else:
        yield value, asset
