import Type from "typebox";
import { apart, AuthCode, ConsumeInput, consumeGrant, Receipt } from "../../../grants/index.ts";
import type { Tx } from "../../../database/index.ts";
import type { ServerKeys } from "../../../kernel/server-keys.ts";
import { showLeaseAgain } from "../../../leases/index.ts";
import { defineRoute } from "../../route.ts";
import { verifyProblems } from "./problems.ts";
import { seesTarget } from "./sees.ts";

export const consumeGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/:auth_code/consume",
  access: ["executor"],
  audit: "grant.consumed",
  dryRun: true,
  summary: "Consume a grant, once",
  description:
    "Burns the grant before the first write, with the lease in the same transaction where one is asked for (GRANT-3, " +
    "GRANT-4). The same executor with the same `idempotency_root` gets the same receipt again (`replayed`). A 503 with " +
    "`outcome: unknown` is neither a yes nor a no: the retry finds out.",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    body: ConsumeInput,
    responses: { 200: Receipt },
    problems: ["NOT_FOUND", "LEASE_HELD", ...verifyProblems],
  },
  countsAs: "consume",
  async together({ caller, params, body, services }, ready) {
    if (body.lease !== undefined) return undefined;
    const item = { caller, authCode: params.auth_code, input: body, ready: (one: Receipt) => ready(answer(one)) };
    const consumed = await services.grants.consume(item);
    return consumed === apart ? undefined : answer(consumed);
  },
  sees: ({ services, params, body }) => seesTarget(services, body, params.auth_code),
  async handle({ tx, caller, params, body, dryRun, services, sightings }) {
    const receipt = await consumeGrant(tx, caller, services.serverKeys, params.auth_code, body, sightings);
    const outcome = receipt.replayed ? "replayed" : "ok";
    // The token is derived from the fence, so the one of a rolled-back acquisition would be the next holder's.
    return { status: 200, body: dryRun ? withoutToken(receipt) : receipt, outcome };
  },
  // Of a lease token only the hash is stored, so what is kept under an idempotency key is without it (GRANT-8).
  secret: {
    withhold: (body) => withoutToken(body as Receipt),
    restore: ({ tx, services }, kept) => withLease(tx, services.serverKeys, kept as Receipt),
  },
});

function answer(receipt: Receipt) {
  return { status: 200, body: receipt, outcome: "ok" } as const;
}

function withoutToken(receipt: Receipt): Receipt {
  if (receipt.lease === undefined) return receipt;
  const { token: _, ...lease } = receipt.lease;
  return { ...receipt, lease };
}

async function withLease(tx: Tx, keys: ServerKeys, receipt: Receipt): Promise<Receipt> {
  if (receipt.lease === undefined) return receipt;
  const { name, fencing_token } = receipt.lease;
  return { ...receipt, lease: (await showLeaseAgain(tx, keys, name, fencing_token)) ?? receipt.lease };
}
