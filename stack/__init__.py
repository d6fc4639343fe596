"""The real services, run natively, for tests and for working by hand; never part of the wheel."""
