import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';

interface Listed {
  readonly id: string;
  readonly hidden?: boolean;
  readonly args: Readonly<Record<string, { readonly required?: boolean; readonly options?: readonly string[] }>>;
  readonly flags: Readonly<Record<string, { readonly required?: boolean; readonly options?: readonly string[] }>>;
}

/** The words of every command as the shipped manifest has them, and the least it needs to be complete. */
export async function everyCommand(
  values: Readonly<Record<string, string>> = {},
): Promise<{ words: string[]; needs: string[] }[]> {
  const text = await readFile(join(import.meta.dirname, '..', 'oclif.manifest.json'), 'utf8');
  const { commands } = JSON.parse(text) as { commands: Record<string, Listed> };
  return Object.values(commands).map(({ id, args, flags }) => ({
    words: id.split(':'),
    needs: [
      ...Object.entries(args)
        .filter(([, arg]) => arg.required === true)
        .map(([name, arg]) => arg.options?.[0] ?? values[name] ?? 'x'),
      ...Object.entries(flags)
        .filter(([, flag]) => flag.required === true)
        .flatMap(([name, flag]) => [`--${name}`, flag.options?.[0] ?? values[name] ?? 'x']),
    ],
  }));
}

/** Does something with every command, a few at a time. */
export async function forEach<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const limit = pLimit(4);
  await Promise.all(all.map((one) => limit(() => work(one))));
}
