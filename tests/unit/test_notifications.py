"""Bucket notifications, good and bad."""

import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records import Event, ObjectRef
from shared.storage.keys import MAX_KEY_BYTES
from streams.notifications import MOST_BYTES, Kind, look, read

NOW = 1_800_000_000.0
BUCKETS = ("images", "more")


def change(key="a.jpg", name="s3:ObjectCreated:Put", bucket="images", **more) -> dict:
    told = {"key": key, "size": 488, "eTag": "f22d", "sequencer": "14E11E32397D42C4"} | more
    return {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "eventTime": "2027-01-15T07:59:50.500Z",
        "eventName": name,
        "s3": {"bucket": {"name": bucket, "arn": "arn:aws:s3:::images"}, "object": told},
    }


def notification(*changes) -> bytes:
    return json.dumps({"EventName": "s3", "Key": "images/a.jpg", "Records": changes}).encode()


def read_now(value: bytes | None):
    return read(value, BUCKETS, NOW)


def test_a_put_is_an_event_with_the_objects_etag_and_size_and_the_time_of_the_change():
    reading = read_now(notification(change()))
    assert reading.events == [Event(ObjectRef("images", "a.jpg"), NOW - 9.5, "f22d", 488)]
    assert (reading.kinds, reading.malformed) == ([Kind.CREATED], None)


@pytest.mark.parametrize("how", ["Put", "Post", "Copy", "CompleteMultipartUpload"])
@pytest.mark.parametrize("prefix", ["s3:", ""])
def test_every_way_of_writing_is_an_event(prefix, how):
    reading = read_now(notification(change(name=f"{prefix}ObjectCreated:{how}", eTag='"f-2"')))
    assert [event.etag for event in reading.events] == ["f-2"]


@pytest.mark.parametrize(
    "name",
    [
        "s3:ObjectRemoved:Delete",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectRemoved:DeleteAllVersions",
        "s3:ObjectRemoved:NoOP",
        "s3:LifecycleDelMarkerExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "s3:LifecycleExpiration:Delete",
    ],
)
def test_every_way_of_vanishing_asks_to_look_again_and_forgets_what_was(name):
    reading = read_now(notification(change(name=name)))
    assert reading.events == [Event(ObjectRef("images", "a.jpg"), NOW - 9.5)]
    assert reading.kinds == [Kind.REMOVED]


@pytest.mark.parametrize(
    "name",
    [
        "s3:ObjectCreated:PutTagging",
        "s3:ObjectCreated:DeleteTagging",
        "s3:ObjectCreated:PutRetention",
        "s3:ObjectCreated:PutLegalHold",
        "s3:ObjectAccessed:Get",
        "s3:ObjectAccessed:Head",
        "s3:Replication:OperationCompletedReplication",
        "s3:ObjectRestore:Completed",
        "s3:ObjectTransition:Complete",
        "s3:Scanner:ManyVersions",
        "s3:BucketRemoved:*",
        "s3:SomethingNew:Tomorrow",
        "",
    ],
)
def test_what_does_not_change_an_objects_bytes_is_counted_and_skipped(name):
    reading = read_now(notification(change(name=name)))
    assert (reading.events, reading.kinds, reading.malformed) == ([], [Kind.IRRELEVANT], None)


def test_several_changes_in_one_notification_are_several_events_in_their_order():
    reading = read_now(
        notification(change("a"), change("b", bucket="other"), change("c", bucket="more"))
    )
    assert [(event.ref.bucket, event.ref.key) for event in reading.events] == [
        ("images", "a"),
        ("more", "c"),
    ]
    assert reading.kinds == [Kind.CREATED, Kind.OTHER_BUCKET, Kind.CREATED]


def test_an_empty_object_that_stands_for_a_folder_is_skipped_but_a_full_one_is_not():
    reading = read_now(notification(change("cats%2F", size=0), change("dogs%2F", size=7)))
    assert [event.ref.key for event in reading.events] == ["dogs/"]
    assert reading.kinds == [Kind.FOLDER_MARKER, Kind.CREATED]


@pytest.mark.parametrize("key", ["cats%2F", "cats/"])
def test_a_folder_that_goes_is_looked_at_as_it_may_have_been_full(key):
    reading = read_now(notification(change(key, name="s3:ObjectRemoved:Delete")))
    assert [event.ref.key for event in reading.events] == ["cats/"]


@pytest.mark.parametrize(
    "key",
    [
        "with space and + plus.jpg",
        "100%2F%25.jpg",
        "😀/é/e\u0301.jpg",
        "trailing ",
        "new\nline",
        "\"quotes' <script>alert(1)</script>",
        "\u202egpj.exe",
        ".hidden",
        "noext",
        "a" * MAX_KEY_BYTES,
    ],
)
def test_keys_come_out_as_they_were_put_in(key):
    reading = read_now(notification(change(quote_plus(key))))
    assert [event.ref.key for event in reading.events] == [key]


@given(st.binary(min_size=1, max_size=200).filter(lambda key: b"\0" not in key))
def test_any_bytes_of_a_key_come_out_as_they_were_put_in(key):
    reading = read_now(notification(change(quote_plus(key))))
    assert [event.ref.key_bytes for event in reading.events] == [key]


@pytest.mark.parametrize("missing", ["size", "eTag", "sequencer"])
def test_a_missing_hint_is_no_fault(missing):
    told = change()
    del told["s3"]["object"][missing]
    assert len(read_now(notification(told)).events) == 1


@pytest.mark.parametrize("odd", [None, "488", -1, 1.5, True, [], {}])
def test_an_odd_hint_is_as_good_as_none(odd):
    [event] = read_now(notification(change(size=odd, eTag=odd and [odd]))).events
    assert (event.size, event.etag) == (None, None)


@pytest.mark.parametrize(
    "told", ["2027-01-16T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "", None, 7, []]
)
def test_a_time_that_cannot_be_counts_as_now(told):
    one = change() | {"eventTime": told}
    assert [event.seen_at for event in read_now(notification(one)).events] == [NOW]


def test_a_clock_that_is_a_little_ahead_never_makes_freshness_negative():
    one = change() | {"eventTime": "2027-01-15T08:00:20Z"}
    assert [event.seen_at for event in read_now(notification(one)).events] == [NOW]


@pytest.mark.parametrize(
    "value",
    [
        b'{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"images"}',
        b'{"EventName":"s3:ObjectCreated:Put","Key":"a","Records":[]}',
    ],
)
def test_what_tells_of_no_change_is_skipped(value):
    reading = read_now(value)
    assert (reading.events, reading.kinds, reading.malformed) == ([], [Kind.NO_CHANGE], None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "no value"),
        (b"", "EOF"),
        (b"null", "object"),
        (b"7", "object"),
        (b"[]", "object"),
        (b"{", "EOF"),
        (b"{}", "Records"),
        (b'{"Records": null}', "Records"),
        (b'{"Records": "a"}', "Records"),
        (b'{"Records": {"0": {}}}', "Records"),
        (b"\xff\xfe{}", "JSON"),
        (b'{"Records": [{"eventName": "\xff"}]}', "JSON"),
        (b'{"Records": [{"eventName": "\\ud800"}]}', "JSON"),
        (b"[" * 100_000, "recursion"),
        (b" " * (MOST_BYTES + 1), "1,048,577 bytes"),
        (b'{"Records": [null]}', "dict"),
        (b'{"Records": [{}]}', "eventName"),
        (notification(change() | {"eventName": 7}), "eventName"),
        (notification(change() | {"s3": []}), "s3"),
        (notification(change(key=None)), "s3.object.key"),
        (notification(change(key=["a"])), "s3.object.key"),
        (notification(change(key="")), "key"),
        (notification(change(key="a%00b")), "key"),
        (notification(change(key="a" * (MAX_KEY_BYTES + 1))), "1,025 bytes"),
        (notification(change(bucket=None)), "s3.bucket.name"),
    ],
)
def test_a_malformed_notification_is_refused_with_its_reason(value, why):
    reading = read_now(value)
    assert (reading.events, reading.kinds) == ([], [Kind.MALFORMED])
    assert why in reading.malformed


def test_one_malformed_change_does_not_hold_the_others_back():
    reading = read_now(notification({}, change("b"), {}))
    assert [event.ref.key for event in reading.events] == ["b"]
    assert reading.kinds == [Kind.MALFORMED, Kind.CREATED, Kind.MALFORMED]
    assert "eventName" in reading.malformed


@given(st.binary(max_size=300))
def test_no_bytes_bring_it_down(value):
    reading = read_now(value)
    assert reading.kinds
    assert (reading.malformed is not None) == (Kind.MALFORMED in reading.kinds)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["s3", "bucket", "object", "key", "name", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(st.one_of(JSON, st.builds(change, key=JSON, name=JSON, bucket=JSON, size=JSON))))
def test_no_json_brings_it_down_and_each_change_is_counted(changes):
    reading = read_now(notification(*changes))
    assert len(reading.kinds) == max(1, len(changes))
    assert len(reading.events) <= len(changes)


@given(
    st.binary(min_size=1, max_size=MAX_KEY_BYTES).filter(lambda key: b"\0" not in key),
    st.none() | st.text(max_size=50),
    st.none() | st.integers(0, 2**63),
    st.floats(0, 1e10),
    st.booleans(),
)
def test_a_look_that_a_comparison_asks_for_comes_out_as_it_was_written(
    key, etag, size, seen_at, again
):
    ref = ObjectRef("images", key.decode("utf-8", "surrogateescape"))
    event = Event(ref, seen_at, etag, size, again)
    reading = read_now(look(event))
    assert (reading.events, reading.kinds) == ([event], [Kind.COMPARED])


def test_a_look_into_a_bucket_of_others_is_left_to_them():
    reading = read_now(look(Event(ObjectRef("theirs", "a.jpg"), NOW)))
    assert (reading.events, reading.kinds) == ([], [Kind.OTHER_BUCKET])


@pytest.mark.parametrize(
    "odd", [{"key": ""}, {"key": "%00"}, {"size": -1}, {"seen_at": "now"}, {"bucket": None}]
)
def test_a_look_that_cannot_be_is_refused(odd):
    told = json.loads(look(Event(ObjectRef("images", "a.jpg"), NOW)))["look"]
    reading = read_now(json.dumps({"look": told | odd}).encode())
    assert (reading.events, reading.kinds) == ([], [Kind.MALFORMED])
