import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { predicateSchema } from "../../../bundles/index.ts";
import type { ProblemDefinition } from "../../../kernel/problem.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import { openapiText } from "../../plugins/openapi.ts";
import type { RoutePolicy } from "../../policy.ts";
import { registerOpenly } from "../../policy.ts";
import { prefersJson, problemPage } from "../../problem-page.ts";
import { statusOf } from "../../problem-document.ts";

const policy: RoutePolicy = { access: "open", mutates: false, audit: null };
const hidden = { hide: true };

/** `/openapi.json`, the schema of evidence, `/docs` and a page for each problem code. */
export function documentationRoutes(app: FastifyInstance, catalogue: ReadonlyMap<string, ProblemDefinition>): void {
  // Made when it is first asked for: it takes longer than all else that a start does.
  let document: string | undefined;
  app.get("/openapi.json", { config: { policy }, schema: hidden }, (_request, reply) => {
    document ??= openapiText(app);
    return reply.header("cache-control", "no-cache").type("application/json; charset=utf-8").send(document);
  });

  let predicate: string | undefined;
  app.get("/docs/evidence/v1/predicate.schema.json", { config: { policy }, schema: hidden }, (_request, reply) => {
    predicate ??= JSON.stringify(predicateSchema());
    return reply.header("cache-control", "no-cache").type("application/schema+json; charset=utf-8").send(predicate);
  });

  app.get("/docs/problems", { config: { policy }, schema: hidden }, (_request, reply) =>
    reply.send({ problems: [...catalogue].map(([code, definition]) => entry(code, definition)) }),
  );
  app.get<{ Params: { code: string } }>(
    "/docs/problems/:code",
    { config: { policy }, schema: hidden },
    (request, reply) => {
      const { code } = request.params;
      const definition = catalogue.get(code);
      if (definition === undefined) throw new ServiceProblem("NOT_FOUND", "There is no problem with this code.");
      if (prefersJson(request.headers.accept)) return reply.send(entry(code, definition));
      return reply.type("text/html; charset=utf-8").send(problemPage(code, definition));
    },
  );

  registerOpenly(app, "the reading of the API document, and the files that its page is made of", (scope) => {
    scope.register(swaggerUi, {
      routePrefix: "/docs",
      staticCSP: true,
      // The page is served over plain HTTP too, and asks nothing of anyone but this service.
      transformStaticCSP: (policyText) =>
        policyText
          .replace(/\s*upgrade-insecure-requests;/, "")
          .replaceAll(" https:", "")
          .replace(" validator.swagger.io", ""),
      uiConfig: { deepLinking: true },
    });
  });
}

function entry(code: string, definition: ProblemDefinition) {
  return { code, status: statusOf(definition), title: definition.title, remedy: definition.remedy };
}
