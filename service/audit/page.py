"""The page of a pack: what an official reads without any program; self-contained, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from service.audit.verify import PAGE_ROWS, TABLES, html_table

_STYLE: Final = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b2733}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #c9d3dd}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}th,td{border:1px solid #c9d3dd;padding:.25rem .5rem;
text-align:left;vertical-align:top}th{background:#e8eef4}td.m,td.n{text-align:right;font-variant-numeric:tabular-nums}
code{background:#eef2f6;padding:0 .3em}@media print{body{margin:0;max-width:none}.wide{overflow:visible}}
"""
_HOW: Final = """
<h2>如何核验</h2>
<p>本审计包可脱离系统核验，无需联网：<code>python3 verify.py 审计包.zip --key 公钥</code>。公钥（或其指纹）应由台账管理单位
另行告知，不取自包内；<code>verify.py</code> 也应取自可信来源。核验内容：签名、每个文件的摘要、每条事件确在已签名的日志中且
未被改动、未遗漏任何一条、各表数字均由事件得出。任何改动都会指出第一处不符的位置。</p>
<p>能证明的：所列事件是日志在上述位置时的全部相关事件，逐字未改。不能证明的：从未记录的事；签名人是否另有一份不同的日志
（可与以前留存的检查点或见证人签名比对）。</p>
<p>“重审”表由台账在制作本包时，按各事件业务日期当日有效的规则（版本与摘要见 <code>manifest.json</code>）重新判定得出。核验程序不重新判定，
只核对该表与签名时的摘要一致，且每一行都对应包内的一条事件；列为“未判定”的，是日志不足以判定的事件。</p>
"""


def page_of(title: str, summary: Sequence[Sequence[str]], tables: Mapping[str, Sequence[list[Any]]]) -> str:
    """The whole page."""
    parts = [
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        '<table id="summary">',
        *(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in summary),
        "</table>",
        _HOW,
    ]
    for name, (heading, _) in TABLES.items():
        rows = tables[name]
        parts.append(f"<h2>{escape(heading)}（{len(rows)} 行）</h2>")
        if len(rows) > PAGE_ROWS:
            parts.append(f"<p>行数较多，见电子表格《交接清册》中的“{escape(heading)}”表。</p>")
        else:
            parts.append(f'<div class="wide">{html_table(name, rows)}</div>')
    parts.append("</body></html>\n")
    return "\n".join(parts)
