import assert from 'node:assert/strict';
import type { Stand } from './stand.ts';

export interface Payment {
  readonly id: string;
  readonly playerId: string;
  readonly amount: number;
  /** What it chose of the simulator. */
  readonly token: string;
}

interface End {
  readonly status: string;
  /** Of a withdrawal: what our books say of its attempts, and in the same order the providers' of theirs. */
  readonly attempts?: readonly string[];
  /** What the providers' books say. */
  readonly theirs: readonly string[];
  /** What finance does where it comes to a status. */
  readonly press?: Readonly<Record<string, readonly [action: string, more?: object]>>;
}

const credited: End = { status: 'credited', theirs: ['captured'] };
const paid: End = { status: 'paid', attempts: ['paid'], theirs: ['paid'] };
const elsewhere = ['retry', { provider: 'eastpay' }] as const;
const vouched = ['declare-unpaid', { evidence: 'the bank says so' }] as const;

/** What comes of each token of the simulator, whoever dies meanwhile. */
const ENDS: Readonly<Record<string, End>> = {
  sim_captured: credited,
  sim_declined: { status: 'failed', theirs: ['declined'] },
  // A payment that we cancelled.
  sim_abandoned: { status: 'expired', theirs: ['declined'] },
  sim_late: credited,
  sim_no_webhook: credited,
  sim_duplicate: credited,
  sim_chargeback: { status: 'charged_back', theirs: ['charged_back'] },
  sim_timeout: credited,
  'SIM-PAID': paid,
  'SIM-REFUSED': {
    ...{ status: 'cancelled', attempts: ['refused'], theirs: ['refused'] },
    press: { needs_attention: ['cancel'] },
  },
  'SIM-REFUSED-NORDPAY': {
    ...{ status: 'paid', attempts: ['refused', 'paid'], theirs: ['refused', 'paid'] },
    press: { needs_attention: elsewhere },
  },
  'SIM-REFUSED-ONCE': {
    ...{ status: 'paid', attempts: ['refused', 'paid'], theirs: ['refused', 'paid'] },
    press: { needs_attention: ['retry'] },
  },
  'SIM-NO-WEBHOOK': paid,
  'SIM-TIMEOUT-TAKEN': paid,
  'SIM-TIMEOUT-LOST': paid,
  'SIM-503': paid,
  'SIM-RETURNED': {
    ...{ status: 'cancelled', attempts: ['returned'], theirs: ['returned'] },
    press: { returned: ['cancel'] },
  },
  'SIM-DUPLICATE': paid,
  'SIM-STUCK': {
    ...{ status: 'cancelled', attempts: ['declared_unpaid'], theirs: ['pending'] },
    press: { submitted: vouched, needs_attention: ['cancel'] },
  },
  'SIM-LATE-PAID': paid,
};

export const TOKENS = Object.keys(ENDS);

export const isDeposit = (token: string): boolean => token.startsWith('sim_');

/** Sees that a payment ends as its token has it, and that the providers' books have just the payments and payouts of ours. */
export async function endsWell(stand: Stand, { id, playerId, amount, token }: Payment): Promise<void> {
  const end = ENDS[token];
  assert.ok(end !== undefined, token);
  const path = `/v1/${isDeposit(token) ? 'deposits' : 'withdrawals'}/${id}`;
  const { attempts = [] } = await stand.until(`the end of ${id} (${token})`, async () => {
    const now = await stand.cashier('GET', path);
    if (now.status === end.status) return now;
    const [action, more = {}] = end.press?.[now.status ?? ''] ?? [];
    if (action !== undefined) await stand.press('finance', `${path}/${action}`, more);
    throw new Error(`it is ${String(now.status)} (${String(now.reason)})`);
  });
  if (end.status === 'credited') stand.moved(playerId, amount);
  if (end.status === 'paid') stand.moved(playerId, -amount);
  // A payment that expired here is cancelled there a moment later.
  const books = await stand.until(`the end of ${id} (${token}) at the providers`, async () => {
    const items = await stand.books(id);
    assert.deepEqual(
      items.map((item) => [item.state, item.amount]),
      end.theirs.map((state) => [state, amount]),
    );
    return items;
  });
  if (end.attempts === undefined) return;
  const ours = attempts as readonly { key: string; status: string; provider: string }[];
  assert.deepEqual(
    ours.map(({ status }) => status),
    end.attempts,
    `${id} (${token}), by our books`,
  );
  const keys = (list: readonly { provider: string; key: string }[]) =>
    list.map(({ provider, key }) => `${provider} ${key}`);
  assert.deepEqual(keys(books), keys(ours), `${id} (${token})`);
}
