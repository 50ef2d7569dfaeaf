/** What a test has broken, and until when. */
export class Faults {
  #mode: 'down' | 'slow' | 'ok' = 'ok';
  #until = 0;

  set(mode: 'down' | 'slow' | 'ok', forMs: number): void {
    this.#mode = mode;
    this.#until = Date.now() + forMs;
  }

  get mode(): 'down' | 'slow' | 'ok' {
    return Date.now() < this.#until ? this.#mode : 'ok';
  }
}
