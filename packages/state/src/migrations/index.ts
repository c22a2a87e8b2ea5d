import { initial } from './0001-initial.ts';
import { access } from './0002-access.ts';
import type { Migration } from './migration.ts';

/** Every step, in order. */
export const migrations: readonly Migration[] = [initial, access];
