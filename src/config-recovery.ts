import { oneOf, type Variable, variable } from "./config-readers.ts";
import type { FailoverRule } from "./recovery/index.ts";

/** How this process takes a control database that is not where it was. */
export interface RecoveryConfig {
  readonly failover: FailoverRule;
}

export const recoveryVariables: { readonly [Key in keyof RecoveryConfig]: Variable<RecoveryConfig[Key]> } = {
  failover: variable(
    "FAILOVER",
    "What a new timeline of the control database's server means at a start: `hold`, perhaps a restore, so everything is held until `countersign recover`; `continue`, a failover between synchronous standbys, which loses nothing.",
    "hold",
    (value) => (oneOf("hold", ["hold", "continue"])(value) === "continue" ? "continue" : "hold"),
  ),
};
