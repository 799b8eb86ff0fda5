"""Notices that nothing waits for: posted with evidence, objected to, answered (C3-04, C3-05)."""

from __future__ import annotations

from datetime import date

from domain.procedure.notice import MAX_OPEN_OBJECTIONS
from domain.procedure.public_notice import Announcement, PublicNotice
from tests.domain.saying import nothing, recorded, refused
from tests.examples import ASSET, TOWNSHIP, VILLAGE
from tests.procedures import by, on, posting

ABOUT = Announcement(stage="OWNERSHIP", asset=ASSET, title="村道确权公告")
SHEET = posting("OWNER_LOCATION", VILLAGE, date(2022, 3, 3))


def posted() -> PublicNotice:
    notice = PublicNotice.post("N-1", ABOUT, SHEET, by(VILLAGE), on(2022, 3, 3))
    notice.collect_events()
    return notice


def test_it_is_posted_with_evidence() -> None:
    notice = PublicNotice.post("N-1", ABOUT, SHEET, by(VILLAGE), on(2022, 3, 3))
    assert recorded(notice, PublicNotice.Posted).announcement == ABOUT
    assert (notice.unit, notice.postings) == (VILLAGE, (SHEET,))
    with refused("NOTICE_EVIDENCE_MISSING", missing=["evidence"]):
        bare = SHEET.model_copy(update={"evidence": ()})
        PublicNotice.post("N-2", ABOUT, bare, by(VILLAGE), on(2022, 3, 3))


def test_it_hangs_at_more_places() -> None:
    notice = posted()
    more = posting("TOWNSHIP", TOWNSHIP, date(2022, 3, 4))
    with refused("FORBIDDEN", notice):
        notice.add_place(more, by(TOWNSHIP), on(2022, 3, 4))
    notice.add_place(more, by(VILLAGE), on(2022, 3, 4))
    assert recorded(notice, PublicNotice.PlaceAdded).posting == more
    notice.add_place(more, by(VILLAGE), on(2022, 3, 4))
    nothing(notice)


def test_anybody_is_heard_and_answered() -> None:
    notice = posted()
    notice.file_suggestion("写清楚些", None, on(2022, 3, 5))
    assert recorded(notice, PublicNotice.SuggestionFiled).text == "写清楚些"
    notice.file_objection("面积不对", "乡亲", on(2022, 3, 5))
    assert recorded(notice, PublicNotice.ObjectionFiled).objection.number == 1
    with refused("FORBIDDEN", notice):
        notice.resolve_objection(1, by(TOWNSHIP), "DISMISSED", "已核", on(2022, 3, 6))
    with refused("NOT_FOUND", notice):
        notice.resolve_objection(2, by(VILLAGE), "DISMISSED", "已核", on(2022, 3, 6))
    notice.resolve_objection(1, by(VILLAGE), "UPHELD", "已更正", on(2022, 3, 6))
    assert recorded(notice, PublicNotice.ObjectionResolved).outcome == "UPHELD"
    with refused("NOT_FOUND", notice):
        notice.resolve_objection(1, by(VILLAGE), "DISMISSED", "已核", on(2022, 3, 6))


def test_a_flood_is_dammed() -> None:
    notice = posted()
    notice.file_objection("面积不对", None, on(2022, 3, 5))
    first = notice.objections["1"]
    notice.objections = {
        str(n): first.model_copy(update={"number": n}) for n in range(1, MAX_OPEN_OBJECTIONS + 1)
    }
    with refused("TOO_MANY_ITEMS", notice):
        notice.file_objection("又来", None, on(2022, 3, 5))


def test_objection_that_is_entered_late_has_a_number_of_its_own() -> None:
    """On its day there was no other: the number counts over all days."""
    notice = posted()
    notice.file_objection("面积不对", None, on(2022, 3, 9))
    notice.stand_on(date(2022, 3, 5))
    notice.file_objection("地点不对", None, on(2022, 3, 5))
    notice.stand_on(None)
    assert {number: one.filed_on.day for number, one in notice.objections.items()} == {"1": 9, "2": 5}
