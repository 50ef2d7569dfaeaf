-- Who may call the API. Keys and tokens are long random strings, so a plain SHA-256 of them is enough to keep.
create schema access;

create table access.clients (
  client_id text primary key,
  name text not null,
  kind text not null,
  api_key_hash bytea not null unique,
  -- Verifying a signature needs the secret itself.
  hmac_secret text,
  signed boolean not null,
  settlement text not null default 'workflow',
  -- The dialect of an aggregator it speaks beside the API, and how its calls are verified: `actions` by hmac_secret, `calls` by
  -- this RSA key (PEM). A key of its own for each client: a body signed for one would fit the other.
  dialect text,
  public_key text unique,
  -- How a bet that was taken is answered when it comes again: as the first time, or as a duplicate.
  duplicates text not null default 'replay',
  -- What becomes of a round of which nothing was heard for so long: its open wagers are lost or voided, or a person decides.
  stale_after interval not null default '24 hours',
  stale_policy text not null default 'park',
  constraint clients_kind_known check (kind in ('game', 'cashier')),
  constraint clients_dialect_known check (dialect in ('actions', 'calls')),
  constraint clients_dialect_is_verified check (
    dialect is null or kind = 'game' and case dialect when 'actions' then hmac_secret is not null else public_key is not null end),
  constraint clients_duplicates_known check (duplicates in ('replay', 'error')),
  constraint clients_settlement_known check (settlement in ('workflow', 'direct')),
  constraint clients_stale_policy_known check (stale_policy in ('lost', 'void', 'park')),
  constraint clients_signed_have_a_secret check (not signed or hmac_secret is not null)
);

create table access.people (
  person_id text primary key,
  name text not null,
  role text not null,
  token_hash bytea not null unique,
  constraint people_role_known check (role in ('support', 'finance', 'finance-approver', 'admin'))
);
