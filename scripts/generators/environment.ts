import { variables } from "../../src/config.ts";
import type { Generator } from "../generator.ts";

const entries = Object.values(variables);

function wrapped(text: string): string {
  return text.replace(/(.{1,100})(?: |$)/g, "# $1\n");
}

function exampleFile(): string {
  const blocks = entries.map(({ name, purpose, example }) => `${wrapped(purpose)}#${name}=${example}\n`);
  return `# Every variable of the service. Each has a safe default or is made at the first start; uncomment what you set.\n\n${blocks.join("\n")}`;
}

function page(): string {
  const rows = entries.map(({ name, purpose, example }) => `| \`${name}\` | ${purpose} | \`${example}\` |`);
  return `# Configuration\n\nGenerated from \`src/config.ts\`. A bad value ends the start with exit status 2 and a line for each variable.\n\n| variable | what it is for | example or default |\n|---|---|---|\n${rows.join("\n")}\n`;
}

/** `.env.example` and its page of the reference, out of the one schema of the configuration. */
const environment: Generator = {
  name: "configuration",
  produce: async () =>
    new Map([
      [".env.example", exampleFile()],
      ["docs/reference/configuration.md", page()],
    ]),
};

export default environment;
