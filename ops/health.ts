/** A part this process cannot work without: resolves where it answers, throws or says false where it does not. */
export type Probe = () => Promise<unknown>;

export interface Health {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, 'reachable' | 'unreachable'>>;
}

/** A probe that hangs has failed: who asks for readiness does not wait for long. */
const PROBE_MS = 3_000;

/** Asks all parts at once. */
export async function checkHealth(probes: Readonly<Record<string, Probe>>): Promise<Health> {
  const asked = Object.entries(probes).map(
    async ([name, probe]) => [name, (await answers(probe)) ? 'reachable' : 'unreachable'] as const,
  );
  const parts = Object.fromEntries(await Promise.all(asked));
  return { ready: Object.values(parts).every((state) => state === 'reachable'), parts };
}

async function answers(probe: Probe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  try {
    return (await Promise.race([probe(), tooLate])) !== false;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
