import type { Laptop } from '@agnes/testkit';
import { writeManyTables } from './extract.ts';
import { initialise, signedInLaptop } from './laptop.ts';
import { type Server, startServer, sync } from './server.ts';

/** A server with `tables` small tables in ten sources at most, and a laptop that has pulled them all. */
export interface PulledWorkspace extends AsyncDisposable {
  readonly server: Server;
  readonly laptop: Laptop;
}

export async function pulledWorkspace(folder: string, tables: number): Promise<PulledWorkspace> {
  await using stack = new AsyncDisposableStack();
  await writeManyTables(folder, { count: tables, perSource: Math.ceil(tables / 10), bytes: 4096 });
  const server = stack.use(await startServer(folder));
  await sync(server, null);
  const laptop = stack.use(await signedInLaptop(server));
  await initialise(laptop, server);
  const all = stack.move();
  return { server, laptop, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
