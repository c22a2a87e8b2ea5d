import { open, rm } from 'node:fs/promises';
import {
  callerOf,
  type catalogOperations,
  type Handlers,
  type queryOperations,
  type RequestContext,
} from '@agnes/api-contract';
import { type BlobStore, streamFile, streamResponse } from '@agnes/blobs';
import type { Catalog, RegisteredTable, TableVersion } from '@agnes/catalog';
import { blobResponse, noneMatchNames } from '@agnes/catalog/http';
import { AgnesError } from '@agnes/errors';
import { array, object, parse, string, unknown } from 'valibot';
import type { Asker, Gateway, Result, Wanted } from './gateway.ts';
import { acceptedFormat, type Format, MEDIA_TYPES } from './http/format.ts';
import { notPublished } from './not-published.ts';
import type { PolicySource } from './policy-source.ts';

type QueryHandlers = Handlers<typeof queryOperations & Pick<typeof catalogOperations, 'tableSample'>>;

export interface QueryHandlersOptions {
  readonly gateway: Gateway;
  readonly catalog: Pick<Catalog, 'readable' | 'currentVersion'>;
  readonly access: PolicySource;
  readonly blobs: BlobStore;
  /** The most rows that one answer in JSON may have. */
  readonly maxRows: number;
}

const sampled = object({ columns: array(string()), rows: array(array(unknown())) });

/** Implements the operations that read rows on the server. */
export function queryHandlers({ gateway, catalog, access, blobs, maxRows }: QueryHandlersOptions): QueryHandlers {
  const whole = async (
    context: RequestContext,
    id: string,
  ): Promise<{ table: RegisteredTable; version: TableVersion }> => {
    const caller = callerOf(context);
    const table = await catalog.readable(caller, id);
    if (table.query_mode === 'remote') throw serverOnly(table, 'remote', 'its data stays in its warehouse');
    if ((await access.policyFor(caller, table.id)) !== undefined) {
      throw serverOnly(table, 'policy', 'a policy says which of its rows and values you see');
    }
    const version = await catalog.currentVersion(table.id);
    if (version === undefined) throw notPublished(table.name);
    return { table, version };
  };

  return {
    async query({ body }, context) {
      const format = body.format ?? acceptedFormat(context.headers.get('accept'));
      const result = await gateway.query(askerOf(context), body.sql, wantedOf(format, body.limit, maxRows));
      return result.kind === 'json' ? jsonResponse(result.json, gateway) : fileResponse(result, 'result');
    },
    async tableSample({ params, query }, context) {
      const table = await catalog.readable(callerOf(context), params.id);
      const result = await gateway.read(askerOf(context), table, { format: 'json', limit: query.n });
      if (result.kind !== 'json') throw new Error('JSON was asked for.');
      const { columns, rows } = parse(sampled, JSON.parse(result.json));
      return {
        table_id: table.id,
        name: table.name,
        rows: rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]]))),
        source: table.source_type,
      };
    },
    async checkTableAccess({ params }, context) {
      await whole(context, params.id);
      return undefined;
    },
    async downloadTable({ params }, context) {
      const { table, version } = await whole(context, params.id);
      const name = { 'content-disposition': `attachment; filename="${table.name}.parquet"` };
      const [only] = version.parts;
      if (only !== undefined && version.parts.length === 1) {
        const response = await blobResponse(blobs, only.sha256, only.size_bytes, context);
        if (context.method === 'GET' && (response.status === 200 || response.status === 206)) {
          await noted(response, () =>
            gateway.noteDownload(askerOf(context), table, Number(response.headers.get('content-length'))),
          );
        }
        response.headers.set('content-disposition', name['content-disposition']);
        response.headers.set('cache-control', 'private, no-cache');
        return response;
      }
      const headers = { ...name, etag: `"${version.id}"`, 'cache-control': 'private, no-cache' };
      if (noneMatchNames(context.headers.get('if-none-match'), headers.etag)) {
        return new Response(null, { status: 304, headers });
      }
      if (context.method === 'HEAD') {
        return new Response(null, { headers: { ...headers, 'content-type': MEDIA_TYPES.parquet } });
      }
      const result = await gateway.read(askerOf(context), table, { format: 'parquet', limit: null });
      if (result.kind !== 'file') throw new Error('A file was asked for.');
      return fileResponse(result, table.name, headers);
    },
  };
}

/** What cannot be recorded is not sent. */
async function noted(response: Response, note: () => void): Promise<void> {
  try {
    note();
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

function askerOf(context: RequestContext): Asker {
  const { userId, viewedBy, credential } = callerOf(context);
  return {
    userId,
    viewedBy,
    credentialId: credential.id,
    ip: context.ip,
    signal: context.signal,
    stillIn: context.stillAdmitted,
  };
}

/** Larger answers wait on disk for a client that does not read them: thousands of them would be all of the server's memory. */
const HELD_BYTES = 128 * 1024;

async function jsonResponse(json: string, gateway: Pick<Gateway, 'setAside'>): Promise<Response> {
  const bytes = Buffer.byteLength(json);
  const headers = {
    'content-type': MEDIA_TYPES.json,
    'content-length': String(bytes),
    'cache-control': 'no-store',
  };
  if (bytes <= HELD_BYTES) return new Response(json, { headers });
  return streamResponse(streamOnce(await gateway.setAside(json), bytes), { headers });
}

function fileResponse(
  { path, bytes, format, rows, truncated }: Extract<Result, { kind: 'file' }>,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return streamResponse(streamOnce(path, bytes), {
    headers: {
      'content-type': MEDIA_TYPES[format],
      'content-length': String(bytes),
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'cache-control': 'no-store',
      'x-agnes-row-count': String(rows),
      'x-agnes-truncated': String(truncated),
      ...more,
    },
  });
}

/** A file is opened and its name taken away before a byte is sent, so nothing is left of it whatever comes after. */
function streamOnce(path: string, bytes: number): ReadableStream<Uint8Array> {
  const remove = (): Promise<void> => rm(path, { force: true });
  const opened = async () => {
    const handle = await open(path, 'r');
    await remove();
    return handle;
  };
  return streamFile(opened, { start: 0, end: Math.max(0, bytes - 1) }, remove);
}

/** JSON has 1000 rows unless told; a file has all. */
function wantedOf(format: Format, limit: number | null | undefined, maxRows: number): Wanted {
  if (format !== 'json') return { format, limit: limit ?? null };
  const rows = limit ?? Math.min(1000, maxRows);
  if (rows <= maxRows) return { format, limit: rows };
  throw new AgnesError(
    'invalid_request',
    `limit: ${rows} rows are more than the ${maxRows} that an answer in JSON may have.`,
    {
      hint: 'Ask for fewer, or for the whole result as a file: format csv, ndjson or parquet.',
      details: { field: 'limit', limit: maxRows },
    },
  );
}

function serverOnly(table: RegisteredTable, reason: 'remote' | 'policy', why: string): AgnesError {
  return new AgnesError('table_server_only', `'${table.name}' cannot be downloaded: ${why}.`, {
    hint: `Query it on the server: agnes query --remote "SELECT * FROM ${table.name}"`,
    details: { table: table.name, reason },
  });
}
