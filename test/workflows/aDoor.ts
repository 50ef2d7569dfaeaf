/** A door that a step waits at until the test opens it. */
export function aDoor() {
  let open = (): void => undefined;
  let reach = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const wait = async () => {
    reach();
    await opened;
  };
  return { open, reached, wait };
}
