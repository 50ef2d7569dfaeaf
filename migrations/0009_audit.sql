-- What people did, and what was refused to them. The application may add to it and read it, and nothing else.
create schema audit;

create table audit.records (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  -- A person's id, or a cashier's `client:<clientId>`.
  actor text not null,
  role text not null,
  action text not null,
  object_kind text not null,
  object_id text not null,
  reason text,
  address text,
  before jsonb,
  after jsonb,
  trace_id text,
  -- The Idempotency-Key it was pressed with: a repeat is no other deed.
  key text,
  unique (object_kind, object_id, actor, key)
);
create index records_by_actor on audit.records (actor, id desc);
