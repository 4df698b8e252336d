import { setTimeout as pause } from "node:timers/promises";
import { query } from "../../test/support/data-directory.ts";
import { mintActive, sovereignRequest, type TestKey, usableKey } from "../../test/support/commit.ts";
import { digestsOf, manifest, runBindings } from "../../test/support/runs.ts";
import type { Service } from "../../test/support/service.ts";
import type { Scene } from "../scene/scene.ts";
import type { Workload } from "./lanes.ts";
import { operations } from "./requests.ts";

const keys = new WeakMap<Scene, Promise<TestKey>>();
const sizes = new WeakMap<Scene, number>();
const live =
  "SELECT auth_code FROM governance_build_authorization WHERE status IN ('draft', 'active') AND mode = 'commit'";
const underWay = "SELECT FROM c1_build_run WHERE finished_at IS NULL AND mode = 'commit'";

/** Build runs in commit mode, one after the other: each admits one value more than the one before. */
export async function buildAgain(work: Workload, scene: Scene): Promise<void> {
  while (!work.over()) {
    await build(work, scene).catch(() => undefined);
    await pause(10);
  }
}

async function build(work: Workload, scene: Scene): Promise<void> {
  const { client } = work;
  const service = scene.slots[client.operations.length % 2 === 0 ? 0 : 1].service();
  const size = (sizes.get(scene) ?? 2) + 1;
  const input = { manifest: manifest(size) };
  const digests = await digestsOf(service, input);
  const grant = await grantFor(work, scene, service, digests);
  sizes.set(scene, size);
  const root = `commit-${client.nextId()}-${size}`;
  const bindings = runBindings(digests, { mode: "commit", environment: "staging" });
  const body = { idempotency_root: root, build: "c1-vocabulary", auth_code: grant, bindings, input };
  if ((await client.perform(operations.run(client, root, grant, body), 40)) !== "ok") return;
  while (!work.over() && (await look(scene, underWay)).length > 0) await pause(15);
}

async function grantFor({ client }: Workload, scene: Scene, service: Service, digests: object): Promise<string> {
  const key = keys.get(scene) ?? usableKey(service);
  keys.set(scene, key);
  key.catch(() => keys.delete(scene));
  // What an attempt has left that came no further: there is one live grant a target.
  for (const { auth_code } of await look(scene, live)) {
    await client.perform(operations.revoke(client, String(auth_code)));
  }
  const request = sovereignRequest({ apr_code: `APR-${client.nextId()}-${Date.now()}` }, { ...digests });
  return (await mintActive(service, request, await key)).authCode;
}

/** Waits until a run has begun to write to its target, as far as one comes to that soon. */
export async function untilBuilding(scene: Scene, naive: boolean): Promise<void> {
  const text = `${underWay} AND reserved${naive ? " AND last_ok_state >= 'S2'" : ""}`;
  const deadline = performance.now() + 4_000;
  while ((await look(scene, text)).length === 0 && performance.now() < deadline) await pause(5);
}

function look(scene: Scene, text: string): Promise<Record<string, unknown>[]> {
  return query(scene.stage.names.superUrl, text);
}
