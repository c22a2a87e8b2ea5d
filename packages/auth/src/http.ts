export { type AuthHandlersOptions, authHandlers } from './auth-http.ts';
export { type UserHandlersOptions, userHandlers } from './user-http.ts';
