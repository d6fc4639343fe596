"""Each alert fires where it should, after as long as it should; none where all is well."""

import subprocess
from dataclasses import dataclass, field

import pytest
import yaml

from stack.prometheus import promtool
from tests.monitoring.places import PROMETHEUS, RUNBOOKS, alerts

WORKER = 'job="seenit-worker", instance="worker-1:8001"'
OTHER = 'job="seenit-worker", instance="worker-2:8001"'
API = 'job="seenit-api", instance="api-1:8000"'
SECOND = 'job="seenit-api", instance="api-2:8000"'

WELL = {
    f"up{{{WORKER}}}": "1x90",
    f"up{{{API}}}": "1x90",
    f"process_start_time_seconds{{{WORKER}}}": "1000x90",
    f"process_open_fds{{{WORKER}}}": "100x90",
    f"process_max_fds{{{WORKER}}}": "1024x90",
    f'seenit_build_info{{{WORKER}, version="1.0.0", model="m"}}': "1x90",
    f'seenit_build_info{{{API}, version="1.0.0", model="m"}}': "1x90",
    f'seenit_answering{{{WORKER}, part="index"}}': "1x90",
    f'seenit_answering{{{API}, part="index"}}': "1x90",
    f'seenit_waiting{{{WORKER}, part="kafka"}}': "0x90",
    f'seenit_in_flight{{{WORKER}, unit="dead_letters"}}': "0x90",
    f'seenit_lag_events{{{WORKER}, partition="0"}}': "0x30 20x3 0x57",
    f'seenit_outcomes_total{{{WORKER}, outcome="indexed"}}': "0+600x90",
    f'seenit_outcomes_total{{{WORKER}, outcome="rejected"}}': "0+6x90",
    f'seenit_rejections_total{{{WORKER}, reason="broken"}}': "0+6x90",
    f'seenit_freshness_seconds_bucket{{{WORKER}, le="1"}}': "0+600x90",
    f'seenit_freshness_seconds_bucket{{{WORKER}, le="+Inf"}}': "0+600x90",
    f"seenit_leading{{{WORKER}}}": "1x90",
    f"seenit_leading{{{OTHER}}}": "0x90",
    f"seenit_reconciled_timestamp_seconds{{{WORKER}}}": "0+60x90",
    f"seenit_drift_objects{{{WORKER}}}": "5x10 0x80",
    f"seenit_held_back_objects{{{WORKER}}}": "0x90",
    f'seenit_searches_total{{{API}, status="200"}}': "0+600x90",
    f'seenit_searches_total{{{API}, status="503"}}': "0+1x90",
    f'seenit_searches_total{{{API}, status="429"}}': "0+1x90",
    f'seenit_search_seconds_bucket{{{API}, stage="total", le="0.1"}}': "0+600x90",
    f'seenit_search_seconds_bucket{{{API}, stage="total", le="+Inf"}}': "0+600x90",
}


@dataclass(frozen=True)
class Case:
    """What happens minute by minute from 0 on, when an alert fires, and what it says then.

    Attributes:
        series: promtool's notation of what is scraped.
        silent: the last minute that it must not fire in, if that tells anything.
        fires: a minute that it fires in.
        labels: beside its severity.
    """

    alert: str
    what: str
    series: dict[str, str]
    silent: int
    fires: int
    summary: str
    labels: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(
        "SeenitSearchDown",
        "both search APIs are gone",
        {f"up{{{API}}}": "1x9 0x20", f"up{{{SECOND}}}": "1x9 stale"},
        10,
        12,
        "No search API answers",
    ),
    Case(
        "SeenitSearchDown",
        "none was ever there",
        {f"up{{{WORKER}}}": "1x20"},
        0,
        2,
        "No search API answers",
    ),
    Case(
        "SeenitSearchErrors",
        "one search in ten fails",
        {
            f'seenit_searches_total{{{API}, status="200"}}': "0+90x30",
            f'seenit_searches_total{{{API}, status="503"}}': "0+7x30",
            f'seenit_searches_total{{{API}, status="500"}}': "0+3x30",
        },
        5,
        20,
        "10% of the searches fail",
    ),
    Case(
        "SeenitSearchSlow",
        "half the searches are slow",
        {
            f'seenit_search_seconds_bucket{{{API}, stage="total", le="1"}}': "0+50x30",
            f'seenit_search_seconds_bucket{{{API}, stage="total", le="2.5"}}': "0+100x30",
            f'seenit_search_seconds_bucket{{{API}, stage="total", le="+Inf"}}': "0+100x30",
            f'seenit_search_seconds_bucket{{{API}, stage="embed", le="0.1"}}': "0+100x30",
            f'seenit_search_seconds_bucket{{{API}, stage="embed", le="+Inf"}}': "0+100x30",
        },
        10,
        20,
        "One search in twenty takes more than 2.35s",
    ),
    Case(
        "SeenitSearchRefused",
        "one search in five is refused",
        {
            f'seenit_searches_total{{{API}, status="200"}}': "0+80x30",
            f'seenit_searches_total{{{API}, status="429"}}': "0+20x30",
        },
        10,
        20,
        "20% of the searches are refused with 429",
    ),
    Case(
        "SeenitWorkersDown",
        "all workers are gone",
        {f"up{{{WORKER}}}": "1x9 0x20", f"up{{{OTHER}}}": "1x9 stale"},
        14,
        16,
        "No worker runs",
    ),
    Case(
        "SeenitNotConsuming",
        "workers run and none has a partition",
        {f"up{{{WORKER}}}": "1x30", f'seenit_lag_events{{{WORKER}, partition="0"}}': "0x5 stale"},
        10,
        12,
        "Workers run, and none has work",
    ),
    Case(
        "SeenitNoProgress",
        "events wait and nothing moves",
        {
            f'seenit_lag_events{{{WORKER}, partition="0"}}': "0x5 7x40",
            f'seenit_lag_events{{{OTHER}, partition="1"}}': "0x5 5x40",
            f'seenit_lag_events{{{WORKER}, partition="1"}}': "0x5 5x40",  # in a rebalance
            f'seenit_outcomes_total{{{WORKER}, outcome="indexed"}}': "0+10x5 50x40",
        },
        19,
        22,
        "12 events wait and none is settled",
    ),
    Case(
        "SeenitLagGrows",
        "events come faster than they are settled",
        {f'seenit_lag_events{{{WORKER}, partition="0"}}': "20000+1x80"},
        29,
        60,
        "20.06k events wait, and it is getting more",
    ),
    Case(
        "SeenitStale",
        "changes are found after minutes",
        {
            f'seenit_freshness_seconds_bucket{{{WORKER}, le="60"}}': "0x40",
            f'seenit_freshness_seconds_bucket{{{WORKER}, le="300"}}': "0+10x40",
            f'seenit_freshness_seconds_bucket{{{WORKER}, le="+Inf"}}': "0+10x40",
        },
        10,
        20,
        "A change takes more than 4m 48s until it is found",
    ),
    Case(
        "SeenitRejections",
        "half of what is read is rejected",
        {
            f'seenit_rejections_total{{{WORKER}, reason="not_a_picture"}}': "0+5x40",
            f'seenit_outcomes_total{{{WORKER}, outcome="indexed"}}': "0+4x40",
            f'seenit_outcomes_total{{{WORKER}, outcome="duplicate"}}': "0+1x40",
            f'seenit_outcomes_total{{{WORKER}, outcome="rejected"}}': "0+5x40",
            f'seenit_outcomes_total{{{WORKER}, outcome="unchanged"}}': "0+90x40",
        },
        5,
        30,
        "50% of what is read is rejected",
    ),
    Case(
        "SeenitDeadLettersStuck",
        "one worker cannot write the dead-letter topic",
        {
            f'seenit_in_flight{{{WORKER}, unit="dead_letters"}}': "3x20",
            f'seenit_waiting{{{WORKER}, part="kafka"}}': "1x20",
            f'seenit_in_flight{{{OTHER}, unit="dead_letters"}}': "3x20",
            f'seenit_waiting{{{OTHER}, part="kafka"}}': "0x20",
        },
        4,
        6,
        "3 dead letters of worker-1:8001 cannot be written",
        {"instance": "worker-1:8001"},
    ),
    Case(
        "SeenitPartDown",
        "one worker does not reach the index",
        {
            f'seenit_answering{{{WORKER}, part="index"}}': "0x20",
            f'seenit_answering{{{OTHER}, part="index"}}': "1x20",
            f'seenit_answering{{{WORKER}, part="store"}}': "1x20",
            f'seenit_answering{{{API}, part="index"}}': "1x20",
        },
        1,
        3,
        "The index does not answer seenit-worker",
        {"job": "seenit-worker", "part": "index"},
    ),
    Case(
        "SeenitWaits",
        "the index answers and takes nothing",
        {
            f'seenit_waiting{{{WORKER}, part="index"}}': "1x30",
            f'seenit_waiting{{{WORKER}, part="store"}}': "1 0 1 0x27",
        },
        9,
        11,
        "Workers wait for the index",
        {"part": "index"},
    ),
    Case(
        "SeenitInstanceDown",
        "one of two workers is gone",
        {f"up{{{WORKER}}}": "1x5 0x20", f"up{{{OTHER}}}": "1x25"},
        10,
        12,
        "seenit-worker at worker-1:8001 does not answer",
        {"job": "seenit-worker", "instance": "worker-1:8001"},
    ),
    Case(
        "SeenitRestarts",
        "a worker ends every two minutes and a search API once",
        {
            f"process_start_time_seconds{{{WORKER}}}": "0 0 120 120 240 240 360 360 480x30",
            f"process_start_time_seconds{{{API}}}": "0x10 600x30",
        },
        7,
        20,
        "seenit-worker at worker-1:8001 began 4 times anew within 30 minutes",
        {"job": "seenit-worker", "instance": "worker-1:8001"},
    ),
    Case(
        "SeenitFilesRunOut",
        "connections leak",
        {f"process_open_fds{{{API}}}": "900x20", f"process_max_fds{{{API}}}": "1000x20"},
        4,
        6,
        "api-1:8000 uses 90% of the files it may open",
        {"job": "seenit-api", "instance": "api-1:8000"},
    ),
    Case(
        "SeenitVersionsDiffer",
        "an upgrade stops half-way",
        {
            f'seenit_build_info{{{WORKER}, version="1.0.0", model="m"}}': "1x90",
            f'seenit_build_info{{{API}, version="1.1.0", model="m"}}': "1x90",
        },
        59,
        61,
        "2 versions or models of Seenit run beside each other",
    ),
    Case(
        "SeenitDrift",
        "comparisons keep finding differences",
        {
            f"seenit_drift_objects{{{WORKER}}}": "40x10 7x20",
            f"seenit_drift_objects{{{OTHER}}}": "0x30",
        },
        14,
        16,
        "Comparisons keep finding differences, 7 the last time",
    ),
    Case(
        "SeenitRemovalsHeldBack",
        "a bucket seems to be emptied",
        {f"seenit_held_back_objects{{{WORKER}}}": "5000x20"},
        4,
        6,
        "5k objects seem to be gone, and Seenit asks before it forgets them",
    ),
    Case(
        "SeenitNoLeader",
        "nobody leads",
        {
            f"seenit_leading{{{WORKER}}}": "1x3 0x20",
            f"seenit_leading{{{OTHER}}}": "0x23",
            f"seenit_leading{{{API}}}": "1x23",  # who never leads
        },
        8,
        10,
        "No worker compares or collects",
    ),
    Case(
        "SeenitNotReconciled",
        "nothing was compared for an hour and a half",
        {
            f"seenit_reconciled_timestamp_seconds{{{WORKER}}}": "60x120",
            f'seenit_lag_events{{{WORKER}, partition="0"}}': "0x120",
        },
        90,
        100,
        "Nothing was compared with the store for 1h 39m 0s",
    ),
]


def as_promtool_has_it(name: str, series: dict[str, str], expected: list[dict]) -> dict:
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in series.items()],
        "alert_rule_test": expected,
    }


def where_all_is_well() -> dict:
    times = [f"{minute}m" for minute in range(2, 90, 4)]
    silent = [{"eval_time": time, "alertname": name} for time in times for name in alerts()]
    return as_promtool_has_it("all is well", WELL, silent)


def where_it_fires(case: Case) -> dict:
    rule = alerts()[case.alert]
    said = {
        "exp_labels": rule["labels"] | case.labels,
        "exp_annotations": rule["annotations"] | {"summary": case.summary},
    }
    expected = [
        {"eval_time": f"{case.silent}m", "alertname": case.alert},
        {"eval_time": f"{case.fires}m", "alertname": case.alert, "exp_alerts": [said]},
    ]
    return as_promtool_has_it(case.what, case.series, expected)


@pytest.fixture(scope="module")
def problems(tmp_path_factory) -> dict[str, str]:
    """What promtool finds wrong, by the name of its test; one run for all, as it starts slowly."""
    tests = {
        "rule_files": [str(PROMETHEUS / "rules" / "*.yml")],
        "evaluation_interval": "1m",
        "tests": [where_all_is_well(), *map(where_it_fires, CASES)],
    }
    file = tmp_path_factory.mktemp("rules") / "tests.yml"
    file.write_text(yaml.safe_dump(tests, width=10**6))
    done = subprocess.run(
        [promtool(), "test", "rules", file], capture_output=True, text=True, check=False
    )
    _, *wrong = (done.stdout + done.stderr).split("\n    name: ")
    assert done.returncode == 0 or wrong, done.stdout + done.stderr
    return {said.partition(",")[0]: said for said in wrong}


def test_where_all_is_well_nothing_fires_at_any_time(problems):
    assert "all is well" not in problems, problems["all is well"]


def test_every_alert_is_shown_to_fire():
    assert {case.alert for case in CASES} == alerts().keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.what}")
def test_the_alert_fires_when_it_should_and_says_what_is_the_case(case, problems):
    assert case.what not in problems, problems[case.what]


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_whom_to_wake_what_it_means_for_users_and_where_to_read_on(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    said = rule["annotations"]
    assert said.keys() == {"summary", "description", "runbook_url"}
    assert "{{" not in said["description"]
    assert said["runbook_url"].endswith(f"/docs/runbooks/{name}.md")


def test_each_alert_has_its_page_and_each_page_its_alert():
    pages = {page.stem for page in RUNBOOKS.glob("Seenit*.md")}
    assert pages == alerts().keys()


def test_the_list_of_pages_names_each_alert_and_whom_it_wakes():
    listed = (RUNBOOKS / "README.md").read_text().splitlines()
    rows = [line.rpartition(" | ")[0] for line in listed if line.startswith("| [")]
    assert rows == [
        f"| [{name}]({name}.md) | {rule['labels']['severity']}" for name, rule in alerts().items()
    ]


@pytest.mark.parametrize("name", alerts())
def test_a_page_says_what_it_means_how_to_see_and_what_to_do(name):
    page = (RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## What it means",
        "## How to see",
        "## What to do",
    ]
