-- What providers say that moved, beside what our ledger says.
create table payments.reconciliations (
  reconciliation_id uuid primary key default gen_random_uuid(),
  provider text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  -- Of the file's bytes: the same file again is the same reconciliation.
  sha256 text not null,
  lines integer not null,
  asked_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- When it was matched, and what came of it.
  done_at timestamptz,
  counts jsonb,
  totals jsonb,
  constraint reconciliations_of_some_time check (from_at < to_at),
  constraint reconciliations_once unique (provider, from_at, to_at, sha256)
);

-- The file, line by line. `position`: where the payment leaves our account with the provider, as the provider sees it.
create table payments.settlement_lines (
  -- Deferred: the lines are there first, and only then what they are the lines of.
  reconciliation_id uuid not null references payments.reconciliations deferrable initially deferred,
  line integer not null,
  kind text not null,
  reference text not null,
  key text not null,
  provider_reference text not null,
  amount bigint not null,
  currency text not null,
  state text not null,
  at timestamptz not null,
  business_id text generated always as (case kind when 'payment' then 'deposit/' else 'withdrawal/' end || reference) stored,
  position bigint generated always as (case state when 'captured' then -amount when 'paid' then amount else 0 end) stored,
  primary key (reconciliation_id, line),
  constraint settlement_lines_kind_known check (kind in ('payment', 'payout')),
  constraint settlement_lines_state_known check (state in ('captured', 'refunded', 'charged_back', 'paid', 'returned')),
  constraint settlement_lines_not_negative check (amount >= 0)
);
create index settlement_lines_by_business on payments.settlement_lines using hash (business_id);

-- Where the two differ: `late` explains itself, the others are for finance to resolve.
create table payments.differences (
  reconciliation_id uuid not null references payments.reconciliations,
  item integer not null,
  verdict text not null,
  business_id text not null,
  currency text not null,
  -- Where the payment leaves the account: as the provider sees it (null: no line), as our ledger does.
  theirs bigint,
  ours bigint not null,
  difference bigint not null,
  their_lines jsonb not null default '[]',
  resolution text,
  reason text,
  transfer_id uuid,
  resolved_by text,
  resolved_key text,
  resolved_at timestamptz,
  primary key (reconciliation_id, item),
  constraint differences_verdict_known check (verdict in ('late', 'missing_here', 'missing_there', 'amount_differs')),
  constraint differences_resolution_known check (resolution in ('note', 'post'))
);
create index differences_open on payments.differences (reconciliation_id, item) where resolution is null and verdict <> 'late';

-- What was owed to the players at a moment, by jurisdiction.
create table payments.liability_snapshots (
  at timestamptz not null,
  jurisdiction text not null,
  currency text not null,
  cash bigint not null,
  in_play bigint not null,
  pending_withdrawals bigint not null,
  payouts_in_flight bigint not null,
  returned bigint not null,
  primary key (at, jurisdiction, currency)
);
