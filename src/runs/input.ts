import { Compile, type Validator } from "typebox/compile";
import { escapeToken } from "../kernel/json-scan.ts";
import type { InputError } from "../kernel/problem.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { AnyBuild, Build } from "./build.ts";

const compiled = new WeakMap<AnyBuild, Validator>();

export type Builds = ReadonlyMap<string, AnyBuild>;

/** Whether its runs are started here; those of others are started by the domain that authorizes them. */
export function startsByGrant(build: AnyBuild): boolean {
  return build.authority === undefined;
}

/** @throws ServiceProblem NOT_FOUND or INVALID_REQUEST, as the place where the build was named wants it */
export function findBuild(builds: Builds, name: string, where: "path" | "body"): Build<unknown> {
  const build = builds.get(name);
  // What is read from outside is examined before it is handed to the build as its own.
  if (build !== undefined && startsByGrant(build)) return build;
  if (where === "path") throw new ServiceProblem("NOT_FOUND", `There is no build ${name}.`);
  throw new ServiceProblem("INVALID_REQUEST", `There is no build ${name}.`, {
    errors: [
      {
        pointer: "/build",
        detail: `must be one of ${[...builds.values()]
          .filter(startsByGrant)
          .map((one) => one.name)
          .join(", ")}`,
      },
    ],
  });
}

/**
 * Examines what a run is given by the build's own schema and rules.
 * @throws ServiceProblem INVALID_REQUEST with a pointer to each fault; what the build's rules refuse with
 */
export function examineInput(build: Build<unknown>, input: unknown): void {
  const validator = validatorOf(build);
  if (!validator.Check(input)) {
    const errors = validator.Errors(input).flatMap(places).slice(0, 20);
    throw new ServiceProblem(
      "INVALID_REQUEST",
      `The input is not one for ${build.name}: ${errors.length} faults are named.`,
      { errors },
    );
  }
  build.examine(input);
}

function validatorOf(build: Build<unknown>): Validator {
  let validator = compiled.get(build);
  if (validator === undefined) {
    validator = Compile(build.input);
    compiled.set(build, validator);
  }
  return validator;
}

/** The places of a fault, worded as those of any other body. */
function places(error: { instancePath: string; message: string; keyword: string; params: object }): InputError[] {
  const { additionalProperties, requiredProperties } = error.params as Readonly<
    Record<string, readonly string[] | undefined>
  >;
  const at = `/input${error.instancePath}`;
  const each = (names: readonly string[], detail: string): InputError[] =>
    names.map((name) => ({ pointer: `${at}/${escapeToken(name)}`, detail }));
  if (error.keyword === "additionalProperties")
    return each(additionalProperties ?? [], "This field is not known. Remove it.");
  if (error.keyword === "required") return each(requiredProperties ?? [], "This field is required.");
  // The other half of an unknown field: it says nothing more.
  if (error.keyword === "boolean") return [];
  return [{ pointer: at, detail: `It ${error.message}.` }];
}
