import type { Renamed } from "../evidence/index.ts";
import type { RaisedFence } from "../leases/index.ts";

/** A run that a target knows, under an authorization that the restored database does not know as used. */
export interface LostRun {
  readonly target: string;
  readonly run_root: string;
  readonly auth_code: string;
  readonly build: string;
  readonly began_at: string;
}

/** What a recovery has found and done: printed, and kept with the incarnation. */
export interface RecoveryReport {
  readonly reason: string;
  /** The time of the last event that the restored database has: what came later is lost. */
  readonly restored_to: string | null;
  readonly system_identifier: string;
  readonly timeline: number;
  /** Said by who ran it: nothing acknowledged was lost, so nothing was taken back. */
  readonly nothing_lost: boolean;
  readonly holds: readonly string[];
  readonly grants_revoked: readonly string[];
  readonly records_revoked: readonly string[];
  readonly requests_withdrawn: readonly string[];
  readonly runs_parked: readonly string[];
  readonly fences: readonly RaisedFence[];
  readonly targets: readonly string[];
  readonly targets_skipped: readonly string[];
  readonly lost_runs: readonly LostRun[];
  readonly next_event: number | null;
  /** The log's new name; null where it kept its own, since nothing was lost, or had none. */
  readonly log: Renamed | null;
  /** What may have been taken back in the time that was lost, and stands again: to be gone through by hand. */
  readonly look_through: {
    readonly tokens: number;
    readonly signing_keys: number;
    readonly council_records: number;
    readonly scopes: number;
  };
}
