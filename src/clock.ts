/** Work that is done every so often, by every service process for itself. */
export interface Clock {
  /** Stops the clock and waits for work that is under way. */
  stop(): Promise<void>;
}

/**
 * Starts it. The next time is counted from the end of the work, with jitter, so that processes drift apart.
 * @param intervalMs 0: never
 * @param work is told whether the clock was stopped meanwhile; what it throws goes to `onError`
 */
export function startClock(
  intervalMs: number,
  work: (stopped: () => boolean) => Promise<void>,
  onError: (error: unknown) => void,
): Clock {
  let running: Promise<void> = Promise.resolve();
  let stopped = intervalMs === 0;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    running = work(() => stopped).catch(onError);
    void running.then(schedule);
  };
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(tick, intervalMs * (0.75 + Math.random() / 2));
    timer.unref();
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
