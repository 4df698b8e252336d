import pg from "pg";
import { type Load, measure } from "./load.ts";
import { statements, type What } from "./statements.ts";

/** Sessions that carry out the statements of the service a row and a transaction at a time, with nothing around them. */
export class Sessions {
  readonly #appUrl: string;
  #clients: readonly pg.Client[] = [];

  constructor(appUrl: string) {
    this.#appUrl = appUrl;
  }

  /** Works off the codes with so many sessions; they stay until another number is asked for, as those of the service do. */
  async play(what: What, atOnce: number, codes: readonly string[]): Promise<Load> {
    if (this.#clients.length !== atOnce) {
      await this.close();
      this.#clients = Array.from({ length: atOnce }, () => new pg.Client({ connectionString: this.#appUrl }));
      await Promise.all(this.#clients.map((client) => client.connect()));
    }
    return measure(atOnce, codes, (code, worker) => one(this.#clients[worker] as pg.Client, what, code));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
    this.#clients = [];
  }
}

async function one(client: pg.Client, what: What, code: string): Promise<void> {
  const many = statements[what].length > 1;
  if (many) await client.query("BEGIN");
  for (const [at, { text, rows, bare }] of statements[what].entries()) {
    const { rowCount } = await client.query({ name: `${what} ${at}`, text, values: bare === true ? [] : [code] });
    if (rowCount !== rows) throw new Error(`${what} of ${code}: statement ${at} meets ${rowCount} rows`);
  }
  if (many) await client.query("COMMIT");
}
