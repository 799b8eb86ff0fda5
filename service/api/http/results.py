"""Result of an operation: why it did not succeed, or by its kind an import, an audit pack, webhooks sent again."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from domain.values import BusinessDate, Value
from service.revitalisation.detection import FoundAsset


class OperationProblem(Value):
    """Why an operation did not succeed."""

    code: str = Field(title="代码")
    clause: str | None = Field(default=None, title="条款")
    article: str | None = Field(default=None, title="本县条文")
    quote: str | None = Field(default=None, title="条文原文")
    detail_zh: str = Field(title="说明（中文）")
    detail_en: str = Field(title="说明（英文）")
    missing: tuple[str, ...] = Field(default=(), title="缺少的内容")
    params: dict[str, Any] = Field(default_factory=dict, title="参数")


class SheetColumnRead(Value):
    """A column of the file: its letters, its heading, and the field that it fills."""

    column: str = Field(title="列")
    heading: str = Field(title="表头")
    field: str = Field(title="登记内容")


class SheetColumnUnread(Value):
    """A column of the file that was not read."""

    column: str = Field(title="列")
    heading: str = Field(title="表头")
    suggested: str | None = Field(
        default=None, title="可能对应的登记内容", description="须在列对应中指明后才读取"
    )
    belongs_to: str | None = Field(default=None, title="所属事项", description="不属于登记卡，另行办理")


class SheetWordUnknown(Value):
    """A word in cells that no table knows."""

    column: str = Field(title="列")
    heading: str = Field(title="表头")
    field: str = Field(title="登记内容")
    word: str = Field(title="表中写法")
    rows: int = Field(title="出现行数")
    suggested: tuple[str, ...] = Field(title="可能所指", description="须在写法对应中指明后才采用")


class SheetTable(Value):
    """A further table of the sheet, which is read by its own header."""

    row: int = Field(title="表头行号")
    columns: tuple[SheetColumnRead, ...] = Field(title="已读取的列")
    unread_columns: tuple[SheetColumnUnread, ...] = Field(title="未读取的列")


class SheetRowSkipped(Value):
    """A row of the file that is no asset."""

    row: int = Field(title="行号")
    kind: str = Field(title="行的类型")
    text: str = Field(title="内容")


class SheetTotal(Value):
    """A row of totals with an amount that is not the sum of the rows above it, or below it."""

    row: int = Field(title="行号")
    text: str = Field(title="内容")


class SheetRemark(Value):
    """A cell that was read with less than it could have said."""

    row: int = Field(title="行号")
    column: str = Field(title="列")
    heading: str = Field(title="表头")
    value: str = Field(title="单元格内容")
    read_as: str = Field(title="读作")
    kind: str = Field(title="读取精度")


class RowFault(Value):
    """A reason why a row was not registered, and the cell that it is about."""

    column: str | None = Field(title="列", description="整行的问题为空")
    heading: str | None = Field(title="表头")
    value: str = Field(title="单元格内容")
    code: str = Field(title="代码")
    clause: str | None = Field(title="条款")
    detail_zh: str = Field(title="说明（中文）")
    detail_en: str = Field(title="说明（英文）")
    missing: tuple[str, ...] = Field(title="缺少的内容")


class PossibleDuplicate(Value):
    """A row that may be an asset again which has another name: one project, place, value and year."""

    row: int = Field(title="行号")
    of: str = Field(title="可能重复的行或资产")


class RejectedRow(Value):
    """A row that was not registered."""

    row: int = Field(title="行号")
    reasons: tuple[RowFault, ...] = Field(title="未登记的原因")
    reasons_left_out: int = Field(
        default=0, title="未列出的原因数", description="整个文件的问题过多时每行只列出第一个"
    )


class ImportMilliseconds(Value):
    """Duration of an import's stages."""

    read: int = Field(title="读取毫秒数")
    judge: int = Field(title="判定毫秒数")
    append: int = Field(title="写入毫秒数")


class ImportResult(Value):
    """Result of an import. Of an import that was interrupted after it was stored only the counts are known."""

    batch: str | None = Field(title="批次编号", description="没有登记任何资产的为空")
    sha256: str = Field(title="文件摘要")
    rows: int = Field(title="资产行数")
    ok: int = Field(title="可登记行数")
    rejected: int = Field(title="拒绝行数")
    registered: int = Field(title="已登记项数")
    dry_run: bool = Field(title="是否试运行")
    partial: bool = Field(title="是否只登记无误的行")
    resumed: Literal[True] = Field(default=True, title="中断后恢复", description="只在恢复时给出")
    position: int | None = Field(default=None, title="日志位置")
    sheet: str | None = Field(default=None, title="工作表")
    findings: int = Field(default=0, title="历史检查发现条数")
    columns: tuple[SheetColumnRead, ...] = Field(default=(), title="已读取的列")
    unread_columns: tuple[SheetColumnUnread, ...] = Field(default=(), title="未读取的列")
    layout: str | None = Field(default=None, title="表格版式", description="由各列表头得出，列对应按版式保存")
    mapping: Literal["CHOSEN", "KEPT"] | None = Field(
        default=None, title="所用的列对应", description="CHOSEN 随请求给出；KEPT 沿用上次导入同一版式所用的"
    )
    unresolved_words: tuple[SheetWordUnknown, ...] = Field(default=(), title="未识别的写法")
    further_tables: tuple[SheetTable, ...] = Field(default=(), title="同一工作表中的其他表")
    other_sheets: tuple[str, ...] = Field(default=(), title="未读取的工作表")
    skipped: tuple[SheetRowSkipped, ...] = Field(default=(), title="不是资产的行")
    totals_that_differ: tuple[SheetTotal, ...] = Field(default=(), title="与明细不符的合计行")
    remarks: tuple[SheetRemark, ...] = Field(default=(), title="读取说明")
    remark_count: int = Field(default=0, title="读取说明条数")
    possible_duplicates: tuple[PossibleDuplicate, ...] = Field(default=(), title="可能重复的行")
    refused: tuple[RejectedRow, ...] = Field(default=(), title="未登记的行")
    milliseconds: ImportMilliseconds | None = Field(default=None, title="各阶段用时")


class PackPapers(Value):
    """The papers beside a pack: how many its events name, and how many of them lie in the archive."""

    sha256: str = Field(title="摘要", description="资料压缩包的 SHA-256")
    bytes: int = Field(title="字节数")
    named: int = Field(title="事件引用的资料数")
    there: int = Field(title="所含资料数", description="未上传、丢失、已遗忘的不含")


class PackResult(Value):
    """Result of an order of a pack."""

    sha256: str = Field(title="摘要", description="审计包的 SHA-256")
    bytes: int = Field(title="字节数")
    size: int = Field(title="日志位置", description="审计包所依据的检查点")
    events: int = Field(title="事件数")
    assets: int = Field(title="资产项数")
    first: BusinessDate = Field(title="起始日期", alias="from")
    last: BusinessDate = Field(title="截止日期", alias="to")
    papers: PackPapers | None = Field(default=None, title="所附资料", description="要求附资料时")


class ReplayResult(Value):
    """Number of an endpoint's deliveries that were made pending anew."""

    endpoint: str = Field(title="推送端点编号")
    deliveries: int = Field(title="重新推送条数")


class DetectionResult(Value):
    """Result of a detection of idle and inefficient assets."""

    on: BusinessDate = Field(title="识别日期")
    dry_run: bool = Field(title="是否试运行")
    looked: int = Field(title="已检查项数")
    found: int = Field(title="识别项数")
    already_open: int = Field(title="已在盘活的项数")
    causes: dict[str, int] = Field(title="各原因项数")
    assets: tuple[FoundAsset, ...] = Field(title="识别的资产")
    assets_left_out: int = Field(title="未列出的资产数")


OperationResult = ImportResult | PackResult | ReplayResult | DetectionResult
