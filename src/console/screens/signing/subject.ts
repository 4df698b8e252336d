import type { EsignInput } from "../../../grants/index.ts";
import type { TextKey } from "../../texts/en/index.ts";

/** One thing that is said both in what is signed and on the page. */
export interface Comparison {
  readonly label: TextKey;
  readonly holds: boolean;
}

/** A signature as the service takes it. */
export type Signed = EsignInput;

/** Something that a sovereign signs: a grant, or a record of a plan. */
export interface Subject {
  readonly name: string;
  /** Of the API: its payload and its signature are below it. */
  readonly path: string;
  /** The exact text that is signed. */
  payload(signal: AbortSignal): Promise<string>;
  sign(input: Signed): Promise<unknown>;
  compare(payload: string): Comparison[];
}
