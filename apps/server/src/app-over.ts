import { type Operations, operations } from '@agnes/api-contract';
import { errorPage } from '@agnes/auth/http';
import type { Config } from '@agnes/config';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { createApp } from './api/app.ts';
import type { HttpEnvironment } from './api/environment.ts';
import { grantChecks, type Running, serverHandlers } from './handlers.ts';
import type { Parts } from './parts.ts';
import { VERSION } from './version.ts';
import { webOptions } from './web-options.ts';

/** The whole HTTP surface over a server's parts. */
export function appOver(
  parts: Parts,
  config: Config,
  log: Logger,
  running: Omit<Running, 'serverUrl' | 'maxRows'>,
): Hono<HttpEnvironment> {
  return createApp<Operations>({
    operations,
    handlers: serverHandlers(parts, { ...running, serverUrl: config.serverUrl, maxRows: config.queryMaxRows }),
    authenticate: parts.auth.authenticate,
    grants: grantChecks(parts),
    findViewed: parts.access.viewAs,
    audit: parts.audit,
    errorPage,
    log,
    version: VERSION,
    ...webOptions(config, parts),
  });
}
