import { string } from '@oclif/core/args';

/** A positional argument that must be there. oclif would take a missing one from stdin, which is ours to read. */
export const required = (description: string) => string({ required: true, description, ignoreStdin: true });

export const optional = (description: string) => string({ description, ignoreStdin: true });
