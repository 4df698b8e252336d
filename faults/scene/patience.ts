import { setTimeout as pause } from "node:timers/promises";

/** Waits for a condition; a look that fails counts as "not yet". @throws Error naming it when it does not come in time */
export async function eventually(what: string, holds: () => Promise<boolean>, seconds = 40): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  let last: unknown;
  for (;;) {
    const held = await holds().catch((error: unknown) => {
      last = error;
      return false;
    });
    if (held) return;
    if (performance.now() > deadline) throw new Error(`not in ${seconds} s: ${what}`, { cause: last });
    await pause(25);
  }
}
