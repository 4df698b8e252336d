import { GrantProblem } from "../../../grants/index.ts";
import { RehearsalProblem } from "../../../rehearsals/index.ts";

/** What the predicate may refuse with: the same for verify and consume (GRANT-2, OPEN-1). */
export const verifyProblems = [...Object.keys(GrantProblem.table), ...Object.keys(RehearsalProblem.table)];
