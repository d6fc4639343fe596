"""Every service of the stack; `python -m stack` and the tests start what is named here."""

from stack.milvus import Milvus
from stack.service import Service

DEFAULT_PORTS: tuple[Service, ...] = (Milvus(port=19530),)
"""For working by hand: the ports that the services' own documentation uses."""
