// Structs in Thrift's compact protocol, as parquet footers are. What is not asked for stays the bytes that it is.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

/** A value as it is encoded; a boolean has no bytes, its type tells it. */
export interface Field {
  readonly type: number;
  readonly bytes: Buffer;
}

/** The fields of a struct by their number. */
export type Fields = Map<number, Field>;

const [TRUE, FALSE, I8, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
];

export function readStruct(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  for (let id = 0; ; ) {
    const head = byteAt(bytes, at);
    if (head === 0) return fields;
    const [next, start] = fieldHead(bytes, at, id);
    const type = head & 15;
    id = next;
    at = type === TRUE || type === FALSE ? start : endOf(bytes, start, type);
    fields.set(id, { type, bytes: bytes.subarray(start, at) });
  }
}

export function writeStruct(fields: Fields): Buffer {
  const chunks: Buffer[] = [];
  let last = 0;
  for (const [id, { type, bytes }] of [...fields].sort(([a], [b]) => a - b)) {
    const step = id - last;
    chunks.push(step < 16 ? Buffer.of((step << 4) | type) : Buffer.concat([Buffer.of(type), writeInteger(id)]), bytes);
    last = id;
  }
  return Buffer.concat([...chunks, Buffer.of(0)]);
}

/** The structs of a list. */
export function readStructs(bytes: Buffer): Fields[] {
  const [count, type, first] = listHead(bytes, 0);
  if (type !== STRUCT) throw new Error(`A list of Thrift type ${type} is no list of structs.`);
  const structs: Fields[] = [];
  let at = first;
  while (structs.length < count) {
    const end = endOf(bytes, at, type);
    structs.push(readStruct(bytes.subarray(at, end)));
    at = end;
  }
  return structs;
}

export function writeStructs(structs: readonly Fields[]): Buffer {
  const count = structs.length;
  const head = count < 15 ? Buffer.of((count << 4) | STRUCT) : Buffer.concat([Buffer.of(0xf0 | STRUCT), varint(count)]);
  return Buffer.concat([head, ...structs.map(writeStruct)]);
}

/** An integer that a number holds exactly. */
export function readInteger(bytes: Buffer): number {
  const [folded] = readVarint(bytes, 0);
  return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
}

/** A length or an offset, which is not negative. */
export function writeInteger(value: number): Buffer {
  return varint(value * 2);
}

function varint(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} cannot be a length or an offset.`);
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function readVarint(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  for (let at = start, unit = 1; ; at += 1, unit *= 128) {
    const byte = byteAt(bytes, at);
    value += (byte & 127) * unit;
    if (!Number.isSafeInteger(value)) throw new Error('An integer of a parquet footer is larger than any offset.');
    if (byte < 128) return [value, at + 1];
  }
}

function fieldHead(bytes: Buffer, at: number, last: number): [id: number, start: number] {
  const step = byteAt(bytes, at) >> 4;
  if (step > 0) return [last + step, at + 1];
  const [folded, start] = readVarint(bytes, at + 1);
  return [folded / 2, start];
}

function listHead(bytes: Buffer, at: number): [count: number, type: number, start: number] {
  const head = byteAt(bytes, at);
  if (head >> 4 < 15) return [head >> 4, head & 15, at + 1];
  const [count, start] = readVarint(bytes, at + 1);
  return [count, head & 15, start];
}

/** Where a value ends that is not looked at. */
function endOf(bytes: Buffer, start: number, type: number): number {
  let at = start;
  switch (type) {
    // In lists a boolean is a byte; in structs it has none, which readStruct knows.
    case TRUE:
    case FALSE:
    case I8:
      return at + 1;
    case I16:
    case I32:
    case I64:
      while (byteAt(bytes, at) > 127) at += 1;
      return at + 1;
    case DOUBLE:
      return at + 8;
    case BINARY: {
      const [length, first] = readVarint(bytes, at);
      return first + length;
    }
    case LIST:
    case SET: {
      const [count, item, first] = listHead(bytes, at);
      at = first;
      for (let index = 0; index < count; index += 1) at = endOf(bytes, at, item);
      return at;
    }
    case STRUCT:
      while (byteAt(bytes, at) !== 0) {
        const inner = byteAt(bytes, at) & 15;
        const [, first] = fieldHead(bytes, at, 0);
        at = inner === TRUE || inner === FALSE ? first : endOf(bytes, first, inner);
      }
      return at + 1;
    default:
      throw new Error(`A parquet footer has a value of Thrift type ${type}${type === MAP ? ', a map' : ''}.`);
  }
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('A parquet footer ends too early.');
  return byte;
}
