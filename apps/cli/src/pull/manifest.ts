import type { Client } from '@agnes/api-client';
import { manifest } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';

export type Manifest = v.InferOutput<typeof manifest>;
export type ManifestTable = Manifest['tables'][string];

/** The manifest with its ETag, or `unchanged` when the one of `etag` still holds. */
export async function fetchManifest(
  client: Client,
  etag: string | undefined,
): Promise<'unchanged' | { readonly manifest: Manifest; readonly etag: string | null }> {
  const headers = etag === undefined ? {} : { 'if-none-match': etag };
  const response = await client.raw('syncManifest', { headers });
  if (response.status === 304) return 'unchanged';
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), manifest), await response.text());
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new AgnesError('server_error', `The server's list of tables cannot be read: ${issue.message}.`, {
      hint: 'The server may be newer than this agnes: npm install -g @agnes/cli@latest',
      details: { at: v.getDotPath(issue) },
    });
  }
  return { manifest: parsed.output, etag: response.headers.get('etag') };
}
