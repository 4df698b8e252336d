import { predicateSchema } from "../../src/bundles/index.ts";
import { type Generator, jsonFile } from "../generator.ts";

/** The JSON Schema of what an evidence bundle states, for whoever writes a verifier. */
const evidence: Generator = {
  name: "evidence predicate schema",
  produce: async () => new Map([["docs/verify/predicate.schema.json", jsonFile(predicateSchema())]]),
};

export default evidence;
