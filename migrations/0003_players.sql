create schema players;

create table players.players (
  player_id text primary key,
  jurisdiction text not null,
  registered_at timestamptz not null default clock_timestamp()
);

create table players.currencies (
  player_id text not null references players.players,
  currency text not null,
  primary key (player_id, currency)
);

create table players.awards (
  client_id text not null,
  award_id text not null,
  player_id text not null,
  request jsonb not null,
  outcome text not null,
  code text,
  facts jsonb,
  balance bigint,
  transfer_id uuid,
  awarded_at timestamptz not null default clock_timestamp(),
  primary key (client_id, award_id)
);
