import type { EnginePlace } from "./engine.ts";
import type { Moment } from "./statements.ts";

/** What `relentless.ts` is told: where each of its engines is to be held. */
export interface RelentlessOrders {
  readonly victims: readonly (EnginePlace & { readonly number: number; readonly moment: Moment })[];
}

/** Where an engine was held; `ended` where its run had ended before that. */
export interface Held {
  readonly ended: boolean;
  readonly number: number;
  readonly moment: Moment;
  readonly text: string;
}
