"""A bucket of an S3-compatible store as the place of papers: what lies there is encrypted before it is sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from service.clock import utc_now
from service.paper.places import Lying
from service.paper.sealed import NotIntact

if TYPE_CHECKING:
    from obstore.store import S3Config

_AHEAD: Final = 1_048_576
"""Bytes that are asked for at once: frames are read one by one, and each question takes its time."""
_RETRIES: Final = 3
_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """A bucket's address, and the key that asks for it."""

    bucket: str
    prefix: str
    endpoint: str | None
    """None: Amazon's."""
    region: str
    key_id: str | None
    secret: str | None


class PaperBucket:
    """Objects `<prefix>/<county>/<two digits>/<name>` of a bucket. What fails there is an `OSError`."""

    def __init__(self, settings: BucketSettings) -> None:
        self.described = f"s3://{settings.bucket}/{settings.prefix}".rstrip("/")
        config: S3Config = {"region": settings.region, "virtual_hosted_style_request": False}
        if settings.endpoint is not None:
            config["endpoint"] = settings.endpoint
        if settings.key_id is not None and settings.secret is not None:
            config |= {"access_key_id": settings.key_id, "secret_access_key": settings.secret}
        self._store = S3Store(
            settings.bucket,
            prefix=settings.prefix or None,
            config=config,
            client_options={
                "allow_http": (settings.endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=_SECONDS),
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_SECONDS)},
        )

    def begin(self) -> IO[bytes]:
        """A file of this machine without a name: it is gone when it is closed, or when this process is."""
        return tempfile.TemporaryFile()

    def put(self, county: str, name: str, file: IO[bytes]) -> None:
        """Send the file; the bucket shows an object when it has all of it."""
        file.seek(0)
        with _as_os_error():
            obstore.put(self._store, _path(county, name), file, use_multipart=True)

    def discard(self, file: IO[bytes]) -> None:
        """Close it."""
        file.close()

    def reader(self, county: str, name: str) -> Callable[[int, int], bytes]:
        """Reads the object, a mebibyte ahead."""
        path = _path(county, name)
        begins, ahead = 0, b""

        def read_at(offset: int, most: int) -> bytes:
            nonlocal begins, ahead
            if not begins <= offset <= offset + most <= begins + len(ahead):
                begins, ahead = offset, self._range(path, offset, max(most, _AHEAD))
            return ahead[offset - begins : offset - begins + most]

        return read_at

    def _range(self, path: str, offset: int, most: int) -> bytes:
        try:
            with _as_os_error():
                if offset >= obstore.head(self._store, path)["size"]:
                    return b""
                return bytes(obstore.get_range(self._store, path, start=offset, length=most))
        except FileNotFoundError as error:
            raise NotIntact(f"{self.described}/{path} is not there", "MISSING") from error

    def remove(self, county: str, name: str) -> None:
        """Remove the object."""
        with _as_os_error():
            obstore.delete(self._store, _path(county, name))

    def lying(self, county: str) -> Iterator[Lying]:
        """The objects under the county's name."""
        now = utc_now().timestamp()
        with _as_os_error():
            for some in obstore.list(self._store, prefix=county):
                for one in some:
                    yield Lying(one["path"].rpartition("/")[2], now - one["last_modified"].timestamp())

    def unfinished(self, older_than: float) -> list[Path]:  # noqa: ARG002  what was begun here is gone with its process
        """None."""
        return []


def _path(county: str, name: str) -> str:
    return f"{county}/{name[:2]}/{name}"


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        raise OSError(f"{type(error).__name__}: {str(error)[:300]}") from error
