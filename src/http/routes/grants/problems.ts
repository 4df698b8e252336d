import { GrantProblem } from "../../../grants/index.ts";

/** What the predicate may refuse with: the same for verify and consume (GRANT-2). */
export const verifyProblems = Object.keys(GrantProblem.table);
