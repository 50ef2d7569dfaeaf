import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import { apiRoutes, requireKey } from './api.ts';
import { Books, present } from './books.ts';
import { Clock } from './clock.ts';
import { Desk } from './desk.ts';
import { Faults } from './faults.ts';
import { readDay } from './input.ts';
import { Refusal } from './refusal.ts';
import { Sentence } from './sentence.ts';
import type { ProviderSettings } from './settings.ts';
import { settlementFile } from './settlementFile.ts';
import { simRoutes } from './simRoutes.ts';
import { Webhooks } from './webhooks.ts';

export interface ProviderOptions extends ProviderSettings {
  readonly dataDir: string;
  readonly webhookBaseUrl: string;
  /** How much faster than in the contract everything happens, for tests. */
  readonly timeScale?: number;
}

export interface RunningProvider {
  readonly url: string;
  close(): Promise<void>;
}

const HANGS_FOR_MS = 60_000;
const SLOW_BY_MS = 5_000;

/**
 * Opens a provider's books and starts its server on 127.0.0.1.
 * @throws Sentence when the port is in use or the books are damaged
 */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  // The port comes first: whoever has it keeps another process from opening the same books.
  const server = createServer();
  const url = await listen(server, options);
  try {
    const books = new Books(join(options.dataDir, `${options.name}.jsonl`));
    const clock = new Clock(options.timeScale ?? 1);
    const webhookUrl = `${options.webhookBaseUrl.replace(/\/$/, '')}/v1/webhooks/${options.name}`;
    const webhooks = new Webhooks(books, clock, { url: webhookUrl, secret: options.webhookSecret });
    const desk = new Desk(options.name, books, clock, webhooks);
    server.on('request', createApp({ options, url, books, clock, desk }));
    desk.resume();
    const close = async () => {
      clock.end();
      server.close();
      server.closeAllConnections();
      await books.close();
    };
    return { url, close };
  } catch (error) {
    server.close();
    throw error;
  }
}

interface Parts {
  readonly options: ProviderOptions;
  readonly url: string;
  readonly books: Books;
  readonly clock: Clock;
  readonly desk: Desk;
}

function createApp({ options: { name, apiKey }, url, books, clock, desk }: Parts): Express {
  const faults = new Faults();
  const answer = async (response: Response, status: number, body: object) => {
    await books.written;
    if (faults.mode === 'slow') await clock.until(Date.now() + clock.scaled(SLOW_BY_MS));
    response.status(status).json(body);
  };
  const hang = (response: Response) => {
    void clock.until(Date.now() + clock.scaled(HANGS_FOR_MS)).then(() => response.destroy());
  };
  const app = express();
  app.disable('x-powered-by').disable('etag');
  // Express's own last answer shows no stack then.
  app.set('env', 'production');
  app.use(express.json({ limit: '64kb' }));
  app.use('/sim', simRoutes({ books, desk, faults }));
  app.use((_request, _response, next) => {
    if (faults.mode === 'down') throw new Refusal('unavailable', 'out of service, send it again');
    next();
  });
  app.get('/checkout/:id', (request, response) => {
    const payment = books.item('payment', request.params.id);
    if (payment === undefined) throw new Refusal('not_found', 'there is no such payment');
    const text = `${name}: this payment is ${present(payment).state}. What becomes of it was chosen by its token.\n`;
    response.type('text/plain').send(`${text}Back to the shop: ${payment.returnUrl ?? ''}\n`);
  });
  app.get('/settlement-file', async (request, response) => {
    const file = settlementFile(books.items(), books.refunds(), readDay(request));
    await books.written;
    response.type('text/csv').send(file);
  });
  app.use(requireKey(apiKey), apiRoutes({ name, url, books, desk, answer, hang }));
  app.use(() => {
    throw new Refusal('not_found', 'there is no such route');
  });
  app.use(errorAnswer(answer));
  return app;
}

function errorAnswer(
  answer: (response: Response, status: number, body: object) => Promise<void>,
): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.

  return async (error: unknown, _request, response, _next) => {
    const refusal = error instanceof Refusal ? error : badRequest(error);
    if (refusal !== undefined) {
      const { status, code, message, facts } = refusal;
      await answer(response, status, { code, message, ...facts });
      return;
    }
    console.error(error);
    response.status(500).json({ code: 'internal', message: 'this is a fault of the provider' });
  };
}

/** What Express and its body parser found wrong with a request; undefined for what is no fault of the caller. */
function badRequest(error: unknown): Refusal | undefined {
  const { status, message } = error as { status?: unknown; message?: unknown };
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  if (status === 413) return new Refusal('payload_too_large', 'a body has at most 64 KiB');
  return new Refusal('invalid_request', String(message));
}

async function listen(server: Server, { name, port }: ProviderOptions): Promise<string> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? 'is in use: stop what uses it, or choose another'
        : `cannot be used: ${message}`;
    throw new Sentence(`Port ${String(port)} of ${name} ${why}.`);
  }
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
