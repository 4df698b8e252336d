import { Page } from "../../../kernel/schemas.ts";
import { listLog, listUnits, LogLine, LogQuery, Unit, UnitQuery } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";
import { openNamed, targetProblems } from "./target.ts";

export const listUnitsRoute = defineRoute({
  method: "GET",
  url: "/v1/lifecycle/units",
  access: "any",
  summary: "List the units of a target",
  description: "By address, each with the version that it stands for and the newest one.",
  tags: ["lifecycle"],
  schema: { query: UnitQuery, responses: { 200: Page(Unit) }, problems: targetProblems },
  async looks({ query, services }) {
    const target = await openNamed(services, query.database, "?database");
    return target.transact((tx) => listUnits(tx, query), { readOnly: true });
  },
  handle: async ({ looked }) => ({ status: 200, body: looked }),
});

export const listLogRoute = defineRoute({
  method: "GET",
  url: "/v1/lifecycle/log",
  access: "any",
  summary: "List the lifecycle log of a target",
  description: "Newest first: every transition that the gateway has let through.",
  tags: ["lifecycle"],
  schema: { query: LogQuery, responses: { 200: Page(LogLine) }, problems: targetProblems },
  async looks({ query, services }) {
    const target = await openNamed(services, query.database, "?database");
    return target.transact((tx) => listLog(tx, query), { readOnly: true });
  },
  handle: async ({ looked }) => ({ status: 200, body: looked }),
});
