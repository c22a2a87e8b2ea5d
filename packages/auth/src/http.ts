export { type AuthHandlersOptions, authHandlers } from './http/auth.ts';
export { type DeviceHandlersOptions, deviceHandlers } from './http/device.ts';
export { errorPage, type FailedRequest } from './http/pages/error-page.ts';
export { type PageHandlersOptions, pageHandlers } from './http/pages/index.ts';
export { type SessionHandlersOptions, sessionHandlers } from './http/sessions.ts';
export { type SignInHandlersOptions, signInHandlers } from './http/sign-in.ts';
export { type UserHandlersOptions, userHandlers } from './http/users.ts';
