"""Runs migrations on the connection it is given; `timeline migrate` has taken the lock and begun the transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
