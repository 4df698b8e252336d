export interface VerifierKey {
  readonly text: string;
  readonly name: string;
}
export interface Claim {
  readonly claim: string;
  readonly status: "proved" | "not proved" | "not claimed";
  readonly proved: boolean;
  readonly detail: string;
}
export interface WholeLog {
  readonly roots: ReadonlyMap<number, Uint8Array>;
  readonly found: readonly string[];
  readonly later: readonly object[];
  readonly leases: readonly object[];
  readonly faults: number;
}
export interface Trusted {
  readonly logKeys: readonly VerifierKey[];
  readonly witnesses?: readonly VerifierKey[];
  readonly signers?: readonly object[];
  readonly earlier?: readonly string[];
  readonly consistency?: readonly object[];
  readonly readWhole?: (
    sizes: readonly number[],
    subjects: readonly (readonly string[])[],
    upTo: number,
    requests?: readonly string[],
  ) => WholeLog;
  readonly about?: string;
  readonly digest?: string;
}
export function canonical(value: unknown): string;
export function readVerifierKey(text: string): VerifierKey;
export function included(leaf: number, size: number, hash: Uint8Array, path: readonly Uint8Array[], root: Uint8Array): boolean;
export function consistent(first: number, second: number, path: readonly Uint8Array[], firstRoot: Uint8Array, secondRoot: Uint8Array): boolean;
export function wholeLog(...exports: readonly Iterable<string>[]): NonNullable<Trusted["readWhole"]>;
export function check(text: string, trusted: Trusted): Claim[];
