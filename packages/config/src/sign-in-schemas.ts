import * as v from 'valibot';
import { isLoopback } from './loopback.ts';
import { conceal } from './setting.ts';

/** A list in instance.yaml, or a text with commas; at least one entry, in lower case. */
export const listOf = (message: string, entry: RegExp) =>
  v.pipe(
    v.union(
      [
        v.pipe(
          v.string(),
          v.transform((list) => list.split(',').filter((item) => item.trim() !== '')),
        ),
        v.array(v.string()),
      ],
      message,
    ),
    v.minLength(1, message),
    v.array(v.pipe(v.string(), v.trim(), v.regex(entry, message))),
  );

/** E-mail domains, or `*` for any. */
export const domains = v.pipe(
  listOf(
    'must be e-mail domains such as example.com, separated by commas, or * for any',
    /^(?:\*|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)$/i,
  ),
  v.transform((list) => list.map((entry) => entry.toLowerCase())),
);

/** https, or http for this machine itself. */
export const safeUrl = v.pipe(
  v.string('must be a URL'),
  v.trim(),
  v.check(isSafeUrl, 'must be an https URL (http only for this machine itself), without user name, query or fragment'),
);

function isSafeUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

/** A secret as it was given. */
export const secretText = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), conceal);
