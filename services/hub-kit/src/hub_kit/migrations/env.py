"""Runs one chain of migrations inside one schema, on the connection that `migrate` hands over."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]
connection.execute(text(f"create schema if not exists {schema}"))
connection.execute(text(f"set local search_path = {schema}"))
context.configure(connection=connection, version_table_schema=schema)
context.run_migrations()
