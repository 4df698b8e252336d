import fastify from "fastify";
import t from "tap";
import Type from "typebox";
import { querySchema } from "../../src/http/register-routes.ts";
import type { Route } from "../../src/http/route.ts";
import { routes } from "../../src/http/routes/index.ts";
import { compileAtFirstUse } from "../../src/http/validators.ts";

/** Compiles at once what the service compiles when it is needed. @throws Error for a schema that does not compile */
async function compileAll(given: readonly Pick<Route, "method" | "url" | "schema">[]): Promise<number> {
  const app = fastify({ ajv: { customOptions: { strict: true, allErrors: true } } });
  let compiled = 0;
  for (const route of given) {
    const { params, body } = route.schema;
    const parts = { querystring: querySchema(route as Route), ...(params && { params }), ...(body && { body }) };
    compiled += Object.keys(parts).length;
    app.route({ method: route.method, url: route.url, schema: parts, handler: () => "" });
  }
  await app.ready();
  await app.close();
  return compiled;
}

t.test("operations: the schemas of every route compile", async (t) => {
  t.ok((await compileAll(routes)) > routes.length);
  const wrong = Type.Object({}, { strange: true });
  const route = { method: "POST", url: "/wrong", schema: { body: wrong, responses: {} } } as const;
  await t.rejects(compileAll([route]), /Failed building the validation schema/, "control: one that does not is found");
});

t.test("operations: a schema is compiled when something is first held to it, once, and says what is wrong", (t) => {
  const seen: object[] = [];
  const made = () => {
    const compiler = {
      compile(schema: object) {
        seen.push(schema);
        const validator = (data: unknown): boolean => {
          validator.errors = data === "good" ? null : ["bad"];
          return data === "good";
        };
        validator.errors = null as string[] | null;
        return validator;
      },
    };
    compileAtFirstUse(compiler);
    return compiler;
  };
  const schema = { type: "string" };
  const [first, second] = [made().compile(schema), made().compile(schema)];
  t.strictSame(seen, [], "nothing yet");
  t.strictSame([first("bad"), first.errors], [false, ["bad"]]);
  t.strictSame([second("good"), second.errors], [true, null], "another service of the process");
  t.strictSame(seen, [schema]);
  t.end();
});
