"""What a search asks, read from a query string, a form or JSON."""

import base64
from typing import Any

import pytest

from search_api.fields import Fields, from_json, from_multipart, from_query
from search_api.inputs import linked_fields, read_search, together
from search_api.links import content_path
from search_api.problems import Problem
from shared.images.boxes import Box
from shared.records import ObjectFilter, ObjectRef

ID = "ab" * 32
FORM = "multipart/form-data; boundary=XX"


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--XX\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def status_of(fields: Fields) -> int:
    with pytest.raises(Problem) as refused:
        read_search(fields)
    return int(refused.value.status)


def test_a_form_gives_its_picture_byte_for_byte():
    data = bytes(range(256)) * 40 + b"\r\n--X\r\n-"
    fields = from_multipart(
        part("image", data, "a.jpg") + part("limit", b"3") + b"--XX--\r\n", FORM
    )
    assert fields == {"image": [data], "limit": ["3"]}


def test_a_browsers_empty_file_field_is_no_picture():
    assert from_multipart(part("image", b"", "") + b"--XX--\r\n", FORM) == {}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (part("image", b"data", "a.jpg"), FORM),
        (b"nothing of the kind", FORM),
        (part("image", b"data") + b"--XX--", "multipart/form-data"),
        (b"--XX\r\nContent-Disposition", FORM),
        (b"".join(part(f"f{n}", b"") for n in range(101)) + b"--XX--\r\n", FORM),
    ],
    ids=["ends early", "no form", "no boundary", "cut in a header", "too many fields"],
)
def test_a_malformed_form_is_a_400(body, content_type):
    with pytest.raises(Problem) as refused:
        from_multipart(body, content_type)
    assert refused.value.status == 400


def test_a_malformed_form_writes_nothing_into_the_log(caplog):
    with pytest.raises(Problem):
        from_multipart(b"--XY\r\n\r\n", "multipart/form-data; boundary=XX")
    assert caplog.records == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"limit": 1, "limit": 2}',
        b'{"object": {"key": "a", "key": "b"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\xff",
        b'{"limit": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_malformed_json_is_a_400(body):
    with pytest.raises(Problem) as refused:
        from_json(body)
    assert refused.value.status == 400


def test_json_null_is_as_if_it_were_not_there():
    assert from_json(b'{"image_id": "x", "cursor": null}') == {"image_id": ["x"]}


def test_a_link_names_an_object_by_bucket_and_key():
    fields = linked_fields(from_query(b"bucket=cats&key=a%2Fb%2520c+d&bucket=dogs&utm=1"))
    asked = read_search(fields)
    assert asked.source == ObjectRef("cats", "a/b%20c d")
    assert asked.parameters.where == ObjectFilter(("dogs",))


def test_a_link_keeps_a_key_that_is_not_utf_8():
    asked = read_search(linked_fields(from_query(b"bucket=b&key=caf%E9")))
    assert isinstance(asked.source, ObjectRef)
    assert asked.source.key_bytes == b"caf\xe9"
    assert content_path(asked.source) == "/v1/content/b/caf%E9"


def test_query_string_and_body_count_together():
    assert status_of(together({"image_id": [ID]}, {"image": [b"data"]})) == 400


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:;BASE64,"])
def test_base64_may_be_wrapped_and_may_be_a_data_uri(prefix):
    data = bytes(range(200))
    asked = read_search({"base64": [prefix + base64.encodebytes(data).decode()]})
    assert asked.source == data


@pytest.mark.parametrize(
    "text", ["a", "%%%%", "====", "data:image/png,abcd", "data:image/png;base64", "é"]
)
def test_bad_base64_is_a_400(text):
    assert status_of({"base64": [text]}) == 400


@pytest.mark.parametrize(
    "value",
    [
        "b/k",
        {"bucket": "b"},
        {"bucket": "", "key": "k"},
        {"bucket": "b", "key": 7},
        {"bucket": "b", "key": "k", "more": 1},
        {"bucket": "b", "key": "\ud800"},
    ],
)
def test_an_object_is_a_bucket_and_a_key_and_nothing_else(value):
    assert status_of({"object": [value]}) == 400


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("image_id", 7, 400),
        ("image", "text", 400),
        ("image_id", "unknown", 404),
        ("image_id", ID + "\n", 404),
        ("url", 7, 400),
    ],
)
def test_an_input_of_the_wrong_kind_is_told_so(name, value, status):
    assert status_of({name: [value]}) == status


def parameters(**values: Any) -> Any:
    return read_search({"image_id": [ID], **{k: [v] for k, v in values.items()}}).parameters


def test_parameters_have_their_defaults():
    asked = parameters()
    assert (asked.limit, asked.min_similarity, asked.cursor, asked.box) == (10, 0.0, None, None)
    assert not asked.where


def test_a_box_is_four_shares_of_the_picture_and_the_whole_is_none():
    assert parameters(box="0.1,0.2,0.3,0.4").box == Box(0.1, 0.2, 0.3, 0.4)
    assert parameters(box=[0.1, 0.2, 0.3, 0.4]).box == Box(0.1, 0.2, 0.3, 0.4)
    assert parameters(box="0,0,1,1").box is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", v) for v in ("0", "-1", "NaN", "1e9", "1000000000", "1.5", "", True, [1])),
        *(("min_similarity", v) for v in ("-0.1", "1.1", "nan", "inf", "x", True)),
        *(("box", v) for v in ("", "1,2", "0,0,0,1", "0.5,0.5,0.6,0.1", "nan,0,1,1", [0, 0], {})),
        *(("cursor", v) for v in ("", "abc", 7)),
        ("prefix", 7),
        ("bucket", 7),
        ("limits", "1"),
    ],
)
def test_a_parameter_out_of_range_is_a_422_that_names_it(name, value):
    with pytest.raises(Problem) as refused:
        read_search({"image_id": [ID], name: [value]})
    assert refused.value.status == 422
    assert refused.value.detail.startswith(name)


def test_a_parameter_given_twice_is_a_400():
    assert status_of({"image_id": [ID], "limit": ["1", "2"]}) == 400
