import { readFile } from "node:fs/promises";
import { everyRequest } from "./every-request.ts";

export const reference = new URL("../../docs/reference/client.md", import.meta.url);

/** The examples of the reference as the one program that they are: what they import comes first. */
export async function documentedProgram(): Promise<string> {
  const text = await readFile(reference, "utf8");
  const code = Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, block = ""]) => block).join("\n");
  const imported = new Map<string, Set<string>>();
  const rest = code.replaceAll(/^import \{ (.*?) \} from "(.*?)";\n/gm, (_, names: string, from: string) => {
    imported.set(from, new Set([...(imported.get(from) ?? []), ...names.split(", ")]));
    return "";
  });
  const imports = [...imported].map(([from, names]) => `import { ${[...names].join(", ")} } from "${from}";\n`);
  return `${imports.join("")}\n${rest}`;
}

/** Each route with the methods that ask it, as the reference lists them. */
export async function methodTable(templates: readonly string[]): Promise<string[]> {
  const rows = new Map<string, Set<string>>();
  for (const { method, request } of await everyRequest()) {
    const route = routeOf(`${request.method} ${new URL(request.url).pathname}`, templates) ?? "?";
    rows.set(route, new Set([...(rows.get(route) ?? []), method]));
  }
  const path = (row: string): string => row.slice(row.indexOf(" ") + 1);
  return [...rows]
    .sort(([a], [b]) => (path(a) === path(b) ? (a < b ? -1 : 1) : path(a) < path(b) ? -1 : 1))
    .map(
      ([route, methods]) =>
        `| ${route.replace(" ", " `")}\` | ${[...methods].map((name) => `\`${name}\``).join(", ")} |`,
    );
}

/** The route, as `GET /v1/grants/{auth_code}`, that a request is for; one that is written out comes before a pattern. */
export function routeOf(asked: string, templates: readonly string[]): string | undefined {
  if (templates.includes(asked)) return asked;
  return templates.find((template) => {
    const pattern = template.replaceAll(".", "[.]").replaceAll(/\{[^}]+\}/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(asked);
  });
}
