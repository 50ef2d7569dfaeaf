-- What is undone is not posted any more: the pots are free for others to win from.
create or replace function rounds.break_promises(op rounds.operations) returns void language plpgsql as $$
begin
  update rounds.pot_changes c set status = 'undone'
   where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id) and c.status = 'promised';
end $$;

-- What a posted move did to pots.
create or replace function rounds.pot_legs_of(move rounds.moves) returns ledger.leg[] language plpgsql stable as $$
begin
  return array(
    select row(a.kind, a.owner, a.currency, e.amount, 0)::ledger.leg
      from ledger.outcomes o join ledger.entries e on e.written_at = o.decided_at and e.transfer_id = o.id join ledger.accounts a on a.id = e.account_id
     where o.id = move.transfer_id and a.kind = 'jackpot' order by a.id);
end $$;

-- Whether the pots, which are locked, still have what a posted move gave them.
create or replace function rounds.pots_can_undo(move rounds.moves) returns boolean language plpgsql stable as $$
begin
  return not exists (
    select from unnest(rounds.pot_legs_of(move)) leg where leg.amount > greatest(0, rounds.in_pot(leg.owner) - rounds.promised(leg.owner)));
end $$;

create or replace function rounds.pot_legs_back(move rounds.moves) returns ledger.leg[] language plpgsql stable as $$
begin
  return array(
    select row(kind, owner, currency, -least(amount, greatest(0, rounds.in_pot(owner) - rounds.promised(owner))), 0)::ledger.leg
      from unnest(rounds.pot_legs_of(move)));
end $$;

-- After a move's wins are back in their pots: the seeds the house put in for them go back to it, as far as the pots have them.
create or replace function rounds.undo_seeds(op rounds.operations, move rounds.moves) returns void language plpgsql as $$
declare
  c rounds.pot_changes;
  money ledger.verdict;
begin
  for c in
    select * from rounds.pot_changes x
     where (x.client_id, x.kind, x.operation_id) = (op.client_id, op.kind, op.operation_id) and x.transfer_id = move.transfer_id and x.status = 'posted'
     order by x.pot_id, x.wager_id
  loop
    if c.seeded > 0 and rounds.in_pot(c.pot_id) > rounds.promised(c.pot_id) then
      money := rounds.move_seed(ledger.derive_id('undo', 'jackpot_seed', c.transfer_id::text, c.pot_id), 'undo', op, c.pot_id, move.player_id, move.currency,
        -least(c.seeded, greatest(0, rounds.in_pot(c.pot_id) - rounds.promised(c.pot_id))));
      if money.code is not null then raise exception 'the seed of pot % cannot be undone: %', c.pot_id, money.code; end if;
    end if;
    update rounds.pot_changes set status = 'undone'
     where (client_id, kind, operation_id, wager_id, pot_id) = (c.client_id, c.kind, c.operation_id, c.wager_id, c.pot_id);
  end loop;
end $$;
