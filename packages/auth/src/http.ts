export { type AuthHandlersOptions, authHandlers } from './http/auth.ts';
export { type UserHandlersOptions, userHandlers } from './http/users.ts';
