import { makeProgram } from "../../src/cli/program.ts";
import { referencePage } from "../../src/cli/reference.ts";
import type { Generator } from "../generator.ts";

/** The page of the commands. */
const cli: Generator = {
  name: "CLI reference",
  produce: () => Promise.resolve(new Map([["docs/reference/cli.md", referencePage(makeProgram())]])),
};

export default cli;
