"""Alembic's entry: always online, always in the transaction that the caller opened."""

from alembic import context

from mdm.storage.tables import Registry

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Registry.metadata,
    transactional_ddl=True,
)
context.run_migrations()
