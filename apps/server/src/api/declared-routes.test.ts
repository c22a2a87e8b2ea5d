import { operations } from '@agnes/api-contract';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { refuseUndeclaredRoutes } from './declared-routes.ts';
import type { HttpEnvironment } from './environment.ts';

const appOf = (add: (app: Hono<HttpEnvironment>) => unknown): Hono<HttpEnvironment> => {
  const app = new Hono<HttpEnvironment>();
  add(app);
  return app;
};
const answer = async (): Promise<Response> => new Response('secret');

describe('what is served and not declared', () => {
  test.each<[string, (app: Hono<HttpEnvironment>) => unknown]>([
    ['GET /debug', (app) => app.get('/debug', answer)],
    ['DELETE /api/me', (app) => app.delete('/api/me', answer)],
    ['ALL /internal', (app) => app.all('/internal', answer)],
    ['ALL /auth/*', (app) => app.use('/auth/*', answer)],
    ['GET /api/v2/schema/:name', (app) => app.get('/api/v2/schema/:name', answer)],
    ['POST /nested/route', (app) => app.route('/nested', new Hono<HttpEnvironment>().post('/route', answer))],
  ])('%s keeps the server from starting', (route, add) => {
    expect(() => refuseUndeclaredRoutes(appOf(add), operations)).toThrow(route);
  });

  test('what is declared, and middleware before it, does not', () => {
    const app = appOf((it) => {
      it.use(async (_, next) => next());
      it.get('/api/me', answer);
      it.all('/api/me', answer);
      it.get('/api/v2/schema/:id', answer);
    });
    expect(() => refuseUndeclaredRoutes(app, operations)).not.toThrow();
  });
});
