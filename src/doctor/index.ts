export { examine } from "./examine.ts";
export { Diagnosis, Finding } from "./schemas.ts";
export { rehearsalsInUse } from "./runs/findings.ts";
