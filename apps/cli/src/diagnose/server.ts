import { lookup } from 'node:dns/promises';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Client } from '@agnes/api-client';
import { isAgnesError, messageOf } from '@agnes/errors';
import * as v from 'valibot';
import type { Check } from './check.ts';

const LAYERS = ['name', 'connection', 'tls', 'http'] as const;
type Layer = (typeof LAYERS)[number];

const STEP_MS = 5000;
/** More than this between two clocks makes times in lists and logs misleading, and soon certificates invalid. */
const MOST_SKEW_S = 60;

export interface ServerFindings {
  readonly checks: readonly Check[];
  readonly reachable: boolean;
}

/**
 * Asks the server for its version. When it does not answer, tries name, connection and TLS one after another, so that the
 * layer that fails is told apart. An answer proves the layers below it, also where a proxy stands between.
 */
export async function checkServer(client: Client, server: string, cliVersion: string): Promise<ServerFindings> {
  const url = new URL(server);
  const started = Date.now();
  try {
    const response = await client.raw('version', {}, { timeoutMs: 2 * STEP_MS });
    const ended = Date.now();
    const text = await response.text();
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({ version: v.string() })), text);
    if (!parsed.success) {
      const message = `${server} answers, but not as an Agnes server does.`;
      return {
        checks: layers(url, 'http', message, `Check the address: curl ${server}/api/version`),
        reachable: false,
      };
    }
    const checks = [
      ...layers(url, undefined, `${server} answers (${ended - started} ms).`),
      clock(response.headers.get('date'), started, ended),
      versions(cliVersion, parsed.output.version),
    ];
    return { checks, reachable: true };
  } catch (error) {
    if (!isAgnesError(error)) throw error;
    const layer = error.code === 'server_unreachable' ? await firstBroken(url) : 'http';
    const rest = ['clock', 'versions'].map((name) => skipped(name));
    return { checks: [...layers(url, layer, error.message, error.hint), ...rest], reachable: false };
  }
}

export function skipped(name: string, message = 'Not looked at: the server does not answer.'): Check {
  return { name, status: 'skipped', message };
}

function layers(url: URL, broken: Layer | undefined, message: string, action?: string): Check[] {
  const own = LAYERS.filter((layer) => layer !== 'tls' || url.protocol === 'https:');
  const at = broken === undefined ? own.length : own.indexOf(broken);
  return own.map((name, index) => {
    if (index > at) return skipped(name, 'Not looked at.');
    if (index === at) return { name, status: 'error', message, ...(action === undefined ? {} : { action }) };
    return { name, status: 'ok', message: name === 'http' ? message : GOOD[name](url) };
  });
}

const GOOD: Readonly<Record<Exclude<Layer, 'http'>, (url: URL) => string>> = {
  name: ({ hostname }) => `${hostname} is known.`,
  connection: ({ host }) => `${host} takes connections.`,
  tls: () => 'The certificate is trusted.',
};

/** Where the way to the server ends; `http` when everything below it works. */
async function firstBroken(url: URL): Promise<Layer> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  if (!(await works(lookup(host)))) return 'name';
  if (!(await opens(() => connectTcp({ host, port }), 'connect'))) return 'connection';
  if (
    secure &&
    !(await opens(() => connectTls({ host, port, servername: isName(host) ? host : '' }), 'secureConnect'))
  ) {
    return 'tls';
  }
  return 'http';
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}

async function works(promise: Promise<unknown>): Promise<boolean> {
  return await promise.then(
    () => true,
    () => false,
  );
}

async function opens(
  connect: () => ReturnType<typeof connectTcp>,
  event: 'connect' | 'secureConnect',
): Promise<boolean> {
  const socket = connect();
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once(event, () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.setTimeout(STEP_MS, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

function clock(date: string | null, started: number, ended: number): Check {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return { name: 'clock', status: 'skipped', message: 'The server tells no time.' };
  // The header has whole seconds; the server wrote it somewhere between our two moments.
  const seconds = Math.round(((started + ended) / 2 - (theirs + 500)) / 1000);
  const details = { skew_seconds: seconds };
  if (Math.abs(seconds) <= MOST_SKEW_S)
    return { name: 'clock', status: 'ok', message: 'Agrees with the server.', details };
  return {
    name: 'clock',
    status: 'warning',
    message: `This computer is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the server.`,
    action: 'Let the operating system set the time automatically.',
    details,
  };
}

function versions(cli: string, server: string): Check {
  const message = `agnes ${cli}, server ${server}, Node.js ${process.versions.node}.`;
  return { name: 'versions', status: 'ok', message, details: { agnes: cli, server, node: process.versions.node } };
}

/** What was thrown, as a check; what nobody expects goes on. */
export function failedCheck(name: string, error: unknown): Check {
  if (!isAgnesError(error)) throw error;
  return {
    name,
    status: 'error',
    message: messageOf(error),
    ...(error.hint === undefined ? {} : { action: error.hint }),
  };
}
