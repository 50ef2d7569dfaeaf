import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { createApp } from './app.ts';
import { Problem } from './problem.ts';
import type { Route, Services } from './route.ts';

/** Longer than the 60 s that load balancers keep a connection, so that they close it and never send into a closed one. */
const KEEP_ALIVE_MS = 65_000;
/** A body that drips in for longer holds a connection for nothing. */
const REQUEST_MS = 60_000;

/** Serves the routes; resolves once the port is open. Port 0 takes a free one. */
export async function listen(
  services: Services,
  routes: readonly Route[],
  { host, port }: { host: string; port: number },
): Promise<Server> {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      app(request, response);
    },
  );
  const app = createApp(services, routes);
  server.on('clientError', answerBroken);
  return await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

/** Takes no more requests and lets those under way end, for at most `withinMs`. */
export async function close(server: Server, withinMs: number): Promise<void> {
  // A connection that is kept alive counts as open until it is closed from here: each time one falls idle.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const giveUp = setTimeout(() => server.closeAllConnections(), withinMs);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearInterval(sweep);
  clearTimeout(giveUp);
}

/** What Node could not read as HTTP never reaches the application, and is answered here. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const traceId = randomBytes(16).toString('hex');
  const detail =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'The address and headers have more than 16 KiB.'
      : 'This is not a request of HTTP/1.1, or it came too slowly.';
  const body = JSON.stringify(new Problem('invalid_request', detail).document(traceId));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json; charset=utf-8\r\nX-Trace-Id: ${traceId}\r\n` +
      `Content-Length: ${String(Buffer.byteLength(body))}\r\nConnection: close\r\n\r\n${body}`,
  );
}
