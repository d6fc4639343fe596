"""Rejections and reconciling by hand on a bucket, where no worker runs."""

import pytest

from tests.system.buckets import Bucket


@pytest.fixture
def bucket(ready_settings) -> Bucket:
    return Bucket(ready_settings)


def test_a_full_bucket_is_taken_up_by_hand_and_the_second_time_nothing_differs(bucket, pictures):
    for number in range(5):
        bucket.put(f"a b+{number}/ü.jpg", pictures.one())
    bucket.put("broken.jpg", b"no picture")
    bucket.put("folder/", b"")

    counted = bucket.told("reconcile", "--dry-run")
    first, second = bucket.told("reconcile"), bucket.told("reconcile")

    assert (counted["added"], counted["unchanged"]) == (6, 0)
    assert (first["added"], first["rejected"], first["in_motion"]) == (6, 1, 0)
    assert (second["added"], second["unchanged"], second["rejected"]) == (0, 6, 0)


def test_a_rejection_is_listed_and_tried_again_as_the_object_is_now(bucket, pictures):
    bucket.put("later.jpg", b"not yet")
    bucket.put("never.jpg", b"")
    bucket.run("reconcile")

    listed = {row["key"]: row["reason"] for row in bucket.told("rejections", "list")}
    assert listed == {"later.jpg": "not_a_picture", "never.jpg": "empty"}
    assert bucket.told("rejections", "retry", "--reason", "broken") == {}
    assert bucket.told("rejections", "retry") == {"rejected": 2}

    bucket.put("later.jpg", pictures.one())
    told = bucket.run("rejections", "retry").stdout

    assert "1 indexed" in told
    assert "1 rejected" in told
    assert [row["key"] for row in bucket.told("rejections", "list")] == ["never.jpg"]


@pytest.mark.parametrize("verb", [["reconcile"], ["rejections", "retry"]])
def test_a_bucket_that_is_none_of_the_stores_is_refused(bucket, verb):
    told = bucket.run(*verb, "--bucket", "another", exit_code=2).stderr

    assert "--bucket" in told
    assert "SEENIT_BUCKETS" in told
