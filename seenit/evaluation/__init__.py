"""How often an edited copy finds its original: the engine of `seenit evaluate`."""
