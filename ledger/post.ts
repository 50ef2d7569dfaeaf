import { callRow, type Pool, type Tx } from '../ops/postgres.ts';

/**
 * Why the ledger refuses, in order of precedence: when several apply, the first is answered. A refusal is recorded and
 * answered again for the same id, but for what may still come to be (`..._not_found`), what may be tried again (the void
 * and the expiry of a hold) and `idempotency_conflict` itself.
 */
export const LEDGER_ERRORS = [
  'idempotency_conflict',
  'transfer_not_found',
  'hold_not_found',
  'hold_already_captured',
  'hold_already_voided',
  'hold_already_expired',
  'hold_not_expired',
  'hold_exceeded',
  'transfer_already_reversed',
  'reversal_exceeded',
  'account_not_found',
  'amount_too_large',
  'insufficient_funds',
] as const;
export type LedgerErrorCode = (typeof LEDGER_ERRORS)[number];

/** What every call that moves money answers: a rule's "no" is data, anything thrown is a bug or an outage. */
export type Verdict = Applied | Refused;

export interface Applied {
  readonly outcome: 'applied';
  /** This id was known: the first outcome again, with the balance as it was then. */
  readonly replayed: boolean;
  /** The player's cash after it, in minor units; null where it does not concern a player's cash. */
  readonly balance: bigint | null;
  /** Null where a void found nothing to give back, and left a tombstone. */
  readonly transferId: string | null;
}

export interface Refused {
  readonly outcome: 'refused';
  readonly replayed: boolean;
  readonly code: LedgerErrorCode;
  /** Ids and amounts, never a sentence to parse. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** One side of a transfer to be: positive credits the account. Minor units. */
export interface Leg {
  readonly kind: string;
  readonly owner: string;
  readonly currency: string;
  readonly amount: bigint;
}

/** What every transfer says of itself. */
export interface Deed {
  /** Names the deed: the same id and content is answered as the first time, other content is a conflict. */
  readonly id: string;
  /** Why: one of `transfers_code_known`, such as `stake`. */
  readonly code: string;
  /** The business record it belongs to, such as `wager/game/w-17`. */
  readonly businessId: string;
  readonly happenedAt: Date;
}

/**
 * Posts one transfer, of one currency (unless its code is `exchange`) and at most one player. House accounts open on their first use.
 *
 * @param deed.legs must sum to zero, else it throws `entries_sum_to_zero`; none on player_held, which holds alone move
 * @returns refused as `idempotency_conflict` | `account_not_found` | `amount_too_large` | `insufficient_funds`
 * @see docs/ledger.md#recipes
 */
export async function post(db: Pool | Tx, deed: Posting): Promise<Verdict> {
  return await ask(
    db,
    'ledger_post',
    'ledger.post($1::uuid, $2::text, $3::text, $4::timestamptz, $5::ledger.leg[])',
    [...valuesOf(deed), literalOf(deed.legs)],
  );
}

/** One transfer. */
export type Posting = Deed & { readonly legs: readonly Leg[] };

/**
 * Posts many transfers in one transaction, as `post` would one after the other: a verdict for each, in their order. A
 * refusal is nothing to the others; an id that comes twice is answered as a replay.
 *
 * @throws where the legs of one make no sense: then none is posted
 */
export async function postAll(db: Pool | Tx, postings: readonly Posting[]): Promise<Verdict[]> {
  const legs = postings.flatMap((posting, at) => posting.legs.map((leg) => ({ ...leg, at: at + 1 })));
  const { rows } = await db.query<VerdictRow>({
    name: 'ledger_post_all',
    text: `select * from ledger.post_all(array(
        select row(d.id, d.code, d.business_id, d.happened_at, l.legs, null, null, false)::ledger.deed
          from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) with ordinality as d (id, code, business_id, happened_at, at)
          left join (select posting, array_agg(row(kind, owner, currency, amount, 0)::ledger.leg order by at) as legs
                       from unnest($5::int[], $6::text[], $7::text[], $8::text[], $9::bigint[]) with ordinality as l (posting, kind, owner, currency, amount, at)
                      group by posting) l on l.posting = d.at
         order by d.at))`,
    values: [...columnsOfDeeds(postings), legs.map(({ at }) => at), ...columnsOf(legs)],
  });
  return rows.map(toVerdict);
}

export interface Net extends Deed {
  readonly playerId: string;
  readonly currency: string;
  /** To the player's cash; negative takes back. */
  readonly net: bigint;
  /** What the house gives and takes: sums to -net. */
  readonly house: readonly Leg[];
  /** A win repays first what the player owes; a stake that comes back does not. */
  readonly repay: boolean;
}

/**
 * Posts what a player wins or must give back. A claw-back is never refused for want of funds: what is not there is
 * `owed`, and booked on player_receivable.
 *
 * @returns refused as `idempotency_conflict` | `account_not_found` | `amount_too_large`
 * @see docs/ledger.md#void-with-claw-back
 */
export async function postNet(db: Pool | Tx, net: Net): Promise<{ verdict: Verdict; owed: bigint }> {
  const row = await callRow<VerdictRow & { owed: bigint }>(
    db,
    'ledger_post_net',
    `select (p.verdict).*, p.owed from ledger.post_net($1::uuid, $2::text, $3::text, $4::timestamptz, $5::text, $6::text, $7::bigint,
       $8::ledger.leg[], $9::boolean) p`,
    [...valuesOf(net), net.playerId, net.currency, net.net, literalOf(net.house), net.repay],
  );
  return { verdict: toVerdict(row), owed: row.owed };
}

/** `ledger_hold`: the named statement of a call is made once per connection. The text is ours, never a caller's. */
export async function ask(
  db: Pool | Tx,
  name: string,
  call: string,
  values: readonly unknown[],
): Promise<Verdict> {
  return toVerdict(await callRow<VerdictRow>(db, name, `select * from ${call}`, values));
}

export const valuesOf = (deed: Deed) => [deed.id, deed.code, deed.businessId, deed.happenedAt];

export interface VerdictRow {
  outcome: 'applied' | 'refused';
  code: LedgerErrorCode | null;
  facts: Record<string, unknown> | null;
  replayed: boolean;
  balance: bigint | null;
  transfer_id: string | null;
}

export const toVerdict = ({ outcome, code, facts, replayed, balance, transfer_id }: VerdictRow): Verdict =>
  outcome === 'refused' && code !== null
    ? { outcome, replayed, code, facts: facts ?? {} }
    : { outcome: 'applied', replayed, balance, transferId: transfer_id };

/**
 * Legs as Postgres writes an array of composites, since the driver knows none: `{"(\"player_cash\",...)"}`. Made of four
 * arrays by a query instead, a posting took 9 us of CPU more. For a batch it is the other way about: 3 us a posting more, here.
 */
const literalOf = (legs: readonly Leg[]) =>
  `{${legs
    .map(({ kind, owner, currency, amount }) =>
      quote(`(${quote(kind)},${quote(owner)},${quote(currency)},${String(amount)},0)`),
    )
    .join()}}`;

const quote = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

export const columnsOfDeeds = (deeds: readonly Deed[]) => [
  deeds.map(({ id }) => id),
  deeds.map(({ code }) => code),
  deeds.map(({ businessId }) => businessId),
  deeds.map(({ happenedAt }) => happenedAt),
];

export const columnsOf = (legs: readonly Leg[]) => [
  legs.map(({ kind }) => kind),
  legs.map(({ owner }) => owner),
  legs.map(({ currency }) => currency),
  legs.map(({ amount }) => amount),
];
