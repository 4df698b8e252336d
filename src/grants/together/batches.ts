export { Batches, type BatchOptions, type Settled } from "../../kernel/batches.ts";
