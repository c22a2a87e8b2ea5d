import { randomBytes } from 'node:crypto';
import { type Auth, createAuth, openGoogleDirectory } from '@agnes/auth';
import { type BlobStore, openFilesystemBlobs } from '@agnes/blobs';
import { type Catalog, createCatalog } from '@agnes/catalog';
import type { Config } from '@agnes/config';
import { createJobs, type Jobs } from '@agnes/jobs';
import { type ConnectorProcess, createOrchestrator, type Orchestrator } from '@agnes/orchestrator';
import { openQueryEngine, type QueryEngine, type QueryLimits } from '@agnes/query-engine';
import {
  type Access,
  type AuditTrail,
  countDownloads,
  createAccess,
  createAuditTrail,
  type Downloads,
} from '@agnes/rbac';
import { openState, type State } from '@agnes/state';
import type { Logger } from 'pino';
import type { Closing } from './closing.ts';
import { recordStart } from './config-change.ts';
import { installedConnectors } from './connectors.ts';
import { prepareDataFolder, stateLocation } from './data-folder.ts';
import { admitFirstAdmin } from './first-admin.ts';
import { mappedGroups } from './mapped-groups.ts';
import { VERSION } from './version.ts';

/** What the server is made of. */
export interface Parts {
  readonly state: State;
  /** Where reads and refusals are noted. */
  readonly audit: AuditTrail;
  readonly downloads: Downloads;
  readonly blobs: BlobStore;
  readonly access: Access;
  readonly auth: Auth;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly orchestrator: Orchestrator;
  readonly queries: QueryEngine;
  readonly connectors: readonly ConnectorProcess[];
  /** What the scheduler says who it is with. */
  readonly schedulerToken: string;
}

/** Opens every part, from the state upwards, and notes in `closing` how to close it. Nothing runs yet. */
export async function openParts(config: Config, log: Logger, closing: Closing): Promise<Parts> {
  const folder = await prepareDataFolder(config);
  const state = await openState(stateLocation(config));
  closing.add(() => state.close());
  closing.add(() => state.checkpoint());
  const audit = createAuditTrail({
    state,
    onError: (error) =>
      log.error({ err: error }, 'the audit log cannot be written; what it must record is soon refused'),
  });
  closing.add(() => audit.settled());
  const downloads = countDownloads(audit);
  closing.add(async () => downloads.close());
  await recordStart(state, config, VERSION);

  const blobs = await openFilesystemBlobs(folder.blobs);
  const access = createAccess({ state, mappedEmails: mappedGroups(config.signIn.googleGroups) });
  await access.seedSystemGroups();
  const schedulerToken = config.schedulerApiToken?.reveal() ?? randomBytes(32).toString('base64url');
  const { signIn, serverUrl } = config;
  const directory = signIn.googleGroups && (await openGoogleDirectory(signIn.googleGroups));
  const auth = createAuth({
    state,
    access,
    schedulerToken,
    sessionHours: config.sessionHours,
    sessionIdleMinutes: config.sessionIdleMinutes === 0 ? undefined : config.sessionIdleMinutes,
    limited: config.rateLimited,
    secureCookie: config.serverUrl.startsWith('https:'),
    localDevEmail: config.localDevMode ? config.localDevUserEmail : undefined,
    signIn,
    serverUrl,
    directory,
    noteRefusal: async (entry) => audit.note(entry),
    onBackgroundError: (error) => log.warn({ err: error }, 'something behind a sign-in or a token failed'),
  });
  closing.add(() => auth.settled());
  await admitFirstAdmin(auth, config, log);

  const connectors = installedConnectors(config);
  const catalog = createCatalog({
    state,
    blobs,
    access,
    connectors: new Map(connectors.map((connector) => [connector.sourceType, connector])),
  });
  const jobs = createJobs({ state });
  const orchestrator = createOrchestrator({
    catalog,
    blobs,
    jobs,
    dataDir: config.dataDir,
    connectors,
    limits: {
      extractorTimeoutMs: config.extractorTimeoutSeconds * 1000,
      connectorMemoryMb: config.connectorMemoryMb,
      publishTimeoutMs: config.publishTimeoutSeconds * 1000,
      publishTableTimeoutMs: config.publishTableTimeoutSeconds * 1000,
      publishMemoryMb: config.publishMemoryMb,
    },
    log: (level, message) => log[level === 'warning' ? 'warn' : level](message),
  });
  await orchestrator.start();
  const queries = await openQueryEngine({
    state,
    catalog,
    access,
    blobs,
    folder: folder.query,
    limits: queryLimits(config),
    note: (entry) => audit.note(entry),
    onError: (err, what) => log.error({ err }, what),
  });
  closing.add(() => queries.close());
  return {
    state,
    audit,
    downloads,
    blobs,
    access,
    auth,
    catalog,
    jobs,
    orchestrator,
    queries,
    connectors,
    schedulerToken,
  };
}

function queryLimits(config: Config): QueryLimits {
  return {
    workers: config.queryWorkers,
    memoryMb: config.queryMemoryMb,
    threads: config.queryThreads,
    tempMb: config.queryTempMb,
    timeLimitSeconds: config.queryTimeLimitSeconds,
    resultMb: config.queryResultMb,
    slicesMb: config.querySlicesMb,
    perUser: config.queryPerUser,
    queuePerUser: config.queryQueuePerUser,
    queue: config.queryQueue,
    dailyMb: config.queryDailyMb,
  };
}
