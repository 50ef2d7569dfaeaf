import { createHash } from 'node:crypto';
import { connected } from './connected.ts';
import type { Secrets } from './secrets.ts';

const hash = (key: string) => createHash('sha256').update(key).digest();

/** Lets the clients and people of stack.json in: docs/api.md, "Who may call". */
export async function writeCredentials(ownerUrl: string, { clients, people }: Secrets): Promise<void> {
  const { game, otherGame, cashier, actionsAggregator, callsAggregator } = clients;
  await connected(ownerUrl, async (client) => {
    await client.query(
      `insert into access.clients (client_id, name, kind, api_key_hash, hmac_secret, signed, settlement, dialect, public_key) values
         ($1, 'Game server', 'game', $2, $3, true, 'workflow', null, null),
         ($4, 'Game server that settles small rounds', 'game', $5, $6, true, 'direct', null, null),
         ($7, 'Cashier', 'cashier', $8, null, false, 'workflow', null, null),
         ($9, 'Aggregator that sends actions', 'game', $10, $11, true, 'direct', 'actions', null),
         ($12, 'Aggregator that sends calls', 'game', $13, $14, true, 'direct', 'calls', $15)
       on conflict (client_id) do update set (name, kind, api_key_hash, hmac_secret, signed, settlement, dialect, public_key) =
         (excluded.name, excluded.kind, excluded.api_key_hash, excluded.hmac_secret, excluded.signed, excluded.settlement,
          excluded.dialect, excluded.public_key)`,
      [
        ...[game.clientId, hash(game.apiKey), game.hmacSecret],
        ...[otherGame.clientId, hash(otherGame.apiKey), otherGame.hmacSecret],
        ...[cashier.clientId, hash(cashier.apiKey)],
        ...[actionsAggregator.clientId, hash(actionsAggregator.apiKey), actionsAggregator.hmacSecret],
        ...[callsAggregator.clientId, hash(callsAggregator.apiKey), callsAggregator.hmacSecret],
        callsAggregator.publicKey,
      ],
    );
    await client.query(
      `insert into access.people (person_id, name, role, token_hash) values
         ('support', 'Siri of support', 'support', $1), ('finance', 'Finn of finance', 'finance', $2),
         ('finance2', 'Freja of finance', 'finance', $3), ('approver', 'Alva, who approves', 'finance-approver', $4),
         ('admin', 'Adam, who administers', 'admin', $5)
       on conflict (person_id) do update set (name, role, token_hash) = (excluded.name, excluded.role, excluded.token_hash)`,
      [people.support, people.finance, people.finance2, people.approver, people.admin].map(hash),
    );
  });
}
