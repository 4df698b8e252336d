import { Plan } from "../../src/plan-file/index.ts";
import type { Generator } from "../generator.ts";

const lineWidth = 120;

/** The formatter has lists of strings on one line where they fit. */
function shortLists(text: string): string {
  return text.replace(/^( *(?:"[^"\n]*": )?)\[\n((?: *"[^\n]*",?\n)+) *\](,?)$/gm, (written, before, items, comma) => {
    const line = `${before}[${String(items).trim().replace(/,\n */g, ", ")}]${comma}`;
    return line.length <= lineWidth ? line : written;
  });
}

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
    return new Map([["plans/plan.schema.json", `${shortLists(JSON.stringify(schema, null, 2))}\n`]]);
  },
};

export default planSchema;
