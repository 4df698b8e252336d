import { integer, type Variable, variable } from "./config-readers.ts";

/** How this process watches over the lifecycle gateways of targets. */
export interface LifecycleConfig {
  readonly lifecycleWatchSeconds: number;
}

export const lifecycleVariables: { readonly [Key in keyof LifecycleConfig]: Variable<LifecycleConfig[Key]> } = {
  lifecycleWatchSeconds: variable(
    "LIFECYCLE_WATCH_SECONDS",
    "How often this process compares the lifecycle gateway of each target with the accepted one; 0 leaves it to others.",
    "60",
    integer(60, 0, 86_400),
  ),
};
