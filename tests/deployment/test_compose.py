"""docker-compose.yaml: loaded as `docker compose` loads it, and held to the house's rules."""

import re
import subprocess

import pytest
import yaml

from stack.programs import tool
from stack.service import CannotRun
from tests.deployment.compose.file import faults
from tests.deployment.compose.loading import VARIABLE, composed, example
from tests.deployment.compose.services import LISTENS
from tests.deployment.rules import ROOT, addresses, missing

TEXT = (ROOT / "docker-compose.yaml").read_text()

MISSPELT = {
    "a key": ('    restart: "no"', '    restrat: "no"'),
    "a key deep inside": ("interval: 5s", "intervall: 5s"),
    "a port": ("API_PORT:-8000}:8000", "API_PORT:-8000}:eight"),
}
BROKEN = {
    "a service that others wait for": ("      milvus-storage: { cond", "      minio2: { cond"),
    "an image that moves": ("library/mysql:8.4.11", "library/mysql:latest"),
    "an image without a tag": ("grafana/grafana:12.4.4", "grafana/grafana"),
    "no limit of memory": ("deploy: { resources: { limits: { memory: 4g } } }", "tty: false"),
    "a wrong port": ("http://milvus:19530", "http://milvus:19350"),
    "a wrong name": ("kafka://kafka:9092", "kafka://kakfa:9092"),
    "a setting there is not": ("SEENIT_PARTITIONS", "SEENIT_PARTITION"),
    "a setting's value": ('SEENIT_PARTITIONS: "8"', 'SEENIT_PARTITIONS: "0"'),
    "a published port that nothing listens at": ("API_PORT:-8000}:8000", "API_PORT:-8000}:8001"),
    "a port open to all": ("${BIND:-127.0.0.1}:${API_PORT", "0.0.0.0:${API_PORT"),
    "a folder there is not": ("./monitoring/prometheus:", "./monitoring/prometeus:"),
    "a configuration that may be written": ("prometheus:/etc/prometheus:ro", "prometheus:/etc/p"),
    "a volume that nobody uses": ("volumes:\n  alert", "volumes:\n  spare:\n  alert"),
    "a health check at another port": ("localhost:9091/healthz", "localhost:9092/healthz"),
    "a target there is not": ("target: api", "target: search"),
    "a worker that is killed while it drains": ("stop_grace_period: 40s", "stop_grace_period: 20s"),
    "a root that may be written": ("read_only: true", "read_only: false"),
    "an administrator's password for the API": (
        "mysql://seenit-search:${SEARCH_PASSWORD:?run make .env}",
        "mysql://root:${MYSQL_ROOT_PASSWORD:?run make .env}",
    ),
    "another topic": ("TOPIC_ingest: seenit.notifications", "TOPIC_ingest: notifications"),
    "a store that starts before it knows whom to tell": (
        'MINIO_SYNC_BOOT: "on"',
        'MINIO_SYNC_BOOT: "off"',
    ),
    "a queue that is lost with the container": ("QUEUE_DIR_ingest: /queue", "QUEUE_DIR_ingest: /q"),
    "a listener at another port than others look for": ("PLAINTEXT://:9092", "PLAINTEXT://:9902"),
    "an address to listen at with another port": ("0.0.0.0:2379", "0.0.0.0:2397"),
    "an exposed port that nothing listens at": ('expose: ["8001"]', 'expose: ["8002"]'),
    "a console at another port than is published": ('":9001"', '":9010"'),
    "data beside its volume": ("catalog:/var/lib/mysql", "catalog:/var/lib/mysqld"),
    "data in another folder than its volume": ("--data-dir=/etcd", "--data-dir=/data"),
    "data without a volume": ('    volumes: ["milvus:/var/lib/milvus"]\n', ""),
    "a configuration under another name": ("prometheus/prometheus.yml", "prometheus/main.yml"),
    "dashboards where Grafana does not look": (":/etc/grafana/prov", ":/etc/grafana/conf/prov"),
    "what stays down": ("  restart: unless-stopped", "  tty: false"),
    "links to a port there is not": ("${MINIO_PORT:-9000}:9000", "9005:9000"),
    "a start before all is set up": (
        "    setup: { condition: service_completed",
        "    etcd: { condition: service_completed",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def library():
    """What `docker compose` loads its files with, from Go's modules."""
    try:
        tool("compose-spec")
    except CannotRun as reason:
        missing("compose-spec", reason)


def test_it_conforms_and_nothing_is_wrong_with_it(tmp_path):
    assert [*faults(composed(TEXT, tmp_path))] == []


@pytest.mark.parametrize("what", MISSPELT)
def test_what_does_not_conform_is_refused(what, tmp_path):
    right, wrong = MISSPELT[what]
    assert right in TEXT
    with pytest.raises(subprocess.CalledProcessError):
        composed(TEXT.replace(right, wrong, 1), tmp_path)


@pytest.mark.parametrize("what", BROKEN)
def test_a_mistake_is_found(what, tmp_path):
    right, wrong = BROKEN[what]
    assert right in TEXT
    assert [*faults(composed(TEXT.replace(right, wrong, 1), tmp_path))] != []


def test_the_example_names_every_variable_and_no_other():
    used = {found[1] for found in VARIABLE.finditer(TEXT)}
    assert used == example().keys()


def test_the_example_says_what_is_taken_where_nothing_is_said():
    taken = {found[1]: found[2] or "" for found in VARIABLE.finditer(TEXT) if ":?" not in found[0]}
    assert taken.items() <= example().items()


def test_every_secret_must_be_given():
    secrets = {name for name, value in example().items() if value.endswith("-made")}
    assert {found[1] for found in re.finditer(r"\$\{(\w+):\?", TEXT)} == secrets


def test_prometheus_looks_for_services_that_are_there(tmp_path):
    services = composed(TEXT, tmp_path)["services"]
    told = yaml.safe_load((ROOT / "monitoring/prometheus/prometheus.yml").read_text())
    places = [
        place
        for job in (*told["scrape_configs"], *told["alerting"]["alertmanagers"])
        for place in job["dns_sd_configs"]
    ]
    assert {name for place in places for name in place["names"]} >= {"worker", "api"}
    for place in places:
        for name in place["names"]:
            assert name in services
            assert place["port"] in LISTENS[name]
    assert services["worker-gpu"]["networks"]["default"]["aliases"] == ["worker"]


def test_grafana_asks_prometheus_where_it_listens():
    place = "monitoring/grafana/provisioning/datasources/prometheus.yml"
    (source,) = yaml.safe_load((ROOT / place).read_text())["datasources"]
    ((host, port),) = addresses(source["url"])
    assert (host, {port}) == ("prometheus", LISTENS["prometheus"])


def test_a_secret_is_made_for_each_that_is_generated_and_kept(tmp_path):
    for name in ("Makefile", ".env.example"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    made = []
    for _ in range(2):
        subprocess.run(["make", ".env"], cwd=tmp_path, check=True, capture_output=True)
        made.append((tmp_path / ".env").read_text())
    secrets = re.findall(r"^\w+_PASSWORD=([0-9a-f]{32})$", made[0], re.MULTILINE)
    assert len({*secrets}) == len(secrets) == 6
    assert made[0] == made[1]
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
