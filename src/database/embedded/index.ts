export { EmbeddedProblem } from "./problems.ts";
export {
  controlDatabase,
  createDatabase,
  ensureRole,
  provision,
  type Provisioned,
  type RoleOptions,
  targetDatabase,
} from "./provision.ts";
export { stopPostmaster } from "./postmaster.ts";
export { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "./start.ts";
