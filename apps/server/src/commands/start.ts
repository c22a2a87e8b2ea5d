import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { loadConfig } from '@agnes/config';
import { createLog } from '../log.ts';
import { untilStopped } from '../until-stopped.ts';

/** What a stop may take altogether before the process ends anyway: requests have 20 s of it. */
const STOP_WITHIN_MS = 40_000;

/** Runs the server until a signal, or a failure that nobody caught, ends it. */
export async function start(): Promise<void> {
  keepYoungHeapSmall();
  const config = await loadConfig(process.env);
  const log = createLog(config.logLevel);
  const stopped = untilStopped(log);
  // Loaded only now: whoever mistyped a variable is told at once.
  const { startServer } = await import('../server.ts');
  const server = await startServer(config, log);
  log.info({ url: server.url, data_dir: config.dataDir, role: config.role }, 'listening');
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: server.url })}\n`);

  const { reason, code } = await stopped;
  log.info({ reason }, 'stopping');
  const late = sleep(STOP_WITHIN_MS, 'late' as const, { ref: false });
  if ((await Promise.race([server.stop(), late])) === 'late') {
    log.error({}, 'the stop took too long; the process ends as it is');
    process.exit(1);
  }
  log.info({}, 'stopped');
  // Whatever still holds the event loop has nothing left to do.
  process.exit(code);
}

/**
 * V8 lets the space for young objects grow while many requests run and does not give it back: about 100 MiB at rest and as
 * much again under load (`pnpm bench memory`). A V8 that does not know the flag does nothing.
 */
function keepYoungHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
