import { problemTables } from "../../src/app.ts";
import { routes } from "../../src/http/routes/index.ts";
import { IdempotencyProblem } from "../../src/idempotency/index.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import type { Generator } from "../generator.ts";

function routesPage(): string {
  const rows = routes.map(({ method, url, access, audit, summary }) => {
    const who = typeof access === "string" ? (access === "any" ? "any principal" : "everybody") : access.join(", ");
    return `| \`${method} ${url.replace(/:(\w+)/g, "{$1}")}\` | ${who} | ${audit ? `\`${audit}\`` : "none: it changes nothing"} | ${summary} |`;
  });
  return `# Routes\n\nGenerated from the routes themselves. Shapes are in the API document: \`/openapi.json\`, and \`openapi/countersign.json\`.\n\n| route | who may call it | audit event | what it does |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function problemsPage(): string {
  const all = [ServiceProblem.table, IdempotencyProblem.table, ...problemTables].flatMap((table) =>
    Object.entries(table),
  );
  const rows = all
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([code, { kind, title, remedy }]) => `| \`${code}\` | ${kind} | ${title} | ${remedy} |`);
  return `# Problem codes\n\nGenerated from the problem tables. Each has a page of its own in the service, at \`/docs/problems/<CODE>\`.\n\n| code | kind | what it says | what to do |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

/** The tables of the reference, out of what they are about. */
const reference: Generator = {
  name: "reference",
  produce: async () =>
    new Map([
      ["docs/reference/routes.md", routesPage()],
      ["docs/reference/problems.md", problemsPage()],
    ]),
};

export default reference;
