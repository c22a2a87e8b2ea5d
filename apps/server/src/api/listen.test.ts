import { once } from 'node:events';
import { connect } from 'node:net';
import { isAgnesError } from '@agnes/errors';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import type { HttpEnvironment } from './environment.ts';
import { listen } from './listen.ts';

function slowApp() {
  const started = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  const app = new Hono<HttpEnvironment>();
  app.get('/', (context) => context.text('ok'));
  app.get('/slow', async (context) => {
    started.resolve();
    return context.text(await answer.promise);
  });
  return { app, started: started.promise, answer };
}

describe('listening', () => {
  test('closing refuses new connections, lets the request that runs finish, and waits for no idle connection', async () => {
    const { app, started, answer } = slowApp();
    const listener = await listen(app, '127.0.0.1', 0);
    await (await fetch(listener.url)).text(); // leaves a keep-alive connection
    const running = fetch(`${listener.url}/slow`);
    await started;
    const closed = listener.close(60_000);
    await expect(fetch(listener.url, { headers: { connection: 'close' } })).rejects.toThrow();
    answer.resolve('done');
    expect(await (await running).text()).toBe('done');
    await closed;
  });

  test('a request that outlasts the grace is cut', async () => {
    const { app, started } = slowApp();
    const listener = await listen(app, '127.0.0.1', 0);
    const running = fetch(`${listener.url}/slow`);
    const cut = expect(running).rejects.toThrow();
    await started;
    await listener.close(50);
    await cut;
  });

  test('a connection without a request does not hold up the stop', async () => {
    const { app } = slowApp();
    const listener = await listen(app, '127.0.0.1', 0);
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await (await fetch(listener.url)).text();
    await listener.close(3_600_000);
    socket.destroy();
  });

  test('an address that is taken is an error that says so', async () => {
    const { app } = slowApp();
    const first = await listen(app, '127.0.0.1', 0);
    try {
      await listen(app, '127.0.0.1', Number(new URL(first.url).port));
      expect.unreachable();
    } catch (error) {
      expect(isAgnesError(error, 'invalid_config') && error.message).toContain('another process listens there');
    } finally {
      await first.close(0);
    }
  });

  test('headers beyond the limit are refused with 431', async () => {
    const { app } = slowApp();
    const listener = await listen(app, '127.0.0.1', 0);
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toContain('431');
    socket.destroy();
    await listener.close(0);
  });
});
