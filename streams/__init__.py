"""The only writer: turns changes of objects into known pictures."""
