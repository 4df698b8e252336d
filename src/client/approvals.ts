import { at, Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import type { PageOf } from "./pages.ts";
import type { QueryOf } from "./queries.ts";
import { sign } from "./sign.ts";
import type {
  ActionType,
  ActionTypeInput,
  ApprovalRequest,
  ApprovalRequestInput,
  ApprovalRequestSummary,
  BindingsInput,
  ConsumeInput,
  EsignInput,
  Grant,
  Receipt,
  RevokeInput,
  RevokeKeyInput,
  SigningKey,
  SigningKeyInput,
  Verdict,
  VoteInput,
  VoteReceipt,
} from "./shapes.ts";

export interface Executed {
  readonly result: "OK";
  readonly apr_code: string;
  readonly auth_code: string;
  readonly replayed: boolean;
  readonly grant: Grant;
}

/** From a request to a used grant: requests, action types, grants and the keys that sign them. */
export class ApprovalCalls extends Calls {
  submitRequest(request: ApprovalRequestInput, options?: CallOptions): Promise<ApprovalRequest> {
    return this.change("/v1/approval-requests", request, options);
  }

  listRequests(
    query: QueryOf<"/v1/approval-requests"> = {},
    options?: CallOptions,
  ): Promise<PageOf<ApprovalRequestSummary>> {
    return this.get("/v1/approval-requests", query, options);
  }

  eachRequest(
    query?: QueryOf<"/v1/approval-requests">,
    options?: CallOptions,
  ): AsyncGenerator<ApprovalRequestSummary, void> {
    return this.every("/v1/approval-requests", query, options);
  }

  readRequest(aprCode: string, options?: CallOptions): Promise<ApprovalRequest> {
    return this.get(at("/v1/approval-requests/{}", aprCode), {}, options);
  }

  vote(aprCode: string, vote: VoteInput, options?: CallOptions): Promise<VoteReceipt> {
    return this.change(at("/v1/approval-requests/{}/votes", aprCode), vote, options);
  }

  withdraw(aprCode: string, options?: CallOptions): Promise<ApprovalRequest> {
    return this.change(at("/v1/approval-requests/{}/withdraw", aprCode), undefined, options);
  }

  /** Executes an approved request, signed with SYNC_SECRET, and signed anew whenever it has to be sent again. */
  execute(aprCode: string, aprDigest: string, syncSecret: string, options?: CallOptions): Promise<Executed> {
    const path = at("/v1/approval-requests/{}/execute", aprCode);
    const body = { apr_code: aprCode, apr_digest: aprDigest };
    const headers = (raw: string) => sign(syncSecret, raw);
    return this.send({ method: "POST", path, body, kind: "change", headers }, options);
  }

  listActionTypes(query: QueryOf<"/v1/action-types"> = {}, options?: CallOptions): Promise<PageOf<ActionType>> {
    return this.get("/v1/action-types", query, options);
  }

  eachActionType(query?: QueryOf<"/v1/action-types">, options?: CallOptions): AsyncGenerator<ActionType, void> {
    return this.every("/v1/action-types", query, options);
  }

  readActionType(code: string, options?: CallOptions): Promise<ActionType> {
    return this.get(at("/v1/action-types/{}", code), {}, options);
  }

  configureActionType(code: string, input: ActionTypeInput, options?: CallOptions): Promise<ActionType> {
    return this.change(at("/v1/action-types/{}", code), input, options, "PUT");
  }

  listGrants(query: QueryOf<"/v1/grants"> = {}, options?: CallOptions): Promise<PageOf<Grant>> {
    return this.get("/v1/grants", query, options);
  }

  eachGrant(query?: QueryOf<"/v1/grants">, options?: CallOptions): AsyncGenerator<Grant, void> {
    return this.every("/v1/grants", query, options);
  }

  readGrant(authCode: string, options?: CallOptions): Promise<Grant> {
    return this.get(at("/v1/grants/{}", authCode), {}, options);
  }

  /** Verifies the bindings, against a named grant if one is named. Changes nothing. */
  verify(bindings: BindingsInput, authCode?: string, options?: CallOptions): Promise<Verdict> {
    const path = authCode === undefined ? "/v1/grants/verify" : at("/v1/grants/{}/verify", authCode);
    return this.ask(path, bindings, options);
  }

  consume(authCode: string, input: ConsumeInput, options?: CallOptions): Promise<Receipt> {
    return this.change(at("/v1/grants/{}/consume", authCode), input, options);
  }

  /** Revokes a live grant; with `running`, ends the run of one that is used (OPEN-4). */
  revoke(
    authCode: string,
    input: RevokeInput & { readonly running?: "stop" | "compensate" },
    options?: CallOptions,
  ): Promise<Grant> {
    return this.change(at("/v1/grants/{}/revoke", authCode), input, options);
  }

  /** The exact bytes that a sovereign signs (ESIGN-1), as text. */
  signingPayload(authCode: string, options?: CallOptions): Promise<string> {
    return this.text(at("/v1/grants/{}/signing-payload", authCode), undefined, options);
  }

  esign(authCode: string, input: EsignInput, options?: CallOptions): Promise<Grant> {
    return this.change(at("/v1/grants/{}/esign", authCode), input, options);
  }

  listSigningKeys(query: QueryOf<"/v1/signing-keys"> = {}, options?: CallOptions): Promise<PageOf<SigningKey>> {
    return this.get("/v1/signing-keys", query, options);
  }

  eachSigningKey(query?: QueryOf<"/v1/signing-keys">, options?: CallOptions): AsyncGenerator<SigningKey, void> {
    return this.every("/v1/signing-keys", query, options);
  }

  readSigningKey(kid: string, options?: CallOptions): Promise<SigningKey> {
    return this.get(at("/v1/signing-keys/{}", kid), {}, options);
  }

  registerSigningKey(input: SigningKeyInput, options?: CallOptions): Promise<SigningKey> {
    return this.change("/v1/signing-keys", input, options);
  }

  confirmSigningKey(kid: string, options?: CallOptions): Promise<SigningKey> {
    return this.change(at("/v1/signing-keys/{}/confirm", kid), undefined, options);
  }

  revokeSigningKey(kid: string, input: RevokeKeyInput, options?: CallOptions): Promise<SigningKey> {
    return this.change(at("/v1/signing-keys/{}/revoke", kid), input, options);
  }
}
