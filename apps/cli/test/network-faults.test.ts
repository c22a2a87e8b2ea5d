import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Client, createClient } from '@agnes/api-client';
import { AgnesError } from '@agnes/errors';
import {
  type Fault,
  type FaultProxy,
  type ProxiedRequest,
  type RunningServer,
  startFaultProxy,
  startLaptop,
  startServer,
  type TemporaryFolder,
  temporaryFolder,
  writeParquet,
} from '@agnes/testkit';
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toAgnesError } from '../src/output/to-agnes-error.ts';
import type { PullOutcome } from '../src/pull/outcome.ts';
import { pull } from '../src/pull/pull.ts';
import { writeWorkspaceFile } from '../src/workspace/workspace.ts';
import { ask } from './ask.ts';
import { authorityPem, startTlsServer } from './tls.ts';

const KIB = 1024;
/** The fresh version is a part of about a mebibyte. */
const ROWS = { old: 1000, fresh: 52_000 };
const STALL_MS = 400;
/** `npm test` leaves out what differs least from other cases. */
const ALL = process.env.AGNES_FAULT_RUNS === 'all';
const SELDOM = /^part \d{3} at the start$|^a page with \d/;

interface Case {
  readonly name: string;
  /** What happens to the requests for the part, by how many came before; nothing: no fault. */
  readonly part?: (request: ProxiedRequest, before: number) => Fault | undefined;
  readonly manifest?: (request: ProxiedRequest, before: number) => Fault | undefined;
  /** Another address than the proxy's. */
  readonly server?: string;
  /** `verified`: it must end with the new version; a code: with that error and the old one; `either`: one of the two. */
  readonly ends: 'verified' | string;
}

let server: RunningServer;
let files: TemporaryFolder;
let admin: Awaited<ReturnType<typeof startLaptop>>;
let token: string;

beforeAll(async () => {
  files = await temporaryFolder('agnes-files-');
  server = await startServer({ env: { AGNES_FILES_ROOTS: files.path } });
  admin = await startLaptop({ AGNES_SERVER: server.url });
  await agnes(['auth', 'login', '--email', server.admin.email, '--password-stdin'], server.admin.password);
  token = (await createClient({ server: server.url }).signIn({ body: server.admin })).access_token;
  await write(ROWS.old, 1);
  await agnes(['admin', 'register-table', 'big', '--source-type', 'local', '--source-table', 'big.parquet']);
  await agnes(['admin', 'sync', 'big']);
});
afterAll(async () => {
  await admin[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
});

async function agnes(args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await admin.agnes(args, input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`agnes ${args.join(' ')}: ${stderr}`);
}

function write(rows: number, generation: number): Promise<void> {
  const columns = { id: 'i', gen: `${generation}`, text: 'md5(i::VARCHAR)' };
  return writeParquet(join(files.path, 'big.parquet'), rows, columns);
}

/** One laptop with one network, which all of a case's pulls go through. */
interface Site extends AsyncDisposable {
  readonly network: FaultProxy;
  readonly workspace: string;
  pull(through?: string): Promise<PullOutcome | AgnesError>;
  rows(): Promise<unknown>;
}

async function openSite(): Promise<Site> {
  const folder = await temporaryFolder('agnes-site-');
  const network = await startFaultProxy(server.url);
  const workspace = join(folder.path, 'workspace');
  const time = '2026-01-02T03:04:05.000Z';
  const file = { format: 1 as const, server: network.url, created_at: time, initialized_at: time, agnes_version: '0' };
  await writeWorkspaceFile(workspace, file);
  return {
    network,
    workspace,
    async pull(through = network.url) {
      const client: Client = createClient({ server: through, token, timeoutMs: STALL_MS * 5 });
      const store = { root: join(folder.path, 'store') };
      const progress = { start() {}, bytes() {}, phase() {} };
      const options = { workspace: { root: workspace, file }, server: through, client, store, parallel: 1, progress };
      try {
        return await pull({ ...options, stallMs: STALL_MS, skipMaterialize: false });
      } catch (error) {
        return toAgnesError(error);
      }
    },
    async rows() {
      const rows = await ask(workspace, 'SELECT gen, count(*) AS n FROM big GROUP BY gen');
      return JSON.stringify(rows);
    },
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const always = (fault: Fault) => (): Fault => fault;
const once = (fault: Fault) => (_request: ProxiedRequest, before: number) => (before === 0 ? fault : undefined);
/** The first answer breaks in the middle of the file, the second one has the fault, what follows is well. */
const midFile = (fault: Fault) => (_request: ProxiedRequest, before: number) =>
  before === 0 ? HALF : before === 1 ? fault : undefined;
const midFileAlways = (fault: Fault) => (_request: ProxiedRequest, before: number) => (before === 0 ? HALF : fault);
const HALF: Fault = { kind: 'cut', afterBytes: 300 * KIB };

const problem = (status: number, code: string): Fault => ({
  kind: 'answer',
  status,
  headers: {
    'content-type': 'application/problem+json',
    ...(status === 429 || status === 503 ? { 'retry-after': '0' } : {}),
  },
  body: JSON.stringify({
    type: 'about:blank',
    title: code,
    status,
    detail: `No: ${code}.`,
    code,
    hint: 'Ask whoever runs the server.',
  }),
});
const page = (status: number): Fault => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><body>Sign in to this network</body></html>',
});

const STATUSES = [
  [401, 'invalid_credentials', 'invalid_credentials'],
  [403, 'forbidden', 'forbidden'],
  [404, 'blob_not_found', 'blob_not_found'],
  [410, 'blob_gone', 'server_error'],
  [416, 'range_not_satisfiable', 'range_not_satisfiable'],
  [429, 'too_many_requests', 'too_many_requests'],
  [500, 'internal_error', 'internal_error'],
  [502, 'bad_gateway', 'server_error'],
  [503, 'unavailable', 'unavailable'],
] as const;
/** Asking again helps. */
const PASSING = [416, 429, 500, 502, 503];

function casesOf(size: number, elsewhere: string, tls: string): Case[] {
  const cases: Case[] = [];
  for (let at = 0; at < size; at += 64 * KIB) {
    cases.push({ name: `part cut after ${at}`, part: once({ kind: 'cut', afterBytes: at }), ends: 'verified' });
  }
  cases.push(
    { name: 'part cut every 64 KiB', part: always({ kind: 'cut', afterBytes: 64 * KIB }), ends: 'either' },
    { name: 'part cut at once, always', part: always({ kind: 'cut', afterBytes: 0 }), ends: 'download_incomplete' },
    { name: 'part stalls', part: once({ kind: 'stall', afterBytes: 100 * KIB }), ends: 'verified' },
    { name: 'part stalls always', part: always({ kind: 'stall', afterBytes: 0 }), ends: 'download_incomplete' },
    { name: 'part trickles', part: once({ kind: 'trickle', afterBytes: 100 * KIB, everyMs: 50 }), ends: 'verified' },
    {
      name: 'part trickles always',
      part: always({ kind: 'trickle', afterBytes: 0, everyMs: 50 }),
      ends: 'download_incomplete',
    },
    { name: 'part never answered, once', part: once({ kind: 'silence' }), ends: 'verified' },
    { name: 'part has a wrong byte once', part: once({ kind: 'corrupt', at: 70_000 }), ends: 'verified' },
    { name: 'part has a wrong byte always', part: always({ kind: 'corrupt', at: 70_000 }), ends: 'download_corrupt' },
    { name: 'part resumed with a wrong byte', part: midFile({ kind: 'corrupt', at: 7 }), ends: 'verified' },
    { name: 'part too short', part: once({ kind: 'shorten', by: 1 }), ends: 'verified' },
    { name: 'part too short, always', part: always({ kind: 'shorten', by: 1 }), ends: 'download_incomplete' },
    { name: 'part too long once', part: once({ kind: 'lengthen', by: 9 }), ends: 'server_error' },
    { name: 'part too long always', part: always({ kind: 'lengthen', by: 9 }), ends: 'server_error' },
    {
      name: 'part with a small Content-Length',
      part: always({ kind: 'headers', set: { 'content-length': '1000' } }),
      ends: 'server_error',
    },
    {
      name: 'part with a large Content-Length',
      part: always({ kind: 'headers', set: { 'content-length': '99999999' } }),
      ends: 'server_error',
    },
    {
      name: 'resumed with a wrong Content-Range',
      part: midFile({ kind: 'headers', set: { 'content-range': `bytes 7-${size - 1}/${size}` } }),
      ends: 'verified',
    },
    {
      name: 'resumed with no Content-Range at all',
      part: midFileAlways({ kind: 'headers', set: { 'content-range': 'nonsense' } }),
      ends: 'verified',
    },
    { name: 'resumed by a server that ignores ranges', part: midFile({ kind: 'ignore-range' }), ends: 'verified' },
    { name: 'part compressed on the way', part: always({ kind: 'gzip' }), ends: 'verified' },
    { name: 'part compressed on the way when resumed', part: midFileAlways({ kind: 'gzip' }), ends: 'verified' },
    { name: 'a page instead of the part', part: always(page(200)), ends: 'server_error' },
    { name: 'a page instead of the rest of the part', part: midFile(page(200)), ends: 'server_error' },
    { name: 'an empty part', part: always({ kind: 'answer', status: 200 }), ends: 'download_incomplete' },
    {
      name: 'part redirected elsewhere',
      part: always({ kind: 'answer', status: 302, headers: { location: elsewhere } }),
      ends: 'server_error',
    },
    { name: 'part refused once', part: once({ kind: 'refuse' }), ends: 'verified' },
    { name: 'part refused always', part: always({ kind: 'refuse' }), ends: 'server_unreachable' },
    {
      name: 'part with an endless 429',
      part: always({ kind: 'answer', status: 429, headers: { 'retry-after': '3600', 'content-type': 'text/plain' } }),
      ends: 'server_error',
    },
  );
  for (const [status, code, ends] of STATUSES) {
    const fault = problem(status, code);
    const passes = PASSING.includes(status);
    cases.push(
      {
        name: `part ${status} at the start`,
        part: once(fault),
        ends: passes ? 'verified' : ends,
      },
      { name: `part ${status} mid-file`, part: midFile(fault), ends: passes ? 'verified' : ends },
      { name: `part ${status} mid-file and for ever`, part: midFileAlways(fault), ends },
      { name: `manifest ${status}`, manifest: always(fault), ends },
      { name: `a page with ${status} instead of the part`, part: midFileAlways(page(status)), ends: 'server_error' },
    );
  }
  for (const at of [0, 1, 64, 128, 256, 400]) {
    cases.push({ name: `manifest cut after ${at}`, manifest: once({ kind: 'cut', afterBytes: at }), ends: 'verified' });
  }
  cases.push(
    { name: 'manifest cut always', manifest: always({ kind: 'cut', afterBytes: 64 }), ends: 'download_incomplete' },
    { name: 'manifest stalls once', manifest: once({ kind: 'stall', afterBytes: 64 }), ends: 'verified' },
    {
      name: 'manifest stalls always',
      manifest: always({ kind: 'stall', afterBytes: 64 }),
      ends: 'download_incomplete',
    },
    {
      name: 'manifest trickles',
      manifest: always({ kind: 'trickle', afterBytes: 64, everyMs: 50 }),
      ends: 'download_incomplete',
    },
    { name: 'manifest never answered', manifest: always({ kind: 'silence' }), ends: 'server_unreachable' },
    { name: 'manifest with a wrong byte', manifest: always({ kind: 'corrupt', at: 0 }), ends: 'server_error' },
    { name: 'manifest too short', manifest: once({ kind: 'shorten', by: 1 }), ends: 'verified' },
    { name: 'manifest too long', manifest: always({ kind: 'lengthen', by: 9 }), ends: 'server_error' },
    {
      name: 'manifest with a small Content-Length',
      manifest: always({ kind: 'headers', set: { 'content-length': '60' } }),
      ends: 'server_error',
    },
    { name: 'manifest compressed', manifest: always({ kind: 'gzip' }), ends: 'verified' },
    { name: 'a page instead of the manifest', manifest: always(page(200)), ends: 'server_error' },
    {
      name: 'nothing instead of the manifest',
      manifest: always({ kind: 'answer', status: 200 }),
      ends: 'server_error',
    },
    {
      name: 'manifest redirected elsewhere',
      manifest: always({ kind: 'answer', status: 307, headers: { location: elsewhere } }),
      ends: 'server_error',
    },
    {
      name: 'manifest redirected in a circle',
      manifest: always({ kind: 'answer', status: 302, headers: { location: '/api/sync/manifest' } }),
      ends: 'server_error',
    },
    { name: 'manifest refused once', manifest: once({ kind: 'refuse' }), ends: 'verified' },
    { name: 'manifest refused always', manifest: always({ kind: 'refuse' }), ends: 'server_unreachable' },
    { name: 'nothing listens', server: 'http://127.0.0.1:1', ends: 'server_unreachable' },
    { name: 'no such name', server: 'https://agnes.invalid', ends: 'server_unreachable' },
    { name: 'a certificate of nobody', server: tls, ends: 'server_unreachable' },
  );
  return cases;
}

function isPart(path: string): boolean {
  return path.startsWith('/api/blobs/');
}

/** Gives each request of a pull the fault of its case. */
function script({ part, manifest }: Case): (request: ProxiedRequest) => Fault | undefined {
  let [parts, manifests] = [0, 0];
  return (request) => {
    if (isPart(request.path)) {
      parts += 1;
      return part?.(request, parts - 1);
    }
    manifests += 1;
    return manifest?.(request, manifests - 1);
  };
}

async function runCase(one: Case, site: Site, size: number, shown: { old: string; fresh: string }): Promise<string[]> {
  const before = site.network.requests.length;
  site.network.setFault(script(one));
  const outcome = await site.pull(one.server);
  site.network.setFault(undefined);
  const violations: string[] = [];
  const error = outcome instanceof AgnesError ? outcome : outcome.errors[0];
  const ended = error?.code ?? 'verified';
  if (one.ends !== 'either' && ended !== one.ends)
    violations.push(`ended with ${ended} instead of ${one.ends}: ${error?.message ?? ''}`);
  if (outcome instanceof AgnesError && (outcome.hint ?? '').length < 10) violations.push(`no hint: ${outcome.message}`);
  const rows = await site.rows();
  if (rows !== (ended === 'verified' ? shown.fresh : shown.old)) violations.push(`shows ${rows} after ${ended}`);
  const sent = (): number => site.network.requests.slice(before).reduce((sum, request) => sum + request.sent, 0);
  // What is cut goes on where it stopped, but for what lay in buffers then.
  if (/cut|stall|trickle|refused|answered/.test(one.name) && sent() > size * 1.3 + 10 * KIB)
    violations.push(`sent ${sent()} bytes`);
  const next = await site.pull();
  if (next instanceof AgnesError || next.errors.length > 0) violations.push(`the next pull: ${JSON.stringify(next)}`);
  if ((await site.rows()) !== shown.fresh) violations.push(`did not converge: ${await site.rows()}`);
  return violations.map((text) => `${one.name}: ${text}`);
}

test('a pull over a network that fails ends with a verified file, or an error that says what to do and the old tables', async () => {
  const stolen: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    stolen.push(request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  await using tls = await startTlsServer((_request, response) => response.end('{}'));
  expect(authorityPem).toContain('CERTIFICATE');

  // About as large as the fresh version will be; it is looked at again below.
  const cases = casesOf(1024 * KIB, elsewhere, tls.url).filter(({ name }) => ALL || !SELDOM.test(name));
  const limit = pLimit(12);
  const sites = await Promise.all(cases.map(() => limit(openSite)));
  try {
    for (const outcome of await Promise.all(sites.map((site) => limit(() => site.pull())))) {
      if (outcome instanceof AgnesError) throw outcome;
    }
    await write(ROWS.fresh, 2);
    await agnes(['admin', 'sync', 'big']);
    const manifest = await createClient({ server: server.url, token }).syncManifest();
    const size = manifest.tables.big?.parts[0]?.bytes ?? 0;
    expect(size).toBeGreaterThan(900 * KIB);
    const shown = {
      old: JSON.stringify([{ gen: 1, n: ROWS.old }]),
      fresh: JSON.stringify([{ gen: 2, n: ROWS.fresh }]),
    };
    const violations = await Promise.all(
      cases.map((one, index) => limit(() => runCase(one, sites[index] as Site, size, shown))),
    );
    const verified = cases.filter(({ ends }) => ends === 'verified').length;
    process.stdout.write(
      `network: ${cases.length} cases, ${verified} verified files, ${cases.length - verified} typed errors, ` +
        `${stolen.length} requests elsewhere, violations: ${violations.flat().length}\n`,
    );
    expect(violations.flat()).toEqual([]);
    expect(stolen).toEqual([]);
  } finally {
    await Promise.all(sites.map((site) => site[Symbol.asyncDispose]()));
    other.close();
  }
}, 300_000);

test('a server that is started anew in the midst of a pull: the pull arrives', async () => {
  await using site = await openSite();
  let restarted: Promise<void> | undefined;
  site.network.setFault(({ path }) => {
    if (!isPart(path)) return undefined;
    restarted ??= server.kill().then(() => server.restart());
    return undefined;
  });
  let outcome = await site.pull();
  await restarted;
  // A machine that is slow to start again may take longer than a pull waits; then the next one arrives.
  if (outcome instanceof AgnesError) {
    expect(outcome).toMatchObject({ code: 'server_unreachable', hint: expect.any(String) });
    outcome = await site.pull();
  }
  expect(outcome).toMatchObject({ errors: [], tables_total: 1 });
});
