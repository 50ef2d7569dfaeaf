-- The ledger's tables. Only the functions of schema `ledger` write them: see sql/ledger/ and sql/grants.sql.
create schema ledger;

-- The chart of accounts, as data. Positive amounts are credits: docs/ledger.md, "Sign".
create table ledger.kinds (
  kind text primary key,
  owned_by text not null,
  normal_side text not null,
  floor bigint,
  ceiling bigint,
  meaning text not null,
  constraint kinds_owned_by_known check (owned_by in ('player', 'house', 'provider')),
  constraint kinds_normal_side_known check (normal_side in ('credit', 'debit', 'both'))
);

-- 9007199254740991 = 2^53-1, the largest whole number JSON carries exactly.
insert into ledger.kinds (kind, owned_by, normal_side, floor, ceiling, meaning) values
  ('player_cash', 'player', 'credit', 0, 9007199254740991, 'what a player may stake or withdraw'),
  ('player_held', 'player', 'credit', 0, 9007199254740991, 'withdrawals that wait; every coin of it belongs to a hold'),
  ('player_receivable', 'player', 'debit', null, 0, 'what a player owes after a claw-back that found no money'),
  ('stakes_in_play', 'house', 'credit', null, null, 'stakes of wagers not settled yet'),
  ('house_gaming', 'house', 'both', null, null, 'stakes lost less payouts won: the gross gaming revenue'),
  ('house_promotions', 'house', 'debit', null, null, 'awards given away: promotions, tournaments, free rounds'),
  ('provider_clearing', 'provider', 'debit', null, null, 'what a payment provider holds for us'),
  ('payouts_in_flight', 'provider', 'credit', null, null, 'payouts a provider has accepted and not yet paid'),
  ('returned_payouts', 'house', 'credit', null, null, 'payouts that came back and wait for a decision'),
  ('currency_exchange', 'house', 'both', null, null, 'what exchanges gave and took, in each currency'),
  ('adjustments', 'house', 'both', null, null, 'corrections by staff');

create table ledger.accounts (
  id bigint generated always as identity primary key,
  kind text not null,
  -- A player's id, a provider's name, or 'house'.
  owner text not null,
  currency text not null,
  -- An account of the house or of a provider is split into buckets, each a row; a player's is always bucket 0.
  bucket smallint not null default 0,
  is_player boolean not null,
  floor bigint,
  ceiling bigint,
  posted bigint not null default 0,
  held bigint not null default 0,
  version bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  constraint accounts_one_per_owner unique (kind, owner, currency, bucket),
  constraint accounts_never_overdrawn check (posted - held >= floor and held >= 0),
  constraint accounts_never_past_ceiling check (posted <= ceiling),
  -- Every coin of player_held belongs to a hold, and no other account holds any.
  constraint accounts_held_belongs_to_holds check (held = case when kind = 'player_held' then posted else 0 end)
) with (fillfactor = 50); -- updates stay heap-only: no index covers a balance
-- Finds the accounts that owe us among all that may, for the liability: it keeps the least and the most of each few pages.
-- Such an index may stand on a balance, for it leaves updates heap-only (Postgres 16 and later).
create index accounts_owing on ledger.accounts using brin (posted) with (pages_per_range = 16, autosummarize = on) where ceiling = 0;
-- Lists the accounts of a currency page by page. No posting writes it: nothing in it ever changes.
create index accounts_by_currency on ledger.accounts (currency, kind, owner, bucket);

-- Why a transfer is made. Of a type of its own: a check constraint would be parsed for every transfer.
create type ledger.transfer_code as enum (
  'stake', 'stake_rollback', 'settlement', 'resettlement', 'void', 'undo', 'award',
  'deposit', 'deposit_refund', 'refund_paid', 'refund_refused', 'chargeback',
  'withdrawal_hold', 'withdrawal_release', 'payout_submitted', 'payout_refused', 'payout_paid',
  'payout_returned', 'returned_to_player', 'payout_owed', 'exchange', 'adjustment', 'reversal');

-- The first outcome of every id, transfer or refusal: the same id is answered the same, whatever has changed since. It is
-- not partitioned, so that an id is unique for ever; what is big is in the partitions.
create table ledger.outcomes (
  id uuid primary key,
  -- A fingerprint of what was asked: the same id with another one is an `idempotency_conflict`.
  content uuid not null,
  -- When; also where its transfer is to be found: its written_at.
  decided_at timestamptz not null,
  -- The player's cash after it, as it was answered; null where it does not concern a player's cash.
  balance bigint,
  refusal text,
  facts jsonb,
  constraint outcomes_refusals_have_facts check ((refusal is null) = (facts is null))
);

-- By month: see sql/ledger/150_months.sql.
create table ledger.transfers (
  -- Unique by ledger.outcomes.
  id uuid not null,
  -- Under the locks of its accounts, so that the entries of an account are in order of time.
  written_at timestamptz not null,
  happened_at timestamptz not null,
  -- The Postgres transaction that wrote it: what the chain goes by, see sql/ledger/600_chain.sql.
  xact xid8 not null default pg_current_xact_id(),
  reverses uuid,
  code ledger.transfer_code not null,
  -- The business record it belongs to, such as `wager/game/w-17` or `withdrawal/w-9`.
  business_id text not null
) partition by range (written_at);
create index transfers_by_time on ledger.transfers (written_at);
create index transfers_by_xact on ledger.transfers (xact, id);
-- A hash, for business ids are long: a quarter of the bytes.
create index transfers_by_business on ledger.transfers using hash (business_id);
create index transfers_by_reversed on ledger.transfers (reverses) where reverses is not null;

-- Without foreign keys: two more look-ups an entry, a fifth of what a posting costs, to find what only the functions that
-- write it could get wrong. `npm run verify` looks for both.
create table ledger.entries (
  account_id bigint not null,
  -- 1, 2, 3 ... per account, without a gap.
  version bigint not null,
  transfer_id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  -- Of its transfer.
  written_at timestamptz not null,
  primary key (account_id, written_at, version),
  constraint entries_move_something check (amount <> 0)
) partition by range (written_at);
create index entries_by_time on ledger.entries (written_at);

-- The months that have partitions. What is written later than the last one is in `transfers_later` and `entries_later`.
create table ledger.months (
  starts timestamptz primary key,
  ends timestamptz not null
);
create table ledger.transfers_later partition of ledger.transfers for values from (minvalue) to (maxvalue);
create table ledger.entries_later partition of ledger.entries for values from (minvalue) to (maxvalue);

-- Two-phase money: it waits in player_held until it is captured or goes back to player_cash.
create table ledger.holds (
  -- Also the id of the transfer that placed it; a tombstone has no transfer.
  id uuid primary key,
  account_id bigint references ledger.accounts,
  amount bigint not null,
  captured bigint not null default 0,
  state text not null,
  business_id text not null,
  expires_at timestamptz,
  placed_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  constraint holds_state_known check (state in ('open', 'captured', 'voided', 'expired')),
  constraint holds_end_once check ((state = 'open') = (ended_at is null)),
  constraint holds_never_over_captured check (captured between 0 and amount),
  constraint holds_of_nothing_are_tombstones check (amount > 0 or (account_id is null and state = 'voided'))
);
create index holds_open on ledger.holds (account_id) where state = 'open';
create index holds_due on ledger.holds (expires_at) where state = 'open' and expires_at is not null;

-- One leg of a transfer to be: positive credits the account. `held` is the change of the held part.
create type ledger.leg as (kind text, owner text, currency text, amount bigint, held bigint);

-- A transfer to be, for a call that posts many at once.
-- `content` is the fingerprint of what was asked, where that is not the legs. With `netting` the leg on player_cash is what a
-- player gets or must give back, and the one on player_receivable takes what is owed: see ledger.post_net. `repay`: what the
-- player gets repays first what is owed; `keep`: it does not. `follows`: it is refused where the one before it is.
create type ledger.deed as (id uuid, code text, business_id text, happened_at timestamptz, legs ledger.leg[], content uuid, netting text, follows boolean);

-- What ledger.post_net takes, for a call that posts many at once.
create type ledger.net as (
  id uuid, code text, business_id text, happened_at timestamptz, player text, currency text, amount bigint, house ledger.leg[], repay boolean);

-- A leg beside its account, which is locked; account_id is null where there is none. Amounts are numeric, so that
-- sums are judged before they can overflow.
create type ledger.standing as (
  account_id bigint, is_player boolean, kind text, owner text, currency text,
  amount numeric, held numeric, posted bigint, floor bigint, ceiling bigint);

-- What a batch comes to: its entries, the accounts as it leaves them, and players' cash after its deeds. See ledger.fit.
create type ledger.fitted as (
  at integer[], account bigint[], version bigint[], amount bigint[], after bigint[],
  accounts bigint[], posted bigint[], versions bigint[],
  cash_at integer[], cash bigint[]);

-- What every call that moves money answers. `balance` is the player's cash after it, as it was then.
create type ledger.verdict as (outcome text, code text, facts jsonb, replayed boolean, balance bigint, transfer_id uuid);

-- A statement trigger reads all the entries of a statement at once: one per row would cost each entry a scan.
create function ledger.entries_sum_to_zero() returns trigger language plpgsql as $$
begin
  -- Each currency is looked up by its account's id. Joined, a plan made when the tables were new read all accounts.
  if exists (
    select from written
     group by transfer_id, (select currency from ledger.accounts where id = account_id) having sum(amount) <> 0)
  then
    raise exception 'the entries of a transfer must sum to zero per currency'
      using errcode = 'check_violation', constraint = 'entries_sum_to_zero', schema = 'ledger', table = 'entries';
  end if;
  return null;
end $$;

create trigger entries_sum_to_zero after insert on ledger.entries
  referencing new table as written for each statement execute function ledger.entries_sum_to_zero();

create function ledger.facts_are_final() returns trigger language plpgsql as $$
begin
  raise exception '%.% holds facts: they are never changed or removed; post a reversal', tg_table_schema, tg_table_name
    using errcode = 'check_violation', constraint = 'facts_are_final', schema = tg_table_schema, table = tg_table_name;
end $$;

create trigger facts_are_final before update or delete or truncate on ledger.transfers
  for each statement execute function ledger.facts_are_final();
create trigger facts_are_final before update or delete or truncate on ledger.entries
  for each statement execute function ledger.facts_are_final();
create trigger facts_are_final before update or delete or truncate on ledger.outcomes
  for each statement execute function ledger.facts_are_final();
create trigger facts_are_final before update or delete or truncate on ledger.transfers_later
  for each statement execute function ledger.facts_are_final();
create trigger facts_are_final before update or delete or truncate on ledger.entries_later
  for each statement execute function ledger.facts_are_final();
