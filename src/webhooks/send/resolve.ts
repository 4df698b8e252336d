import { Resolver } from "node:dns/promises";

/** The addresses of a host name; empty where it has none. */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks the name servers by itself: the system's own way runs on threads that files and keys need as well, and a name server that hangs
 * would keep them all. The file of hosts is not looked at; `localhost` is this machine (RFC 6761).
 */
export const resolveName: Resolve = async (host, signal) => {
  if (/^(?:.*\.)?localhost\.?$/i.test(host)) return ["127.0.0.1"];
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  } finally {
    signal.removeEventListener("abort", cancel);
  }
};
