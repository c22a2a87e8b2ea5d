import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DemoFolder } from './data-folder.ts';
import { CommandFailed, cleanEnvironment } from './person.ts';
import { step } from './report.ts';

export interface DemoServer {
  readonly url: string;
  /** Until the signal; throws when the server ends by itself before. */
  runsUntil(signal: AbortSignal): Promise<void>;
  /** SIGTERM; after 15 seconds SIGKILL. */
  stop(): Promise<void>;
}

const entry = resolve(import.meta.dirname, '..', '..', 'apps', 'server', 'dist', 'main.js');
const STOP_MS = 15_000;

/** The folder of files that come with the npm package vega-datasets. */
export const dataFiles = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '..', 'data');

/** Starts the built server on the demo's folder and waits until it listens. Its log goes to `server.log` there. */
export async function startServer(folder: DemoFolder, port: number, signal: AbortSignal): Promise<DemoServer> {
  const { server, url } = await step('server', async () => {
    const started = spawn(process.execPath, [entry, 'start'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...cleanEnvironment(),
        DATA_DIR: folder.path,
        HOST: '127.0.0.1',
        PORT: String(port),
        SEED_ADMIN_EMAIL: folder.admin.email,
        SEED_ADMIN_PASSWORD: folder.admin.password,
        AGNES_FILES_ROOTS: dataFiles,
      },
    });
    const logFile = join(folder.path, 'server.log');
    started.stderr.pipe(createWriteStream(logFile, { mode: 0o600 }));
    const address = await listeningAddress(started, signal, logFile);
    return { value: { server: started, url: address }, told: `listens on ${address}` };
  });
  const ended = new Promise<void>((done) => {
    server.once('exit', () => done());
  });
  return {
    url,
    async runsUntil(until) {
      await Promise.race([ended, ...(until.aborted ? [undefined] : [once(until, 'abort')])]);
      if (!until.aborted) throw new CommandFailed(`The server has ended; see ${folder.path}/server.log.`);
    },
    stop: () => stop(server, ended),
  };
}

async function listeningAddress(server: ChildProcess, signal: AbortSignal, logFile: string): Promise<string> {
  const onAbort = (): void => {
    server.kill('SIGTERM');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (server.stdout === null) throw new Error('The server has no stdout.');
    for await (const line of createInterface({ input: server.stdout })) {
      const message = parseLine(line);
      if (message.event === 'listening' && message.url !== undefined) {
        server.stdout.resume();
        return message.url;
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  signal.throwIfAborted();
  const log = await readFile(logFile, 'utf8');
  throw new CommandFailed(`The server did not start. Its log, ${logFile}, ends with:\n${log.slice(-2_000)}`);
}

function parseLine(line: string): { event?: string; url?: string } {
  return line.startsWith('{') ? (JSON.parse(line) as { event?: string; url?: string }) : {};
}

async function stop(server: ChildProcess, ended: Promise<void>): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}
