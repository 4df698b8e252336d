/** Waits so many milliseconds. @throws the signal's reason as soon as it is aborted */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(resolve, milliseconds);
      left = () => reject(signal?.reason as Error);
      signal?.addEventListener("abort", left);
    });
  } finally {
    clearTimeout(timer);
    if (left !== undefined) signal?.removeEventListener("abort", left);
  }
}
