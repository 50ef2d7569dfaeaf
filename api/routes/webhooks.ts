import { z } from 'zod';
import { createProviders, storeWebhook } from '../../payments/index.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import { callerId } from '../schemas.ts';

const postWebhook = route({
  method: 'post',
  path: '/v1/webhooks/{provider}',
  tag: 'Providers',
  summary: "Take a payment provider's notification",
  description:
    'Verified over the raw body, stored, acknowledged; processed after that. A second delivery is acknowledged alike.',
  allow: 'anyone',
  raw: true,
  params: z.strictObject({ provider: callerId }),
  answers: { 200: z.object({ received: z.literal(true) }) },
  async handle({ params: { provider: name }, rawBody, headers, services }) {
    const provider = createProviders(services.config.payments).get(name);
    if (provider === undefined) throw new Problem('not_found', `There is no provider ${name}.`);
    const event = provider.readWebhook(rawBody, headers);
    if (event === 'forged')
      throw new Problem('unauthenticated', 'The signature of the notification does not fit.');
    if (event === 'malformed')
      throw new Problem('invalid_request', `The notification is not one of ${name}'s.`, {
        errors: [{ pointer: '', detail: 'must be a notification as the provider documents it' }],
      });
    if (event !== 'ignored') await storeWebhook(services.pool, name, event);
    return { status: 200, body: { received: true } };
  },
});

export const webhooksRoutes = [postWebhook];
