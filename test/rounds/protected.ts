import assert from 'node:assert/strict';
import { limitsOf, setLimit, type LimitKind, type LimitPeriod } from '../../players/index.ts';
import type { Answered } from '../../rounds/index.ts';
import { fresh, type Table } from './table.ts';
import { ADMIN } from '../support/origin.ts';

export const limit = (
  table: Table,
  playerId: string,
  kind: LimitKind,
  period: LimitPeriod,
  amount: number | null,
) =>
  setLimit(
    table.pool,
    {
      playerId,
      currency: 'SEK',
      kind,
      period,
      amount: amount === null ? null : BigInt(amount),
    },
    ADMIN,
  );

export const usedOf = async (table: Table, playerId: string) =>
  (await limitsOf(table.pool, playerId)).map((l) => [l.kind, l.period, Number(l.amount), Number(l.used)]);

export const stake = (table: Table, player: string, amount: number): Promise<Answered> =>
  table.stake({ round: fresh('r'), wager: fresh('w'), player, amount });

export const factsOf = (answered: Answered) =>
  answered.outcome === 'refused' ? (answered.refusal.facts ?? {}) : assert.fail('not refused');
