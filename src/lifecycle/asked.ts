import { sqlState } from "../database/index.ts";
import { LifecycleProblem } from "./errors.ts";

/** No such schema, table, function or column. */
const absent = new Set(["3F000", "42P01", "42883", "42703"]);

/** What a function of the target has raised, or run into; not what a lock, a connection or the server has. */
const said = /^(?:P0|22|23|2F|38|39|42)/;

/**
 * Asks a target, where what is asked for may not have been rolled out.
 * @throws LifecycleProblem GATEWAY_NOT_INSTALLED, TRANSITION_REFUSED
 */
export async function asked<T>(what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    const state = sqlState(error) ?? "";
    if (absent.has(state)) {
      throw new LifecycleProblem("GATEWAY_NOT_INSTALLED", "The target lacks a table or function of the gateway.", {
        cause: error,
      });
    }
    if (state === "42501") {
      throw new LifecycleProblem(
        "GATEWAY_NOT_INSTALLED",
        "The role of TARGETS may not use the gateway of the target.",
        {
          cause: error,
        },
      );
    }
    if (said.test(state)) {
      throw new LifecycleProblem("TRANSITION_REFUSED", `The gateway answers with an error of its own (${state}).`, {
        cause: error,
      });
    }
    throw error;
  }
}
