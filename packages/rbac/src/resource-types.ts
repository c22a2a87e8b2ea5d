import { AgnesError, type ErrorCode, isErrorCode } from '@agnes/errors';

export interface ResourceRef {
  /** Opaque and stable: what a grant stores. */
  readonly id: string;
  readonly name: string;
}

/** Resources as an administrator sees them: under headings, each with whatever else helps to tell it. */
export interface Block {
  readonly name: string;
  readonly items: readonly ({ readonly resource_id: string; readonly name: string } & Record<string, unknown>)[];
}

/** Where a type's resources are found. */
export interface ResourceSource {
  /** The resource with this id or name. */
  resolve(idOrName: string): Promise<ResourceRef | undefined>;
  listBlocks(): Promise<readonly Block[]>;
  /** Names by id, for those that exist. */
  names(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Something that can be granted: one entry of the registry. Features register their own. */
export interface ResourceType extends ResourceSource {
  readonly key: string;
  readonly display_name: string;
  readonly description: string;
  readonly id_format: string;
}

/** The resource types that features registered, by key. */
export class ResourceTypes {
  readonly #types = new Map<string, ResourceType>();

  register(type: ResourceType): void {
    if (this.#types.has(type.key)) throw new Error(`The resource type '${type.key}' is registered already.`);
    this.#types.set(type.key, type);
  }

  all(): ResourceType[] {
    return [...this.#types.values()];
  }

  /** Throws `unknown_resource_type`. */
  require(key: string): ResourceType {
    const type = this.#types.get(key);
    if (type !== undefined) return type;
    const known = [...this.#types.keys()];
    throw new AgnesError('unknown_resource_type', `There is no resource type '${key}'.`, {
      hint: `Use one of: ${known.join(', ')}.`,
      details: { known },
    });
  }

  /** The resource with this id or name. Throws `<type>_not_found` where that is a code, `not_found` elsewhere. */
  async resolve(key: string, idOrName: string): Promise<ResourceRef> {
    const type = this.require(key);
    const resource = await type.resolve(idOrName);
    if (resource !== undefined) return resource;
    const code = `${key}_not_found`;
    const known: ErrorCode = isErrorCode(code) ? code : 'not_found';
    throw new AgnesError(known, `There is no ${type.display_name.toLowerCase()} '${idOrName}'.`, {
      hint: `Use an id (${type.id_format}) or a name that exists.`,
    });
  }

  /** Names of resources, by `<type> <id>`. A type that nobody registered has none. */
  async names(refs: readonly { resource_type: string; resource_id: string }[]): Promise<Map<string, string>> {
    const result = new Map<string, string>();
    for (const [key, type] of this.#types) {
      const ids = refs.filter((ref) => ref.resource_type === key).map((ref) => ref.resource_id);
      if (ids.length === 0) continue;
      for (const [id, name] of await type.names([...new Set(ids)])) result.set(`${key} ${id}`, name);
    }
    return result;
  }
}
