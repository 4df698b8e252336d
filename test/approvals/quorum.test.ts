import fc from "fast-check";
import t from "tap";
import {
  type Ballot,
  canReach,
  countVotes,
  effectiveRisk,
  leastQuorum,
  requiredQuorum,
  risks,
} from "../../src/approvals/quorum.ts";
import { requestStatus, requestStatuses } from "../../src/approvals/states.ts";

t.test("APR-5 each risk has its least quorum", (t) => {
  t.same(
    risks.map((risk) => leastQuorum(risk)),
    [
      { quorum: 1, council_quorum: 0 },
      { quorum: 1, council_quorum: 0 },
      { quorum: 2, council_quorum: 0 },
      { quorum: 3, council_quorum: 1 },
    ],
  );
  t.end();
});

t.test("APR-5 a request raises the risk of its type and never lowers it, and with it the quorum", (t) => {
  for (const [i, ofType] of risks.entries()) {
    for (const [j, ofRequest] of risks.entries()) {
      t.equal(effectiveRisk(ofType, ofRequest), risks[Math.max(i, j)]);
    }
  }
  t.same(requiredQuorum({ quorum: 2, council_quorum: 0 }, "sovereign"), { quorum: 3, council_quorum: 1 });
  t.same(requiredQuorum({ quorum: 5, council_quorum: 2 }, "low"), { quorum: 5, council_quorum: 2 });
  t.end();
});

t.test("APR-5 the votes pass with enough approvals, enough of the council, and none against", (t) => {
  const ballot: fc.Arbitrary<Ballot> = fc.record({
    decision: fc.constantFrom("approve", "approve", "approve", "reject"),
    council: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(ballot, { maxLength: 6 }), fc.nat(4), fc.nat(2), (ballots, quorum, council_quorum) => {
      let approvals = 0;
      let council = 0;
      let against = 0;
      for (const one of ballots) {
        if (one.decision === "reject") against++;
        else {
          approvals++;
          if (one.council) council++;
        }
      }
      t.same(countVotes({ quorum, council_quorum }, ballots), {
        required: quorum,
        approvals,
        council_required: council_quorum,
        council_approvals: council,
        rejections: against,
        passed: approvals >= quorum && council >= council_quorum && against === 0,
      });
    }),
  );
  t.end();
});

t.test("OPEN-6 a quorum is reachable with as many people as it needs and no fewer", (t) => {
  const rule = { quorum: 3, council_quorum: 1 };
  t.equal(canReach(rule, { voters: 3, council: 1 }), true);
  t.equal(canReach(rule, { voters: 2, council: 2 }), false);
  t.equal(canReach(rule, { voters: 9, council: 0 }), false);
  t.end();
});

t.test("OPEN-3 an undecided request is expired at its decide-by to the millisecond, a decided one is not", (t) => {
  const now = new Date("2026-06-23T10:00:00.000Z");
  const later = new Date(now.getTime() + 1);
  for (const status of requestStatuses) {
    t.equal(requestStatus({ status, decide_by: later }, now), status);
    const undecided = status === "open" || status === "approved";
    t.equal(requestStatus({ status, decide_by: now }, now), undecided ? "expired" : status);
  }
  t.end();
});
