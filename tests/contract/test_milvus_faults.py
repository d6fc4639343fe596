"""What the Milvus index does when Milvus is away, was emptied, or cannot be had at all."""

import sys

import numpy as np
import pytest

from shared.errors import ConfigurationError, TransientError
from shared.vectors.open import open_index
from stack.service import free_ports

DIMENSION = 8


def unit(number: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[number % DIMENSION][None]


def test_a_server_that_is_not_there_is_a_transient_fault():
    from shared.vectors.milvus import MilvusIndex  # noqa: PLC0415 - pymilvus is an extra

    (port,) = free_ports(1)
    with pytest.raises(TransientError) as fault:
        MilvusIndex(f"http://127.0.0.1:{port}", "m-8", DIMENSION, timeout_s=0.5)
    assert fault.value.part == "index"


def test_a_milvus_that_was_emptied_is_written_to_and_searched_again(milvus_url):
    from pymilvus import MilvusClient  # noqa: PLC0415, TID251 - plays the operator

    index = open_index(milvus_url, "emptied-8", DIMENSION)
    index.upsert(["a"], unit(0))
    operator = MilvusClient(uri=milvus_url)
    for name in operator.list_collections():
        if "emptied" in name:
            for alias in operator.list_aliases(name)["aliases"]:
                operator.drop_alias(alias)
            operator.drop_collection(name)
    assert index.nearest(unit(0), 5) == [[]]
    index.upsert(["b"], unit(1))
    assert [hit.image_id for hit in index.nearest(unit(1), 5)[0]] == ["b"]
    operator.close()
    index.close()


@pytest.mark.parametrize(
    ("url", "extra"), [("http://milvus:19530", "distributed"), ("milvus.db", "milvus-lite")]
)
def test_a_missing_client_is_told_with_what_to_install(url, extra, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "shared.vectors.milvus", None)
    monkeypatch.setitem(sys.modules, "milvus_lite", None)
    with pytest.raises(ConfigurationError, match="SEENIT_INDEX_URL") as refusal:
        open_index(url, "m-8", DIMENSION)
    assert f"seenit[{extra}]" in str(refusal.value)
