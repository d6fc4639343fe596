"""The dashboard is what Grafana reads, and is as its panels say."""

import json
from itertools import combinations

import jsonschema
import pytest

from monitoring.dashboard import FILE, WIDTH, written
from monitoring.panels import ROWS

SOURCE = {
    "type": "object",
    "required": ["type", "uid"],
    "properties": {"type": {"const": "prometheus"}, "uid": {"const": "${datasource}"}},
}
TARGET = {
    "type": "object",
    "required": ["refId", "datasource", "expr", "legendFormat"],
    "properties": {
        "refId": {"pattern": "^[A-Z]$"},
        "datasource": SOURCE,
        "expr": {"type": "string", "minLength": 2},
        "format": {"enum": ["time_series", "table", "heatmap"]},
        "instant": {"type": "boolean"},
        "range": {"type": "boolean"},
    },
}
PLACE = {
    "type": "object",
    "required": ["h", "w", "x", "y"],
    "properties": {
        "h": {"type": "integer", "minimum": 1},
        "w": {"type": "integer", "minimum": 1, "maximum": WIDTH},
        "x": {"type": "integer", "minimum": 0, "maximum": WIDTH - 1},
        "y": {"type": "integer", "minimum": 0},
    },
    "additionalProperties": False,
}
THRESHOLDS = {
    "type": "object",
    "required": ["mode", "steps"],
    "properties": {
        "mode": {"enum": ["absolute", "percentage"]},
        "steps": {
            "minItems": 1,
            "items": {"type": "object", "required": ["color", "value"]},
        },
    },
}
PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["row", "stat", "timeseries", "table"]},
        "title": {"type": "string", "minLength": 1},
        "gridPos": PLACE,
    },
    "if": {"properties": {"type": {"not": {"const": "row"}}}},
    "then": {
        "required": ["description", "datasource", "targets", "fieldConfig", "options"],
        "properties": {
            "description": {"type": "string", "minLength": 10},
            "datasource": SOURCE,
            "targets": {"type": "array", "minItems": 1, "items": TARGET},
            "fieldConfig": {
                "type": "object",
                "required": ["defaults", "overrides"],
                "properties": {
                    "defaults": {
                        "required": ["unit"],
                        "properties": {"thresholds": THRESHOLDS},
                    }
                },
            },
        },
    },
}
VARIABLE = {
    "type": "object",
    "required": ["name", "type", "query"],
    "properties": {"name": {"const": "datasource"}, "query": {"const": "prometheus"}},
}
DASHBOARD = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "templating", "time", "refresh"],
    "properties": {
        "id": False,  # a database's own; a file that brings one replaces another's dashboard
        "schemaVersion": {"const": 42},
        "uid": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,40}$"},
        "panels": {"type": "array", "minItems": 1, "items": PANEL},
        "templating": {
            "required": ["list"],
            "properties": {"list": {"type": "array", "minItems": 1, "items": VARIABLE}},
        },
        "annotations": {
            "required": ["list"],
            "properties": {"list": {"items": {"properties": {"datasource": SOURCE}}}},
        },
    },
}
SHOWN = json.loads(FILE.read_text())
PANELS = [panel for panel in SHOWN["panels"] if panel["type"] != "row"]


def test_the_file_is_what_the_panels_say():
    assert FILE.read_text() == written(), "`make docs` writes it anew"


def test_it_has_the_form_that_grafana_reads():
    jsonschema.validate(SHOWN, DASHBOARD, jsonschema.Draft202012Validator)


def test_every_panel_is_one_of_its_own_at_a_place_of_its_own():
    identities = [panel["id"] for panel in SHOWN["panels"]]
    assert len(identities) == len({*identities})
    places = [panel["gridPos"] for panel in SHOWN["panels"]]
    assert all(place["x"] + place["w"] <= WIDTH for place in places)
    overlapping = [
        (a, b)
        for a, b in combinations(places, 2)
        if a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    ]
    assert overlapping == []


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel['id']} {panel['title']}")
def test_the_queries_of_a_panel_have_names_and_letters_of_their_own(panel):
    letters = [target["refId"] for target in panel["targets"]]
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert len({*letters}) == len(letters) == len({*legends})


def test_it_asks_each_question_of_an_operator():
    assert [row.title for row in ROWS] == [
        "Now",
        "Is it keeping up?",
        "Is it losing anything?",
        "Is search fast?",
        "What is rejected, and why?",
        "How full is it?",
        "What runs?",
    ]
    assert all(row.panels for row in ROWS)
