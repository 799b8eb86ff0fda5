"""The document store as the settings say: where it is, and how much it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from service.database.database import Database
from service.exit_codes import SettingsWrong
from service.paper.archive import PaperBounds
from service.paper.buckets import BucketSettings, PaperBucket
from service.paper.places import PaperFolder, PaperPlace
from service.settings import Settings

_S3: Final = "s3://"


def place_of(settings: Settings, database: Database, keys: Path) -> PaperPlace:
    """Where papers are kept: TAIZHANG_PAPERS, else with the data, else (a database elsewhere) beside the keys."""
    if settings.papers is not None and settings.papers.startswith(_S3):
        return PaperBucket(_bucket(settings, settings.papers))
    if settings.papers is not None:
        return PaperFolder(Path(settings.papers))
    if database.data_folder is not None:
        return PaperFolder(database.data_folder / "papers")
    return PaperFolder(keys.with_name("taizhang-papers"))


def _bucket(settings: Settings, place: str) -> BucketSettings:
    bucket, _, prefix = place.removeprefix(_S3).partition("/")
    return BucketSettings(
        bucket=bucket,
        prefix=prefix.strip("/"),
        endpoint=settings.papers_endpoint,
        region=settings.papers_region,
        key_id=settings.papers_key_id,
        secret=_secret(settings),
    )


def _secret(settings: Settings) -> str | None:
    if settings.papers_secret is not None:
        return settings.papers_secret.get_secret_value()
    path = settings.papers_secret_file
    if path is None:
        return None
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsWrong(
                f"TAIZHANG_PAPERS_SECRET_FILE can be read by others than its owner: chmod 600 {path}."
            )
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsWrong(f"TAIZHANG_PAPERS_SECRET_FILE cannot be read: {error.strerror}.") from None


def bounds_of(settings: Settings) -> PaperBounds:
    """How much is kept, and for whom."""
    return PaperBounds(
        largest=settings.papers_largest << 20,
        in_sum=settings.papers_in_sum << 30,
        unnamed=settings.papers_unnamed,
        unnamed_days=settings.papers_unnamed_days,
    )
