import { Compile } from "typebox/compile";
import type { Route, SuccessStatus } from "./route.ts";

/** @throws Error where the body does not have the shape that the route declares for the status */
export type AnswerCheck = (status: number, body: unknown) => void;

/**
 * Holds every successful answer to its declared shape. A serializer made from the schema would drop in silence what the
 * schema does not know; here the mistake is found before the commit, nothing leaks and nothing changes.
 */
export function answerCheck(route: Route): AnswerCheck {
  const compiled = new Map<number, ReturnType<typeof Compile>>();
  return (status, body) => {
    let validator = compiled.get(status);
    if (validator === undefined) {
      const schema = route.schema.responses[status as SuccessStatus];
      if (schema === undefined) throw new Error(`${route.method} ${route.url} answered an undeclared status ${status}`);
      validator = Compile(schema);
      compiled.set(status, validator);
    }
    if (validator.Check(body)) return;
    const faults = validator.Errors(body).slice(0, 5);
    const places = faults.map(({ instancePath, message }) => `${instancePath || "/"} ${message}`).join("; ");
    throw new Error(`${route.method} ${route.url} answered ${status} in another shape than declared: ${places}`);
  };
}
