-- Corrections of a player's cash by staff. Above the tier they wait for a second person.
create table payments.adjustments (
  adjustment_id text primary key,
  player_id text not null,
  amount bigint not null,
  currency text not null,
  reason text not null,
  allow_debt boolean not null,
  status text not null,
  -- Why it was refused at once; it is answered again so.
  code text,
  facts jsonb,
  asked_by text not null,
  decided_by text,
  -- The Idempotency-Key of the decision.
  decided_key text,
  transfer_id uuid,
  request jsonb not null,
  -- How often it was approved and the money was not there: part of the transfer's id.
  tries integer not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  decided_at timestamptz,
  constraint adjustments_status_known check (status in ('awaiting_approval', 'applied', 'rejected', 'refused')),
  constraint adjustments_move_something check (amount <> 0)
);
create index adjustments_queue on payments.adjustments (created_at, adjustment_id) where status <> 'refused';
create index adjustments_by_status on payments.adjustments (status, created_at, adjustment_id);
