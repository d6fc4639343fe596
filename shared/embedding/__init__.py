"""The embedding room: the only place that knows models and what runs them."""
