import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One folder of the workspace with a package.json. */
export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the root, with `/`. */
  readonly folder: string;
  /** `packages`, `apps` or `.`: the folder that it stands in. */
  readonly kind: string;
  readonly manifest: Manifest;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Every package of the workspace at `root`, in order of its folder. */
export function readWorkspace(root: string): WorkspacePackage[] {
  const nested = ['packages', 'apps'].flatMap((kind) =>
    childrenOf(join(root, kind)).map((child) => ({ kind, folder: `${kind}/${child}` })),
  );
  return [...nested, { kind: '.', folder: 'e2e' }, { kind: '.', folder: 'bench' }]
    .filter(({ folder }) => existsSync(join(root, folder, 'package.json')))
    .map(({ kind, folder }) => {
      const manifest = readManifest(join(root, folder));
      return { name: manifest.name, folder, kind, manifest };
    });
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function childrenOf(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
