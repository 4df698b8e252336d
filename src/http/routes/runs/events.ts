import Type from "typebox";
import { ServiceProblem } from "../../../kernel/problems.ts";
import { Limit } from "../../../kernel/schemas.ts";
import { readEvents, Root, RunEvent, RunStatusName, watchRun } from "../../../runs/index.ts";
import { serverSentEvent } from "../../event-stream.ts";
import { defineRoute } from "../../route.ts";

const position = { minimum: 0, maximum: 9_007_199_254_740_991 } as const;

export const runEventsRoute = defineRoute({
  method: "GET",
  url: "/v1/runs/:root/events",
  access: "any",
  summary: "Follow a run",
  description:
    "Its progress, oldest first: with `Accept: text/event-stream` as server-sent events until the run has ended (event " +
    "`end`), otherwise as a page of JSON to poll. `Last-Event-ID`, or `after`, goes on behind the event of that number.",
  tags: ["runs"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    query: Type.Object(
      {
        after: Type.Optional(Type.Integer({ ...position, description: "The number of the last event that is known." })),
        limit: Limit,
      },
      { additionalProperties: false },
    ),
    responses: {
      200: Type.Object(
        {
          items: Type.Array(RunEvent),
          next_cursor: Type.Null(),
          status: RunStatusName,
          stop_state: Type.Union([Type.String(), Type.Null()]),
        },
        { additionalProperties: false },
      ),
    },
    problems: ["NOT_FOUND"],
  },
  async handle({ tx, params, query }) {
    const page = await readEvents(tx, params.root, query.after ?? 0, query.limit ?? 50);
    return { status: 200, body: { ...page, next_cursor: null } };
  },
  async *stream({ params, query, headers, services }, signal) {
    const after = lastEventId(headers["last-event-id"]) ?? query.after ?? 0;
    for await (const seen of watchRun(services.database, params.root, after, signal)) {
      if (seen.kind === "event") yield serverSentEvent(seen.event.event, seen.event, seen.event.seq);
      else if (seen.kind === "idle") yield ": still here\n\n";
      else yield serverSentEvent("end", { status: seen.status, stop_state: seen.stop_state });
    }
  },
});

/** @throws ServiceProblem INVALID_REQUEST */
function lastEventId(header: string | string[] | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const number = typeof header === "string" && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (number !== undefined) return number;
  throw new ServiceProblem("INVALID_REQUEST", "Last-Event-ID must be the number of an event of this run.");
}
