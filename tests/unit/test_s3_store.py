"""What an S3 store's answers are taken for: by a server that says what each test tells it."""

import io
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    ConfigurationError,
    ObjectGone,
    Reason,
    Rejected,
    TransientError,
)
from shared.records import ObjectRef
from shared.settings import load_settings
from shared.storage.open import open_links, open_store
from shared.storage.s3.user_keys import decode_user_key, encode_user_key

REF = ObjectRef("images", "a.jpg")
STATE = b'ETag: "e1"\r\nLast-Modified: Sat, 21 Nov 2026 13:08:41 GMT\r\n'


class Script:
    """Answers request by request with the bytes it was given; None ends the connection."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[str] = []
        self.connections = 0
        self._answers: list[bytes | None] = []
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def then(self, *answers: bytes | None) -> "Script":
        self._answers += answers
        return self

    def close(self) -> None:
        self._server.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._server.accept()[0]
                if self._tls:
                    try:
                        connection = self._tls.wrap_socket(connection, server_side=True)
                    except ssl.SSLError:
                        continue
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as incoming:
            while line := incoming.readline():
                while incoming.readline().strip():
                    pass
                self.requests.append(line.decode().rsplit(" ", 1)[0])
                answer = self._answers.pop(0) if self._answers else None
                if answer is None:
                    return
                connection.sendall(answer)
                if b"\nConnection: close" in answer:
                    return


def answer(
    status: int, body: bytes = b"", headers: bytes = b"", length: int | None = None
) -> bytes:
    length = len(body) if length is None else length
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, length, headers, body)


def refusal(status: int, code: str, message: str = "no", headers: bytes = b"") -> bytes:
    xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return answer(status, xml.encode(), headers)


def listing(*keys: str, token: str | None = None, truncated: bool = False, size: int = 5) -> bytes:
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-11-21T13:08:41.856Z</LastModified>"
        f"<ETag>&#34;e1&#34;</ETag><Size>{size}</Size></Contents>"
        for key in keys
    )
    end = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType>{end}"
        f"<IsTruncated>{'true' if token or truncated else 'false'}</IsTruncated>"
        f"{entries}</ListBucketResult>"
    ).encode()


def configured(port: int = 1, **changes: str):
    given = {
        "storage_url": f"s3://127.0.0.1:{port}?secure=false",
        "s3_access_key": "key",
        "s3_secret_key": "secret",
        "catalog_url": "sqlite:////nowhere",
    }
    return load_settings(**given | changes)


@pytest.fixture
def script():
    """A server that has let the store be opened."""
    server = Script().then(answer(200))
    yield server
    server.close()


@pytest.fixture
def store(script):
    return open_store(configured(script.port))


def test_an_object_is_read_with_one_request_whose_headers_are_its_state(store, script):
    headers = STATE + b"x-amz-meta-key: sku-1\r\nx-amz-version-id: v7\r\n"
    script.then(answer(200, b"hello", headers))
    found = store.read(REF, 5)
    assert (found.data, found.image_id[:8]) == (b"hello", "2cf24dba")
    assert found.stat.last_modified == datetime(2026, 11, 21, 13, 8, 41, tzinfo=UTC)
    assert (found.stat.etag, found.stat.size) == ("e1", 5)
    assert (found.stat.user_key, found.stat.version_id) == ("sku-1", "v7")
    assert script.requests == ["HEAD /images", "GET /images/a.jpg"]
    assert script.connections == 1, "the connection was kept"


def test_half_a_body_is_trouble_and_never_a_digest(store, script):
    script.then(answer(200, b"hel", STATE + b"Connection: close\r\n", length=5))
    with pytest.raises(TransientError):
        store.read(REF, 5)


def test_a_body_of_unknown_length_is_read_to_its_end_or_to_the_cap(store, script):
    head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n" + STATE + b"\r\n"
    whole = head + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    script.then(whole, whole, head + b"3\r\nhel\r\n", None)
    assert store.read(REF, 5).data == b"hello"
    assert store.read(REF, 5).stat.size == 5
    with pytest.raises(Rejected) as rejection:
        store.read(REF, 2)
    assert rejection.value.reason is Reason.TOO_MANY_BYTES


def test_a_large_object_is_refused_before_its_body_is_read(store, script):
    script.then(answer(200, b"", STATE, length=10**12), answer(200, b"ok", STATE))
    with pytest.raises(Rejected) as rejection:
        store.read(REF, 100)
    assert rejection.value.reason is Reason.TOO_MANY_BYTES
    assert store.read(REF, 100).data == b"ok", "on a connection of its own"


def test_a_connection_that_the_server_has_ended_is_replaced(store, script):
    script.then(answer(200, b"one", STATE), None, answer(200, b"two", STATE))
    assert store.read(REF, 5).data == b"one"
    assert store.read(REF, 5).data == b"two"
    assert script.connections == 2


def test_silence_is_trouble(store, script, monkeypatch):
    monkeypatch.setattr("shared.storage.s3.connections.READ_S", 0.2)
    script.then(None, b"")  # ends the first connection; the next one hears nothing
    with pytest.raises(TransientError):
        store.stat(REF)


@pytest.fixture
def tls(tmp_path):
    """The server's side of TLS, with a certificate that nobody knows, and that certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=seenit"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.mark.skipif(shutil.which("openssl") is None, reason="NO openssl HERE: TLS NOT TESTED")
def test_tls_is_spoken_to_those_whose_certificate_is_trusted(tls, monkeypatch):
    context, certificate = tls
    script = Script(context).then(answer(200), answer(200, b"hello", STATE))
    settings = configured(storage_url=f"s3://127.0.0.1:{script.port}")
    with pytest.raises(TransientError, match="certificate"):
        open_store(settings).stat(REF)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert open_store(settings).read(REF, 5).data == b"hello"
    assert script.requests == ["HEAD /images", "GET /images/a.jpg"]
    script.close()


def test_nonsense_is_trouble(store, script):
    script.then(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    with pytest.raises(TransientError):
        store.stat(REF)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDenied"),
        (403, "InvalidAccessKeyId"),
        (403, "RequestTimeTooSkewed"),
        (403, "SignatureDoesNotMatch"),
        (404, "NoSuchBucket"),
        (400, "InvalidRequest"),
        (500, "InternalError"),
        (503, "SlowDown"),
        (503, "XMinioServerNotInitialized"),
        (301, "PermanentRedirect"),
    ],
)
def test_what_an_operator_may_mend_is_waited_for(store, script, status, code):
    script.then(answer(status), *[refusal(status, code)] * 5)
    for call in (
        lambda: store.stat(REF),
        lambda: store.read(REF, 100),
        lambda: list(store.list("images")),
    ):
        with pytest.raises(TransientError, match=code if code != "NoSuchBucket" else "images"):
            call()


def test_a_busy_store_says_when_to_come_back(store, script):
    script.then(refusal(503, "SlowDown", headers=b"Retry-After: 30\r\n"))
    with pytest.raises(TransientError) as trouble:
        store.read(REF, 100)
    assert trouble.value.retry_after == 30


def test_a_missing_object_is_told_from_a_missing_bucket_where_head_does_not_say(store, script):
    script.then(answer(404), refusal(404, "NoSuchKey"))
    with pytest.raises(ObjectGone):
        store.stat(REF)
    script.then(answer(404), refusal(404, "NoSuchBucket"))
    with pytest.raises(TransientError):
        store.stat(REF)
    script.then(answer(404), answer(200, b"hello", STATE))
    assert store.stat(REF).size == 5, "it has just come back"


def test_an_archived_object_is_told_and_can_not_be_read(store, script):
    script.then(answer(200, b"", STATE, length=5))
    assert store.stat(REF).size == 5
    script.then(refusal(403, "InvalidObjectState"))
    with pytest.raises(Rejected) as rejection:
        store.read(REF, 100)
    assert rejection.value.reason is Reason.UNREADABLE


def test_an_object_encrypted_by_its_owner_is_told_by_the_listing_and_can_not_be_read(store, script):
    encrypted = refusal(400, "InvalidRequest", "stored using a form of Server Side Encryption")
    script.then(answer(400), encrypted, answer(200, listing("a.jpg", "a.jpg2")))
    assert store.stat(REF).size == 5
    script.then(encrypted)
    with pytest.raises(Rejected) as rejection:
        store.read(REF, 100)
    assert rejection.value.reason is Reason.UNREADABLE
    script.then(answer(400), encrypted, answer(200, listing("a.jpg2")))
    with pytest.raises(ObjectGone):
        store.stat(REF)


def test_an_object_that_is_denied_is_told_by_the_listing_and_can_not_be_read(store, script):
    denied, listed = refusal(403, "AccessDenied"), answer(200, listing("a.jpg", "a.jpg2"))
    script.then(answer(403), denied, listed)
    assert store.stat(REF).size == 5
    script.then(denied, listed)
    with pytest.raises(Rejected, match="AccessDenied") as rejection:
        store.read(REF, 100)
    assert rejection.value.reason is Reason.UNREADABLE
    gone = answer(200, listing("a.jpg2"))
    script.then(answer(403), denied, gone, denied, gone)
    for call in (lambda: store.stat(REF), lambda: store.read(REF, 100)):
        with pytest.raises(ObjectGone):
            call()


def test_a_listing_goes_on_page_by_page_as_it_is_asked_for(store, script):
    script.then(answer(200, listing("x+ya", token="t=1")), answer(200, listing("x+yb")))
    found = store.list("images", "x y")
    assert script.requests == ["HEAD /images"], "nothing is asked before it is needed"
    assert next(found).ref.key == "x ya"
    assert len(script.requests) == 2
    assert [stat.ref.key for stat in found] == ["x yb"]
    first, second = (parse_qs(urlsplit(line).query) for line in script.requests[1:])
    assert first["prefix"] == second["prefix"] == ["x y"]
    assert second["continuation-token"] == ["t=1"]


def test_a_listing_tells_keys_sizes_and_times_as_head_does(store, script):
    script.then(
        answer(200, listing("a.jpg", "b+c", token="t")),
        answer(200, listing("d%2Be", "folder/")),
        answer(200, b"", STATE, length=5),
    )
    found = list(store.list("images"))
    assert [stat.ref.key for stat in found] == ["a.jpg", "b c", "d+e", "folder/"]
    assert found[0] == store.stat(REF)


def test_a_page_of_the_longest_keys_there_can_be_is_read(store, script):
    keys = [f"{number:04}" + "\u00e9" * 510 for number in range(1000)]
    script.then(answer(200, listing(*map(quote, keys))))
    assert [stat.ref.key for stat in store.list("images")] == keys


@pytest.mark.parametrize(
    "second",
    [
        answer(200, listing("c")[:-20]),
        answer(200, listing("c"), length=10_000, headers=b"Connection: close\r\n"),
        answer(200, b"<html>a proxy's page</html>"),
        answer(200, b"<ListBucketResult/>"),
        answer(200, listing("c", truncated=True)),
        answer(200, listing("c").replace(b"false", b"")),
        answer(200, listing("c").replace(b"<Size>5", b"<Size>five")),
        answer(200, listing("a", "c")),
        answer(200, listing("b")),
        answer(200, listing("d", "c")),
        refusal(404, "NoSuchBucket"),
        refusal(503, "SlowDown"),
        None,
    ],
)
def test_a_listing_that_breaks_raises_and_never_just_ends(store, script, second):
    script.then(answer(200, listing("a", "b", token="t")), second, second)
    found = store.list("images")
    assert [next(found).ref.key, next(found).ref.key] == ["a", "b"]
    with pytest.raises(TransientError):
        list(found)


def test_a_zero_byte_folder_is_nothing(store, script):
    ref = ObjectRef("images", "folder/")
    script.then(answer(200, listing("folder/", "folder/a", size=0)))
    assert [stat.ref.key for stat in store.list("images")] == ["folder/a"]
    script.then(answer(200, listing("folder/", size=0)))
    with pytest.raises(ObjectGone):
        store.stat(ref)


def test_a_key_that_a_server_may_take_for_another_is_looked_up_in_the_listing(store, script):
    ref = ObjectRef("images", "/a.jpg")
    script.then(answer(200, listing()))
    with pytest.raises(ObjectGone):
        store.read(ref, 100)
    script.then(answer(200, listing("/a.jpg")), answer(200, b"hello", STATE))
    assert store.read(ref, 100).data == b"hello", "where the store has it"
    assert script.requests[-1] == "GET /images//a.jpg"


def test_nothing_is_asked_of_a_bucket_that_is_not_configured(store, script):
    ref = ObjectRef("others", "a.jpg")
    assert list(store.list("others")) == []
    for call in (lambda: store.stat(ref), lambda: store.read(ref, 1)):
        with pytest.raises(ObjectGone):
            call()
    assert not store.remove(ref)
    with pytest.raises(ConfigurationError, match="--bucket"):
        store.put(ref, io.BytesIO(b"x"))
    assert script.requests == ["HEAD /images"]


@pytest.mark.parametrize(
    ("code", "option"),
    [
        ("NoSuchBucket", "SEENIT_BUCKETS"),
        ("InvalidAccessKeyId", "SEENIT_S3_ACCESS_KEY"),
        ("AccessDenied", "SEENIT_S3_ACCESS_KEY"),
        ("SignatureDoesNotMatch", "SEENIT_S3_SECRET_KEY"),
        ("AuthorizationHeaderMalformed", "SEENIT_STORAGE_URL"),
    ],
)
def test_opening_names_the_setting_that_the_store_refuses(code, option):
    script = Script().then(answer(403), refusal(403, code))
    with pytest.raises(ConfigurationError) as problem:
        open_store(configured(script.port))
    script.close()
    assert problem.value.option == option
    assert "secret" not in str(problem.value)


def test_a_store_that_does_not_answer_yet_can_be_opened_and_is_asked_again():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    store = open_store(configured(port))
    with pytest.raises(TransientError):
        store.buckets()


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"storage_url": "s3://host/images"}, "SEENIT_STORAGE_URL"),
        ({"storage_url": "s3://key:secret@host"}, "SEENIT_STORAGE_URL"),
        ({"storage_url": "s3://host?secure=no"}, "SEENIT_STORAGE_URL"),
        ({"storage_url": "s3://host?tls=true"}, "SEENIT_STORAGE_URL"),
        ({"storage_url": "s3://host?region="}, "SEENIT_STORAGE_URL"),
        ({"s3_access_key": ""}, "SEENIT_S3_ACCESS_KEY"),
        ({"s3_secret_key": ""}, "SEENIT_S3_SECRET_KEY"),
        ({"public_s3_url": "https://host/s3"}, "SEENIT_PUBLIC_S3_URL"),
    ],
)
def test_a_malformed_setting_is_refused_by_name(changes, option):
    settings = configured(**changes)
    with pytest.raises(ConfigurationError) as problem:
        open_links(settings)
    assert problem.value.option == option


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({}, "http://127.0.0.1:1/images/"),
        ({"storage_url": "s3://s3.example"}, "https://s3.example/images/"),
        ({"storage_url": "s3://s3.example:443"}, "https://s3.example/images/"),
        ({"storage_url": "s3://[::1]:9000"}, "https://[::1]:9000/images/"),
        ({"public_s3_url": "https://pictures.example"}, "https://pictures.example/images/"),
    ],
)
def test_a_link_leads_to_the_public_address_for_five_minutes(changes, start):
    link = open_links(configured(**changes))
    url = link(ObjectRef("images", "a b/\u00e9+?#.jpg"))
    assert url.startswith(start + "a%20b/%C3%A9%2B%3F%23.jpg?")
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert len(query["X-Amz-Signature"][0]) == 64


def test_a_folder_has_no_links(tmp_path):
    assert open_links(load_settings(storage_url=tmp_path.as_uri())) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_user_key_survives_as_one_line_of_ascii(user_key):
    value = encode_user_key(user_key)
    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip(), "nothing that a server or signature would drop"
    assert decode_user_key(value.encode()) == user_key


@pytest.mark.parametrize(
    ("value", "user_key"),
    [
        (b"sku-1", "sku-1"),
        (b"a%2Fb", "a%2Fb"),
        ("caf\u00e9".encode(), "caf\u00e9"),
        ("caf\u00e9".encode("latin-1"), "caf\u00e9"),
        (b"=?UTF-8?q?caf=C3=A9?=", "caf\u00e9"),
        (b"=?UTF-8?B?w7Y=?= =?UTF-8?B?w7Y=?=", "\u00f6\u00f6"),
        (b"=?no-such-charset?q?a?=", "=?no-such-charset?q?a?="),
        (b"=?utf-8?b?////?=", "=?utf-8?b?////?="),
        (b"what=?", "what=?"),
    ],
)
def test_a_user_key_is_read_as_other_tools_and_servers_write_it(value, user_key):
    assert decode_user_key(value) == user_key
