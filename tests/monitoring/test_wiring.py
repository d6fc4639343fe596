"""Prometheus, Alertmanager and Grafana read their files, and find each other."""

import re

import yaml

from monitoring.dashboard import FILE
from shared.settings import Settings
from stack.prometheus import amtool, promtool
from tests.monitoring.places import MONITORING, PROMETHEUS, PROVISIONING, alerts, told

CONFIG = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())


def test_prometheus_reads_its_configuration_and_all_rules():
    said = told(promtool(), "check", "config", PROMETHEUS / "prometheus.yml")
    files = len([*(PROMETHEUS / "rules").glob("*.yml")])
    assert f"{files} rule files found" in said


def test_no_rule_is_there_twice_and_none_is_named_badly():
    told(
        promtool(), "check", "rules", "--lint=all", "--lint-fatal", *PROMETHEUS.glob("rules/*.yml")
    )


def test_the_alertmanager_reads_its_configuration():
    told(amtool(), "check-config", MONITORING / "alertmanager" / "alertmanager.yml")


def test_an_alert_that_is_kept_back_for_another_is_one_that_there_is():
    text = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
    named = {word for word in text.replace('"', "|").split("|") if word.startswith("Seenit")}
    assert named
    assert named <= alerts().keys()


def test_the_alertmanager_tells_alerts_apart_by_what_they_carry():
    text = (MONITORING / "alertmanager" / "alertmanager.yml").read_text()
    matched = {*re.findall(r'(severity|job)="([^"]*)"', text)}
    severities = {("severity", rule["labels"]["severity"]) for rule in alerts().values()}
    jobs = {("job", job["job_name"]) for job in CONFIG["scrape_configs"]}
    assert ("severity", "page") in matched
    assert matched <= severities | jobs


def test_workers_and_search_are_looked_for_at_the_ports_where_they_listen():
    settings = Settings(_env_file=None)
    ports = {
        job["job_name"]: [found["port"] for found in job["dns_sd_configs"]]
        for job in CONFIG["scrape_configs"]
    }
    assert ports == {"seenit-worker": [settings.worker_port], "seenit-api": [settings.port]}
    assert {job.get("metrics_path", "/metrics") for job in CONFIG["scrape_configs"]} == {"/metrics"}


def test_grafana_has_a_prometheus_and_finds_the_dashboard_where_it_lies():
    [source] = _read("datasources/prometheus.yml")["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["jsonData"]["timeInterval"] == CONFIG["global"]["scrape_interval"]
    [provider] = _read("dashboards/seenit.yml")["providers"]
    place = provider["options"]["path"].removeprefix("/etc/grafana/provisioning/")
    assert PROVISIONING / place == FILE.parent


def _read(name: str) -> dict:
    found = yaml.safe_load((PROVISIONING / name).read_text())
    assert found["apiVersion"] == 1
    return found
