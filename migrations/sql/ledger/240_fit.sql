-- What a batch comes to where every deed of it can be posted: the entries to be, the accounts as they leave them, and each
-- player's cash after. Null where a deed may be refused, or names what is not there: then each is to be judged by itself, on
-- what those before it leave, which takes twice as long. Locks the accounts in the one order: see ledger.lock_legs.
create or replace function ledger.fit(p_deeds ledger.deed[]) returns ledger.fitted language plpgsql as $$
declare
  repays constant boolean[] := array(select coalesce(netting = 'repay', false) from unnest(p_deeds));
  batch record;
begin
  with legs as (
    select d.at, l.kind, l.owner, l.currency, ledger.bucket(l.kind, d.player) as bucket, sum(l.amount) as amount,
           bool_and(l.held = 0 and l.kind <> 'player_held' and l.currency = d.currency and (l.owner = d.player or not starts_with(l.kind, 'player_'))) as plain
      from (select at::integer, legs, (legs[1]).currency, (select owner from unnest(legs) where starts_with(kind, 'player_') limit 1) as player
              from unnest(p_deeds) with ordinality as d (id, code, business_id, happened_at, legs, content, netting, follows, at)
            offset 0) d, unnest(d.legs) l
     group by 1, 2, 3, 4, 5
  ), locked as (
    select l.at, a.id, l.kind, l.amount, l.plain, a.posted, a.version, a.is_player, a.floor, a.ceiling
      from legs l join ledger.accounts a on (a.kind, a.owner, a.currency, a.bucket) = (l.kind, l.owner, l.currency, l.bucket)
     order by a.is_player desc, a.id for no key update of a
  ), running as (
    select at, id, kind, amount, plain, floor, ceiling, is_player, amount <> 0 as moves,
           posted + sum(amount) over here as after, version + count(*) filter (where amount <> 0) over here as version,
           at = max(at) over (partition by id) as last
      from locked window here as (partition by id order by at)
  ), judged as (
    select *, plain and after between coalesce(floor, case when is_player then -9007199254740991 else -4611686018427387903 end)
                                  and coalesce(ceiling, case when is_player then 9007199254740991 else 4611686018427387903 end)
                -- A debt takes its part of a win.
                and not (repays[at] and kind = 'player_receivable' and after <> 0) as fits
      from running
  )
  select bool_and(j.fits) and count(*) = (select sum(cardinality(legs)) from unnest(p_deeds)) and count(distinct at) filter (where moves) = cardinality(p_deeds) as fits,
         row(array_agg(at) filter (where moves and j.fits), array_agg(id) filter (where moves and j.fits), array_agg(version) filter (where moves and j.fits),
           array_agg(amount::bigint) filter (where moves and j.fits), array_agg(after::bigint) filter (where moves and j.fits),
           array_agg(id) filter (where last and j.fits), array_agg(after::bigint) filter (where last and j.fits), array_agg(version) filter (where last and j.fits),
           array_agg(at) filter (where kind = 'player_cash' and j.fits), array_agg(after::bigint) filter (where kind = 'player_cash' and j.fits))::ledger.fitted as fitted
    into batch from judged j;
  return case when batch.fits then batch.fitted end;
end $$;
