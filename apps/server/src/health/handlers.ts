import { callerOf, type Handlers, type healthOperations, openApiDocument, operations } from '@agnes/api-contract';
import type { Auth } from '@agnes/auth';
import type { Catalog } from '@agnes/catalog';
import { AgnesError } from '@agnes/errors';
import type { Jobs } from '@agnes/jobs';
import { type State, schema } from '@agnes/state';
import type { Phase } from '../phase.ts';
import type { ProcessWatch } from './process-watch.ts';
import { connectorsService, dataService, jobsService, mailService, type Service } from './services.ts';
import { checkState } from './state-health.ts';

/** What runs here, and since when. */
export interface Build {
  readonly version: string;
  readonly channel: string;
  readonly image_tag: string;
  readonly commit_sha: string;
  readonly schema_version: string;
  readonly deployed_at: string;
}

export interface HealthOptions {
  readonly state: State;
  readonly catalog: Catalog;
  readonly jobs: Jobs;
  readonly auth: Pick<Auth, 'mailCounts'>;
  readonly connectors: readonly string[];
  readonly build: Build;
  readonly phase: Phase;
  readonly watch: ProcessWatch;
  /** Where people reach the server; the OpenAPI document names it. */
  readonly serverUrl: string;
}

/** The operations that tell how the installation is doing, and the OpenAPI document. */
export function healthHandlers(options: HealthOptions): Handlers<typeof healthOperations> {
  const { state, build, phase } = options;
  const about = { version: build.version, url: options.serverUrl };
  const document = openApiDocument(operations, about) as { openapi: string };
  return {
    health: () => checkState(state, build.schema_version),
    liveness: async () => ({ status: 'ok' }),
    readiness: async () => {
      if (phase.current === 'ready') return { status: 'ready' };
      throw new AgnesError('unavailable', `The server is ${phase.current}.`, { hint: 'Try again in a few seconds.' });
    },
    version: async () => build,
    openapi: async () => document,
    healthDetailed: async (_input, context) => {
      const { status, detail } = await checkState(state, build.schema_version);
      const stateService: Service = status === 'ok' ? { status: 'ok' } : { status: 'error', ...(detail && { detail }) };
      const services: Record<string, Service> = { duckdb_state: stateService };
      if (status === 'ok') {
        services.jobs = await jobsService(options.jobs);
        services.data = dataService(await options.catalog.listReadable(callerOf(context)), new Date());
        services.connectors = connectorsService(options.connectors);
      }
      if (callerOf(context).isAdmin) {
        // How many people there are is nobody else's business.
        if (status === 'ok') services.users = { status: 'ok', count: await state.db.$count(schema.users) };
        services.process = await options.watch.service();
        const mail = options.auth.mailCounts();
        if (mail !== undefined) services.mail = mailService(mail);
      }
      return { ...build, status: overall(services), timestamp: new Date().toISOString(), services };
    },
  };
}

function overall(services: Readonly<Record<string, Service>>): 'healthy' | 'degraded' | 'unhealthy' {
  const all = Object.values(services).map(({ status }) => status);
  if (all.includes('error')) return 'unhealthy';
  return all.includes('warning') ? 'degraded' : 'healthy';
}
