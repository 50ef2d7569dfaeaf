-- What a player has, per currency, as one read over the rooms' own records. It stands last because it looks into all.
-- An unknown player is one row that says so.
create or replace function players.balances(p_player text)
  returns table (known boolean, currency text, cash bigint, in_play bigint, pending bigint, owed bigint) language sql stable as $$
  select p.player_id is not null, c.currency,
         coalesce(ledger.cash(p_player, c.currency), 0),
         coalesce((select amount from rounds.in_play(p_player) r where r.currency = c.currency), 0),
         coalesce((select amount from payments.pending(p_player) w where w.currency = c.currency), 0),
         coalesce((select -posted from ledger.accounts where kind = 'player_receivable' and owner = p_player and currency = c.currency), 0)
    from (select 1) one
    left join players.players p on p.player_id = p_player
    left join players.currencies c on c.player_id = p.player_id
   order by c.currency
$$;
