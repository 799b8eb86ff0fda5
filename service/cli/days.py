"""Days and moments as options of a command: read, or the command fails as one that was called wrongly."""

from __future__ import annotations

from datetime import UTC, date, datetime

from service.exit_codes import CommandFailed, ExitCode


def day_of(option: str, text: str) -> date:
    """A business day of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{option} {text}: a date is YYYY-MM-DD (日期不对).", ExitCode.USAGE) from error


def day_if_given(option: str, text: str | None) -> date | None:
    """A business day of an option; None where it was left out."""
    return None if text is None else day_of(option, text)


def moment_if_given(option: str, text: str | None) -> datetime | None:
    """A moment of an option, in UTC; None where it was left out."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandFailed(
            f"{option} {text}: a moment with offset, RFC 3339 (时刻须带时区).", ExitCode.USAGE
        )
    return moment.astimezone(UTC)
