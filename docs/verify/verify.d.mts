export interface VerifierKey {
  readonly text: string;
  readonly name: string;
}
export interface Claim {
  readonly claim: string;
  readonly proved: boolean;
  readonly detail: string;
}
export function canonical(value: unknown): string;
export function readVerifierKey(text: string): VerifierKey;
export function included(leaf: number, size: number, hash: Uint8Array, path: readonly Uint8Array[], root: Uint8Array): boolean;
export function check(
  text: string,
  trusted: { readonly logKeys: readonly VerifierKey[]; readonly witnesses?: readonly VerifierKey[]; readonly signers?: readonly object[] },
): Claim[];
