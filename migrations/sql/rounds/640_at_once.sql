-- Claims an operation and, where one batch posts all of it, ends it in the same transaction. The round is never seen claimed then:
-- whoever comes next waits for a lock, and not for its turn. 300 players who cash out of one round in the same second, each by a
-- workflow, took 110 s while each found the round claimed and tried again. What was begun step by step goes
-- on so. Answers `claimed` or `busy` as `claim` does, or how the operation has ended: `done`, `refused`.
create or replace function rounds.at_once(p_client text, p_kind text, p_id text, p_batch integer) returns text language plpgsql as $$
declare
  claim constant text := rounds.claim(p_client, p_kind, p_id);
  posted record;
begin
  if claim = 'busy' then return claim; end if;
  if claim = 'claimed' then
    if (select count(*) > p_batch or bool_or(m.posted) from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id)) then
      return claim;
    end if;
    select * into posted from rounds.post_moves(p_client, p_kind, p_id, p_batch);
    if posted.problem is null then
      perform rounds.close_operation(p_client, p_kind, p_id);
    else
      perform rounds.undo_moves(p_client, p_kind, p_id, p_batch);
      perform rounds.undo_claim(p_client, p_kind, p_id, posted.problem);
    end if;
  end if;
  return (select status from rounds.operation(p_client, p_kind, p_id));
end $$;
