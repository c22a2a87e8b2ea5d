export { type AppOptions, createApp } from './api/app.ts';
export type { Authenticate, GrantChecks } from './api/authorize.ts';
export { createLog } from './log.ts';
export { type Server, startServer } from './server.ts';
