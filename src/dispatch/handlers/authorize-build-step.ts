import type { RequestForExecution } from "../../approvals/index.ts";
import { dryRunHandler, dryRunRefusal } from "../dry-run.ts";
import type { RefusalLine } from "../handler.ts";

const what = {
  actionCode: "authorize_build_step",
  summary: "Mints the dry-run grant of the C1 vocabulary build.",
  place: { carrier: "C1", namespace: "DRYRUN-NS", axis: "dot:c1:vocab" },
  targets: ["DOT_C1_VOCAB_BUILD"],
  elsewhere: "FAIL:reject_scope_not_c1_dryrun",
} as const;

/** Mints the dry-run grant of the C1 vocabulary build, and no other (MINT-1 to MINT-7). */
export const authorizeBuildStep = dryRunHandler(what);

/** The refusal of the gates alone, without a database: what `execute` would answer before Gate E. */
export function gateRefusal(request: RequestForExecution): RefusalLine | undefined {
  return dryRunRefusal(what, request);
}
