import { PgBoss } from "pg-boss";
import { measure } from "../grants/load.ts";
import { onceAs } from "../grants/place.ts";
import { type Contender, poolSize } from "./contender.ts";

const queue = "use";
/** A job whose worker dies is done again; one that is complete is kept for a while. */
const steps = { overHttp: false, shared: 0, exactlyOnce: false, onRecord: true };

/** pg-boss, as a library in the process of the bench: no HTTP. One job a fetch. */
export async function boss(url: string): Promise<Contender> {
  const one = new PgBoss({ connectionString: url, max: poolSize, schedule: false, supervise: false });
  one.on("error", (error) => console.error("pg-boss:", error));
  await one.start();
  await one.createQueue(queue);
  const fetchAndComplete = async (): Promise<void> => {
    const [job] = await one.fetch(queue);
    if (job === undefined) throw new Error("pg-boss has no job although one stands");
    await one.complete(queue, job.id);
  };
  return {
    name: "pg-boss",
    steps: { ...steps, does: "fetch (UPDATE), complete (UPDATE)", transactions: 2, rows: 2 },
    async use(atOnce, count) {
      await one.insert(
        queue,
        Array.from({ length: count }, () => ({ data: {} })),
      );
      await onceAs(url, "ANALYZE");
      return measure(atOnce, Array.from({ length: count }), fetchAndComplete);
    },
    whole: {
      steps: { ...steps, does: "send (INSERT), fetch, complete", transactions: 3, rows: 3 },
      use: (atOnce, count) =>
        measure(atOnce, Array.from({ length: count }), async () => {
          await one.send(queue, {});
          await fetchAndComplete();
        }),
    },
    close: () => one.stop({ graceful: false, close: true }),
  };
}
