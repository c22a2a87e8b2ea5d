import { operations } from '@agnes/api-contract';
import { createBreakGlass } from '@agnes/auth';
import type { Config } from '@agnes/config';
import { AgnesError } from '@agnes/errors';
import type { Logger } from 'pino';
import { refuseUndeclaredRoutes } from './api/declared-routes.ts';
import { listen } from './api/listen.ts';
import { appOver } from './app-over.ts';
import { serverChores } from './chores.ts';
import { type Closing, createClosing } from './closing.ts';
import { listenForControl } from './control/listen.ts';
import type { Build } from './health/handlers.ts';
import { watchProcess } from './health/process-watch.ts';
import { schemaVersion } from './health/state-health.ts';
import { startMaintenance } from './maintenance.ts';
import { openParts, type Parts } from './parts.ts';
import type { Phase } from './phase.ts';
import { startSchedulerProcess } from './scheduler-process.ts';
import { VERSION } from './version.ts';

export interface Server {
  /** Where this machine reaches it. */
  readonly url: string;
  /** Takes no more requests, lets what runs finish within its time, and closes everything. */
  stop(): Promise<void>;
}

/** How long requests may take to finish once the server stops. */
const REQUEST_GRACE_MS = 20_000;
/** A sync that is cut short goes back into its lane and runs again at the next start: little to wait for. */
const JOB_GRACE_SECONDS = 2;

/**
 * Starts everything and resolves when requests are taken. When a step fails, what was opened before is closed again.
 * Throws `AgnesError` for what an operator can put right: `invalid_config`, `state_locked`, `state_corrupt` and others.
 */
export async function startServer(config: Config, log: Logger): Promise<Server> {
  refuseImpossibleRole(config);
  const closing = createClosing();
  try {
    return await open(config, log, closing);
  } catch (error) {
    // Why the start failed is what the operator needs; trouble in tidying up after it is for the log.
    await closing.close().catch((err: unknown) => log.error({ err }, 'what was opened could not be closed'));
    throw error;
  }
}

async function open(config: Config, log: Logger, closing: Closing): Promise<Server> {
  const phase: Phase = { current: 'starting' };
  const parts = await openParts(config, log, closing);
  const watch = watchProcess();
  closing.add(async () => watch[Symbol.dispose]());
  const build = await buildOf(config, parts);
  const app = appOver(parts, config, log, { build, phase, watch });
  const runner = parts.jobs.start({
    handlers: { sync: parts.orchestrator.syncHandler },
    onError: (err, jobId) => log.error({ err, job_id: jobId ?? null }, 'a job failed in a way nobody expected'),
  });
  const stopJobs = () => runner.stop({ graceSeconds: JOB_GRACE_SECONDS });
  closing.add(stopJobs);
  refuseUndeclaredRoutes(app, operations);
  const listener = await listen(app, config.host, config.port, {
    onBroken: (err) => log.error({ err }, 'a stored file could not be sent to its end'),
  });
  // The jobs are told at once, so that they end while requests finish.
  closing.add(() => Promise.all([listener.close(REQUEST_GRACE_MS), stopJobs()]));
  const control = await listenForControl(
    config.stateDir,
    createBreakGlass({ state: parts.state, serverUrl: config.serverUrl }),
    log,
  );
  closing.add(() => control.close());
  const { googleSyncSeconds, auditRetentionDays } = config;
  const maintenance = startMaintenance(serverChores({ ...parts, googleSyncSeconds, auditRetentionDays }), log);
  closing.add(() => maintenance.stop());
  if (config.role === 'all') {
    const scheduler = startSchedulerProcess({ config, apiUrl: listener.url, token: parts.schedulerToken, log });
    closing.add(() => scheduler.stop());
  }
  phase.current = 'ready';
  return {
    url: listener.url,
    async stop() {
      phase.current = 'stopping';
      await closing.close();
    },
  };
}

function refuseImpossibleRole({ role }: Config): void {
  if (role !== 'worker') return;
  throw new AgnesError('invalid_config', 'AGNES_ROLE=worker needs a state that several processes can share.', {
    hint: 'Use AGNES_ROLE=all, or AGNES_ROLE=api together with agnes-scheduler.',
  });
}

async function buildOf(config: Config, { state }: Parts): Promise<Build> {
  return {
    version: config.version === 'dev' ? VERSION : config.version,
    channel: config.releaseChannel,
    image_tag: config.imageTag,
    commit_sha: config.commitSha,
    schema_version: await schemaVersion(state),
    deployed_at: new Date().toISOString(),
  };
}
