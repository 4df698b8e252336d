import type { LifecycleStatus, TransitionName } from "../schemas.ts";

/** What the three transitions are called in each place. */
export interface Kind {
  readonly build: string;
  /** What a grant for it is for. */
  readonly target: string;
  readonly action: string;
  /** The kind of review decision that lets it through. */
  readonly decision: "enactment" | "supersession" | "retirement";
  /** What the gateway answers once it is done. */
  readonly done: string;
  /** What it answers where there was nothing left to do. */
  readonly already: string;
  /** Units that it may be for. */
  readonly from: readonly LifecycleStatus[];
  /** Lines of the log for each unit. */
  readonly lines: number;
  readonly compensation: string;
}

export const kinds: Readonly<Record<TransitionName, Kind>> = {
  enact: {
    build: "lifecycle-enact",
    target: "IU_LIFECYCLE_ENACT",
    action: "iu_enact",
    decision: "enactment",
    done: "enacted",
    already: "already_enacted",
    from: ["draft"],
    lines: 1,
    compensation: "COMP_ENACTMENT",
  },
  supersede: {
    build: "lifecycle-supersede",
    target: "IU_LIFECYCLE_SUPERSEDE",
    action: "iu_supersede",
    decision: "supersession",
    done: "superseded",
    already: "already_superseded",
    from: ["enacted"],
    lines: 2,
    compensation: "COMP_SUPERSESSION",
  },
  retire: {
    build: "lifecycle-retire",
    target: "IU_LIFECYCLE_RETIRE",
    action: "iu_retire",
    decision: "retirement",
    done: "retired",
    already: "already_retired",
    from: ["draft", "enacted", "superseded"],
    lines: 1,
    compensation: "COMP_RETIREMENT",
  },
};

/** The lease that all lifecycle runs of a database share. */
export const leaseName = "iu-lifecycle";
