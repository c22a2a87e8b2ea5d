import { delimiter } from 'node:path';
import * as v from 'valibot';
import { Secret } from './secret.ts';

/** Where a setting can come from, what it must look like, and what it means. */
export interface Setting<S extends v.GenericSchema = v.GenericSchema> {
  /** Names of the environment variable; the first is the documented one, the others are accepted too. */
  readonly env: readonly [string, ...string[]];
  /** Dotted key in instance.yaml; absent for what only the environment can say. */
  readonly file?: string;
  readonly schema: S;
  /** The default as the documentation shows it; empty for none. */
  readonly fallback: string;
  readonly meaning: string;
  /** Never shown, in no error and no log. */
  readonly secret?: true;
}

/** Keeps the literal types of a setting. */
export const setting = <S extends v.GenericSchema>(entry: Setting<S>): Setting<S> => entry;

export const text = (message = 'must be text') => v.pipe(v.string(message), v.trim(), v.nonEmpty(message));
export const optionalText = v.optional(text());
/** Makes a {@link Secret} of a text. */
export const conceal = v.transform((value: string) => new Secret(value));

export const integer = (min: number, max: number, fallback: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.optional(
    v.pipe(
      v.union([v.pipe(v.string(), v.trim(), v.regex(/^\d{1,10}$/), v.transform(Number)), v.number()], message),
      v.integer(message),
      v.minValue(min, message),
      v.maxValue(max, message),
    ),
    fallback,
  );
};

const YES = ['1', 'true', 'yes', 'on'];
const NO = ['0', 'false', 'no', 'off'];

/** Anything but these words is refused: a flag nobody understands must not count as off. */
export const flag = v.pipe(
  v.union(
    [v.boolean(), v.pipe(v.string(), v.trim(), v.toLowerCase(), v.picklist([...YES, ...NO]))],
    `must be one of ${[...YES, ...NO].join(', ')}`,
  ),
  v.transform((value) => (typeof value === 'boolean' ? value : YES.includes(value))),
);

export const choice = <const C extends readonly string[]>(options: C, fallback: C[number]) =>
  v.optional(v.pipe(text(), v.toLowerCase(), v.picklist(options, `must be one of ${options.join(', ')}`)), fallback);

const isHttpUrl = (value: string) => {
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '';
};
export const httpUrl = v.optional(
  v.pipe(
    text(),
    v.check(isHttpUrl, 'must be an http or https URL without user name or password'),
    v.transform((value) => value.replace(/\/+$/, '')),
  ),
);

const domainMessage = 'must be a host name such as data.example.com, without scheme, port or path';
export const domain = v.optional(
  v.pipe(
    text(),
    v.toLowerCase(),
    v.maxLength(253, domainMessage),
    v.regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, domainMessage),
  ),
);

export const email = v.optional(
  v.pipe(text(), v.toLowerCase(), v.maxLength(254, 'must be an e-mail address'), v.email('must be an e-mail address')),
);

export const pathList = v.optional(
  v.pipe(
    v.union(
      [
        v.pipe(
          v.string(),
          v.transform((list) => list.split(delimiter)),
        ),
        v.array(v.string()),
      ],
      'must be a list of folders',
    ),
    v.transform((list) => list.map((entry) => entry.trim()).filter((entry) => entry !== '')),
    v.minLength(1, 'must name at least one folder'),
  ),
);

/** Seconds of a day. */
export const DAY = 86_400;
