import type { Database } from "../database/index.ts";

/**
 * The same database for work in the background: few transactions at once, first come first served, so that requests find connections.
 * @param most how many
 */
export function fewAtOnce(database: Database, most: number): Database {
  let free = most;
  const waiting: (() => void)[] = [];
  const turn = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (free === 0) waiting.push(resolve);
    else {
      free -= 1;
      resolve();
    }
    return promise;
  };
  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    ...database,
    async transact(work, options) {
      await turn();
      try {
        return await database.transact(work, options);
      } finally {
        end();
      }
    },
  };
}
