import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { hasErrorCode } from '@agnes/durable-files';
import { type AnswerOptions, answerRequest, EXIT } from '../answer-request.ts';
import type { Connector } from '../connector.ts';
import { type ConnectorRequest, parseConnectorRequest } from '../protocol.ts';

/** The command that runs a connector, in any language. */
export interface CommandSubject {
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
}

/** A connector that runs in this process; see {@link inProcess}. */
export interface HereSubject {
  readonly environment: readonly string[];
  readonly answer: (request: ConnectorRequest, options: AnswerOptions) => Promise<number>;
}

/** What is put to the test. */
export type Subject = CommandSubject | HereSubject;

/** A connector of `defineConnector` as it is, without a process: nothing can kill it, so those checks are skipped. */
export function inProcess<Config, Session>(connector: Connector<Config, Session>): Subject {
  return {
    environment: connector.environment,
    answer: (request, options) => answerRequest(connector, request, options),
  };
}

/** How a run ended. */
export interface RunEnd {
  /** Null when it was killed by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** A run under way. */
export interface Run {
  readonly ended: Promise<RunEnd>;
  /** Asks it to stop, with SIGTERM. */
  stop(): void;
  /** Kills it and its children at once; undefined for a connector that runs in this process. */
  readonly kill: (() => void) | undefined;
}

const MOST_OUTPUT = 64 * 1024 * 1024;

/** Whether the subject runs in a process of its own. */
export function isCommand(subject: Subject): subject is CommandSubject {
  return 'command' in subject;
}

/** Starts the subject on one request. It gets `environment` and what every process needs, and nothing else. */
export function startSubject(
  subject: Subject,
  requestLine: string,
  environment: Readonly<Record<string, string>>,
): Run {
  return isCommand(subject)
    ? startCommand(subject, requestLine, environment)
    : startHere(subject, requestLine, environment);
}

function startCommand(
  { command: [file, ...args], cwd }: CommandSubject,
  requestLine: string,
  environment: Readonly<Record<string, string>>,
): Run {
  const started = performance.now();
  // A group of its own, so that a kill reaches what the connector started.
  const detached = process.platform !== 'win32';
  const child = spawn(file, args, {
    env: { ...inherited(), ...environment },
    detached,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const signalAll = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      if (detached) process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch (error) {
      // It ended between the two lines.
      if (!hasErrorCode(error, 'ESRCH')) throw error;
    }
  };
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (texts[stream].length < MOST_OUTPUT) texts[stream] += text;
    });
  }
  // A connector that ends without reading its request closes the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(requestLine);
  const ended = new Promise<RunEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, ...texts, durationMs: performance.now() - started });
    });
  });
  return { ended, stop: () => signalAll('SIGTERM'), kill: () => signalAll('SIGKILL') };
}

/** The variables that a program needs to run at all; none of them is a secret. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', 'PATHEXT', 'USERPROFILE'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function startHere(subject: HereSubject, requestLine: string, environment: Readonly<Record<string, string>>): Run {
  const started = performance.now();
  const stop = new AbortController();
  const output = new PassThrough();
  let stdout = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const run = async (): Promise<RunEnd> => {
    const env = Object.fromEntries(subject.environment.map((name) => [name, environment[name]]));
    const code = await subject.answer(parseConnectorRequest(requestLine), {
      send: (message) => output.write(`${JSON.stringify(message)}\n`),
      env,
      signal: stop.signal,
    });
    await new Promise((resolve) => output.once('end', resolve).end());
    const exit = stop.signal.aborted ? EXIT.terminated : code;
    return { code: exit, signal: null, stdout, stderr: '', durationMs: performance.now() - started };
  };
  return { ended: run(), stop: () => stop.abort(new Error('The connector was asked to stop.')), kill: undefined };
}
