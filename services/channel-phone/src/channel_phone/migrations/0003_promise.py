"""How soon the desk has answered, counted for each day: the promise of 115."""

from alembic import op

from hub_kit.schema import by_tenant, statements

revision = "channel_phone_0003"
down_revision = "channel_phone_0001"

PROMISE = """
-- Calls of one day that asked for the desk while somebody was there; nothing of who called.
create table promise (
  tenant text not null,
  account text not null,
  day date not null,
  asked int not null default 0,
  answered int not null default 0,
  in_time int not null default 0,
  primary key (tenant, account, day)
)
"""


def upgrade() -> None:
    for statement in (*statements(PROMISE), *by_tenant("promise")):
        op.execute(statement)
