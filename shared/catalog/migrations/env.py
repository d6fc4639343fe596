"""Run by Alembic inside the transaction that `upgrading.upgrade` opened."""

from alembic import context

from shared.catalog.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
