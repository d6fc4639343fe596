"""What the dashboard asks, row by row: the questions of an operator in their order."""

from monitoring.panels.ingest import KEEPING_UP, LOSING, REJECTED
from monitoring.panels.now import NOW
from monitoring.panels.processes import RUNNING, SATURATION
from monitoring.panels.search import SEARCH

ROWS = [NOW, KEEPING_UP, LOSING, SEARCH, REJECTED, SATURATION, RUNNING]
