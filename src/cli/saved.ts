import { writeFileSync } from "node:fs";
import { UsageError } from "./connection.ts";

/** Writes what a command was asked to keep, in place of what is there. @throws UsageError when it cannot */
export function save(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
