import type { Database } from "../../../database/index.ts";
import { defaultDatabase, requireDatabase } from "../../../lifecycle/index.ts";
import type { Services } from "../../services.ts";

/** What any route may answer that looks at a target. */
export const targetProblems = ["TARGET_UNAVAILABLE", "GATEWAY_NOT_INSTALLED"] as const;

/**
 * The target that a request names.
 * @param pointer where it names it
 * @throws ServiceProblem INVALID_REQUEST; RunProblem TARGET_UNAVAILABLE
 */
export function openNamed(services: Services, name: string = defaultDatabase, pointer?: string): Promise<Database> {
  requireDatabase(name, services.lifecycle.databases, pointer);
  return services.lifecycle.open(name);
}
