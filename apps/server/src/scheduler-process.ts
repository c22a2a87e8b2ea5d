import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conditions } from '@agnes/child-process';
import type { Config } from '@agnes/config';
import type { Logger } from 'pino';

export interface SchedulerProcess {
  stop(): Promise<void>;
}

export interface SchedulerProcessOptions {
  readonly config: Config;
  readonly apiUrl: string;
  readonly token: string;
  readonly log: Logger;
}

/** Started, never imported: apps share no code. */
const ENTRY = '@agnes/scheduler/main';
const LONGEST_PAUSE_MS = 60_000;
const STOP_MS = 8000;

/** Runs the scheduler as a child of this process, and starts it again, ever more slowly, when it dies. */
export function startSchedulerProcess(options: SchedulerProcessOptions): SchedulerProcess {
  const { log } = options;
  let child: ChildProcess | undefined;
  let again: NodeJS.Timeout | undefined;
  let deaths = 0;
  let stopping = false;

  const start = (): void => {
    const started = performance.now();
    const running = fork(fileURLToPath(import.meta.resolve(ENTRY)), [], {
      execArgv: conditions(process.execArgv),
      env: environmentOf(options),
      // Its log lines go where ours go; the channel tells it when this process is gone, however that happened.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child = running;
    running.once('spawn', () => log.info({ scheduler_pid: running.pid }, 'the scheduler was started'));
    running.once('error', (error) => log.error({ err: error }, 'the scheduler cannot be started'));
    running.once('close', (code, signal) => {
      if (stopping) return;
      deaths = performance.now() - started > LONGEST_PAUSE_MS ? 1 : deaths + 1;
      const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** deaths);
      log.error({ code, signal, next_start_ms: pause }, 'the scheduler ended; it is started again');
      again = setTimeout(start, pause);
    });
  };
  start();

  return {
    async stop() {
      stopping = true;
      clearTimeout(again);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const kill = setTimeout(() => child?.kill('SIGKILL'), STOP_MS);
      await closed;
      clearTimeout(kill);
    },
  };
}

function environmentOf({ config, apiUrl, token }: SchedulerProcessOptions): NodeJS.ProcessEnv {
  const kept = ['PATH', 'Path', 'SystemRoot', 'windir', 'TMPDIR', 'TEMP', 'TMP', 'NODE_EXTRA_CA_CERTS'];
  // All it needs stands here, so it reads no file: neither folder exists.
  const nowhere = join(config.dataDir, 'tmp', 'no-configuration');
  return {
    ...Object.fromEntries(kept.map((name) => [name, process.env[name]])),
    CONFIG_DIR: nowhere,
    STATE_DIR: nowhere,
    API_URL: apiUrl,
    SCHEDULER_API_TOKEN: token,
    SCHEDULER_TICK_SECONDS: String(config.tickSeconds),
    SCHEDULER_STARTUP_GRACE_SECONDS: String(config.startupGraceSeconds),
    SCHEDULER_DATA_REFRESH_INTERVAL: String(config.dataRefreshSeconds),
    SCHEDULER_HEALTH_CHECK_INTERVAL: String(config.healthCheckSeconds),
    LOG_LEVEL: config.logLevel,
  };
}
