import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readJson, writeAtomically } from './dataFolder.ts';

const key = (prefix: string) => `${prefix}_${randomBytes(24).toString('base64url')}`;

/** An aggregator signs with the private key; the client it speaks as has the public one. */
const rsaKeys = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

/** Made once for a data folder, so that what a program has read of one start fits the next. */
const newSecrets = () => ({
  ownerPassword: key('owner'),
  appPassword: key('app'),
  clients: {
    game: { clientId: 'game', apiKey: key('game'), hmacSecret: key('sign') },
    otherGame: { clientId: 'other-game', apiKey: key('game'), hmacSecret: key('sign') },
    cashier: { clientId: 'cashier', apiKey: key('cashier') },
    actionsAggregator: { clientId: 'actions-aggregator', apiKey: key('game'), hmacSecret: key('sign') },
    callsAggregator: {
      clientId: 'calls-aggregator',
      apiKey: key('game'),
      hmacSecret: key('sign'),
      ...rsaKeys(),
    },
  },
  people: {
    support: key('person'),
    finance: key('person'),
    finance2: key('person'),
    approver: key('person'),
    admin: key('person'),
  },
  providers: {
    nordpay: { apiKey: key('nordpay'), webhookSecret: key('webhook') },
    eastpay: { apiKey: key('eastpay'), webhookSecret: key('webhook') },
  },
});

export type Secrets = ReturnType<typeof newSecrets>;

export function secretsOf(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  const kept = readJson(file) as Secrets | undefined;
  if (kept !== undefined) return kept;
  const made = newSecrets();
  writeAtomically(file, made);
  return made;
}
