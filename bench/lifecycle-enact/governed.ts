import { expectStatus } from "../../test/support/flow.ts";
import { mintActive, sovereignRequest, type TestKey } from "../../test/support/commit.ts";
import { follow } from "../../test/support/follow.ts";
import { decide } from "../../test/support/lifecycle-runs.ts";
import { readRun, runBindings } from "../../test/support/runs.ts";
import type { Service } from "../../test/support/service.ts";
import { timed } from "../plan-commit/governed.ts";

/** Milliseconds of the parts of a governed enactment; the approval in between is of people. */
export interface Governed {
  readonly manifest: number;
  readonly run: number;
}

/** One unit through the service: its manifest, a signed grant for it, and its run until the end of it can be read. */
export async function governed(service: Service, key: TestKey, address: string): Promise<Governed> {
  const wanted = {
    transition: "enact",
    units: [{ canonical_address: address }],
    // The council's own, on record here: what only the target has lets nothing through.
    review_decision_id: await decide(service, "enactment", [address]),
    reason: "To be measured.",
  };
  const manifest = await timed(() =>
    expectStatus(service.call("POST", "/v1/lifecycle/manifests", { as: "requester", body: wanted }), 200),
  );
  const { manifest_digest, schema_digest } = manifest.value.body as unknown as Record<
    "manifest_digest" | "schema_digest",
    string
  >;
  const digests = { manifest_digest, schema_digest };
  const action = {
    ...digests,
    carrier: "IU",
    axis: "dot:iu:lifecycle",
    target: "IU_LIFECYCLE_ENACT",
    action_set: ["iu_enact"],
  };
  const { authCode } = await mintActive(service, sovereignRequest({}, action), key);
  const bindings = runBindings(digests, {
    mode: "commit",
    environment: "staging",
    carrier: "IU",
    action_set: ["iu_enact"],
  });
  const root = `bench-${address}`;
  const body = { idempotency_root: root, auth_code: authCode, bindings, input: manifest.value.body["input"] };
  const run = await timed(async () => {
    await expectStatus(service.call("POST", "/v1/lifecycle/enactments", { as: "c1-builder", body }), 202);
    // Its events tell the end: looking again and again would take more of the machine than the run itself.
    await follow(service, root);
  });
  const ended = await readRun(service, root);
  if (ended.status !== "succeeded") throw new Error(`${address} is ${ended.status}: ${JSON.stringify(ended.error)}`);
  return { manifest: manifest.ms, run: run.ms };
}
