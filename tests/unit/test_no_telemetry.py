"""Seenit tells no one that it is used."""

import os
import subprocess
import sys


def test_importing_and_running_a_model_leaves_nothing_in_the_home_directory(tmp_path):
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    program = (
        "from shared.settings import load_settings\n"
        "from shared.embedding.load import load_embedder\n"
        "load_embedder(load_settings())\n"
    )
    environment = os.environ | {"HOME": str(home), "SEENIT_CACHE_DIR": str(cache)}

    subprocess.run([sys.executable, "-c", program], env=environment, check=True)

    assert any(cache.rglob("model.xml"))
    assert list(home.iterdir()) == []
