"""Runs a step of one chain inside one schema, on the connection that `migrate` hands over."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]
connection.execute(text(f"create schema if not exists {schema}"))
connection.execute(text(f"set search_path = {schema}"))
connection.commit()  # each step has a transaction of its own, or none
context.configure(
    connection=connection, version_table_schema=schema, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
