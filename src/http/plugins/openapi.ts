import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { ProblemDefinition } from "../../kernel/problem.ts";
import { hasEntityTag, isIdempotent } from "../edge.ts";
import { type Document, finish } from "../openapi-document.ts";
import { querySchema } from "../register-routes.ts";
import type { Route } from "../route.ts";

export interface OpenapiOptions {
  readonly version: string;
  readonly catalogue: ReadonlyMap<string, ProblemDefinition>;
}

/** Generates the API document from the routes. Must be installed before the first of them. */
export function openapi(app: FastifyInstance, options: OpenapiOptions): void {
  const routes = new Map<string, Route>();
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Countersign",
        version: options.version,
        description:
          "Stands between an approval and the change that it approves: narrow, short-lived, single-use grants.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/" }],
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "An API token of the service." },
          session: {
            type: "apiKey",
            in: "cookie",
            name: "countersign_session",
            description:
              "What `POST /v1/session` sets, as `__Host-countersign_session` where the service is reached by https. Whatever is not GET or " +
              "HEAD needs the session's `csrf_token` in the header `x-csrf-token` beside it. Not together with `Authorization`.",
          },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const definition = route.config?.definition;
      // A wildcard has no name of its own, and in OpenAPI every part of a path that varies has one.
      if (definition === undefined) return { schema: schema ?? { hide: true }, url: url.replace(/\*$/, ":path") };
      routes.set(operationId(definition), definition);
      return { schema: operationOf(definition), url };
    },
    transformObject: (document) => {
      const { openapiObject } = document as unknown as { openapiObject: Document };
      return finish(openapiObject, routes, options.catalogue);
    },
  });
}

/** The document as it is served and as it stands in `openapi/countersign.json`: call it once the server is ready. */
export function openapiText(app: FastifyInstance): string {
  return `${JSON.stringify(app.swagger(), null, 2)}\n`;
}

function operationOf(route: Route) {
  const { params, body, responses } = route.schema;
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [...route.tags],
    ...(params === undefined ? {} : { params }),
    querystring: querySchema(route),
    ...(body === undefined ? {} : { body }),
    ...headersOf(route),
    ...(route.access === "open" ? { security: [] } : {}),
    response: Object.fromEntries(Object.entries(responses)),
    "x-roles": route.access,
    "x-audit-event": route.audit ?? null,
  };
}

function headersOf(route: Route): object {
  const headers = {
    ...(isIdempotent(route) && {
      "Idempotency-Key": Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 255,
          description: "The same key with the same body answers the first answer again.",
        }),
      ),
    }),
    ...(hasEntityTag(route) && {
      "If-None-Match": Type.Optional(Type.String({ description: "Answers 304 where nothing changed." })),
    }),
  };
  return Object.keys(headers).length === 0 ? {} : { headers: Type.Object(headers) };
}

/** `POST /v1/approval-requests/:apr_code/votes` is `postApprovalRequestsByAprCodeVotes`. */
export function operationId(route: Pick<Route, "method" | "url">): string {
  const words = route.url
    .replace(/^\/v1\//, "/")
    .split("/")
    .filter((segment) => segment !== "")
    .flatMap((segment) =>
      segment.startsWith(":") ? ["by", ...segment.slice(1).split(/[-_]/)] : segment.split(/[-_.]/),
    );
  return route.method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
