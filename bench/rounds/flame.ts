import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStand } from './stand.ts';
import type { Load } from './load.ts';

// `npm run bench:flame`: where the API's time goes under wagers at saturation, as a picture: bench/rounds/flame.svg.
const SECONDS = 10;
const WIDTH = 1_400;
const ROW = 17;
/** Of all time; what is narrower cannot be read. */
const NARROWEST = 0.002;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
/** A function below its caller, with the microseconds it and its callees took. */
interface Frame {
  readonly name: string;
  readonly place: string;
  time: number;
  readonly below: Map<string, Frame>;
}

const folder = mkdtempSync(join(tmpdir(), 'countroom-flame-'));
const stand = await openStand(folder);
try {
  const load: Load = { url: stand.api, kind: 'wager', prefix: 'flame', seconds: SECONDS, connections: 64 };
  execFileSync(process.execPath, ['--import', 'tsx', 'bench/rounds/load.ts', JSON.stringify(load)]);
} finally {
  await stand.close();
}
const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
const profile = JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8')) as Profile;
rmSync(folder, { recursive: true });
const picture = new URL('flame.svg', import.meta.url);
writeFileSync(picture, draw(merge(profile)));
console.log(`  ${picture.pathname}`);

/** The samples as one tree; what the process idled away, and how it started, is not in it. */
function merge({ nodes, samples, timeDeltas }: Profile): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callerOf = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const root: Frame = { name: 'the API, under wagers', place: '', time: 0, below: new Map() };
  samples.forEach((sample, index) => {
    const stack: Profile['nodes'][number]['callFrame'][] = [];
    for (let id: number | undefined = sample; id !== undefined; id = callerOf.get(id)) {
      const frame = byId.get(id)?.callFrame;
      if (frame !== undefined && frame.functionName !== '(root)') stack.unshift(frame);
    }
    const [first] = stack;
    if (first === undefined || ['(idle)', '(program)'].includes(first.functionName)) return;
    if (
      stack.some(({ url }) => url.includes('/tsx/') || url.includes('esbuild') || url.includes('modules/esm'))
    )
      return;
    let at = root;
    for (const { functionName, url, lineNumber } of [undefined, ...stack].filter(
      (one) => one !== undefined,
    )) {
      at.time += timeDeltas[index] ?? 0;
      const place = `${shorten(url)}:${String(lineNumber + 1)}`;
      const name = functionName === '' ? '(anonymous)' : functionName;
      const key = `${name} ${place}`;
      const next = at.below.get(key) ?? { name, place, time: 0, below: new Map<string, Frame>() };
      at.below.set(key, next);
      at = next;
    }
    at.time += timeDeltas[index] ?? 0;
  });
  return root;
}

function shorten(url: string): string {
  const path = url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '');
  return path.replace(/^.*node_modules\//, '~');
}

/** Ours, the driver of Postgres, other packages, Node. */
function colourOf({ place }: Frame): string {
  if (place.startsWith('~pg')) return '#8fb8de';
  if (place.startsWith('~')) return '#c9b3dd';
  return /^(node:|:)/.test(place) ? '#cfcfcf' : '#f0a860';
}

function draw(root: Frame): string {
  const rows: string[] = [];
  let depth = 0;
  const put = (frame: Frame, x: number, row: number): void => {
    const width = (frame.time / root.time) * WIDTH;
    if (width < NARROWEST * WIDTH) return;
    depth = Math.max(depth, row);
    const share = `${((frame.time / root.time) * 100).toFixed(1)} %`;
    const text = width > 40 ? escape(frame.name.slice(0, Math.floor(width / 6.4))) : '';
    rows.push(
      `<g><title>${escape(`${frame.name} ${frame.place}, ${share}`)}</title>` +
        `<rect x="${x.toFixed(1)}" y="${String(row * ROW)}" width="${width.toFixed(1)}" height="${String(ROW - 1)}" fill="${colourOf(frame)}"/>` +
        `<text x="${(x + 3).toFixed(1)}" y="${String(row * ROW + 12)}">${text}</text></g>`,
    );
    let from = x;
    for (const below of [...frame.below.values()].sort((a, b) => b.time - a.time)) {
      put(below, from, row + 1);
      from += (below.time / root.time) * WIDTH;
    }
  };
  put(root, 0, 0);
  const height = (depth + 1) * ROW;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" font-family="sans-serif" font-size="11">\n` +
    `<rect width="100%" height="100%" fill="white"/>\n${rows.join('\n')}\n</svg>\n`
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
