-- One action on many withdrawals: what was asked, and what came of each.
create table payments.bulks (
  bulk_id uuid primary key default gen_random_uuid(),
  person_id text not null,
  idempotency_key text not null,
  -- Who asked, from where: for the audit trail of each.
  origin jsonb not null,
  -- Its action, and what came with it: what a repeat is compared with.
  content jsonb not null,
  asked_at timestamptz not null default clock_timestamp(),
  unique (person_id, idempotency_key)
);

create table payments.bulk_items (
  bulk_id uuid not null references payments.bulks,
  position integer not null,
  withdrawal_id text not null,
  verdict text,
  code text,
  detail text,
  decided_at timestamptz,
  primary key (bulk_id, position),
  constraint bulk_items_verdict_known check (verdict in ('applied', 'refused'))
);
create index bulk_items_open on payments.bulk_items (bulk_id, position) where verdict is null;
