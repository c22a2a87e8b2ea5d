// The operations of the contract, as plain data to be walked.
import { type Operation, operations } from '@agnes/api-contract';

/** What an operation declares about access, and where it is. Other words than the contract's own would not be understood. */
export interface Declared extends Omit<Operation, 'scopes' | 'viewAs' | 'form'> {
  readonly scopes?: readonly string[];
  readonly viewAs?: boolean;
  readonly form?: boolean;
}

export const declared: ReadonlyMap<string, Declared> = new Map(Object.entries(operations));

export type OperationId = keyof typeof operations;

export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export function operationOf(id: string): Declared {
  const operation = declared.get(id);
  if (operation === undefined) throw new Error(`The contract has no operation ${id}.`);
  return operation;
}

/** Path and query of a call. */
export function pathOf({ path }: Pick<Declared, 'path'>, { params = {}, query = {} }: Call): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''));
  const text = new URLSearchParams(query).toString();
  return text === '' ? filled : `${filled}?${text}`;
}
