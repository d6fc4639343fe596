"""A verb that stays at work; in a process of its own, as it changes how that collects garbage."""

import subprocess
import sys

ROUND = """
import gc
from seenit.running import at_work
at_work("here")
before = gc.get_stats()[0]["collections"]
rings = [[] for _ in range(5000)]
print(gc.get_freeze_count() > 1000, gc.get_stats()[0]["collections"] - before)
"""


def test_at_work_it_says_so_and_looks_for_garbage_seldom():
    done = subprocess.run([sys.executable, "-c", ROUND], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["here", "True 0"]
