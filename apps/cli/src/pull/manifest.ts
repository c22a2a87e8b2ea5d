import type { Client } from '@agnes/api-client';
import { manifest } from '@agnes/api-contract';
import { AgnesError, isAgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { readBody } from './read-body.ts';

export type Manifest = v.InferOutput<typeof manifest>;
export type ManifestTable = Manifest['tables'][string];

export interface FetchedManifest {
  readonly manifest: Manifest;
  readonly etag: string | null;
}

const TRIES = 3;

/** The manifest with its ETag, or `unchanged` when the one of `etag` still holds. A list that breaks off is asked for again. */
export async function fetchManifest(
  client: Client,
  etag: string | undefined,
  stallMs: number,
): Promise<'unchanged' | FetchedManifest> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await fetchOnce(client, etag, stallMs);
    } catch (error) {
      if (!isAgnesError(error, 'download_incomplete') || tried === TRIES) throw error;
    }
  }
}

/** The manifest, whatever the workspace has. */
export async function fetchWholeManifest(client: Client, stallMs: number): Promise<FetchedManifest> {
  const answer = await fetchManifest(client, undefined, stallMs);
  if (answer !== 'unchanged') return answer;
  throw new AgnesError('server_error', 'The server answered that nothing has changed, and was not asked that.', {
    hint: 'Something between you and the server answers in its place: ask whoever runs it about its cache.',
  });
}

async function fetchOnce(
  client: Client,
  etag: string | undefined,
  stallMs: number,
): Promise<'unchanged' | FetchedManifest> {
  const headers = etag === undefined ? {} : { 'if-none-match': etag };
  const response = await client.raw('syncManifest', { headers });
  if (response.status === 304) return 'unchanged';
  const text = await textOf(response, stallMs);
  const type = response.headers.get('content-type')?.split(';')[0] ?? 'no content type';
  if (!type.endsWith('json')) {
    throw new AgnesError('server_error', `Instead of the server's list of tables came a page (${type}).`, {
      hint: 'Something between you and the server answers in its place, such as the sign-in of a network: open the address of the server in a browser.',
    });
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), manifest), text);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new AgnesError('server_error', `The server's list of tables cannot be read: ${issue.message}.`, {
      hint: 'The server may be newer than this agnes: npm install -g @agnes/cli@latest',
      details: { at: v.getDotPath(issue) },
    });
  }
  return { manifest: parsed.output, etag: response.headers.get('etag') };
}

async function textOf(response: Response, stallMs: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const chunks of readBody(response, stallMs)) pieces.push(...chunks);
  return Buffer.concat(pieces).toString('utf8');
}
