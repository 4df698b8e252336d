import type { BuildView, Digests } from "./schemas.ts";
import { type Builds, examineInput, findBuild, startsByGrant } from "./input.ts";

/**
 * What the author of a request fills in for an input: computed, and nothing written.
 * @throws ServiceProblem NOT_FOUND, INVALID_REQUEST
 */
export function digestsOf(builds: Builds, name: string, input: unknown): Digests {
  const build = findBuild(builds, name, "path");
  examineInput(build, input);
  return { ...build.digests(input) };
}

/** The builds, as they are declared. */
export function listBuilds(builds: Builds): BuildView[] {
  return [...builds.values()].filter(startsByGrant).map((build) => ({
    build: build.name,
    summary: build.summary,
    carrier: build.carrier,
    target: build.target,
    lease_name: build.leaseName,
    rollback: build.rollback ?? null,
    action_set: [...build.actionSet],
    states: build.states.map(({ state, name: called, summary, compensation }) => ({
      state,
      name: called,
      summary,
      compensation,
    })),
    input_schema: build.input,
  }));
}
