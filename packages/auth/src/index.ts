export { type Auth, type AuthOptions, createAuth, type SignedIn } from './auth.ts';
export type { BootstrapInput } from './bootstrap.ts';
export { type Administrator, type BreakGlass, createBreakGlass, type GrantedAdmin } from './break-glass.ts';
export type { Caller, Credential } from './caller.ts';
export type { IssuedToken, TokenRecord } from './credentials.ts';
export type { NewPersonalToken } from './personal-tokens.ts';
export type { SeedAdmin } from './seed-admin.ts';
export type { NewUser, User, UserPatch } from './users.ts';
export type { Peer, WayIn } from './ways-in.ts';
