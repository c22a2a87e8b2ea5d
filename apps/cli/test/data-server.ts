import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyToParquet, openDatabase } from '@agnes/duckdb';

/** How the server treats one request for a blob. */
export interface BlobFault {
  /** Breaks the connection after so many bytes. */
  readonly cutAfter?: number;
  readonly corrupt?: boolean;
  readonly status?: number;
  readonly ignoreRange?: boolean;
  /** Sends in pieces of 16 kB with so many milliseconds between them. */
  readonly pauseMs?: number;
}

export interface BlobRequest {
  readonly sha256: string;
  readonly range: string | undefined;
  /** Bytes of body that were sent. */
  sent: number;
}

interface Part {
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly writer: string;
}

export interface Published {
  readonly parts: readonly Part[];
}

/** A real HTTP server that speaks what a pull needs of the contract, over parquet that DuckDB wrote. */
export interface DataServer extends AsyncDisposable {
  readonly url: string;
  /** The token that it takes. */
  token: string;
  readonly blobRequests: BlobRequest[];
  readonly manifestStatuses: number[];
  /** Publishes a version of a table: one part for each SELECT; `columns` describes a table without parts. */
  publish(name: string, parts: readonly string[], extra?: Record<string, unknown>): Promise<Published>;
  revoke(name: string): void;
  /** Lists a published table by another name, whatever it is. */
  rename(name: string, to: string): void;
  onBlob: (request: BlobRequest, attempt: number) => BlobFault;
  /** Answers of other operations, by `METHOD /path`; several are given one after another, the last one for ever. */
  readonly answers: Map<string, unknown[]>;
  /** Bodies of the requests that `answers` answered, by the same key. */
  readonly bodies: Map<string, unknown>;
  /** Status of every answer, when not as usual. */
  failWith: number | undefined;
  /** The whole answer to everything, when not as usual. */
  respond: { readonly status: number; readonly body: unknown } | undefined;
}

export async function startDataServer(): Promise<DataServer> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-data-'));
  const database = await openDatabase(':memory:');
  const connection = await database.connect();
  const blobs = new Map<string, Buffer>();
  const tables = new Map<string, Record<string, unknown>>();
  const attempts = new Map<string, number>();
  let versions = 0;

  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));

  const server: DataServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    token: 'agnes_pat_test',
    blobRequests: [],
    manifestStatuses: [],
    answers: new Map(),
    bodies: new Map(),
    onBlob: () => ({}),
    failWith: undefined,
    respond: undefined,
    async publish(name, selects, extra = {}) {
      versions += 1;
      const parts: Part[] = [];
      for (const [index, select] of selects.entries()) {
        const path = join(folder, `${name}-${versions}-${index}.parquet`);
        const { rows } = await copyToParquet(connection, select, path);
        const bytes = await readFile(path);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        blobs.set(sha256, bytes);
        parts.push({ sha256, bytes: bytes.length, rows, writer: 'duckdb' });
      }
      const columns = selects[0] === undefined ? [] : await connection.columns(selects[0]);
      tables.set(name, {
        hash: '',
        updated: '2026-01-02T03:04:05.000Z',
        size_bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
        rows: parts.reduce((sum, part) => sum + part.rows, 0),
        query_mode: 'local',
        source_type: 'local',
        id: `tbl_${name}`,
        version: { id: `ver_${versions}`, created_at: '2026-01-02T03:04:05.000Z' },
        distribution: 'files',
        parts,
        columns: columns.map(({ name: column, type }) => ({ name: column, type, nullable: true })),
        ...extra,
      });
      return { parts };
    },
    revoke: (name) => tables.delete(name),
    rename(name, to) {
      const table = tables.get(name);
      if (table === undefined || name === to) return;
      tables.delete(name);
      tables.set(to, table);
    },
    async [Symbol.asyncDispose]() {
      if (!http.listening) return;
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', server.url).pathname;
    const key = `${request.method} ${path}`;
    if (server.respond !== undefined) {
      const headers = { 'content-type': 'application/problem+json', 'retry-after': '0' };
      response.writeHead(server.respond.status, headers).end(JSON.stringify(server.respond.body));
      return;
    }
    const canned = server.answers.get(key);
    if (canned !== undefined) {
      const body = await text(request);
      server.bodies.set(key, body === '' ? undefined : JSON.parse(body));
      const next = canned.length > 1 ? canned.shift() : canned[0];
      if (next === undefined) return void response.writeHead(204).end();
      const refused = (next as { readonly refused?: string }).refused;
      if (refused !== undefined) return problem(response, 400, refused, 'Refused.');
      return json(response, next);
    }
    if (path === '/api/version') {
      const build = { channel: 'test', image_tag: '', commit_sha: '', schema_version: '1' };
      return json(response, { version: '1.2.3', ...build, deployed_at: '2026-01-02T03:04:05.000Z' });
    }
    if (request.headers.authorization !== `Bearer ${server.token}`) {
      return problem(response, 401, 'invalid_credentials', 'The token is wrong.');
    }
    if (server.failWith !== undefined)
      return problem(response, server.failWith, 'internal_error', 'Broken on purpose.');
    if (path === '/api/me') {
      return json(response, {
        user_id: 'u1',
        email: 'ann@example.com',
        name: null,
        role: 'user',
        is_admin: false,
        groups: [],
        credential: { kind: 'personal', id: 't1', name: 'test', scope: 'general', expires_at: null },
      });
    }
    if (path === '/api/sync/manifest') return manifest(request, response);
    if (path === '/api/catalog/tables') {
      return json(response, {
        tables: [...tables.keys()].map((name) => ({ id: `tbl_${name}`, name, ...listed })),
        count: tables.size,
      });
    }
    const sha256 = /^\/api\/blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (sha256 !== undefined) return await blob(sha256, request, response);
    return problem(response, 404, 'not_found', 'There is nothing at this path.');
  }

  function manifest(request: IncomingMessage, response: ServerResponse): void {
    const granted = Object.fromEntries(tables);
    const etag = `"${createHash('sha256').update(JSON.stringify(granted)).digest('hex')}"`;
    if (request.headers['if-none-match'] === etag) {
      server.manifestStatuses.push(304);
      response.writeHead(304, { etag }).end();
      return;
    }
    server.manifestStatuses.push(200);
    const server_time = new Date().toISOString();
    json(response, { format: 1, data_version: String(versions), tables: granted, assets: {}, server_time }, { etag });
  }

  async function blob(sha256: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen: BlobRequest = { sha256, range: request.headers.range, sent: 0 };
    server.blobRequests.push(seen);
    const attempt = (attempts.get(sha256) ?? 0) + 1;
    attempts.set(sha256, attempt);
    const fault = server.onBlob(seen, attempt);
    const whole = blobs.get(sha256);
    if (fault.status !== undefined) {
      const code = fault.status === 404 ? 'blob_not_found' : fault.status === 429 ? 'too_many_requests' : 'unavailable';
      return problem(response, fault.status, code, 'Not now.');
    }
    if (whole === undefined || !isGranted(sha256)) return problem(response, 404, 'blob_not_found', 'No such file.');
    const start = fault.ignoreRange === true ? 0 : Number(/^bytes=(\d+)-$/.exec(seen.range ?? '')?.[1] ?? 0);
    const body = Buffer.from(whole.subarray(start));
    if (fault.corrupt === true) body[body.length - 1] = (body.at(-1) ?? 0) ^ 0xff;
    response.writeHead(start > 0 ? 206 : 200, {
      etag: `"${sha256}"`,
      'content-length': body.length,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}` } : {}),
    });
    const end = Math.min(body.length, fault.cutAfter ?? body.length);
    const step = fault.pauseMs === undefined ? end : 16_384;
    for (let at = 0; at < end && !response.destroyed; at += step) {
      const piece = body.subarray(at, Math.min(end, at + step));
      await new Promise((resolve) => response.write(piece, resolve));
      seen.sent += piece.length;
      if (fault.pauseMs !== undefined) await sleep(fault.pauseMs);
    }
    if (fault.cutAfter === undefined) response.end();
    else response.destroy();
  }

  function isGranted(sha256: string): boolean {
    return [...tables.values()].some((table) => (table.parts as Part[]).some((part) => part.sha256 === sha256));
  }

  return server;
}

/** What the short list of tables says of each. */
const listed = { description: null, source_type: 'local', sync_strategy: 'full_refresh', query_mode: 'local' };

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, hint: 'agnes auth login' }));
}
