// The other side of `manifest`: a bare Hono route that answers the bytes of a file, or 304 to its ETag. Arguments: file, ETag.
import { readFile } from 'node:fs/promises';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const [file = '', etag = ''] = process.argv.slice(2);
const body = await readFile(file, 'utf8');
const headers = { etag, 'cache-control': 'private, no-cache' };
const app = new Hono();
app.get('/manifest', (context) =>
  context.req.header('if-none-match') === etag
    ? new Response(null, { status: 304, headers })
    : new Response(body, {
        headers: { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      }),
);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`http://127.0.0.1:${port}/manifest\n`);
});
