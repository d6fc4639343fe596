"""The way from any earlier Seenit's catalog to this one's, by Alembic, called from code."""

HEAD = "0004"
"""The newest revision, at hand without loading Alembic; a test holds it to versions/."""
