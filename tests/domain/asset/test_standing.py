"""What a paper of a title says, held against the title."""

from __future__ import annotations

from domain.asset.standing import doubts_of_share, doubts_of_title
from tests.examples import (
    DEPARTMENT,
    OTHER_VILLAGE,
    VILLAGE,
    certified,
    confirmed_jointly,
    disposed,
    occasion,
    yuan,
)


def test_a_share_s_certificate_is_doubted_for_each_of_its_reasons() -> None:
    asset = confirmed_jointly()
    number = asset.ownership_certificates[VILLAGE].number
    share = yuan("66666.67")
    assert doubts_of_share(asset, VILLAGE, number, share) == ()
    assert doubts_of_share(asset, VILLAGE, number, yuan("66666.66")) == ("SHARE_CHANGED",)
    assert doubts_of_share(asset, VILLAGE, "旧号", share) == ("REPLACED",)
    assert doubts_of_share(asset, DEPARTMENT, number, share) == ("OTHER_OWNER",)
    assert doubts_of_share(certified(), VILLAGE, number, share) == ("UNCONFIRMED",)
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    assert doubts_of_share(asset, VILLAGE, number, share) == ("TITLE_UNCLEAR",)


def test_a_title_s_certificate_is_its_owner_s_while_the_asset_is_there() -> None:
    assert doubts_of_title(confirmed_jointly(), OTHER_VILLAGE) == ()
    assert doubts_of_title(confirmed_jointly(), DEPARTMENT) == ("OTHER_OWNER",)
    assert doubts_of_title(disposed(), VILLAGE) == ("DISPOSED",)
