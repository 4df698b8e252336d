/**
 * Has all take their turn in every round; who is first changes from one round to the next, so that nobody always comes after
 * the same neighbour. `play` is told to forget what it measures (`kept` false) while the rounds warm up.
 */
export async function inRounds<Contender>(
  contenders: readonly Contender[],
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
  play: (contender: Contender, round: number, kept: boolean) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < warmUps + rounds; round += 1) {
    const first = round % Math.max(1, contenders.length);
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      await play(contender, round, round >= warmUps);
    }
  }
}
