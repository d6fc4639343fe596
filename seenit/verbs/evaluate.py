"""`seenit evaluate`: how often an edited copy finds its original."""


def evaluate() -> None:
    """Placeholder while the engine is written."""
