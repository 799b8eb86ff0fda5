"""Meaning of the exit codes of `taizhang`.

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
    SIGNER_UNKNOWN = 6
    OTHER_FORMAT = 7
    NOT_AN_ARCHIVE = 10
    ARCHIVE_CUT_OFF = 11
    ARCHIVE_SURPLUS = 12
    ARCHIVE_TOO_MANY_FILES = 13
    ARCHIVE_FILE_NAME = 14
    ARCHIVE_NAME_TWICE = 15
    ARCHIVE_ENCRYPTED = 16
    ARCHIVE_METHOD = 17
    ARCHIVE_ZIP64 = 18
    ARCHIVE_TOO_LARGE = 19
    ARCHIVE_RATIO = 20
    ARCHIVE_SIZE_IS_ANOTHER = 21
    ARCHIVE_NOT_A_FILE = 22
    ARCHIVE_HEADER = 23
    INTERRUPTED = 130


MEANINGS: Final[dict[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.REFUSED: "a check failed or the request was refused; nothing was changed",
    ExitCode.USAGE: "wrong arguments or settings",
    ExitCode.DATABASE_UNAVAILABLE: "the database cannot be reached or started",
    ExitCode.SCHEMA_MISMATCH: "the database's schema is newer or older than this code",
    ExitCode.DATA_FOLDER_IN_USE: "another process holds the data folder",
    ExitCode.SIGNER_UNKNOWN: "everything fits together, but no key was named: anybody could have signed it",
    ExitCode.OTHER_FORMAT: "a pack of another version of the format; the verifier inside it knows it",
    ExitCode.NOT_AN_ARCHIVE: "not a zip archive",
    ExitCode.ARCHIVE_CUT_OFF: "an archive that was cut off",
    ExitCode.ARCHIVE_SURPLUS: "an archive with bytes that belong to no file of it",
    ExitCode.ARCHIVE_TOO_MANY_FILES: "an archive of more files than a pack has",
    ExitCode.ARCHIVE_FILE_NAME: "an archive with a name that no file has",
    ExitCode.ARCHIVE_NAME_TWICE: "an archive with a name twice, or twice but for its spelling",
    ExitCode.ARCHIVE_ENCRYPTED: "an encrypted archive",
    ExitCode.ARCHIVE_METHOD: "an archive packed in another way than packs are",
    ExitCode.ARCHIVE_ZIP64: "an archive with sizes in the long form, which no pack needs",
    ExitCode.ARCHIVE_TOO_LARGE: "an archive of more bytes than a pack may have",
    ExitCode.ARCHIVE_RATIO: "an archive packed more tightly than a pack can be",
    ExitCode.ARCHIVE_SIZE_IS_ANOTHER: "an archive with a file of another size than it says",
    ExitCode.ARCHIVE_NOT_A_FILE: "an archive with a link, a folder or a device",
    ExitCode.ARCHIVE_HEADER: "an archive whose headers are not those of a pack",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C, SIGTERM or SIGHUP; a service that is stopped by them is done (0)",
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
