"""The OpenAPI 3.1 document, made of the very models that check requests and write replies."""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from openapi_pydantic import Info, MediaType, OpenAPI, Operation, Parameter, PathItem, Response
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from openapi_pydantic.v3.v3_1 import (
    Components,
    ParameterLocation,
    Reference,
    RequestBody,
    Schema,
    SecurityScheme,
)

from search_api.calls import CALLS, Call
from search_api.guard import COOKIE
from search_api.inputs import IMAGE_ID
from search_api.parameters import Parameters
from search_api.schemas import ProblemReply, Reply

FILE: dict[str, Any] = {"image": {"type": "string", "format": "binary", "description": "The file."}}
NAMED: dict[str, Any] = {
    "base64": {"type": "string", "description": "The picture, or a data URI of it."},
    "image_id": {"type": "string", "pattern": f"^{IMAGE_ID.pattern}$"},
    "url": {"type": "string", "description": "Off unless the operator allows it."},
}
OBJECT: dict[str, Any] = {
    "object": {
        "type": "object",
        "required": ["bucket", "key"],
        "properties": {
            "bucket": {"type": "string", "minLength": 1},
            "key": {"type": "string", "minLength": 1},
        },
        "additionalProperties": False,
    }
}

SIGNING_IN: dict[str, SecurityScheme | Reference] = {
    "token": SecurityScheme(
        type="http", scheme="bearer", description="One of the operator's tokens, where any is set."
    ),
    "session": SecurityScheme(
        type="apiKey",
        name=COOKIE,
        security_scheme_in="cookie",
        description="What `POST /v1/session` gives a browser for its token.",
    ),
}


@cache
def document() -> OpenAPI:
    """Build the document, once: it never changes."""
    paths: dict[str, PathItem] = {}
    for call in CALLS:
        item = paths.setdefault(call.path, PathItem())
        setattr(item, call.method.lower(), _operation(call))
    info = Info(
        title="Seenit",
        version=version("seenit"),
        summary="Have I seen this picture before, and where?",
    )
    described = OpenAPI(
        openapi="3.1.0", info=info, paths=paths, components=Components(securitySchemes=SIGNING_IN)
    )
    return construct_open_api_with_schema_class(described)


def _operation(call: Call) -> Operation:
    in_path = [
        _parameter(name, ParameterLocation.PATH, {"type": "string"}, "")
        for name in call.path_parameters
    ]
    linked = [
        _parameter(name, ParameterLocation.QUERY, {"type": "string"}, text)
        for name, text in call.inputs.items()
    ]
    in_query = list(_of_model(call.parameters)) if call.parameters else []
    return Operation(
        operationId=call.name,
        summary=call.summary,
        parameters=[*in_path, *linked, *in_query] or None,
        requestBody=_search_body(call.parameters) if call.takes_body and call.parameters else None,
        responses={
            _success(call): _answer(call),
            **{str(code): _problem(code) for code in call.refusals},
        },
        security=[{}, {"token": []}, {"session": []}] if call.guarded else None,
    )


def _of_model(model: type[Parameters]) -> Iterable[Parameter]:
    for name, schema in model.model_json_schema()["properties"].items():
        text = schema.pop("description", "")
        yield _parameter(name, ParameterLocation.QUERY, schema, text)


def _parameter(name: str, where: ParameterLocation, schema: dict[str, Any], text: str) -> Parameter:
    described = {
        "name": name,
        "in": where,
        "required": where is ParameterLocation.PATH,
        "allowEmptyValue": where is ParameterLocation.QUERY,  # as if it were not there
        "description": text or None,
        "schema": schema,
    }
    return Parameter.model_validate(described)


def _search_body(parameters: type[Parameters]) -> RequestBody:
    """Describe what a search is sent: exactly one picture, and the parameters beside it."""
    shared = parameters.model_json_schema()["properties"]
    content = {"multipart/form-data": {**FILE, **NAMED}, "application/json": {**NAMED, **OBJECT}}
    return RequestBody(
        required=True,
        content={
            kind: MediaType(media_type_schema=Schema.model_validate(_one_of(inputs, shared)))
            for kind, inputs in content.items()
        },
    )


def _one_of(inputs: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": f"Exactly one of {', '.join(inputs)}.",
        "properties": {**inputs, **shared},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in inputs],
    }


def _success(call: Call) -> str:
    return "200" if call.reply or call.media_type else "204"


def _answer(call: Call) -> Response:
    if _success(call) == "204":
        return Response(description="Done.")
    if call.reply is None:
        return Response(description=call.media_type, content={call.media_type: MediaType()})
    schema = PydanticSchema[Reply](schema_class=call.reply)
    content = {"application/json": MediaType(media_type_schema=schema)}
    return Response(description=_first_line(call.reply), content=content)


def _problem(code: int) -> Response:
    schema = PydanticSchema[ProblemReply](schema_class=ProblemReply)
    content = {"application/problem+json": MediaType(media_type_schema=schema)}
    return Response(description=HTTPStatus(code).phrase, content=content)


def _first_line(model: type) -> str:
    return (model.__doc__ or "").partition("\n")[0]
