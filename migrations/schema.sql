-- The schema as the migrations leave it, read from the catalog: what a migration really did shows here.
-- Generated; `npm run generate` writes it.

-- Tables and columns

api_tokens.token_id text not null
api_tokens.principal text not null
api_tokens.token_hmac bytea not null
api_tokens.pepper_id text not null
api_tokens.label text not null default ''::text
api_tokens.created_at timestamp with time zone not null default clock_timestamp()
api_tokens.created_by text not null
api_tokens.expires_at timestamp with time zone not null
api_tokens.last_used_at timestamp with time zone
api_tokens.revoked_at timestamp with time zone
api_tokens.revoked_by text
approval_requests.apr_code text not null
approval_requests.apr_digest text not null
approval_requests.content text not null
approval_requests.title text not null
approval_requests.proposed_action_code text not null
approval_requests.risk text not null
approval_requests.quorum integer not null
approval_requests.council_quorum integer not null
approval_requests.requested_by text not null
approval_requests.created_at timestamp with time zone not null default clock_timestamp()
approval_requests.decide_by timestamp with time zone not null
approval_requests.status text not null default 'open'::text
approval_requests.status_at timestamp with time zone not null default clock_timestamp()
approval_requests.result text
approval_requests.result_at timestamp with time zone
approval_requests.result_by text
approval_requests.auth_code text
apr_action_types.action_code text not null
apr_action_types.handler_ref text not null default 'unimplemented'::text
apr_action_types.risk_level text not null
apr_action_types.quorum integer not null
apr_action_types.council_quorum integer not null default 0
apr_action_types.status text not null default 'active'::text
apr_action_types.retired_at timestamp with time zone
apr_action_types._dot_origin text not null
apr_action_types.created_at timestamp with time zone not null default clock_timestamp()
apr_action_types.updated_at timestamp with time zone not null default clock_timestamp()
apr_approvals.apr_code text not null
apr_approvals.voter text not null
apr_approvals.decision text not null
apr_approvals.apr_digest text not null
apr_approvals.council boolean not null
apr_approvals.reason text not null
apr_approvals.voted_at timestamp with time zone not null default clock_timestamp()
audit_events.seq bigint not null identity
audit_events.occurred_at timestamp with time zone not null default clock_timestamp()
audit_events.transaction xid8 not null default pg_current_xact_id()
audit_events.actor text not null
audit_events.action text not null
audit_events.resource_type text not null
audit_events.resource_id text not null
audit_events.request_id text not null
audit_events.before jsonb
audit_events.after jsonb
audit_events.digests jsonb not null default '{}'::jsonb
dot_iu_runtime_lease.lease_name text not null
dot_iu_runtime_lease.lease_holder text not null
dot_iu_runtime_lease.lease_token_hash bytea not null
dot_iu_runtime_lease.fencing_token bigint not null
dot_iu_runtime_lease.auth_code text
dot_iu_runtime_lease.acquired_at timestamp with time zone not null
dot_iu_runtime_lease.renewed_at timestamp with time zone not null
dot_iu_runtime_lease.expires_at timestamp with time zone not null
dot_iu_runtime_lease.released_at timestamp with time zone
governance_build_authorization.auth_code text not null
governance_build_authorization.request_ref text not null
governance_build_authorization.mode text not null
governance_build_authorization.scope jsonb not null
governance_build_authorization.rollback_plan_ref text not null
governance_build_authorization.commit_allowed boolean not null
governance_build_authorization.requires_sovereign_esign boolean not null
governance_build_authorization.sovereign_esign_ref text
governance_build_authorization.approval_ref jsonb not null
governance_build_authorization.evidence jsonb not null
governance_build_authorization.status text not null
governance_build_authorization.granted_at timestamp with time zone not null
governance_build_authorization.granted_by text not null
governance_build_authorization.created_by text not null
governance_build_authorization.expires_at timestamp with time zone not null
governance_build_authorization.consumed_at timestamp with time zone
governance_build_authorization.consumed_by text
governance_build_authorization.idempotency_root text
governance_build_authorization.revoked_at timestamp with time zone
governance_build_authorization.revoked_by text
governance_build_authorization.revoked_reason text
governance_build_authorization.expired_at timestamp with time zone
grant_receipts.auth_code text not null
grant_receipts.consumed_at timestamp with time zone not null
grant_receipts.consumed_by text not null
grant_receipts.idempotency_root text not null
grant_receipts.lease_name text
grant_receipts.fencing_token bigint
idempotency_keys.principal text not null
idempotency_keys.method text not null
idempotency_keys.path text not null
idempotency_keys.key text not null
idempotency_keys.request_digest text not null
idempotency_keys.status integer not null
idempotency_keys.headers jsonb not null default '{}'::jsonb
idempotency_keys.body text not null
idempotency_keys.content_type text not null
idempotency_keys.created_at timestamp with time zone not null default clock_timestamp()
principals.principal text not null
principals.roles text[] not null
principals.status text not null default 'active'::text
principals.created_at timestamp with time zone not null default clock_timestamp()
schema_migration_checksums.name text not null
schema_migration_checksums.checksum text not null
schema_migrations.id integer not null default nextval('schema_migrations_id_seq'::regclass)
schema_migrations.name character varying(255) not null
schema_migrations.run_on timestamp without time zone not null
server_key_checks.key_id text not null
server_key_checks.check_hmac bytea not null
server_key_checks.first_seen timestamp with time zone not null default clock_timestamp()
sync_messages.message_id text not null
sync_messages.apr_code text not null
sync_messages.received_by text not null
sync_messages.received_at timestamp with time zone not null default clock_timestamp()

-- Constraints

api_tokens: api_tokens_pkey PRIMARY KEY (token_id)
api_tokens: api_tokens_principal_fkey FOREIGN KEY (principal) REFERENCES principals(principal)
api_tokens: token_expiry CHECK ((expires_at > created_at))
api_tokens: token_hmac_length CHECK ((octet_length(token_hmac) = 32))
api_tokens: token_id_form CHECK ((token_id ~ '^[0-9a-f]{16}$'::text))
api_tokens: token_revoked_pair CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
approval_requests: approval_requests_check CHECK (((council_quorum >= 0) AND (council_quorum <= quorum)))
approval_requests: approval_requests_pkey PRIMARY KEY (apr_code)
approval_requests: approval_requests_proposed_action_code_fkey FOREIGN KEY (proposed_action_code) REFERENCES apr_action_types(action_code)
approval_requests: approval_requests_quorum_check CHECK ((quorum >= 1))
approval_requests: approval_requests_requested_by_check CHECK ((requested_by <> ''::text))
approval_requests: apr_code_form CHECK ((apr_code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$'::text))
approval_requests: content_is_json CHECK ((jsonb_typeof((content)::jsonb) = 'object'::text))
approval_requests: decide_by_later CHECK ((decide_by > created_at))
approval_requests: digest_of_content CHECK ((apr_digest = ('sha256:'::text || encode(sha256(convert_to(content, 'UTF8'::name)), 'hex'::text))))
approval_requests: executed_ok CHECK ((((status = 'executed'::text) = (auth_code IS NOT NULL)) AND ((status <> 'executed'::text) OR (result IS NOT NULL))))
approval_requests: result_form CHECK (((result = 'OK'::text) OR (result ~ '^(SKIP|FAIL):[a-z0-9_]+$'::text)))
approval_requests: result_whole CHECK ((((result IS NULL) = (result_at IS NULL)) AND ((result IS NULL) = (result_by IS NULL))))
approval_requests: risk_known CHECK ((risk = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'sovereign'::text])))
approval_requests: status_known CHECK ((status = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text, 'expired'::text, 'executed'::text])))
apr_action_types: action_code_form CHECK ((action_code ~ '^[a-z][a-z0-9_]{0,79}$'::text))
apr_action_types: apr_action_types__dot_origin_check CHECK ((_dot_origin <> ''::text))
apr_action_types: apr_action_types_handler_ref_check CHECK ((handler_ref <> ''::text))
apr_action_types: apr_action_types_pkey PRIMARY KEY (action_code)
apr_action_types: council_within_quorum CHECK (((council_quorum >= 0) AND (council_quorum <= quorum)))
apr_action_types: quorum_range CHECK (((quorum >= 1) AND (quorum <= 50)))
apr_action_types: retired_pair CHECK (((status = 'retired'::text) = (retired_at IS NOT NULL)))
apr_action_types: risk_known CHECK ((risk_level = ANY (ARRAY['low'::text, 'medium'::text, 'high'::text, 'sovereign'::text])))
apr_action_types: status_known CHECK ((status = ANY (ARRAY['active'::text, 'retired'::text])))
apr_approvals: apr_approvals_apr_code_fkey FOREIGN KEY (apr_code) REFERENCES approval_requests(apr_code)
apr_approvals: apr_approvals_pkey PRIMARY KEY (apr_code, voter)
apr_approvals: apr_approvals_voter_check CHECK ((voter <> ''::text))
apr_approvals: decision_known CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text])))
apr_approvals: reason_given CHECK ((btrim(reason) <> ''::text))
audit_events: action_form CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text))
audit_events: audit_events_actor_check CHECK ((actor <> ''::text))
audit_events: audit_events_pkey PRIMARY KEY (seq)
audit_events: audit_events_resource_id_check CHECK ((resource_id <> ''::text))
audit_events: audit_events_resource_type_check CHECK ((resource_type <> ''::text))
dot_iu_runtime_lease: dot_iu_runtime_lease_auth_code_fkey FOREIGN KEY (auth_code) REFERENCES governance_build_authorization(auth_code)
dot_iu_runtime_lease: dot_iu_runtime_lease_fencing_token_check CHECK ((fencing_token >= 1))
dot_iu_runtime_lease: dot_iu_runtime_lease_lease_holder_check CHECK ((lease_holder <> ''::text))
dot_iu_runtime_lease: dot_iu_runtime_lease_lease_token_hash_check CHECK ((octet_length(lease_token_hash) = 32))
dot_iu_runtime_lease: dot_iu_runtime_lease_pkey PRIMARY KEY (lease_name)
dot_iu_runtime_lease: lease_expiry CHECK ((expires_at > acquired_at))
dot_iu_runtime_lease: lease_name_form CHECK ((lease_name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'::text))
governance_build_authorization: auth_code_form CHECK (((auth_code = ((('GBA-'::text || (scope ->> 'carrier'::text)) || '-'::text) || request_ref)) AND ((scope ->> 'carrier'::text) ~ '^[A-Za-z0-9_]{1,40}$'::text)))
governance_build_authorization: chk_consumed_in_time CHECK (((consumed_at IS NULL) OR ((consumed_at >= granted_at) AND (consumed_at < expires_at))))
governance_build_authorization: chk_consumed_pair CHECK ((((status = 'consumed'::text) = (consumed_at IS NOT NULL)) AND ((consumed_at IS NULL) = (consumed_by IS NULL)) AND ((consumed_at IS NULL) = (idempotency_root IS NULL))))
governance_build_authorization: chk_expired CHECK ((((status = 'expired'::text) = (expired_at IS NOT NULL)) AND ((expired_at IS NULL) OR (expired_at >= expires_at))))
governance_build_authorization: chk_expiry CHECK ((expires_at > granted_at))
governance_build_authorization: chk_revoked_pair CHECK ((((status = 'revoked'::text) = (revoked_at IS NOT NULL)) AND ((revoked_at IS NULL) = (revoked_by IS NULL)) AND ((revoked_at IS NULL) = (revoked_reason IS NULL))))
governance_build_authorization: commit_constants CHECK (((mode <> 'commit'::text) OR (commit_allowed AND requires_sovereign_esign)))
governance_build_authorization: commit_needs_esign CHECK (((mode <> 'commit'::text) OR (status <> ALL (ARRAY['active'::text, 'consumed'::text])) OR (sovereign_esign_ref IS NOT NULL)))
governance_build_authorization: consumed_has_receipt TRIGGER DEFERRABLE INITIALLY DEFERRED
governance_build_authorization: dry_run_constants CHECK (((mode <> 'dry-run'::text) OR ((NOT commit_allowed) AND (NOT requires_sovereign_esign) AND (sovereign_esign_ref IS NULL))))
governance_build_authorization: governance_build_authorization_approval_ref_check CHECK ((jsonb_typeof(approval_ref) = 'object'::text))
governance_build_authorization: governance_build_authorization_consumed_by_check CHECK ((consumed_by <> ''::text))
governance_build_authorization: governance_build_authorization_created_by_check CHECK ((created_by <> ''::text))
governance_build_authorization: governance_build_authorization_evidence_check CHECK ((jsonb_typeof(evidence) = 'object'::text))
governance_build_authorization: governance_build_authorization_granted_by_check CHECK ((granted_by <> ''::text))
governance_build_authorization: governance_build_authorization_idempotency_root_check CHECK ((idempotency_root <> ''::text))
governance_build_authorization: governance_build_authorization_pkey PRIMARY KEY (auth_code)
governance_build_authorization: governance_build_authorization_request_ref_fkey FOREIGN KEY (request_ref) REFERENCES approval_requests(apr_code)
governance_build_authorization: governance_build_authorization_revoked_by_check CHECK ((revoked_by <> ''::text))
governance_build_authorization: governance_build_authorization_revoked_reason_check CHECK ((btrim(revoked_reason) <> ''::text))
governance_build_authorization: governance_build_authorization_rollback_plan_ref_check CHECK ((rollback_plan_ref <> ''::text))
governance_build_authorization: governance_build_authorization_sovereign_esign_ref_check CHECK ((sovereign_esign_ref <> ''::text))
governance_build_authorization: mode_known CHECK ((mode = ANY (ARRAY['dry-run'::text, 'commit'::text])))
governance_build_authorization: one_grant_per_request UNIQUE (request_ref)
governance_build_authorization: scope_whole CHECK (((jsonb_typeof(scope) = 'object'::text) AND (scope ?& ARRAY['carrier'::text, 'namespace'::text, 'axis'::text, 'target'::text, 'environment'::text, 'plan_id'::text, 'plan_revision'::text, 'manifest_digest'::text, 'schema_digest'::text, 'executor'::text, 'action_set'::text]) AND (jsonb_typeof((scope -> 'action_set'::text)) = 'array'::text) AND (jsonb_array_length((scope -> 'action_set'::text)) > 0)))
governance_build_authorization: status_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'consumed'::text, 'revoked'::text, 'expired'::text])))
grant_receipts: grant_receipts_auth_code_fkey FOREIGN KEY (auth_code) REFERENCES governance_build_authorization(auth_code)
grant_receipts: grant_receipts_idempotency_root_check CHECK (((length(idempotency_root) >= 1) AND (length(idempotency_root) <= 200)))
grant_receipts: grant_receipts_pkey PRIMARY KEY (auth_code)
grant_receipts: receipt_lease_pair CHECK (((lease_name IS NULL) = (fencing_token IS NULL)))
grant_receipts: receipt_matches TRIGGER DEFERRABLE INITIALLY DEFERRED
idempotency_keys: idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
idempotency_keys: idempotency_keys_pkey PRIMARY KEY (principal, method, path, key)
idempotency_keys: idempotency_keys_status_check CHECK ((((status >= 200) AND (status <= 499)) AND (status <> 429)))
principals: principal_form CHECK ((principal ~ '^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$'::text))
principals: principals_pkey PRIMARY KEY (principal)
principals: roles_known CHECK ((roles <@ ARRAY['requester'::text, 'approver'::text, 'council'::text, 'sovereign'::text, 'dispatcher'::text, 'executor'::text, 'operator'::text, 'auditor'::text, 'admin'::text]))
principals: status_known CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
schema_migration_checksums: schema_migration_checksums_checksum_check CHECK ((checksum ~ '^[0-9a-f]{64}$'::text))
schema_migration_checksums: schema_migration_checksums_pkey PRIMARY KEY (name)
schema_migrations: schema_migrations_pkey PRIMARY KEY (id)
server_key_checks: server_key_checks_check_hmac_check CHECK ((octet_length(check_hmac) = 32))
server_key_checks: server_key_checks_pkey PRIMARY KEY (key_id)
sync_messages: sync_messages_message_id_check CHECK (((length(message_id) >= 1) AND (length(message_id) <= 255)))
sync_messages: sync_messages_pkey PRIMARY KEY (message_id)

-- Indexes

CREATE INDEX api_tokens_by_principal ON public.api_tokens USING btree (principal)
CREATE UNIQUE INDEX api_tokens_pkey ON public.api_tokens USING btree (token_id)
CREATE INDEX approval_requests_by_requester ON public.approval_requests USING btree (requested_by, created_at DESC, apr_code DESC)
CREATE INDEX approval_requests_newest ON public.approval_requests USING btree (created_at DESC, apr_code DESC)
CREATE UNIQUE INDEX approval_requests_pkey ON public.approval_requests USING btree (apr_code)
CREATE INDEX approval_requests_undecided ON public.approval_requests USING btree (decide_by) WHERE (status = ANY (ARRAY['open'::text, 'approved'::text]))
CREATE UNIQUE INDEX apr_action_types_pkey ON public.apr_action_types USING btree (action_code)
CREATE INDEX apr_approvals_by_voter ON public.apr_approvals USING btree (voter, voted_at DESC)
CREATE UNIQUE INDEX apr_approvals_pkey ON public.apr_approvals USING btree (apr_code, voter)
CREATE INDEX audit_events_by_action ON public.audit_events USING btree (action, seq DESC)
CREATE INDEX audit_events_by_actor ON public.audit_events USING btree (actor, seq DESC)
CREATE INDEX audit_events_by_resource ON public.audit_events USING btree (resource_type, resource_id, seq DESC)
CREATE UNIQUE INDEX audit_events_pkey ON public.audit_events USING btree (seq)
CREATE UNIQUE INDEX dot_iu_runtime_lease_pkey ON public.dot_iu_runtime_lease USING btree (lease_name)
CREATE UNIQUE INDEX governance_build_authorization_pkey ON public.governance_build_authorization USING btree (auth_code)
CREATE INDEX grants_by_manifest ON public.governance_build_authorization USING btree (((scope ->> 'carrier'::text)), ((scope ->> 'plan_id'::text)), ((scope ->> 'manifest_digest'::text)), granted_at DESC)
CREATE INDEX grants_live_by_expiry ON public.governance_build_authorization USING btree (expires_at) WHERE (status = ANY (ARRAY['draft'::text, 'active'::text]))
CREATE INDEX grants_live_by_plan ON public.governance_build_authorization USING btree (((scope ->> 'carrier'::text)), ((scope ->> 'plan_id'::text))) WHERE (status = ANY (ARRAY['draft'::text, 'active'::text]))
CREATE INDEX grants_newest ON public.governance_build_authorization USING btree (granted_at DESC, auth_code DESC)
CREATE UNIQUE INDEX one_grant_per_request ON public.governance_build_authorization USING btree (request_ref)
CREATE UNIQUE INDEX one_live_commit_grant ON public.governance_build_authorization USING btree (((scope ->> 'target'::text)), ((scope ->> 'environment'::text))) WHERE ((mode = 'commit'::text) AND (status = ANY (ARRAY['draft'::text, 'active'::text])))
CREATE UNIQUE INDEX one_live_dry_run_grant ON public.governance_build_authorization USING btree (((scope ->> 'target'::text))) WHERE ((mode = 'dry-run'::text) AND (status = ANY (ARRAY['draft'::text, 'active'::text])))
CREATE UNIQUE INDEX grant_receipts_pkey ON public.grant_receipts USING btree (auth_code)
CREATE UNIQUE INDEX idempotency_keys_pkey ON public.idempotency_keys USING btree (principal, method, path, key)
CREATE UNIQUE INDEX principals_pkey ON public.principals USING btree (principal)
CREATE UNIQUE INDEX schema_migration_checksums_pkey ON public.schema_migration_checksums USING btree (name)
CREATE UNIQUE INDEX schema_migrations_pkey ON public.schema_migrations USING btree (id)
CREATE UNIQUE INDEX server_key_checks_pkey ON public.server_key_checks USING btree (key_id)
CREATE UNIQUE INDEX sync_messages_pkey ON public.sync_messages USING btree (message_id)

-- Functions

CREATE OR REPLACE FUNCTION public.guard_action_type()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF OLD.status = 'retired' THEN
    RAISE EXCEPTION 'a retired action type stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retired_is_final';
  END IF;
  IF (NEW.action_code, NEW._dot_origin, NEW.created_at) IS DISTINCT FROM (OLD.action_code, OLD._dot_origin, OLD.created_at) THEN
    RAISE EXCEPTION 'code and origin never change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'action_type_immutable';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_api_token()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.token_id, NEW.principal, NEW.token_hmac, NEW.pepper_id, NEW.label, NEW.created_at, NEW.created_by, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.token_id, OLD.principal, OLD.token_hmac, OLD.pepper_id, OLD.label, OLD.created_at, OLD.created_by, OLD.expires_at) THEN
    RAISE EXCEPTION 'a token never changes after it is made' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'token_immutable';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by) THEN
    RAISE EXCEPTION 'a revocation is final' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'token_revocation_final';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_approval_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  approvals int; council_approvals int; rejections int;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' OR NEW.result IS NOT NULL THEN
      RAISE EXCEPTION 'a request starts open and without a result' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_starts_open';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.apr_code, NEW.apr_digest, NEW.content, NEW.title, NEW.proposed_action_code, NEW.risk, NEW.quorum, NEW.council_quorum,
      NEW.requested_by, NEW.created_at, NEW.decide_by)
     IS DISTINCT FROM
     (OLD.apr_code, OLD.apr_digest, OLD.content, OLD.title, OLD.proposed_action_code, OLD.risk, OLD.quorum, OLD.council_quorum,
      OLD.requested_by, OLD.created_at, OLD.decide_by) THEN
    RAISE EXCEPTION 'what was requested never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_immutable';
  END IF;
  IF OLD.status IN ('rejected', 'withdrawn', 'expired', 'executed') AND NEW.status <> OLD.status
     OR OLD.status = 'open' AND NEW.status NOT IN ('open', 'approved', 'rejected', 'withdrawn', 'expired')
     OR OLD.status = 'approved' AND NEW.status NOT IN ('approved', 'rejected', 'withdrawn', 'expired', 'executed') THEN
    RAISE EXCEPTION 'a request that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'request_transition';
  END IF;
  IF NEW.status <> OLD.status AND NEW.status IN ('approved', 'executed', 'rejected') THEN
    SELECT count(*) FILTER (WHERE decision = 'approve'), count(*) FILTER (WHERE decision = 'approve' AND council),
           count(*) FILTER (WHERE decision = 'reject')
      INTO approvals, council_approvals, rejections FROM apr_approvals WHERE apr_code = NEW.apr_code;
    IF NEW.status IN ('approved', 'executed')
       AND (approvals < NEW.quorum OR council_approvals < NEW.council_quorum OR rejections > 0) THEN
      RAISE EXCEPTION 'the votes on record do not make a quorum' USING ERRCODE = 'check_violation', CONSTRAINT = 'quorum_on_record';
    END IF;
    IF NEW.status = 'rejected' AND rejections = 0 THEN
      RAISE EXCEPTION 'no vote on record rejects the request' USING ERRCODE = 'check_violation', CONSTRAINT = 'rejection_on_record';
    END IF;
    IF NEW.status IN ('approved', 'executed') AND clock_timestamp() >= NEW.decide_by THEN
      RAISE EXCEPTION 'the time to decide has passed' USING ERRCODE = 'check_violation', CONSTRAINT = 'decided_in_time';
    END IF;
  END IF;
  IF NEW.status = 'expired' AND OLD.status <> 'expired' AND clock_timestamp() < NEW.decide_by THEN
    RAISE EXCEPTION 'the time to decide has not passed' USING ERRCODE = 'check_violation', CONSTRAINT = 'expired_after_time';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_apr_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE r approval_requests;
BEGIN
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.apr_code FOR UPDATE;
  IF NEW.apr_digest IS DISTINCT FROM r.apr_digest THEN
    RAISE EXCEPTION 'the vote is on other content' USING ERRCODE = 'check_violation', CONSTRAINT = 'vote_digest_stale';
  END IF;
  IF NEW.voter = r.requested_by OR NEW.voter = r.content::jsonb #>> '{proposed_action,executor}' THEN
    RAISE EXCEPTION 'neither the requester nor the executor votes' USING ERRCODE = 'check_violation', CONSTRAINT = 'self_approval';
  END IF;
  IF r.status NOT IN ('open', 'approved') OR clock_timestamp() >= r.decide_by THEN
    RAISE EXCEPTION 'the request is no longer open' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_not_open';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_grant_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE r approval_requests;
BEGIN
  IF NEW.status <> (CASE NEW.mode WHEN 'commit' THEN 'draft' ELSE 'active' END) THEN
    RAISE EXCEPTION 'a % grant does not start as %', NEW.mode, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.request_ref;
  IF r.status IS DISTINCT FROM 'approved' THEN
    RAISE EXCEPTION 'the request % is not approved', NEW.request_ref USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_quorum';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_grant_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.auth_code, NEW.request_ref, NEW.mode, NEW.scope, NEW.rollback_plan_ref, NEW.commit_allowed, NEW.requires_sovereign_esign,
      NEW.approval_ref, NEW.evidence, NEW.granted_at, NEW.granted_by, NEW.created_by, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.auth_code, OLD.request_ref, OLD.mode, OLD.scope, OLD.rollback_plan_ref, OLD.commit_allowed, OLD.requires_sovereign_esign,
      OLD.approval_ref, OLD.evidence, OLD.granted_at, OLD.granted_by, OLD.created_by, OLD.expires_at) THEN
    RAISE EXCEPTION 'the bindings of a grant never change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_bindings';
  END IF;
  IF NOT (OLD.status = 'draft' AND NEW.status IN ('active', 'revoked', 'expired')
          OR OLD.status = 'active' AND NEW.status IN ('consumed', 'revoked', 'expired')) THEN
    RAISE EXCEPTION 'a grant that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  IF NEW.sovereign_esign_ref IS DISTINCT FROM OLD.sovereign_esign_ref AND NOT (OLD.status = 'draft' AND NEW.status = 'active') THEN
    RAISE EXCEPTION 'a signature comes with the activation of a draft' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_esign';
  END IF;
  IF NEW.status IN ('consumed', 'active') AND clock_timestamp() >= NEW.expires_at THEN
    RAISE EXCEPTION 'the grant has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_time';
  END IF;
  IF NEW.status = 'expired' AND clock_timestamp() < NEW.expires_at THEN
    RAISE EXCEPTION 'the grant has not expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_expired_after_time';
  END IF;
  IF NEW.status = 'consumed' THEN
    IF NEW.consumed_by <> NEW.scope ->> 'executor' THEN
      RAISE EXCEPTION 'only the executor named in the grant consumes it' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_executor';
    END IF;
    IF EXISTS (SELECT FROM apr_approvals WHERE apr_code = NEW.request_ref AND voter = NEW.consumed_by) THEN
      RAISE EXCEPTION 'a voter does not execute' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_executor_voted';
    END IF;
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_lease()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE acquires boolean := (NEW.lease_token_hash, NEW.lease_holder) IS DISTINCT FROM (OLD.lease_token_hash, OLD.lease_holder);
BEGIN
  IF NEW.lease_name <> OLD.lease_name OR NEW.fencing_token < OLD.fencing_token THEN
    RAISE EXCEPTION 'a fencing token never falls' USING ERRCODE = 'check_violation', CONSTRAINT = 'fence_rises';
  END IF;
  IF acquires <> (NEW.fencing_token = OLD.fencing_token + 1) OR NEW.fencing_token > OLD.fencing_token + 1 THEN
    RAISE EXCEPTION 'each acquisition raises the fencing token by one' USING ERRCODE = 'check_violation', CONSTRAINT = 'fence_rises';
  END IF;
  IF acquires AND OLD.released_at IS NULL AND clock_timestamp() < OLD.expires_at THEN
    RAISE EXCEPTION 'the lease is held' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_held';
  END IF;
  IF NOT acquires AND OLD.released_at IS NOT NULL THEN
    RAISE EXCEPTION 'a released lease stays released until it is acquired again' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_released';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.match_receipt()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (
    SELECT FROM governance_build_authorization g JOIN grant_receipts r USING (auth_code, consumed_at, consumed_by, idempotency_root)
     WHERE g.auth_code = NEW.auth_code AND g.status = 'consumed') THEN
    RAISE EXCEPTION 'grant % and its receipt do not agree', NEW.auth_code USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_matches';
  END IF;
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION '% on % is refused: rows of this table are never changed this way', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $function$
-- owner countersign_owner, executable by 

-- Triggers (O fires by origin, A always)

CREATE TRIGGER guard_api_token BEFORE UPDATE ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION guard_api_token() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_approval_request BEFORE INSERT OR UPDATE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION guard_approval_request() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.approval_requests FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_action_type BEFORE UPDATE ON public.apr_action_types FOR EACH ROW EXECUTE FUNCTION guard_action_type() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.apr_action_types FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.apr_action_types FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.apr_approvals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_apr_approval BEFORE INSERT ON public.apr_approvals FOR EACH ROW EXECUTE FUNCTION guard_apr_approval() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.apr_approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_lease BEFORE UPDATE ON public.dot_iu_runtime_lease FOR EACH ROW EXECUTE FUNCTION guard_lease() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.dot_iu_runtime_lease FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.dot_iu_runtime_lease FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE CONSTRAINT TRIGGER consumed_has_receipt AFTER UPDATE ON public.governance_build_authorization DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.status = 'consumed'::text)) EXECUTE FUNCTION match_receipt() [A]
CREATE TRIGGER guard_grant_insert BEFORE INSERT ON public.governance_build_authorization FOR EACH ROW EXECUTE FUNCTION guard_grant_insert() [A]
CREATE TRIGGER guard_grant_update BEFORE UPDATE ON public.governance_build_authorization FOR EACH ROW EXECUTE FUNCTION guard_grant_update() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.governance_build_authorization FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.governance_build_authorization FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.grant_receipts FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.grant_receipts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE CONSTRAINT TRIGGER receipt_matches AFTER INSERT ON public.grant_receipts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION match_receipt() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.idempotency_keys FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.principals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.principals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.server_key_checks FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.server_key_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.sync_messages FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.sync_messages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]

-- Privileges on tables

api_tokens: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
approval_requests: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
apr_action_types: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
apr_approvals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_events: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_events_seq_seq: 
dot_iu_runtime_lease: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
governance_build_authorization: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
grant_receipts: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
idempotency_keys: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
principals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migration_checksums: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migrations: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migrations_id_seq: 
server_key_checks: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
sync_messages: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner

-- Privileges on columns

api_tokens.last_used_at: countersign_app=w/countersign_owner
api_tokens.revoked_at: countersign_app=w/countersign_owner
api_tokens.revoked_by: countersign_app=w/countersign_owner
approval_requests.status: countersign_app=w/countersign_owner
approval_requests.status_at: countersign_app=w/countersign_owner
approval_requests.result: countersign_app=w/countersign_owner
approval_requests.result_at: countersign_app=w/countersign_owner
approval_requests.result_by: countersign_app=w/countersign_owner
approval_requests.auth_code: countersign_app=w/countersign_owner
apr_action_types.handler_ref: countersign_app=w/countersign_owner
apr_action_types.risk_level: countersign_app=w/countersign_owner
apr_action_types.quorum: countersign_app=w/countersign_owner
apr_action_types.council_quorum: countersign_app=w/countersign_owner
apr_action_types.status: countersign_app=w/countersign_owner
apr_action_types.retired_at: countersign_app=w/countersign_owner
apr_action_types.updated_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.lease_holder: countersign_app=w/countersign_owner
dot_iu_runtime_lease.lease_token_hash: countersign_app=w/countersign_owner
dot_iu_runtime_lease.fencing_token: countersign_app=w/countersign_owner
dot_iu_runtime_lease.auth_code: countersign_app=w/countersign_owner
dot_iu_runtime_lease.acquired_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.renewed_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.expires_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.released_at: countersign_app=w/countersign_owner
governance_build_authorization.sovereign_esign_ref: countersign_app=w/countersign_owner
governance_build_authorization.status: countersign_app=w/countersign_owner
governance_build_authorization.consumed_at: countersign_app=w/countersign_owner
governance_build_authorization.consumed_by: countersign_app=w/countersign_owner
governance_build_authorization.idempotency_root: countersign_app=w/countersign_owner
governance_build_authorization.revoked_at: countersign_app=w/countersign_owner
governance_build_authorization.revoked_by: countersign_app=w/countersign_owner
governance_build_authorization.revoked_reason: countersign_app=w/countersign_owner
governance_build_authorization.expired_at: countersign_app=w/countersign_owner
principals.roles: countersign_app=w/countersign_owner
principals.status: countersign_app=w/countersign_owner

-- Action types that every database starts with

assign_axis_owner: unimplemented, high, quorum 2 (council 0), active
assign_governance_owner: unimplemented, high, quorum 2 (council 0), active
authorize_build_step: dot-apr-execute:authorize_build_step, high, quorum 2 (council 0), active
delegate_authority: unimplemented, high, quorum 2 (council 0), active
grant_governance_exception: unimplemented, high, quorum 2 (council 0), active
