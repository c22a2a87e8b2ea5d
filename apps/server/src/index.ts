export { type AppOptions, createApp } from './http/app.ts';
export type { Authenticate, GrantChecks } from './http/authorize.ts';
export { createLog } from './log.ts';
export { type Server, startServer } from './server.ts';
