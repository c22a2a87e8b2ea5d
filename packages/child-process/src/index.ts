export { type Command, type Confinement, conditions, nodeCommand } from './command.ts';
export { minimalEnvironment } from './environment.ts';
