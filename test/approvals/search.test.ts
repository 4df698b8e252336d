import t from "tap";
import { approvalRequest, approve, execute, expectStatus } from "../support/flow.ts";
import { type InProcess, startService } from "../support/service.ts";

async function submit(service: InProcess, changes: Record<string, unknown>, action: Record<string, unknown> = {}) {
  const body = approvalRequest(changes, action);
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body }), 201);
}

async function codes(service: InProcess, query: Record<string, string>): Promise<string[]> {
  const path = `/v1/approval-requests?${new URLSearchParams(query).toString()}`;
  const { body } = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
  return (body["items"] as unknown as { apr_code: string }[]).map((item) => item.apr_code);
}

t.test(
  "OPEN-8 requests are found by the beginnings of the words of code, title, requester, plan and target",
  async (t) => {
    const service = await startService(t);
    await submit(service, { apr_code: "APR-2026-0001", title: "Rehearse the vocabulary" });
    await submit(service, { apr_code: "APR-2026-0042", title: "Commit the vocabulary" }, { plan_id: "LEGO2-PLAN" });
    await submit(service, { apr_code: "apr.2027_0042", title: "Retire, at last" }, { target: "DOT_RETIRE_UNIT" });
    const found: Readonly<Record<string, readonly string[]>> = {
      "APR-2026-0042": ["APR-2026-0042"],
      "0042": ["apr.2027_0042", "APR-2026-0042"],
      "apr 2027": ["apr.2027_0042"],
      VOCAB: ["apr.2027_0042", "APR-2026-0042", "APR-2026-0001"],
      "the vocabulary": ["APR-2026-0042", "APR-2026-0001"],
      "vocabulary rehearse": ["APR-2026-0001"],
      lego2: ["APR-2026-0042"],
      dot_retire: ["apr.2027_0042"],
      requester: ["apr.2027_0042", "APR-2026-0042", "APR-2026-0001"],
      "requester lego2 commit": ["APR-2026-0042"],
      ocabulary: [],
      "commit nothing": [],
    };
    // The default plan and target of these tests have the word vocabulary in part: C1 CANOPVOCAB and DOT_C1_VOCAB_BUILD.
    for (const [q, expected] of Object.entries(found)) {
      const wanted = q === "VOCAB" ? expected.filter((code) => code !== "apr.2027_0042") : expected;
      t.same(await codes(service, { q }), wanted, q);
    }
  },
);

t.test("OPEN-8 Vietnamese is found with its marks and without them, in either spelling of a letter", async (t) => {
  const service = await startService(t);
  await submit(service, { apr_code: "VI-1", title: "Thu hồi từ vựng đã được duyệt ở Đồng Nai" });
  await submit(service, { apr_code: "VI-2", title: "Kiểm tra nguồn dữ liệu".normalize("NFD") });
  const found: Readonly<Record<string, readonly string[]>> = {
    "thu hồi": ["VI-1"],
    "THU HỒI": ["VI-1"],
    "thu hoi": ["VI-1"],
    "đồng nai": ["VI-1"],
    "dong nai": ["VI-1"],
    ĐỒNG: ["VI-1"],
    "nguồn dữ": ["VI-2"],
    "nguồn dữ\u0020liệu": ["VI-2"],
    "du lieu": ["VI-2"],
    kiêm: ["VI-2"],
  };
  for (const [q, expected] of Object.entries(found)) {
    t.same(await codes(service, { q }), expected, q);
    t.same(await codes(service, { q: q.normalize("NFD") }), expected, `${q} in parts`);
  }
});

t.test("OPEN-8 no character that is typed is a wildcard, an operator or an error", async (t) => {
  const service = await startService(t);
  await submit(service, { apr_code: "APR-1", title: "A 100% check of a_b" });
  await submit(service, { apr_code: "APR-2", title: "Another 'quoted' one: it\\s | that & !not <-> (x)" });
  const found: Readonly<Record<string, readonly string[]>> = {
    "%": [],
    _: [],
    "*": [],
    ":*": [],
    "' OR '1'='1": [],
    "\\": [],
    "&|!()<->": [],
    "...": [],
    " ": [],
    "100%": ["APR-1"],
    "%00": [],
    "100_check": ["APR-1"],
    "quoted' one": ["APR-2"],
    "'quoted':*": ["APR-2"],
    "!not": ["APR-2"],
    "one | check": [],
    "100:A": ["APR-1"],
    "check <-> another": [],
    "😀": [],
  };
  for (const [q, expected] of Object.entries(found)) {
    const got = await codes(service, { q });
    t.same(
      got.filter((code) => code.startsWith("APR-")),
      expected,
      JSON.stringify(q),
    );
  }
  for (const q of ["", "x".repeat(101), "a\nb", "a\0b"]) {
    const path = `/v1/approval-requests?${new URLSearchParams({ q }).toString()}`;
    const answer = await service.call("GET", path, { as: "auditor" });
    t.equal(answer.status, 400, JSON.stringify(q));
  }
  t.same(await codes(service, { q: "word ".repeat(20) }), [], "as many words as there is room for");
});

t.test(
  "OPEN-8 requests are listed by risk, plan, target and environment, with any other filter, page by page",
  async (t) => {
    const service = await startService(t);
    for (let n = 1; n <= 7; n += 1) {
      const action = {
        plan_id: n % 2 === 0 ? "EVEN" : "ODD",
        target: `T-${n % 3}`,
        environment: n < 4 ? "rehearsal" : "staging",
      };
      await submit(service, { apr_code: `N-${n}`, risk: n === 5 ? "sovereign" : "high" }, action);
    }
    t.same(await codes(service, { plan_id: "EVEN" }), ["N-6", "N-4", "N-2"]);
    t.same(await codes(service, { plan_id: "ODD", target: "T-1" }), ["N-7", "N-1"]);
    t.same(await codes(service, { environment: "rehearsal" }), ["N-3", "N-2", "N-1"]);
    t.same(await codes(service, { risk: "sovereign" }), ["N-5"]);
    t.same(await codes(service, { risk: "low" }), []);
    t.same(await codes(service, { risk: "high", status: "open", requested_by: "requester", plan_id: "ODD" }), [
      "N-7",
      "N-3",
      "N-1",
    ]);
    t.same(await codes(service, { plan_id: "EVEN", status: "executed" }), []);
    t.same(await codes(service, { q: "n even", environment: "staging" }), ["N-6", "N-4"]);
    const waiting = `/v1/approval-requests?${new URLSearchParams({ relation: "can_vote", plan_id: "EVEN" }).toString()}`;
    const { body } = await service.call("GET", waiting, { as: "approver_1" });
    t.equal((body["items"] as unknown as unknown[]).length, 3);

    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query = new URLSearchParams({ q: "odd", limit: "1", ...(cursor === "" ? {} : { cursor }) });
      const page = await expectStatus(
        service.call("GET", `/v1/approval-requests?${query.toString()}`, { as: "auditor" }),
        200,
      );
      seen.push(...(page.body["items"] as unknown as { apr_code: string }[]).map((item) => item.apr_code));
      cursor = page.body["next_cursor"] as unknown as string | null;
    }
    t.same(seen, ["N-7", "N-5", "N-3", "N-1"]);
  },
);

t.test(
  "OPEN-8 what a request is to be compared with: approved or executed, of the same plan and target, without itself",
  async (t) => {
    const service = await startService(t);
    const executed = await approve(service, approvalRequest({ apr_code: "C-1" }));
    await expectStatus(execute(service, executed), 201);
    await approve(service, approvalRequest({ apr_code: "C-2" }));
    await approve(service, approvalRequest({ apr_code: "C-3" }, { target: "ANOTHER" }));
    await approve(service, approvalRequest({ apr_code: "C-4" }, { plan_id: "ANOTHER" }));
    await submit(service, { apr_code: "C-5" });
    await submit(service, { apr_code: "C-6" });
    t.same(await codes(service, { comparable_to: "C-6" }), ["C-2", "C-1"]);
    t.same(await codes(service, { comparable_to: "C-6", status: "executed" }), ["C-1"]);
    t.same(await codes(service, { comparable_to: "C-2" }), ["C-1"]);
    t.same(await codes(service, { comparable_to: "C-3" }), []);
    t.same(await codes(service, { comparable_to: "C-0" }), [], "of a request that is not there");
  },
);
