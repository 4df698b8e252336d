export { c1Vocabulary } from "./build.ts";
export { c1VocabularyRollback } from "./rollback.ts";
export { manifestDigest } from "./manifest.ts";
export { createSchema, readCatalog } from "./store.ts";
