-- Rounds: stakes, their ends, and the operations that end them. Ids are scoped to the client that chose them.
create schema rounds;

create table rounds.rounds (
  client_id text not null,
  round_id text not null,
  game_id text not null,
  status text not null default 'open',
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  -- The operation that works on the round: one at a time, fenced by this id.
  claim_kind text,
  claim_id text,
  -- The id first, here and below: people look for a round without knowing whose it is.
  primary key (round_id, client_id),
  constraint rounds_status_known check (status in ('open', 'settling', 'closed', 'voided', 'needs_attention')),
  constraint rounds_claim_whole check ((claim_kind is null) = (claim_id is null))
);

create index rounds_open on rounds.rounds (opened_at, round_id) where status = 'open';

create table rounds.wagers (
  client_id text not null,
  wager_id text not null,
  -- Null until the wager comes, where its rollback came first (a tombstone).
  round_id text,
  player_id text,
  game_id text,
  amount bigint,
  currency text,
  status text not null,
  payout bigint not null default 0,
  -- What was answered, to answer it again.
  code text,
  facts jsonb,
  balance bigint,
  -- How many of its transfers the first answer named.
  answered_transfers smallint not null default 0,
  -- The settlement that came in the same call (play).
  settlement_id text,
  -- All transfers of the wager up to now, the stake's first.
  transfer_ids uuid[] not null default '{}',
  placed_at timestamptz not null default clock_timestamp(),
  primary key (wager_id, client_id),
  constraint wagers_status_known check (status in ('open', 'settled', 'rolled_back', 'voided', 'refused', 'tombstoned')),
  constraint wagers_refused_have_a_code check ((status = 'refused') = (code is not null)),
  constraint wagers_not_negative check (amount >= 0 and payout >= 0)
) with (fillfactor = 80);
-- Without the client and the id, here and below: on tables that are new an index that has them is taken for what the key finds,
-- and read whole. A page in order of time and id sorts those of one time.
create index wagers_by_round on rounds.wagers (round_id, placed_at);
create index wagers_in_play on rounds.wagers (player_id) where status = 'open';

create table rounds.rollbacks (
  client_id text not null,
  rollback_id text not null,
  wager_id text not null,
  reason text,
  outcome text not null,
  code text,
  facts jsonb,
  balance bigint,
  transfer_id uuid,
  rolled_back_at timestamptz not null default clock_timestamp(),
  primary key (client_id, rollback_id),
  constraint rollbacks_outcome_known check (outcome in ('applied', 'tombstoned', 'noop', 'refused')),
  constraint rollbacks_refused_have_a_code check ((outcome = 'refused') = (code is not null))
);

-- Several wagers, settlements and rollbacks of one player in one round, all or none, and what was answered.
create table rounds.bundles (
  client_id text not null,
  bundle_id text not null,
  -- The validated content with its defaults, to tell a repeat from a conflict.
  request jsonb not null,
  outcome text not null,
  code text,
  facts jsonb,
  balance bigint,
  -- Of each step in its place: its outcome and its transfers.
  steps jsonb not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (client_id, bundle_id),
  constraint bundles_outcome_known check (outcome in ('applied', 'refused')),
  constraint bundles_refused_have_a_code check ((outcome = 'refused') = (code is not null))
);

-- Without a foreign key to its round: a look-up and a row lock for each settlement, a tenth of what a play costs, to find what
-- only the functions that write it could get wrong.
create table rounds.operations (
  client_id text not null,
  kind text not null,
  operation_id text not null,
  round_id text not null,
  -- The validated content with its defaults, outcomes included: the saga carries only the id.
  request jsonb not null,
  status text not null default 'requested',
  workflow_id text,
  outcome text not null default 'applied',
  problem jsonb,
  -- The round's status before the operation, to give it back, and after it, to answer it again.
  round_was text,
  round_status text,
  settled integer not null default 0,
  totals jsonb not null default '[]',
  balances jsonb not null default '[]',
  requested_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (client_id, kind, operation_id),
  constraint operations_kind_known check (kind in ('settlement', 'resettlement', 'void')),
  constraint operations_status_known check (status in ('requested', 'running', 'done', 'refused', 'needs_attention')),
  constraint operations_refused_have_a_problem check (status <> 'refused' or problem is not null),
  constraint operations_outcome_known check (outcome in ('applied', 'noop'))
);
create index operations_under_way on rounds.operations (requested_at) where status in ('requested', 'running', 'needs_attention');
create index operations_by_round on rounds.operations (round_id, requested_at);

-- What an operation decides about each wager, and what the wager was before it.
create table rounds.outcomes (
  client_id text not null,
  kind text not null,
  operation_id text not null,
  wager_id text not null,
  payout bigint not null,
  was_status text not null,
  was_payout bigint not null,
  -- Of the move it is part of.
  transfer_id uuid,
  primary key (client_id, kind, operation_id, wager_id)
);

-- What an operation moves: one ledger transfer per player and currency, netted.
create table rounds.moves (
  client_id text not null,
  kind text not null,
  operation_id text not null,
  seq integer not null,
  player_id text not null,
  currency text not null,
  -- To the player's cash; negative takes back.
  net bigint not null,
  -- Stakes that leave stakes_in_play.
  from_stakes bigint not null,
  -- Derived from the operation and the player; null where nothing moves (a loss without a stake).
  transfer_id uuid,
  posted boolean not null default false,
  undone boolean not null default false,
  undo_id uuid,
  -- Refused undos: the ledger never takes up an id it has refused, so each try has its own.
  undo_refusals integer not null default 0,
  -- What of a taken back amount found no money, and the player's cash after the move.
  owed bigint not null default 0,
  balance bigint,
  primary key (client_id, kind, operation_id, seq),
  foreign key (client_id, kind, operation_id) references rounds.operations,
  constraint moves_are_posted_before_undone check (posted or not undone)
);

-- What a call about one wager answers.
create type rounds.answer as (outcome text, code text, facts jsonb, replayed boolean, balance bigint, transfer_ids uuid[]);

-- A stake and its result. `objection` as below.
create type rounds.play as (client_id text, round_id text, wager_id text, settlement_id text, player_id text, game_id text, amount bigint,
  currency text, payout bigint, close_round boolean, objection text);

-- A stake to be taken. `objection`: what the caller's configuration has against it (`unknown_currency`), or null.
create type rounds.stake as (client_id text, round_id text, wager_id text, player_id text, game_id text, amount bigint, currency text, objection text);

-- A wager that a settlement decides, as it stands: of the settlement in this place, what it wins, and where its row and its
-- round's are.
create type rounds.pick as (at integer, wager_id text, wins bigint, place tid, round_place tid, player_id text, currency text, amount bigint,
  was_status text, was_payout bigint);

-- What such a settlement comes to.
create type rounds.settled as (at integer, closing boolean, round_place tid, player_id text, currency text, net bigint, staked bigint, settled integer,
  transfer_id uuid, balance bigint);
