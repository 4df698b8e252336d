import Type from "typebox";
import { CloseOut, closeOut, closeOutPage } from "../../../lifecycle/index.ts";
import { Root } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const closeOutRoute = defineRoute({
  method: "GET",
  url: "/v1/lifecycle/close-outs/:root",
  access: "any",
  // It has the time at which the target was read.
  etag: false,
  summary: "Close out a finished lifecycle run",
  description:
    "Who and what approved it, what it has written, and how each of its units stands now, read from the target (LIFE-6). " +
    "With `Accept: text/html` it is a page to print.",
  tags: ["lifecycle"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    responses: { 200: CloseOut },
    problems: ["NOT_FOUND", "RUN_NOT_FINISHED", "TARGET_UNAVAILABLE", "GATEWAY_NOT_INSTALLED"],
  },
  looks: ({ params, services }) =>
    closeOut(services.database, (database) => services.lifecycle.open(database), params.root),
  handle: async ({ looked }) => ({ status: 200, body: looked, page: closeOutPage(looked) }),
});
