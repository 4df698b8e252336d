import type { TSchema } from "typebox";
import type { Tx } from "../database/index.ts";
import type { BindingsInput } from "../grants/index.ts";
import type { Problem } from "../kernel/problem.ts";
import type { Authority } from "./authority.ts";

/** What a state found or did, as it is shown and kept. */
export type Detail = Readonly<Record<string, unknown>>;

/** What a state works with. */
export interface Work<Input = unknown> {
  /** A transaction on the target database; everything a state reads and writes goes through it. */
  readonly target: Tx;
  readonly root: string;
  readonly authCode: string;
  readonly bindings: BindingsInput;
  readonly input: Input;
}

/** What an undoing works with. */
export interface Undoing<Input = unknown> extends Work<Input> {
  /** Whether the write that is to be undone was committed, or stands in this transaction. */
  readonly stands: boolean;
}

interface StateBase {
  /** `S0`, `S1`, … in order. */
  readonly state: string;
  readonly name: string;
  readonly summary: string;
  /** The stop state of a failure here, named for what undoes it (RUN-3). */
  readonly compensation: string;
}

/** Looks at the target and writes nothing. */
export interface CheckState<Input> extends StateBase {
  readonly kind: "check";
  /** Whether it looks over a connection of its own, that nothing was done on before. */
  readonly fresh?: boolean;
  check(work: Work<Input>): Promise<Detail>;
}

/** Takes the lease and burns the grant, in the control database (GRANT-4). */
export interface ReserveState extends StateBase {
  readonly kind: "reserve";
}

/**
 * Does and undoes, side by side. `action` and `verify` run in one transaction of the target, together with the marker;
 * `undo` runs in one of its own and may find nothing to undo.
 */
export interface WriteState<Input> extends StateBase {
  readonly kind: "write";
  action(work: Work<Input>): Promise<Detail>;
  /** @throws Problem when the target is not as it should be by now */
  verify(work: Work<Input>): Promise<Detail>;
  undo(work: Undoing<Input>): Promise<Detail>;
}

/** Writes the outcome to the grant and gives the lease back, in the control database. */
export interface FinalizeState extends StateBase {
  readonly kind: "finalize";
}

export type StateDeclaration<Input = never> = CheckState<Input> | ReserveState | WriteState<Input> | FinalizeState;

export interface BuildDigests {
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly count: number;
}

/**
 * A build as data: a declared list of states, and how the target is looked at. The engine knows nothing of what is built.
 */
export interface Build<Input = never> {
  readonly name: string;
  readonly summary: string;
  /** What a grant for it must be for. */
  readonly carrier: string;
  readonly target: string;
  readonly leaseName: string;
  /** The lease of a run with this input, where not all runs of the build share one. */
  leaseFor?(input: Input): string;
  /** What lets its runs advance, where that is no grant; such runs are started by the domain that has the authority. */
  readonly authority?: Authority;
  /** Whether its states look themselves whether the target is as it was rehearsed, under their own locks. */
  readonly looksItself?: boolean;
  /** Whether what it runs could leave something on a connection, so that none is used twice. */
  readonly ownConnection?: boolean;
  /** The actions that it knows. */
  readonly actionSet: readonly string[];
  /** Those of them that a grant must have for this input. */
  needs(input: Input): readonly string[];
  /** The build that rolls a finished run of this one back, if any. */
  readonly rollback?: string;
  /** Whether it rolls back a finished run, which its grant names. */
  readonly rollsBack?: boolean;
  readonly input: TSchema;
  /** What the schema of the input cannot say. @throws Problem for an input that makes no sense */
  examine(input: Input): void;
  /**
   * What the control database must have for this input, asked where a run is started and again where its grant is burned.
   * @param database the name of the target
   * @throws Problem where it does not
   */
  admit?(control: Tx, input: Input, database: string): Promise<void>;
  digests(input: Input): BuildDigests;
  readonly states: readonly StateDeclaration<Input>[];
  /** A digest of all that the build names in the target: it differs when anybody else was there (OPEN-1). */
  fingerprint(target: Tx, input: Input): Promise<string>;
  /**
   * What counts of it for undoing: the same before a build and after its compensation (OPEN-2).
   * @param fingerprint the target's, where it has just been taken
   */
  standing(target: Tx, input: Input, fingerprint?: string): Promise<string>;
  /**
   * What this transaction has done to the target so far: objects and rows.
   * @param last what the last state that writes has found and done
   */
  delta(target: Tx, before: unknown, input: Input, last: Detail): Promise<Detail>;
  /** What `delta` compares with; read before the first write. */
  baseline(target: Tx, input: Input): Promise<unknown>;
  /** The problem that a refusal of the target's own guards stands for, if the build knows it. */
  explain(constraint: string, message: string): Problem | undefined;
}

/** A build whose input is known at run time only: what the engine works with. */
export type AnyBuild = Build;
