"""The read-only side: answers searches and shows the page."""
