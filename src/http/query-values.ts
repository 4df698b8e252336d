import type { FastifyRequest } from "fastify";
import type { TSchema } from "typebox";

const plainInteger = /^(?:0|-?[1-9][0-9]{0,15})$/;

/**
 * Reads the integers and booleans among the query parameters of a schema. Only the one plain spelling of each is read;
 * any other stays a string, and is refused by the schema: the validator itself never coerces.
 *
 * @returns undefined where the schema has none of them
 */
export function queryReader(schema: TSchema): ((request: FastifyRequest) => void) | undefined {
  const properties = (schema as { properties?: Record<string, { type?: unknown }> }).properties ?? {};
  const typed = Object.entries(properties).filter(([, { type }]) => type === "integer" || type === "boolean");
  if (typed.length === 0) return undefined;
  return (request) => {
    const query = request.query as Record<string, unknown>;
    for (const [name, { type }] of typed) {
      const text = query[name];
      if (typeof text !== "string") continue;
      if (type === "integer" && plainInteger.test(text)) query[name] = Number(text);
      if (type === "boolean" && (text === "true" || text === "false")) query[name] = text === "true";
    }
  };
}
