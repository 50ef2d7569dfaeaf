import pg from 'pg';
import { send, type Stack } from './client.ts';
import type { Story } from './story.ts';
import { bar } from '../../ops/progress.ts';
import { chapter, coins, table } from './terminal.ts';

interface SimItem {
  kind: string;
  state: string;
  amount: number;
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

/** Holds our books against the providers' and the story's own sums. Answers what does not fit. */
export async function compareBooks(stack: Stack, story: Story): Promise<string[]> {
  return [
    ...(await trialBalance(stack)),
    ...(await providers(stack, story)),
    ...(await balances(stack, story)),
  ];
}

async function trialBalance(stack: Stack): Promise<string[]> {
  chapter('5. The books: trial balance by kind of account');
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ kind: string; currency: string; debit: string; credit: string }>(
    'select kind, currency, debit, credit from ledger.trial_balance() where debit <> 0 or credit <> 0',
  );
  await client.end();
  const currencies = [...new Set(rows.map(({ currency }) => currency))];
  const problems: string[] = [];
  for (const currency of currencies) {
    const lines = rows.filter((row) => row.currency === currency);
    const debit = sum(lines.map((row) => Number(row.debit)));
    const credit = sum(lines.map((row) => Number(row.credit)));
    const cell = (minor: string | number) => (Number(minor) === 0 ? '' : coins(Number(minor), currency));
    table([
      ['account kind', 'debit', 'credit'],
      ...lines.map((row) => [row.kind, cell(row.debit), cell(row.credit)]),
      ['total', cell(debit), cell(credit)],
    ]);
    if (debit !== credit)
      problems.push(
        `${currency}: debits of ${coins(debit, currency)} meet credits of ${coins(credit, currency)}`,
      );
  }
  return problems;
}

async function providers(stack: Stack, story: Story): Promise<string[]> {
  chapter("6. The providers' books beside ours, for the payments of this story");
  const problems: string[] = [];
  const totals = { deposit: { ours: 0, theirs: 0 }, withdrawal: { ours: 0, theirs: 0 } };
  const progress = bar('payments compared', story.payments.length);
  for (const [index, payment] of story.payments.entries()) {
    progress.at(index, payment.id);
    const done = payment.kind === 'deposit' ? 'captured' : 'paid';
    const items = await Promise.all(Object.values(stack.providers).map((url) => books(url, payment.id)));
    const theirs = items.flat().filter((item) => item.state === done);
    const ours = payment.status === 'credited' || payment.status === 'paid' ? [payment.amount] : [];
    totals[payment.kind].ours += sum(ours);
    totals[payment.kind].theirs += sum(theirs.map(({ amount }) => amount));
    if (theirs.length !== ours.length || theirs[0]?.amount !== ours[0]) {
      problems.push(
        `${payment.id}: we have ${coins(sum(ours))} ${payment.status}, the providers have ${String(theirs.length)} ${done}`,
      );
    }
  }
  progress.end();
  table([
    ['', 'ours', 'theirs'],
    ['deposits captured', coins(totals.deposit.ours), coins(totals.deposit.theirs)],
    ['withdrawals paid', coins(totals.withdrawal.ours), coins(totals.withdrawal.theirs)],
  ]);
  return problems;
}

async function books(provider: string, reference: string): Promise<SimItem[]> {
  const response = await fetch(`${provider}/sim/books?reference=${encodeURIComponent(reference)}`);
  return ((await response.json()) as { items: SimItem[] }).items;
}

async function balances(stack: Stack, story: Story): Promise<string[]> {
  chapter("7. The players' cash beside the story's own sums");
  const problems: string[] = [];
  const rows = [['player', 'ledger', 'story']];
  for (const [player, expected] of story.expected) {
    const { body } = await send(
      stack,
      { bearer: stack.people.support },
      'GET',
      `/v1/players/${player}/balance`,
    );
    const [balance] = body.balances ?? [];
    rows.push([player, coins(balance?.cash ?? 0), coins(expected)]);
    if (balance?.cash !== expected)
      problems.push(`${player} has ${coins(balance?.cash ?? 0)}, and should have ${coins(expected)}`);
    if (balance?.inPlay !== 0 || balance.pendingWithdrawals !== 0)
      problems.push(`${player} still has money in play or pending`);
  }
  table(rows);
  return problems;
}
