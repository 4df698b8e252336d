import { defaultDatabase, makeManifest, Manifest, ManifestInput } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";
import { inputBodyLimit } from "../runs/limits.ts";
import { openNamed, targetProblems } from "./target.ts";

export const makeManifestRoute = defineRoute({
  method: "POST",
  url: "/v1/lifecycle/manifests",
  access: ["requester", "executor", "operator"],
  audit: null,
  mutates: false,
  summary: "Make the manifest of a lifecycle run",
  description:
    "The units as they are now, with the digests that a request is about, and what the gateway's dry run says of each. Nothing is written (LIFE-6).",
  tags: ["lifecycle"],
  bodyLimit: inputBodyLimit,
  schema: {
    body: ManifestInput,
    responses: { 200: Manifest },
    problems: [...targetProblems, "TRANSITION_REFUSED"],
  },
  async looks({ caller, body, services }) {
    const target = await openNamed(services, body.database);
    await services.lifecycle.carry(body.database ?? defaultDatabase);
    return makeManifest({ control: services.database, target }, caller, body);
  },
  handle: async ({ looked }) => ({ status: 200, body: looked }),
});
