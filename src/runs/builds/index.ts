import type { AnyBuild } from "../build.ts";
import { c1Vocabulary, c1VocabularyRollback } from "./c1-vocabulary/index.ts";

/** Every build that the service ships. A new one is a folder here and a line. */
export const builds: readonly AnyBuild[] = [c1Vocabulary, c1VocabularyRollback];
