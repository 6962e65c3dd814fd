"""The tables that every reader or channel has in its own schema, for its migrations.

Once released, these texts stay as they are: migrations that have run are made of them. What comes
later is a text of its own.
"""

READER = """
create table cursor (
  consumer text not null,
  lane text not null,
  position text not null,
  moved_at timestamptz not null default now(),
  primary key (consumer, lane)
);
create table parked (
  id bigint generated always as identity primary key,
  consumer text not null,
  lane text not null,
  topic text not null,
  key text not null,
  position text not null,
  traceparent text not null,
  body bytea not null,
  reason text not null,
  replay_asked boolean not null default false,
  at timestamptz not null default now()
);
create index parked_by_key on parked (consumer, key, id);
create table dead_letter (like parked including all)
"""

CHANNEL_FIRST = (
    READER
    + """;
create table outgoing (
  event_id uuid primary key,
  seq bigint generated always as identity,
  key text not null,
  traceparent text not null,
  body bytea not null,
  state text not null default 'waiting' check (state in ('waiting', 'claimed', 'done')),
  attempts int not null default 0,
  taken_at timestamptz not null default now(),
  due_at timestamptz not null default now()
);
create index outgoing_due on outgoing (due_at, seq) where state in ('waiting', 'claimed');
create index outgoing_behind on outgoing (key, seq) where state in ('waiting', 'claimed');
create table checkpoint (
  name text primary key,
  value text not null,
  at timestamptz not null default now()
)
"""
)

# Account and recipient of a request; '' where nobody has said who gets it.
CHANNEL_WAYS = """
alter table outgoing add column way text not null default ''
"""

# What a channel begins with today; those that are older have come here step by step.
CHANNEL = f"""{CHANNEL_FIRST.rstrip()};
{CHANNEL_WAYS.strip()};
create index outgoing_sent on outgoing (taken_at) where state = 'done'
"""

# What a channel adds whose documents have pages (`ChannelParts.reader`): what is still to be read.
# `body` is the event as it lies on the bus, sealed.
READING = """
create table to_read (
  event_id uuid primary key,
  seq bigint generated always as identity,
  traceparent text not null,
  body bytea not null,
  pages int not null,
  attempts int not null default 0,
  taken_at timestamptz not null default now(),
  due_at timestamptz not null default now()
);
create index to_read_due on to_read (due_at, seq)
"""


def role(name: str, login: str = "nologin", member_of: tuple[str, ...] = ()) -> str:
    """Return a statement that makes a role if it is missing, and a member of others.

    Roles belong to the whole server: another database of it may make the same one just now.
    """
    joins = "".join(
        f"if not pg_has_role('{name}', '{other}', 'member') then grant {other} to {name}; end if; "
        for other in member_of
    )
    return (
        f"do $$ begin begin create role {name} {login};"
        " exception when duplicate_object or unique_violation then null; end;"
        f" {joins}end $$"
    )


def by_tenant(table: str) -> list[str]:
    """Return the statements that bind a table's rows to the tenant of a transaction, for all."""
    own = "(tenant = (select current_setting('hub.tenant', true)))"
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy by_tenant on {table} using {own} with check {own}",
    ]


def statements(text: str) -> list[str]:
    """Return the single statements of a script; a `do $$ … $$` block stays whole."""
    parts: list[str] = []
    for part in text.split(";\n"):
        if parts and parts[-1].count("$$") % 2:
            parts[-1] += ";\n" + part
        elif part.strip():
            parts.append(part)
    return parts
