import type { Load } from "../grants/load.ts";

/** What one use is, so that only like is compared with like. */
export interface Steps {
  readonly does: string;
  readonly overHttp: boolean;
  /** Transactions of one use; how many of them are shared with others that arrive together. */
  readonly transactions: number;
  readonly shared: number;
  /** Rows that one use leaves changed, new or gone. */
  readonly rows: number;
  readonly exactlyOnce: boolean;
  /** Whether it can be seen afterwards who has used it and when. */
  readonly onRecord: boolean;
}

/** One way to use up something that stands, exactly once. */
export interface Contender {
  readonly name: string;
  readonly steps: Steps;
  /** Uses so many things that stand: made before the clock starts. */
  use(atOnce: number, count: number): Promise<Load>;
  /** The same from the making of the thing; absent where the making is no part of the comparison. */
  readonly whole?: { readonly steps: Steps; use(atOnce: number, count: number): Promise<Load> };
  close(): Promise<void>;
}

/** Connections that a library may have; the service has its own default. */
export const poolSize = 20;
