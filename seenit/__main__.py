"""`python -m seenit`."""

from seenit.cli import main

main()
