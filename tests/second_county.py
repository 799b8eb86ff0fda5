"""A second county by data alone: 乌恰县 beside the packaged one, with what it does differently. Its villages are invented."""

from __future__ import annotations

from pathlib import Path
from typing import Final

COUNTY: Final = "653024"
TOWNSHIP: Final = "653024100000"
VILLAGE: Final = "653024100201"

POLICY: Final = """
county = "653024"
name = "乌恰县"
based_on = "653022"

[[version]]
number = 1
document_no = "乌政办发〔2021〕9号"
title = "关于扶贫资产管理的实施意见"
issued_on = 2021-08-01
reason = "印发。"
article = "C0-02"
in_force_from = 2021-08-01
"""

THRESHOLD: Final = """
[[parameter]]
id = "P01"
name = "disposal.majorThreshold"
zh = "重大处置限额（含本数）"
unit = "YUAN"
value = "50000.00"
anchor = "本县规定"
article = "C4.12-04"
in_force_from = 2021-08-01
"""

NOTICE_AND_PROCEEDS: Final = """
[[parameter]]
id = "P06"
name = "notice.period"
zh = "公示期计算"
value = { days = 15, counting = "CALENDAR_DAYS", posting_day_counts = false, rest_day_rolls = true }
anchor = "本县规定"
article = "C4.5-06"
in_force_from = 2021-08-01

[[parameter]]
id = "P24"
name = "proceeds.use"
zh = "处置所得的决定与归属"
value = { allocator = "OWNER", legal_owner_recorded = true }
anchor = "本县规定：处置所得归村集体"
article = "C4.12-07"
in_force_from = 2021-08-01
"""

DIVISIONS: Final = """code,name,level,parent_code
653024000000,乌恰县,county,
653024100000,乌恰镇,township,653024000000
653024100201,库勒阿日克村委会,village,653024100000
653024100202,托云巴什村委会,village,653024100000
653024101000,康苏镇,township,653024000000
653024101201,康西村委会,village,653024101000
"""


def write_second_county(folder: Path) -> Path:
    """Write the county's data under a folder; gives the county's own folder."""
    place = folder / COUNTY
    place.mkdir()
    (place / "policy.toml").write_text(POLICY, "utf-8")
    (place / "parameters.toml").write_text(THRESHOLD + NOTICE_AND_PROCEEDS, "utf-8")
    (place / "divisions.csv").write_text(DIVISIONS, "utf-8")
    return place
