import { expect, test } from 'vitest';
import { describeUserAgent } from './user-agent.ts';

test.each([
  ['agnes/1.2.3 (linux)', 'agnes on the command line on Linux'],
  ['agnes/1.2.3 (darwin)', 'agnes on the command line on macOS'],
  ['agnes/1.2.3 (win32)', 'agnes on the command line on Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15',
    'Safari on macOS',
  ],
  ['Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0', 'Edge on Windows'],
  ['curl/8.5.0', 'curl'],
  ['python-requests/2.32', 'python-requests/2.32'],
  ['Mozilla/5.0 (compatible; agnes-like thing)', 'Mozilla/5.0 (compatible; agnes-like thing)'],
  ['x'.repeat(200), `${'x'.repeat(60)}…`],
  ['  ', 'Unknown program'],
  [null, 'Unknown program'],
])('%j is shown as %j', (text, shown) => {
  expect(describeUserAgent(text)).toBe(shown);
});
