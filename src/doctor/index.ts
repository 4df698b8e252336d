export { examine } from "./examine.ts";
export type { LogSighting } from "./log/findings.ts";
export { Diagnosis, Finding } from "./schemas.ts";
export { readStanding, type Standing } from "./standing.ts";
export { rehearsalsInUse } from "./runs/findings.ts";
