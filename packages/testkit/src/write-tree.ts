import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Files by name: text, bytes, or a folder of more. A name may be a path (`data/a.csv`). */
export interface Tree {
  readonly [name: string]: string | Uint8Array | Tree;
}

/** Writes `tree` below `root`, making the folders it needs. */
export async function writeTree(root: string, tree: Tree): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [name, content] of Object.entries(tree)) {
    const path = join(root, name);
    if (typeof content === 'object' && !(content instanceof Uint8Array)) {
      await writeTree(path, content);
    } else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }
}
