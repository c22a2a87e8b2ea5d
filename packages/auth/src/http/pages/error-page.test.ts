import { expect, test } from 'vitest';
import { errorPage, returnPath } from './error-page.ts';

test.each([
  ['GET', '/account?done=x', '/account?done=x'],
  ['HEAD', '/account', '/account'],
  ['POST', '/account/tokens', '/account/tokens'],
  ['POST', '/account/tokens/t1/revoke?x=1', '/account/tokens'],
  ['POST', '/account/sessions/end-others', '/account/sessions'],
  ['POST', '/login/device', '/login/device'],
  ['POST', '//evil.example', '/'],
])('who was signed out at %s %s comes back to %s', (method, target, path) => {
  expect(returnPath({ method, target })).toBe(path);
});

test('a failure that nobody foresaw tells its request, and nothing that it should not', async () => {
  const problem = {
    type: 'x',
    title: 't',
    status: 500,
    detail: 'It <failed>.',
    code: 'internal_error',
    request_id: 'r1',
  };
  const response = await errorPage(problem, { method: 'GET', target: '/<x>' }, { 'retry-after': '5' });
  expect(response.status).toBe(500);
  expect(response.headers.get('retry-after')).toBe('5');
  const text = await response.text();
  expect(text).toContain('It &lt;failed&gt;.');
  expect(text).toContain('r1');
  expect(text).not.toContain('<x>');
});
