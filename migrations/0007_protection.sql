-- Player protection: the rules of each jurisdiction as data, players' limits and blocks, and what they have spent.

create table players.jurisdictions (
  jurisdiction text primary key,
  time_zone text not null,
  -- The last 24 hours, 7 days or month, not calendar periods.
  rolling boolean not null,
  -- A raise waits this long, and to the end of the running period where it says so.
  raise_wait interval not null,
  raise_after_period boolean not null,
  -- Deposit limits that must be set before play.
  required_periods text[] not null default '{}',
  -- Staff contact a player who raises a deposit limit, or sets a monthly one above this.
  contact_above bigint,
  contact_currency text,
  -- So many failed deposits within that time, and no further one is taken until the first of them is older.
  failed_deposits integer,
  failed_within interval
);
-- The wait in MT, NJ and DK is the house's own choice.
insert into players.jurisdictions values
  ('MT', 'Europe/Malta', false, '24 hours', false, '{}', null, null, null, null),
  ('SE', 'Europe/Stockholm', false, '72 hours', true, '{day,week,month}', 1000000, 'SEK', null, null),
  ('GB', 'Europe/London', true, '24 hours', false, '{}', null, null, null, null),
  ('NJ', 'America/New_York', false, '24 hours', false, '{}', null, null, 5, '10 minutes'),
  ('DK', 'Europe/Copenhagen', false, '24 hours', false, '{}', null, null, null, null);

-- Players who have anything to be checked: one probe tells the others from them, and its lock makes checks take turns.
create table players.guards (
  player_id text primary key references players.players
);

-- A limit that was removed stays, with no amount: what counts towards it goes on being counted.
create table players.limits (
  player_id text not null references players.guards,
  currency text not null,
  kind text not null,
  period text not null,
  amount bigint,
  set_at timestamptz not null default clock_timestamp(),
  raise_id uuid,
  raise_to bigint,
  raise_at timestamptz,
  primary key (player_id, currency, kind, period),
  constraint limits_kind_known check (kind in ('deposit', 'loss', 'wager')),
  constraint limits_period_known check (period in ('day', 'week', 'month')),
  constraint limits_not_negative check (amount >= 0 and raise_to >= 0),
  constraint limits_raise_whole check ((raise_id is null) = (raise_at is null))
);

create table players.blocks (
  block_id text primary key,
  player_id text not null references players.guards,
  kind text not null,
  starts timestamptz not null default clock_timestamp(),
  until timestamptz,
  reason text,
  request jsonb not null,
  lifted_at timestamptz,
  constraint blocks_kind_known check (kind in ('self_exclusion', 'cooling_off', 'staff'))
);
create index blocks_in_force on players.blocks (player_id) where lifted_at is null;

-- What staff must do about a player.
create table players.tasks (
  task_id uuid primary key default gen_random_uuid(),
  player_id text not null references players.players,
  kind text not null,
  facts jsonb not null,
  status text not null default 'needs_attention',
  created_at timestamptz not null default clock_timestamp(),
  -- Who did it, what came of it, and the key it was sent with.
  done_at timestamptz,
  done_by text,
  done_key text,
  note text,
  constraint tasks_status_known check (status in ('needs_attention', 'done'))
);
create index tasks_by_status on players.tasks (status, created_at, task_id);

-- Stakes and payouts of players with a loss or wager limit, by the quarter of an hour in which the stake was taken: every
-- time zone's midnight is the edge of a quarter.
create table players.spending (
  player_id text not null,
  currency text not null,
  quarter timestamptz not null,
  staked bigint not null,
  returned bigint not null,
  primary key (player_id, currency, quarter)
);
-- Changes of it not folded in yet. They are only inserted, so that a settlement of many players waits for nobody.
create table players.spending_news (
  id bigint generated always as identity,
  player_id text not null,
  currency text not null,
  quarter timestamptz not null,
  staked bigint not null,
  returned bigint not null
);
create index spending_news_by_player on players.spending_news (player_id);
