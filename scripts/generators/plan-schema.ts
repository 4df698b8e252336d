import { Plan } from "../../src/plan-file/index.ts";
import { type Generator, jsonFile } from "../generator.ts";

/** The JSON Schema of plan files, for editors and for whoever writes plans by program. */
const planSchema: Generator = {
  name: "plan file schema",
  async produce() {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "https://countersign.invalid/plan.schema.json",
      title: "A plan file of Countersign",
      // TypeBox keeps what it knows of a type beside the keywords; JSON has the keywords alone.
      ...(JSON.parse(JSON.stringify(Plan)) as Record<string, unknown>),
    };
    return new Map([["plans/plan.schema.json", jsonFile(schema)]]);
  },
};

export default planSchema;
