import { createHash } from 'node:crypto';
import type { RunningServer } from '@agnes/testkit';

/** Calls of a running server as a program makes them, without the start of a CLI. */
export interface Api {
  get<T>(path: string): Promise<T>;
  send<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** The bytes of a part, or the status of a refusal. */
  part(sha256: string): Promise<Buffer | number>;
}

export interface ManifestTable {
  readonly id: string;
  readonly rows: number;
  readonly parts: readonly { readonly sha256: string; readonly bytes: number; readonly rows: number }[];
}

export interface Manifest {
  readonly tables: Readonly<Record<string, ManifestTable>>;
}

export interface Job {
  readonly id: string;
  readonly status: string;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly error: { readonly code: string } | null;
}

/** Signs in as the administrator of the server, or as somebody else. */
export async function signIn(
  { url, admin }: RunningServer,
  { email, password }: { readonly email: string; readonly password: string } = admin,
): Promise<Api> {
  const { access_token } = await request<{ access_token: string }>(url, 'POST', '/auth/password/login', undefined, {
    email,
    password,
  });
  return {
    get: (path) => request(url, 'GET', path, access_token),
    send: (method, path, body) => request(url, method, path, access_token, body),
    async part(sha256) {
      const headers = { authorization: `Bearer ${access_token}` };
      const response = await fetch(`${url}/api/blobs/sha256/${sha256}`, { headers });
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.ok ? bytes : response.status;
    },
  };
}

/** What is wrong with the manifest's parts: each has to be there, with its bytes and its hash. */
export async function checkParts(api: Api, { tables }: Manifest): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, { parts, rows }] of Object.entries(tables)) {
    if (parts.reduce((sum, part) => sum + part.rows, 0) !== rows) wrong.push(`${name} has other rows than its parts`);
    for (const { sha256, bytes } of parts) {
      const got = await api.part(sha256);
      if (typeof got === 'number') wrong.push(`${name}: a part is answered with ${got}`);
      else if (got.length !== bytes || createHash('sha256').update(got).digest('hex') !== sha256) {
        wrong.push(`${name}: a part has other bytes than its name says`);
      }
    }
  }
  return wrong;
}

async function request<T>(url: string, method: string, path: string, token?: string, body?: unknown): Promise<T> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} is answered with ${response.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
