"""Fuzzes what reads requests: `python -m tests.fuzz.requests -max_total_time=300`.

Whatever comes, it is read or refused by a `Problem` or a `Rejected`.
"""

import sys

import atheris

with atheris.instrument_imports(include=["python_multipart", "search_api"]):
    from search_api.cursors import read_object_cursor, read_search_cursor
    from search_api.fields import from_json, from_multipart, from_query
    from search_api.inputs import decode_base64, linked_fields, read_search, together
    from search_api.problems import Problem
    from shared.errors import Rejected

FORM = "multipart/form-data; boundary="


def refused(work, *arguments: object) -> None:
    try:
        work(*arguments)
    except (Problem, Rejected):
        return


def one(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    match provider.ConsumeIntInRange(0, 5):
        case 0:
            refused(lambda: read_search(linked_fields(from_query(data[1:]))))
        case 1:
            refused(lambda: read_search(together({}, from_json(data[1:]))))
        case 2:
            refused(lambda: read_search(from_multipart(data[1:], FORM + "XX")))
        case 3:
            boundary = provider.ConsumeBytes(10).decode("latin-1")  # as a header's bytes are read
            refused(from_multipart, provider.ConsumeBytes(1 << 16), FORM + boundary)
        case 4:
            refused(decode_base64, provider.ConsumeUnicode(1 << 12))
        case 5:
            for read in (read_object_cursor, read_search_cursor):
                try:
                    read(provider.ConsumeUnicode(200))
                except ValueError:
                    continue


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
