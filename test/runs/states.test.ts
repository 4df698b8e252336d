import t from "tap";
import {
  isUnderWay,
  type RunStatus,
  runCanBecome,
  runStatuses,
  runTransitions,
  untouchedStops,
} from "../../src/runs/states.ts";

/** Where a run can get to, in any number of steps. */
function reachable(from: RunStatus): Set<RunStatus> {
  const found = new Set<RunStatus>([from]);
  for (const status of found) for (const { to } of runTransitions[status]) found.add(to);
  return found;
}

t.test("RUN-1 every status can be reached, and from every one a run comes to an end", (t) => {
  t.strictSame([...reachable("running")].toSorted(), [...runStatuses].toSorted());
  for (const status of runStatuses) {
    t.ok(
      [...reachable(status)].some((one) => !isUnderWay(one)),
      `${status} comes to an end`,
    );
    t.ok(!runCanBecome(status, status), `${status} to itself is no transition`);
  }
  t.end();
});

t.test("RUN-3 nothing that was undone, or is being undone, ever succeeds", (t) => {
  t.strictSame(runTransitions.succeeded, [], "a success is final");
  for (const status of ["compensating", "indeterminate"] as const) {
    t.notOk(runCanBecome(status, "succeeded"), status);
    t.notOk(runCanBecome(status, "running"), status);
  }
  t.notOk(runCanBecome("stopped", "succeeded"));
  t.notOk(runCanBecome("running", "indeterminate"), "what goes forward is retried, stopped or undone");
  t.strictSame(untouchedStops, ["ABORT", "ABORT_NO_LEASE"], "the stops that have burned nothing");
  t.end();
});

t.test("OPEN-7 a run of unknown outcome is under way: somebody has to look at it again", (t) => {
  t.strictSame(runStatuses.filter(isUnderWay), ["running", "compensating", "indeterminate"]);
  t.end();
});
