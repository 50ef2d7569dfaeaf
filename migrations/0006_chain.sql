-- The chain over the transfers and their entries: docs/ledger/chain.md. A block holds the next of them, up to a thousand,
-- in order of (xact, id). A row per transfer would have cost 150 bytes of each; this costs 26.
create table ledger.chain (
  -- 1, 2, 3 ... without a gap.
  number bigint primary key,
  -- Where its first and its last transfer stand in the chain: 1, 2, 3 ...
  first_position bigint not null,
  last_position bigint not null,
  -- Of its last transfer; the next block begins after it.
  last_xact xid8 not null,
  -- Its transfers in order, and 8 bytes for each: 4 of the digest of its row, 4 of the digest of its entries. The proof is
  -- `hash`; these name the transfer that differs.
  ids uuid[] not null,
  marks bytea not null,
  previous_hash bytea not null,
  hash bytea not null,
  built_at timestamptz not null,
  constraint chain_positions_fit_ids check (
    number > 0 and first_position > 0 and cardinality(ids) > 0
    and last_position - first_position + 1 = cardinality(ids) and octet_length(marks) = 8 * cardinality(ids)),
  constraint chain_hashes_are_sha256 check (octet_length(previous_hash) = 32 and octet_length(hash) = 32)
);
-- Digests and random ids do not compress: do not try.
alter table ledger.chain alter ids set storage external, alter marks set storage external;

create trigger facts_are_final before update or delete or truncate on ledger.chain
  for each statement execute function ledger.facts_are_final();
