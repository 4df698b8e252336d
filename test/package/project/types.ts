// What the types say yes and no to: compiled by pack.test.ts, and never run.
import {
  type Client,
  GrantRefused,
  type Grant,
  LeaseHeld,
  type RunEvent,
  StepRefused,
} from "../../../src/client/index.ts";

export async function types(client: Client, error: unknown): Promise<void> {
  const grant: Grant = await client.readGrant("GBA-1");
  const status: "draft" | "active" | "consumed" | "revoked" | "expired" = grant.status;
  // @ts-expect-error a grant has no such status
  const wrong: boolean = grant.status === "used";
  // @ts-expect-error the digest is missing
  await client.vote("APR-1", { decision: "approve", reason: "Read." });
  // @ts-expect-error it is not a number
  await client.readGrant(1);
  if (error instanceof GrantRefused) {
    const known: boolean = error.code === "REJECT_AUTH_EXPIRED";
    // @ts-expect-error no grant is refused with that
    const unknown: boolean = error.code === "STEP_RETIRED";
    void [known, unknown, error.mismatched satisfies readonly string[]];
  }
  if (error instanceof StepRefused) void (error.code satisfies string);
  if (error instanceof LeaseHeld) void (error.retryAfterSeconds satisfies number | undefined);
  for await (const event of client.runEvents("root")) void (event satisfies RunEvent);
  void [status, wrong];
}
