/** An example for each name that is used all over the contract, so that the docs show a call somebody could send. */
const EXAMPLES: Readonly<Record<string, string | number>> = {
  roundId: 'r-2041',
  wagerId: 'w-17',
  settlementId: 's-2041',
  rollbackId: 'rb-17',
  voidId: 'v-2041',
  awardId: 'a-9',
  operationId: 's-2041',
  playerId: 'p-42',
  depositId: 'd-7',
  withdrawalId: 'wd-3',
  clientId: 'casino-games',
  gameId: 'g-slots',
  amount: 1250,
  owner: 'p-42',
  payout: 2500,
  reason: 'agreed with the player',
};

interface Node {
  [key: string]: unknown;
}

/** Writes the examples into every schema of a document that goes by one of the names. */
export function withExamples<T extends object>(document: T): T {
  const left: unknown[] = [document];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null) continue;
    const { properties, name, schema } = node as Node;
    for (const [property, inner] of Object.entries((properties ?? {}) as Record<string, Node>))
      give(property, inner);
    if (typeof name === 'string') give(name, schema as Node | undefined);
    left.push(...Object.values(node as Node));
  }
  return document;
}

function give(name: string, schema: Node | undefined): void {
  const example = EXAMPLES[name];
  const type = typeof example === 'string' ? 'string' : 'integer';
  if (example !== undefined && schema?.['type'] === type) schema['example'] = example;
}
