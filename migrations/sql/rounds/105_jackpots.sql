-- Pots. What goes in is never waited for: a contribution is a leg of its stake, and uses the bucket of its player. Whoever takes
-- out (a win, a contribution given back) locks the pot's row first, and only then looks what is in it: contributions add to that,
-- and nobody else takes from it until the end of the transaction, so a pot never goes below zero.

create or replace function rounds.lock_pots(p_pots text[]) returns void language plpgsql as $$
begin
  perform from rounds.pots where pot_id = any (p_pots) order by pot_id for no key update;
end $$;

create or replace function rounds.in_pot(p_pot text) returns bigint language plpgsql stable as $$
begin
  return (select coalesce(sum(a.posted), 0)::bigint
            from rounds.pots p join ledger.accounts a on (a.kind, a.owner, a.currency) = ('jackpot', p.pot_id, p.currency) where p.pot_id = p_pot);
end $$;

-- What of it belongs to wins that are claimed and not posted yet.
create or replace function rounds.promised(p_pot text) returns bigint language plpgsql stable as $$
begin
  return (select coalesce(sum(won), 0)::bigint from rounds.pot_changes where pot_id = p_pot and status = 'promised' and won > 0);
end $$;

-- Opens a pot, with its seed from the house; the same again answers what is in it.
create or replace function rounds.open_pot(p_pot text, p_currency text, p_seed bigint, out code text, out balance bigint) language plpgsql as $$
declare
  pot rounds.pots;
  money ledger.verdict;
begin
  perform pg_advisory_xact_lock(hashtextextended('pot/' || p_pot, 0));
  select * into pot from rounds.pots where pot_id = p_pot;
  if not found then
    insert into rounds.pots (pot_id, currency, seed) values (p_pot, p_currency, p_seed) returning * into pot;
    if p_seed > 0 then
      money := ledger.post(ledger.derive_id('jackpot_seed', p_pot), 'jackpot_seed', 'jackpot/' || p_pot, clock_timestamp(), array[
        row('house_gaming', 'house', p_currency, -p_seed, 0)::ledger.leg, row('jackpot', p_pot, p_currency, p_seed, 0)::ledger.leg]);
      if money.code is not null then raise exception 'pot % cannot be seeded: %', p_pot, money.code; end if;
    end if;
  elsif (pot.currency, pot.seed) <> (p_currency, p_seed) then
    code := 'idempotency_conflict';
  end if;
  balance := rounds.in_pot(p_pot);
end $$;

-- The house puts a stake's contributions into the pots: the stake itself stays in play whole, so that it can come back whole.
create or replace function rounds.contribution_legs(p_currency text, p_contributions jsonb) returns ledger.leg[] language sql immutable strict as $$
  select array_agg(row('jackpot', c ->> 'potId', p_currency, (c ->> 'amount')::bigint, 0)::ledger.leg)
         || row('house_gaming', 'house', p_currency, -sum((c ->> 'amount')::bigint)::bigint, 0)::ledger.leg
    from jsonb_array_elements(p_contributions) c
$$;

-- The legs of a rollback on the pots: what was contributed goes back to the house, as far as the pots, which are locked, have it.
create or replace function rounds.give_back_legs(p_currency text, p_contributions jsonb) returns ledger.leg[] language plpgsql as $$
declare
  had jsonb := (select jsonb_agg(jsonb_build_object('potId', c ->> 'potId', 'amount', -least((c ->> 'amount')::bigint,
      greatest(0, rounds.in_pot(c ->> 'potId') - rounds.promised(c ->> 'potId'))))) from jsonb_array_elements(p_contributions) c);
begin
  return array(select leg from unnest(rounds.contribution_legs(p_currency, had)) leg where leg.amount <> 0);
end $$;

-- The pots that contributions name.
create or replace function rounds.pots_of(p_contributions jsonb) returns text[] language sql immutable strict
  return array(select c ->> 'potId' from jsonb_array_elements(p_contributions) c);

-- A pot may still come to be, so a stake that names an unknown one leaves no record.
create or replace function rounds.knows_pots(p_contributions jsonb) returns boolean language sql stable
  return p_contributions is null or not exists (
    select from unnest(rounds.pots_of(p_contributions)) named (pot) where not exists (select from rounds.pots p where p.pot_id = named.pot));

create or replace function rounds.pot_objection(p_currency text, p_contributions jsonb) returns text language sql stable
  return case when exists (select from rounds.pots p where p.pot_id = any (rounds.pots_of(p_contributions)) and p.currency <> p_currency)
         then 'currency_mismatch' end;
