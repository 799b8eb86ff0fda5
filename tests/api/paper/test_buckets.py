"""Papers in an S3-compatible store, over HTTP: kept, given out, lost, altered, and a store that does not answer (C4.6-03)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import boto3
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from service.paper.buckets import BucketSettings, PaperBucket
from service.paper.checking import look_at, lost
from tests import papers
from tests.api.paper.conftest import BOUNDS
from tests.api.paper.store import Store
from tests.api.service import COUNTY, Service, running


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3, on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def bucket(endpoint: str) -> Any:
    """The bucket, seen with other hands than the service's."""
    resource = boto3.resource(
        "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    return resource.create_bucket(Bucket="county-papers")


def place(endpoint: str) -> PaperBucket:
    return PaperBucket(BucketSettings("county-papers", "taizhang", endpoint, "us-east-1", "k", "s"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    module_database_url: str, endpoint: str, bucket: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The service with its papers in the bucket."""
    keys = tmp_path_factory.mktemp("keys")
    async with running(
        module_database_url, keys, masters=keys, papers=place(endpoint), paper_bounds=BOUNDS
    ) as one:
        yield one


async def test_paper_lies_encrypted_in_the_bucket_and_comes_back(store: Store, bucket: Any) -> None:
    content = papers.jpeg(data=os.urandom(1_500_000).replace(b"\xff", b"\x00"))
    digest = await store.keep(content)
    assert (await store.fetch(digest)).content == content
    (one,) = list(bucket.objects.all())
    assert one.key.startswith(f"taizhang/{COUNTY}/") and digest not in one.key
    assert content[100:200] not in one.get()["Body"].read()
    for first, last in (
        (0, 9),
        (65_530, 65_545),
        (1_048_570, 1_048_590),
        (len(content) - 3, len(content) - 1),
    ):
        got = await store.fetch(digest, Range=f"bytes={first}-{last}")
        assert (got.status_code, got.content) == (206, content[first : last + 1])
    await store.keep(content, "neighbour")
    assert len(list(bucket.objects.all())) == 1


async def test_lost_and_altered_objects_are_told_apart_and_mended(store: Store, bucket: Any) -> None:
    archive = store.service.app.state.archive
    before = {one.key for one in bucket.objects.all()}
    content = papers.pdf("桶中的文件", padding=70_000)
    digest = await store.keep(content)
    (one,) = [one for one in bucket.objects.all() if one.key not in before]
    stored = one.get()["Body"].read()
    one.put(Body=stored[:-1] + bytes((stored[-1] ^ 1,)))
    paper = await archive.find(COUNTY, digest)
    assert (await look_at(archive, paper))[0] == "ALTERED"
    one.put(Body=b"")
    assert (await look_at(archive, paper))[0] == "ALTERED"
    one.delete()
    assert (await store.fetch(digest)).json()["code"] == "PAPER_NOT_INTACT"
    assert (await archive.find(COUNTY, digest)).state == "MISSING"
    assert [one.sha256 for one in await lost(archive, COUNTY)] == [digest]
    assert await store.keep(content) == digest
    assert (await store.fetch(digest)).content == content
    assert await lost(archive, COUNTY) == []


async def test_store_that_does_not_answer_is_said_to_be_unavailable_and_nothing_is_taken_for_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = store.service.app.state.archive
    content = papers.pdf("存储停机")
    digest = await store.keep(content)
    with monkeypatch.context() as patch:
        patch.setattr("service.paper.buckets._RETRIES", 0)
        patch.setattr(archive, "place", place("http://127.0.0.1:9"))
        for answer in (await store.fetch(digest), await store.send(papers.pdf("新的"))):
            assert (answer.status_code, answer.json()["code"]) == (503, "PAPERS_UNAVAILABLE")
    assert (await archive.find(COUNTY, digest)).state == "INTACT"
    assert await archive.find(COUNTY, papers.sha256(papers.pdf("新的"))) is None
    assert (await store.fetch(digest)).content == content
