import type { PaymentsConfig, ProviderConfig } from '../config/index.ts';
import { minorPerMajor, type MoneyDto } from '../money/index.ts';
import type { Pool } from '../ops/postgres.ts';

interface Routed {
  readonly kind: 'deposit' | 'withdrawal';
  readonly money: MoneyDto;
  /** Of a deposit, or the type of a withdrawal's destination. */
  readonly method: string;
  readonly jurisdiction: string;
}

/** The providers that take a payment, in the order they are tried; undefined where its player cannot have it anyway. */
export async function routeOf(
  pool: Pool,
  config: PaymentsConfig,
  { playerId, ...payment }: Omit<Routed, 'jurisdiction'> & { readonly playerId: string },
): Promise<string[] | undefined> {
  const { rows } = await pool.query<{ jurisdiction: string }>({
    name: 'jurisdiction_of_player',
    text: 'select jurisdiction from players.players join players.currencies using (player_id) where player_id = $1::text and currency = $2::text',
    values: [playerId, payment.money.currency],
  });
  const [player] = rows;
  if (player === undefined) return undefined;
  return thatTake(config, { ...payment, ...player });
}

/** The same, of a player who can have it. */
export const thatTake = ({ providers }: PaymentsConfig, payment: Routed): string[] =>
  providers.filter((provider) => takes(provider, payment)).map(({ name }) => name);

function takes(provider: ProviderConfig, { kind, money, method, jurisdiction }: Routed): boolean {
  const { off, kinds, currencies, jurisdictions, methods, minMajor, maxMajor } = provider;
  const amount = BigInt(money.minor);
  const minor = (major: number) => BigInt(major) * minorPerMajor(money.currency);
  return (
    !off &&
    (kinds?.includes(kind) ?? true) &&
    (currencies?.includes(money.currency) ?? true) &&
    (jurisdictions?.includes(jurisdiction) ?? true) &&
    (methods?.includes(method) ?? true) &&
    (minMajor === undefined || amount >= minor(minMajor)) &&
    (maxMajor === undefined || amount <= minor(maxMajor))
  );
}
