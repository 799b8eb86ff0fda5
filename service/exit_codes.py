"""What the exit codes of `taizhang` mean, and the errors that carry them.

A command that cannot do its work raises `CommandFailed` with one sentence for the person at the terminal;
`service.cli.main` prints the sentence on stderr and leaves with the code. Nothing else in the program calls `sys.exit`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """Exit codes of every `taizhang` command; scripts may rely on the numbers."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    DATABASE_UNAVAILABLE = 3
    SCHEMA_MISMATCH = 4
    DATA_FOLDER_IN_USE = 5
    INTERRUPTED = 130


MEANINGS: Final[dict[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.REFUSED: "a check failed or the request was refused; nothing was changed",
    ExitCode.USAGE: "wrong arguments or settings",
    ExitCode.DATABASE_UNAVAILABLE: "the database cannot be reached or started",
    ExitCode.SCHEMA_MISMATCH: "the database's schema is newer or older than this code",
    ExitCode.DATA_FOLDER_IN_USE: "another process holds the data folder",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C, SIGTERM or SIGHUP",
}


class CommandFailed(Exception):  # noqa: N818 - named after what happened, as the refusals of the domain are
    """A command cannot do its work; `sentence` says why in one sentence, `exit_code` is what the shell sees."""

    def __init__(self, sentence: str, exit_code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code


class SettingsWrong(CommandFailed):
    """A TAIZHANG_ variable has a value, or a name, that means nothing."""

    def __init__(self, sentence: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(sentence, exit_code)


class DatabaseUnavailable(CommandFailed):
    """The database cannot be started, reached or used; nothing was changed."""

    def __init__(self, sentence: str, exit_code: ExitCode = ExitCode.DATABASE_UNAVAILABLE) -> None:
        super().__init__(sentence, exit_code)
