/** What the tests need of a JSON Schema in the OpenAPI document. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  example?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface Nonsense {
  /** A JSON pointer to the field that is wrong. */
  pointer: string;
  /** What stands there, as it goes over the wire. */
  literal: string;
}

export type Resolve = (schema: Schema) => Schema;

/** A value that fits a schema, every optional member included unless told otherwise. */
export function sample(schema: Schema, resolve: Resolve, onlyRequired = false): unknown {
  const s = resolve(schema);
  for (const given of [s.example, s.const, s.enum?.[0], s.default]) if (given !== undefined) return given;
  const [branch] = s.anyOf ?? s.oneOf ?? [];
  if (branch !== undefined) return sample(branch, resolve, onlyRequired);
  switch (String([s.type].flat()[0])) {
    case 'object': {
      const wanted = Object.entries(s.properties ?? {}).filter(
        ([name]) => !onlyRequired || s.required?.includes(name) === true,
      );
      return Object.fromEntries(wanted.map(([name, inner]) => [name, sample(inner, resolve, onlyRequired)]));
    }
    case 'array':
      return s.items === undefined ? [] : [sample(s.items, resolve, onlyRequired)];
    case 'integer':
    case 'number':
      return Math.max(1, s.minimum ?? 1);
    case 'boolean':
      return true;
    default:
      return s.format === 'uri'
        ? 'https://shop.test/back'
        : s.format === 'date-time'
          ? '2026-11-23T10:00:00Z'
          : 'abc';
  }
}

const TEXT = ['5', 'true', '[]', '{}', JSON.stringify('x'.repeat(10_240)), '"a\\u0000b"', '"\\ud800"'];
const ID = ['""', '"a b"', '"\\u00fc"', '"日本"', JSON.stringify("'; drop table ledger.entries; --")];
/** Years that Postgres or a date of four digits does not know, and a day that no calendar has. */
export const TIMES = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-14:00',
  '2026-02-30T00:00:00Z',
  'tomorrow',
];
const WHOLE = [
  '"100"',
  'true',
  '[]',
  '{}',
  '0.5',
  '10.5',
  '1e-1',
  '0.99999999999999999999',
  '9007199254740991.4',
  '9007199254740992',
  '1e400',
  '-9007199254740992',
];

/** Cursors that can be read, but that no page ever gave. */
export const FORGED = [
  [],
  [''],
  ['x'],
  ['x', 'y'],
  ['9'.repeat(40), '9'.repeat(40)],
  ["'; drop table x"],
  ['\u0000'],
  ['a', 'b', 'c'],
  { a: 1 },
  [1],
  null,
];

/** Every row of nonsense for a schema: each field in turn holds what it must not. */
export function nonsenseFor(schema: Schema, resolve: Resolve, pointer = ''): Nonsense[] {
  const s = resolve(schema);
  const branches = s.anyOf ?? s.oneOf;
  const types = [s.type ?? []].flat();
  const takesNull =
    types.includes('null') || branches?.some((branch) => resolve(branch).type === 'null') === true;
  const at = (literals: string[]) => literals.map((literal) => ({ pointer, literal }));
  const nulls = takesNull ? [] : at(['null']);
  if (branches !== undefined) {
    const [only, ...others] = branches.filter((branch) => resolve(branch).type !== 'null');
    return only !== undefined && others.length === 0
      ? [
          ...nulls,
          ...nonsenseFor(only, resolve, pointer).filter(({ literal }) => !takesNull || literal !== 'null'),
        ]
      : nulls;
  }
  if (s.enum !== undefined || s.const !== undefined)
    return [...nulls, ...at(['"nonsense"', '5', '[]', '{}'])];
  switch (String(types[0])) {
    case 'object': {
      const fields = Object.entries(s.properties ?? {}).flatMap(([name, inner]) =>
        nonsenseFor(inner, resolve, `${pointer}/${name}`),
      );
      return [
        ...nulls,
        ...at(['[]', '"x"', '5']),
        { pointer: `${pointer}/unknown`, literal: '1' },
        { pointer: `${pointer}/__proto__`, literal: '{}' },
        ...fields,
      ];
    }
    case 'array':
      return [
        ...nulls,
        ...at(['{}', '"x"', '5']),
        ...(s.items === undefined ? [] : nonsenseFor(s.items, resolve, `${pointer}/0`)),
      ];
    case 'integer':
    case 'number': {
      const low =
        s.exclusiveMinimum === 0 || (s.minimum ?? 0) > 0 ? ['0', '-1'] : (s.minimum ?? -1) >= 0 ? ['-1'] : [];
      return [...nulls, ...at([...WHOLE, ...low])];
    }
    case 'boolean':
      return [...nulls, ...at(['"true"', '1', '[]'])];
    default:
      return [
        ...nulls,
        ...at([
          ...TEXT,
          ...(s.pattern === undefined ? [] : ID),
          ...(s.format === 'date-time' ? TIMES.map((time) => JSON.stringify(time)) : []),
        ]),
      ];
  }
}

/** A body as it goes over the wire, with one field replaced or added. */
export function spoil(body: unknown, { pointer, literal }: Nonsense): string {
  const path = pointer.split('/').slice(1);
  if (path.length === 0) return literal;
  const copy = structuredClone(body) as Record<string, unknown>;
  let inner = copy;
  for (const [nth, part] of path.slice(0, -1).entries())
    inner = (inner[part] ??= path[nth + 1] === '0' ? [] : {}) as Record<string, unknown>;
  const marker = 'HERE-IT-GOES';
  Object.defineProperty(inner, path.at(-1) ?? '', {
    value: marker,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return JSON.stringify(copy).replace(`"${marker}"`, () => literal);
}
