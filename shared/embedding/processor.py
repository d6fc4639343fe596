"""What this process may use of the machine."""

import ctypes
import importlib.util
import math
import os
import sys
from pathlib import Path

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """Count the cores this process may use: its affinity, and its container's share of them."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return allowed
    return allowed if quota == "max" else min(allowed, max(1, math.ceil(int(quota) / int(period))))


def cuda_is_ready() -> bool:
    """Tell whether torch can use an NVIDIA GPU.

    The driver is asked first: importing torch takes seconds, too long for a mere no.
    """
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or not count:
        return False
    if importlib.util.find_spec("torch") is None:
        return False
    import torch  # noqa: PLC0415 - only where there is a GPU

    return torch.cuda.is_available()
