/** A row that breaks an invariant. */
export interface Drift {
  readonly check: string;
  readonly broken: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** `held_is_the_sum_of_open_holds: what ... open holds: account player_held:p-1:SEK, posted 5, held 4` */
export function describeDrift({ check, broken, row }: Drift): string {
  const facts = Object.entries(row).map(([name, value]) => `${name} ${String(value)}`);
  return `${check}: ${broken}: ${facts.join(', ')}`;
}
