// A program of somebody who has the package: compiled and run in a project of its own by pack.test.ts.
import { type ApprovalRequestInput, Client, ClientProblem, Invalid, NotFound } from "../../../src/client/index.ts";

interface Given {
  readonly url: string;
  readonly tokens: Readonly<Record<string, string>>;
  readonly request: ApprovalRequestInput;
}

export async function main({ url, tokens, request }: Given): Promise<object> {
  const as = (name: string): Client => new Client({ url, token: tokens[name] ?? "" });
  const submitted = await as("requester").submitRequest(request);
  for (const approver of ["approver_1", "approver_2"])
    await as(approver).vote(submitted.apr_code, {
      decision: "approve",
      apr_digest: submitted.apr_digest,
      reason: "Read.",
    });
  let listed = 0;
  for await (const one of as("auditor").eachRequest({ status: "approved" }))
    listed += one.apr_code === request.apr_code ? 1 : 0;
  const { status } = await as("auditor").readRequest(request.apr_code);
  const missing = await as("auditor")
    .readGrant("GBA-C1-NONE")
    .catch((error: unknown) => error);
  const invalid = await as("requester")
    .submitRequest({ ...request, title: "" })
    .catch((error: unknown) => error);
  return {
    listed,
    approved: status,
    refused:
      missing instanceof NotFound && missing instanceof ClientProblem
        ? [missing.name, missing.code]
        : [String(missing)],
    invalid: invalid instanceof Invalid && invalid.errors[0]?.pointer === "/title" ? invalid.name : String(invalid),
  };
}
