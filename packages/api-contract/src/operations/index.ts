import { accessOperations } from './access.ts';
import { auditOperations } from './audit.ts';
import { authOperations } from './auth.ts';
import { catalogOperations } from './catalog.ts';
import { distributionOperations } from './distribution.ts';
import { healthOperations } from './health.ts';
import { jobOperations } from './jobs.ts';
import { pageOperations } from './pages.ts';
import { policyOperations } from './policies.ts';
import { queryOperations } from './query.ts';
import { registryOperations } from './registry.ts';
import { deviceOperations, sessionOperations } from './sessions.ts';
import { signInOperations } from './sign-in.ts';
import { userOperations } from './users.ts';

/** Every operation of the API, by id. What is not here does not exist. */
export const operations = {
  ...healthOperations,
  ...authOperations,
  ...sessionOperations,
  ...deviceOperations,
  ...signInOperations,
  ...userOperations,
  ...accessOperations,
  ...policyOperations,
  ...auditOperations,
  ...registryOperations,
  ...catalogOperations,
  ...distributionOperations,
  ...queryOperations,
  ...jobOperations,
  ...pageOperations,
};

export type Operations = typeof operations;
