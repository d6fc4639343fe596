"""The API does what its own OpenAPI document says, whatever is sent (schemathesis)."""

import asyncio
import base64

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from search_api.app import create_app
from search_api.limits import Limits
from shared.settings import Settings
from tests.http.conftest import World

PICTURE = b"PICTURE of a cat"
WORLD = World()
IMAGE_ID = asyncio.run(WORLD.add("b", "k", PICTURE))
SCHEMA = schemathesis.openapi.from_asgi(
    "/openapi.json", create_app(WORLD.parts(), Settings(_env_file=None, max_bytes=4096), Limits())
)
QUICK = settings(
    max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
LONG = settings(QUICK, max_examples=1500)
UNSAYABLE = [positive_data_acceptance]
"""That bytes are a picture, an address is allowed or a cursor is the last reply's own, no schema
says; nor that a query string names exactly one picture."""


def lead_to_what_is_there(case: schemathesis.Case) -> None:
    """Replace generated names by those of the one picture there is, so that it is found."""
    here = {"bucket": "b", "key": "k", "image_id": IMAGE_ID}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = here[name]
    if isinstance(case.body, dict):
        inputs = {
            "image": PICTURE,
            "base64": base64.b64encode(PICTURE).decode(),
            "image_id": IMAGE_ID,
            "object": {"bucket": "b", "key": "k"},
        }
        case.body |= {name: inputs[name] for name in inputs.keys() & case.body.keys()}
    elif case.operation.label == "GET /v1/search":
        case.query = {"image_id": IMAGE_ID} | {
            name: value for name, value in case.query.items() if name not in {"key", "url"}
        }


def conforms(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=UNSAYABLE)


def conforms_about_what_is_there(case: schemathesis.Case) -> None:
    lead_to_what_is_there(case)  # which may mend what was meant to be refused
    case.call_and_validate(excluded_checks=[*UNSAYABLE, negative_data_rejection])


@SCHEMA.parametrize()
@QUICK
def test_every_call_does_what_its_document_says(case):
    conforms(case)


@SCHEMA.parametrize()
@QUICK
def test_every_call_about_what_is_there_does_what_its_document_says(case):
    conforms_about_what_is_there(case)


@pytest.mark.soak
@SCHEMA.parametrize()
@LONG
def test_every_call_does_so_for_long(case):
    conforms(case)


@pytest.mark.soak
@SCHEMA.parametrize()
@LONG
def test_every_call_about_what_is_there_does_so_for_long(case):
    conforms_about_what_is_there(case)
