-- Deposits and withdrawals, and all that was said and done about them. Their ids are the operator's.
create schema payments;

create table payments.deposits (
  deposit_id text primary key,
  client_id text not null,
  player_id text not null,
  amount bigint not null,
  currency text not null,
  provider text,
  provider_reference text,
  redirect_url text,
  status text not null,
  reason text,
  request jsonb not null,
  workflow_id text not null,
  expires_at timestamptz not null,
  overdue_after_ms bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  since timestamptz not null default clock_timestamp(),
  constraint deposits_status_known check (status in (
    'pending', 'captured', 'credited', 'failed', 'expired', 'refused', 'refunding', 'refunded', 'charged_back', 'needs_attention')),
  constraint deposits_positive check (amount > 0)
);
create index deposits_queue on payments.deposits (created_at, deposit_id);
create index deposits_by_status on payments.deposits (status, created_at, deposit_id);
create index deposits_by_reference on payments.deposits (provider_reference);
create index deposits_by_player on payments.deposits (player_id, created_at);

-- Money of a deposit on its way back, all of it or a part; one at a time is asked for.
create table payments.refunds (
  deposit_id text not null references payments.deposits,
  refund integer not null,
  key text not null unique,
  amount bigint not null,
  currency text not null,
  -- It left the player's cash; otherwise it was captured and never credited.
  credited boolean not null,
  status text not null default 'asked',
  reason text,
  asked_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (deposit_id, refund),
  constraint refunds_status_known check (status in ('asked', 'refunded', 'refused')),
  constraint refunds_positive check (amount > 0)
);
create unique index refunds_one_asked on payments.refunds (deposit_id) where status = 'asked';

create table payments.withdrawals (
  withdrawal_id text primary key,
  client_id text not null,
  player_id text not null,
  amount bigint not null,
  currency text not null,
  provider text,
  -- A state of contract/states/withdrawal.ts.
  state text not null,
  -- The state to go back to from on_hold, or from a mark-paid or declare-unpaid that was rejected.
  state_before text,
  reason text,
  request jsonb not null,
  destination jsonb not null,
  workflow_id text not null,
  hold_id uuid,
  -- How often a payout came back: part of the ids of the transfers after it.
  returns integer not null default 0,
  overdue_after_ms bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  since timestamptz not null default clock_timestamp(),
  constraint withdrawals_state_known check (state in (
    'held', 'in_review', 'on_hold', 'awaiting_approval', 'submitting', 'submitted', 'unknown', 'paid', 'needs_attention', 'rejected',
    'cancelled', 'returned', 'awaiting_mark_paid', 'awaiting_declare_unpaid', 'paid_after_write_off', 'refused_at_once')),
  constraint withdrawals_positive check (amount > 0)
);
create index withdrawals_queue on payments.withdrawals (created_at, withdrawal_id) where state <> 'refused_at_once';
create index withdrawals_by_state on payments.withdrawals (state, created_at, withdrawal_id);
create index withdrawals_by_player on payments.withdrawals (player_id, created_at);

create table payments.attempts (
  withdrawal_id text not null references payments.withdrawals,
  attempt integer not null,
  provider text not null,
  key text not null unique,
  status text not null default 'submitting',
  reason text,
  -- The money has left the hold, for payouts_in_flight of the provider.
  in_flight boolean not null default false,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (withdrawal_id, attempt),
  constraint attempts_status_known check (status in ('submitting', 'submitted', 'unknown', 'refused', 'declared_unpaid', 'paid', 'returned'))
);

-- The timeline. A step is written once: its number is the saga's.
create table payments.events (
  kind text not null,
  id text not null,
  seq integer not null,
  at timestamptz not null default clock_timestamp(),
  event text not null,
  by text not null,
  facts jsonb not null default '{}',
  refused text,
  primary key (kind, id, seq),
  constraint events_kind_known check (kind in ('deposit', 'withdrawal'))
);

-- What people pressed, by their Idempotency-Key: the same key is answered the same.
create table payments.actions (
  person_id text not null,
  idempotency_key text not null,
  kind text not null,
  id text not null,
  content jsonb not null,
  status integer not null,
  answer jsonb not null,
  acted_at timestamptz not null default clock_timestamp(),
  primary key (person_id, idempotency_key),
  constraint actions_kind_known check (kind in ('deposit', 'withdrawal', 'adjustment'))
);

-- What providers said, as it came: stored before it is acknowledged, processed after.
create table payments.webhooks (
  provider text not null,
  event_id text not null,
  body jsonb not null,
  received_at timestamptz not null default clock_timestamp(),
  processed_at timestamptz,
  outcome text,
  tries integer not null default 0,
  next_try_at timestamptz not null default clock_timestamp(),
  parked_at timestamptz,
  primary key (provider, event_id)
);
create index webhooks_of_payment on payments.webhooks ((body ->> 'reference'), (body ->> 'kind'));
create index webhooks_waiting on payments.webhooks (next_try_at) where processed_at is null and parked_at is null;

-- What people want the next one to know of a payment; shown in its timeline.
create table payments.notes (
  person_id text not null,
  idempotency_key text not null,
  kind text not null,
  id text not null,
  at timestamptz not null default clock_timestamp(),
  note text not null,
  primary key (person_id, idempotency_key),
  constraint notes_kind_known check (kind in ('deposit', 'withdrawal'))
);
create index notes_of_payment on payments.notes (kind, id);
