import type { Tx } from "../../database/index.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import { showWebauthn } from "../../signatures/index.ts";
import type { ApprovalQuery, ProposalApproval } from "../schemas.ts";
import { approvalStatus } from "../states.ts";
import { type ApprovalRow, findApproval, findProposalSignature, selectApprovals, type SignatureRow } from "./store.ts";

/** M-1 records, newest first. */
export async function listProposalApprovals(tx: Tx, query: ApprovalQuery): Promise<PageOf<ProposalApproval>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectApprovals(tx, query, page);
  return pageOf(
    rows,
    page.limit,
    (row) => [row.position, row.approval_code],
    (row) => presentApproval(row),
  );
}

/** One record, with its signature if it has one. @throws ServiceProblem NOT_FOUND */
export async function readProposalApproval(tx: Tx, code: string): Promise<ProposalApproval> {
  const row = await findApproval(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no record ${code}.`);
  return presentApproval(row, await findProposalSignature(tx, code));
}

function presentApproval(
  row: ApprovalRow & { readonly position?: string },
  signature?: SignatureRow,
): ProposalApproval {
  const { now, position: _, ...shown } = row;
  return {
    ...shown,
    status: approvalStatus(row, now),
    granted_at: row.granted_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    consumed_at: row.consumed_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    signature:
      signature === undefined
        ? null
        : {
            signer: signature.signer,
            kid: signature.kid,
            alg: signature.alg,
            payload: signature.payload,
            jws: signature.jws,
            webauthn: showWebauthn(signature),
            signed_at: signature.signed_at.toISOString(),
          },
  };
}
