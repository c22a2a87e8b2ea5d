import type { Handlers, Operations } from '@agnes/api-contract';
import {
  authHandlers,
  deviceHandlers,
  pageHandlers,
  sessionHandlers,
  signInHandlers,
  userHandlers,
} from '@agnes/auth/http';
import { catalogHandlers } from '@agnes/catalog/http';
import { AgnesError } from '@agnes/errors';
import { jobHandlers } from '@agnes/jobs/http';
import { orchestratorHandlers } from '@agnes/orchestrator/http';
import { queryHandlers } from '@agnes/query-engine/http';
import { accessHandlers, auditHandlers } from '@agnes/rbac/http';
import type { GrantChecks } from './api/authorize.ts';
import { audited } from './audited.ts';
import { type Build, healthHandlers } from './health/handlers.ts';
import type { ProcessWatch } from './health/process-watch.ts';
import type { Parts } from './parts.ts';
import type { Phase } from './phase.ts';

/** What the handlers are told of the process that runs them. */
export interface Running {
  readonly build: Build;
  readonly phase: Phase;
  readonly watch: ProcessWatch;
  readonly serverUrl: string;
  /** The most rows of a JSON answer to a query. */
  readonly maxRows: number;
}

/** The implementation of every operation. */
export function serverHandlers(parts: Parts, running: Running): Handlers<Operations> {
  const { state, audit, downloads, blobs, access, auth, catalog, jobs, orchestrator, queries } = parts;
  const connectors = parts.connectors.map(({ sourceType }) => sourceType);
  const plain: Handlers<Operations> = {
    ...healthHandlers({ state, catalog, jobs, auth, connectors, ...running }),
    ...authHandlers({ auth }),
    ...sessionHandlers({ auth }),
    ...deviceHandlers({ auth, serverUrl: running.serverUrl }),
    ...signInHandlers({ auth, serverUrl: running.serverUrl }),
    ...pageHandlers({ auth, serverUrl: running.serverUrl }),
    ...userHandlers({ auth, access }),
    ...accessHandlers({ access }),
    ...auditHandlers({ state, trail: audit }),
    ...catalogHandlers({ catalog }),
    ...orchestratorHandlers({ orchestrator, jobs, catalog }),
    ...queryHandlers({ gateway: queries.gateway, catalog, access, blobs, maxRows: running.maxRows }),
    ...jobHandlers({ jobs }),
  };
  return { ...plain, ...audited(plain, { audit, downloads, catalog }) };
}

/** Whether a caller may have what a path names. Unknown and forbidden end in the same error. */
export function grantChecks({ catalog }: Pick<Parts, 'catalog'>): GrantChecks {
  return {
    table: (caller, id) => catalog.readable(caller, id),
    blob: async (caller, sha256) => {
      if (await catalog.blobReadable(caller, sha256)) return;
      throw new AgnesError('blob_not_found', 'There is no such file, or it is not granted to you.', {
        hint: 'Fetch the manifest again: the table may have a newer version.',
      });
    },
  };
}
