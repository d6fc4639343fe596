"""How fast Seenit is on this machine, always against the bare loop in the same run."""
