import { afterEach, beforeEach } from 'vitest';
import { type DataServer, startDataServer } from './data-server.ts';
import { createUser, type User } from './user.ts';

/** Of the test that runs. */
export let server: DataServer;
export let user: User;

/** A server with data and a person on a laptop, new for each test of the file that calls it. */
export function eachWithServerAndUser(): void {
  beforeEach(async () => {
    server = await startDataServer();
    user = await createUser();
  });
  afterEach(async () => {
    await user[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
}
