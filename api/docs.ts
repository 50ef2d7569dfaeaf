import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express from 'express';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The page loads from this server alone, and its "Try it out" calls this server alone. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'";

/** `/openapi.json` and the readable page `/docs`, whose every file comes from this server. */
export function docs(routes: readonly Route[]): express.Router {
  const router = express.Router();
  const document = JSON.stringify(openApiDocument(routes));
  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(document);
  });
  router.get('/docs', (_request, response) => {
    response.type('html').set('Content-Security-Policy', POLICY).send(PAGE);
  });
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
    router.get(`/docs/${name}`, async (_request, response) => {
      response
        .type(name)
        .set('Cache-Control', 'max-age=3600')
        .send(await readFile(join(assets, name)));
    });
  }
  return router;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Countroom API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<style>
  body { margin: 0 }
  .swagger-ui .info { margin: 32px 0 8px }
  .swagger-ui .info .title small { display: none }
  .swagger-ui .scheme-container { box-shadow: none; padding: 8px 0; margin: 0 }
</style>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>
  SwaggerUIBundle({
    url: '/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null,
    docExpansion: 'list', defaultModelsExpandDepth: -1, displayRequestDuration: true, filter: true,
  });
</script>
</html>`;
