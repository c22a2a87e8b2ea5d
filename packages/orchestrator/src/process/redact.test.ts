import { expect, test } from 'vitest';
import { redactor } from './redact.ts';

const KEY = '{"private_key":"-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"}';
const redact = redactor(['p@ss/word+1', 'p@ss/word+1-longer', 'eu', KEY]);

test.each([
  ['as it is', 'token p@ss/word+1.', 'token ***.'],
  ['in a URL', 'https://example.com/?t=p%40ss%2Fword%2B1', 'https://example.com/?t=***'],
  ['as base64', Buffer.from('p@ss/word+1').toString('base64'), '***='],
  ['the longer of two that begin alike', 'p@ss/word+1-longer', '***'],
  ['a line of a key', 'unexpected MIIEvQIBADANBg', 'unexpected ***'],
  ['what is too short to be told from words', 'eu queue', 'eu queue'],
])('%s', (_what, text, redacted) => {
  expect(redact(text)).toBe(redacted);
});
