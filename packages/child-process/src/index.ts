export { type Command, type Confinement, conditions, nodeCommand } from './command.ts';
export { minimalEnvironment } from './environment.ts';
export { residentBytes, watchMemory } from './memory.ts';
