/** What is to be undone at the end, the latest first: what a test's teardown is to a test. */
export class Closing {
  readonly #works: (() => Promise<unknown>)[] = [];

  teardown(work: () => Promise<unknown>): void {
    this.#works.push(work);
  }

  /** Undoes everything, also when a part of it fails. @throws AggregateError of what failed */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const work of this.#works.splice(0).toReversed()) {
      await work().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be undone");
  }
}
