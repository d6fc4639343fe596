"""Every setting: its type, default and one sentence. Built once, at the entry point.

A module a group; `whole.py` composes them. `docs/configuration.md` is generated from them by
`make docs`; a test holds the two together.
"""

from shared.settings.group import PREFIX
from shared.settings.whole import GROUPS, Settings, load_settings

__all__ = ["GROUPS", "PREFIX", "Settings", "load_settings"]
