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
approval_request_terms.request_ref text not null
approval_request_terms.submitted_at timestamp with time zone not null
approval_request_terms.risk_level text not null
approval_request_terms.plan_id text
approval_request_terms.target text
approval_request_terms.environment text
approval_request_terms.words tsvector not null
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
audit_bundles.index bigint not null
audit_bundles.first_seq bigint not null
audit_bundles.seqs bigint[] not null
audit_checkpoints.size bigint not null
audit_checkpoints.generation integer not null default 1
audit_checkpoints.root bytea not null
audit_checkpoints.note text not null
audit_checkpoints.signed_at timestamp with time zone not null default clock_timestamp()
audit_events.transaction xid8 not null default pg_current_xact_id()
audit_events.seq bigint not null default nextval('audit_events_seq'::regclass)
audit_events.occurred_at timestamp with time zone not null default clock_timestamp()
audit_events.actor text not null
audit_events.action text not null
audit_events.resource_type text not null
audit_events.resource_id text not null
audit_events.request_id text not null
audit_events.before jsonb
audit_events.after jsonb
audit_events.digests jsonb not null default '{}'::jsonb
audit_events_YYYY_MM.transaction xid8 not null default pg_current_xact_id()
audit_events_YYYY_MM.seq bigint not null default nextval('audit_events_seq'::regclass)
audit_events_YYYY_MM.occurred_at timestamp with time zone not null default clock_timestamp()
audit_events_YYYY_MM.actor text not null
audit_events_YYYY_MM.action text not null
audit_events_YYYY_MM.resource_type text not null
audit_events_YYYY_MM.resource_id text not null
audit_events_YYYY_MM.request_id text not null
audit_events_YYYY_MM.before jsonb
audit_events_YYYY_MM.after jsonb
audit_events_YYYY_MM.digests jsonb not null default '{}'::jsonb
audit_events_before_log.seq bigint not null default nextval('audit_events_seq'::regclass)
audit_events_before_log.occurred_at timestamp with time zone not null default clock_timestamp()
audit_events_before_log.transaction xid8 not null default pg_current_xact_id()
audit_events_before_log.actor text not null
audit_events_before_log.action text not null
audit_events_before_log.resource_type text not null
audit_events_before_log.resource_id text not null
audit_events_before_log.request_id text not null
audit_events_before_log.before jsonb
audit_events_before_log.after jsonb
audit_events_before_log.digests jsonb not null default '{}'::jsonb
audit_generations.generation integer not null
audit_generations.origin text not null
audit_generations.old_origin text not null
audit_generations.size bigint not null
audit_generations.root bytea not null
audit_generations.note text not null
audit_generations.seen jsonb not null
audit_generations.began_at timestamp with time zone not null default clock_timestamp()
audit_generations.began_by text not null
audit_log.one boolean not null default true
audit_log.origin text not null
audit_log.generation integer not null default 1
audit_log.size bigint not null default 0
audit_log.root bytea not null
audit_log.sealed_seq bigint not null default 0
audit_log.horizon_seq bigint not null default 0
audit_log.horizon_xid xid8 not null default '0'::xid8
audit_log_keys.number integer not null identity
audit_log_keys.vkey text not null
audit_log_keys.added_at timestamp with time zone not null default clock_timestamp()
audit_log_links.seq bigint not null
audit_log_links.event jsonb not null
audit_retained.partition text not null
audit_retained.month text not null
audit_retained.leaves bigint not null
audit_retained.first_leaf bigint
audit_retained.last_leaf bigint
audit_retained.first_seq bigint
audit_retained.last_seq bigint
audit_retained.file text not null
audit_retained.sha256 text not null
audit_retained.checkpoint_size bigint not null
audit_retained.until timestamp with time zone not null
audit_retained.retained_at timestamp with time zone not null default clock_timestamp()
audit_retained.retained_by text not null
audit_tiles.level smallint not null
audit_tiles.index bigint not null
audit_tiles.hashes bytea not null
c1_build_run.idempotency_root text not null
c1_build_run.build text not null
c1_build_run.rolls_back text
c1_build_run.mode text not null
c1_build_run.auth_code text not null
c1_build_run.executor text not null
c1_build_run.environment text not null
c1_build_run.database text not null
c1_build_run.bindings jsonb not null
c1_build_run.input_digest text not null
c1_build_run.rehearsal_ref text
c1_build_run.status text not null default 'running'::text
c1_build_run.state text not null
c1_build_run.last_ok_state text
c1_build_run.stop_state text
c1_build_run.undo_plan jsonb
c1_build_run.error jsonb
c1_build_run.outcome jsonb
c1_build_run.reserved boolean not null default false
c1_build_run.lease_name text
c1_build_run.fencing_token bigint
c1_build_run.worker text
c1_build_run.claim_no bigint not null default 0
c1_build_run.claimed_until timestamp with time zone not null
c1_build_run.event_seq bigint not null default 0
c1_build_run.stop_running text
c1_build_run.stop_by text
c1_build_run.stop_at timestamp with time zone
c1_build_run.stop_reason text
c1_build_run.request_id text not null
c1_build_run.created_at timestamp with time zone not null default clock_timestamp()
c1_build_run.work_by timestamp with time zone not null
c1_build_run.finished_at timestamp with time zone
c1_build_run.grant_code text default 
CASE
    WHEN (auth_code ~~ 'GBA-%'::text) THEN auth_code
    ELSE NULL::text
END
c1_build_run.approval_code text default 
CASE
    WHEN (auth_code ~~ 'M1-%'::text) THEN auth_code
    ELSE NULL::text
END
c1_build_run_event.idempotency_root text not null
c1_build_run_event.seq bigint not null
c1_build_run_event.occurred_at timestamp with time zone not null default clock_timestamp()
c1_build_run_event.event text not null
c1_build_run_event.state text
c1_build_run_event.attempt integer
c1_build_run_event.detail jsonb not null default '{}'::jsonb
c1_build_run_input.idempotency_root text not null
c1_build_run_input.content text not null
c1_build_run_state.idempotency_root text not null
c1_build_run_state.direction text not null
c1_build_run_state.state text not null
c1_build_run_state.attempt integer not null
c1_build_run_state.status text not null
c1_build_run_state.compensation text
c1_build_run_state.started_at timestamp with time zone not null default clock_timestamp()
c1_build_run_state.finished_at timestamp with time zone
c1_build_run_state.error jsonb
c1_build_run_state.detail jsonb
control_incarnations.incarnation bigint not null
control_incarnations.system_identifier text not null
control_incarnations.timeline bigint not null
control_incarnations.origin text not null
control_incarnations.hold_id uuid
control_incarnations.noticed_at timestamp with time zone not null default clock_timestamp()
control_incarnations.noticed_by text not null
control_incarnations.recovered_at timestamp with time zone
control_incarnations.recovered_by text
control_incarnations.report jsonb
council_records.record_code text not null
council_records.kind text not null
council_records.plan_id text not null
council_records.revision text not null
council_records.plan_digest text not null
council_records.step integer not null
council_records.decision text not null
council_records.document_digest text
council_records.recorded_by text not null
council_records.recorded_at timestamp with time zone not null default clock_timestamp()
council_records.revoked_at timestamp with time zone
council_records.revoked_by text
council_records.revoked_reason text
detector_positions.database text not null
detector_positions.file text not null
detector_positions.position bigint not null
detector_positions.read_at timestamp with time zone not null default clock_timestamp()
dot_iu_runtime_lease.lease_name text not null
dot_iu_runtime_lease.lease_holder text not null
dot_iu_runtime_lease.lease_token_hash bytea not null
dot_iu_runtime_lease.fencing_token bigint not null
dot_iu_runtime_lease.auth_code text
dot_iu_runtime_lease.acquired_at timestamp with time zone not null
dot_iu_runtime_lease.renewed_at timestamp with time zone not null
dot_iu_runtime_lease.expires_at timestamp with time zone not null
dot_iu_runtime_lease.released_at timestamp with time zone
dot_iu_runtime_lease.grant_code text default 
CASE
    WHEN (auth_code ~~ 'GBA-%'::text) THEN auth_code
    ELSE NULL::text
END
dot_iu_runtime_lease.approval_code text default 
CASE
    WHEN (auth_code ~~ 'M1-%'::text) THEN auth_code
    ELSE NULL::text
END
gateway_baselines.baseline_id bigint not null identity
gateway_baselines.database text not null
gateway_baselines.gateway_digest text not null
gateway_baselines.content text not null
gateway_baselines.reason text not null
gateway_baselines.taken_by text not null
gateway_baselines.taken_at timestamp with time zone not null default clock_timestamp()
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
grant_signatures.auth_code text not null
grant_signatures.esign_ref text not null
grant_signatures.signer text not null
grant_signatures.kid text not null
grant_signatures.alg text not null
grant_signatures.jwk jsonb not null
grant_signatures.key_valid_from timestamp with time zone not null
grant_signatures.key_valid_until timestamp with time zone not null
grant_signatures.confirmed_by text not null
grant_signatures.confirmed_at timestamp with time zone not null
grant_signatures.payload text not null
grant_signatures.jws text
grant_signatures.signed_at timestamp with time zone not null
grant_signatures.authenticator_data bytea
grant_signatures.client_data_json bytea
grant_signatures.assertion_signature bytea
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
lifecycle_incidents.incident_id bigint not null identity
lifecycle_incidents.database text not null
lifecycle_incidents.kind text not null
lifecycle_incidents.subject text not null
lifecycle_incidents.sighting text not null
lifecycle_incidents.detail jsonb not null
lifecycle_incidents.status text not null default 'open'::text
lifecycle_incidents.opened_at timestamp with time zone not null default clock_timestamp()
lifecycle_incidents.resolved_at timestamp with time zone
lifecycle_incidents.resolved_by text
lifecycle_incidents.resolved_reason text
lifecycle_log_marks.database text not null
lifecycle_log_marks.log_id bigint not null
lifecycle_log_marks.after_log_id bigint not null
lifecycle_log_marks.digest text not null
lifecycle_log_marks.lines bigint not null
lifecycle_log_marks.marked_at timestamp with time zone not null default clock_timestamp()
os_proposal_approvals.approval_code text not null
os_proposal_approvals.plan_id text not null
os_proposal_approvals.revision text not null
os_proposal_approvals.plan_digest text not null
os_proposal_approvals.step integer not null
os_proposal_approvals.act text not null
os_proposal_approvals.rehearsal_ref text
os_proposal_approvals.signed boolean not null
os_proposal_approvals.status text not null
os_proposal_approvals.executor text
os_proposal_approvals.reason text not null
os_proposal_approvals.granted_by text not null
os_proposal_approvals.granted_at timestamp with time zone not null default clock_timestamp()
os_proposal_approvals.expires_at timestamp with time zone not null
os_proposal_approvals.consumed_at timestamp with time zone
os_proposal_approvals.consumed_by text
os_proposal_approvals.idempotency_root text
os_proposal_approvals.revoked_at timestamp with time zone
os_proposal_approvals.revoked_by text
os_proposal_approvals.revoked_reason text
os_proposal_approvals.expired_at timestamp with time zone
plan_ledger.plan_id text not null
plan_ledger.seq bigint not null
plan_ledger.revision text not null
plan_ledger.plan_digest text not null
plan_ledger.step integer not null
plan_ledger.step_digest text not null
plan_ledger.act text not null
plan_ledger.outcome text not null
plan_ledger.idempotency_root text not null
plan_ledger.approval_code text
plan_ledger.rehearsal_ref text
plan_ledger.entry_fingerprint text
plan_ledger.exit_fingerprint text
plan_ledger.delta jsonb
plan_ledger.evidence jsonb
plan_ledger.backups jsonb
plan_ledger.documents jsonb
plan_ledger.error jsonb
plan_ledger.recorded_by text not null
plan_ledger.recorded_at timestamp with time zone not null default clock_timestamp()
plan_revisions.plan_id text not null
plan_revisions.revision text not null
plan_revisions.plan_digest text not null
plan_revisions.content text not null
plan_revisions.source text not null
plan_revisions.target text not null default ((content)::jsonb ->> 'target'::text)
plan_revisions.registered_by text not null
plan_revisions.registered_at timestamp with time zone not null default clock_timestamp()
plan_step_runs.idempotency_root text not null
plan_step_runs.plan_id text not null
plan_step_runs.revision text not null
plan_step_runs.step integer not null
plan_step_runs.act text not null
plan_step_runs.step_digest text not null
plan_step_runs.approval_code text
plans.plan_id text not null
plans.target text not null
plans.created_at timestamp with time zone not null default clock_timestamp()
principals.principal text not null
principals.roles text[] not null
principals.status text not null default 'active'::text
principals.created_at timestamp with time zone not null default clock_timestamp()
principals.issuer text
proposal_signatures.approval_code text not null
proposal_signatures.signer text not null
proposal_signatures.kid text not null
proposal_signatures.alg text not null
proposal_signatures.jwk jsonb not null
proposal_signatures.payload text not null
proposal_signatures.jws text
proposal_signatures.signed_at timestamp with time zone not null default clock_timestamp()
proposal_signatures.authenticator_data bytea
proposal_signatures.client_data_json bytea
proposal_signatures.assertion_signature bytea
registration_holds.id uuid not null default gen_random_uuid()
registration_holds.environment text
registration_holds.reason text not null
registration_holds.placed_by text not null
registration_holds.placed_at timestamp with time zone not null
registration_holds.lifted_by text
registration_holds.lifted_at timestamp with time zone
registration_holds.lifted_reason text
rehearsals.rehearsal_ref text not null
rehearsals.content text not null
rehearsals.idempotency_root text not null default ((content)::jsonb ->> 'idempotency_root'::text)
rehearsals.auth_code text not null default ((content)::jsonb ->> 'auth_code'::text)
rehearsals.build text not null default ((content)::jsonb ->> 'build'::text)
rehearsals.database text not null default ((content)::jsonb ->> 'database'::text)
rehearsals.plan_id text not null default ((content)::jsonb #>> '{bindings,plan_id}'::text[])
rehearsals.plan_revision text not null default ((content)::jsonb #>> '{bindings,plan_revision}'::text[])
rehearsals.manifest_digest text not null default ((content)::jsonb #>> '{bindings,manifest_digest}'::text[])
rehearsals.schema_digest text not null default ((content)::jsonb #>> '{bindings,schema_digest}'::text[])
rehearsals.rollback_plan_ref text not null default ((content)::jsonb #>> '{bindings,rollback_plan_ref}'::text[])
rehearsals.fingerprint text not null default ((content)::jsonb ->> 'entry_fingerprint'::text)
rehearsals.passed boolean not null default ((((content)::jsonb ->> 'passed'::text) = 'true'::text) AND (((content)::jsonb ->> 'entry_fingerprint'::text) = ((content)::jsonb ->> 'exit_fingerprint'::text)))
rehearsals.recorded_at timestamp with time zone not null default clock_timestamp()
review_decision_deliveries.decision_id uuid not null
review_decision_deliveries.carried_at timestamp with time zone not null default clock_timestamp()
review_decisions.decision_id uuid not null
review_decisions.database text not null
review_decisions.decision_kind text not null
review_decisions.decision text not null
review_decisions.subjects text[] not null
review_decisions.reason text not null
review_decisions.document_digest text
review_decisions.decided_by text not null
review_decisions.decided_at timestamp with time zone not null default date_trunc('milliseconds'::text, clock_timestamp())
schema_migration_checksums.name text not null
schema_migration_checksums.checksum text not null
schema_migrations.id integer not null default nextval('schema_migrations_id_seq'::regclass)
schema_migrations.name character varying(255) not null
schema_migrations.run_on timestamp without time zone not null
scopes.scope_id bigint not null identity
scopes.carrier text not null
scopes.namespace text not null
scopes.axis text not null
scopes.target text not null
scopes.environment text not null
scopes.database text not null
scopes.allowed_action_sets jsonb not null
scopes.lease_name text not null
scopes.rehearsal_required boolean not null
scopes.status text not null default 'active'::text
scopes.created_at timestamp with time zone not null default clock_timestamp()
scopes.created_by text not null
scopes.retired_at timestamp with time zone
scopes.retired_by text
server_key_checks.key_id text not null
server_key_checks.check_hmac bytea not null
server_key_checks.first_seen timestamp with time zone not null default clock_timestamp()
session_sign_ins.state_hash bytea not null
session_sign_ins.used_at timestamp with time zone not null default clock_timestamp()
session_sign_ins.expires_at timestamp with time zone not null
sessions.session_id uuid not null default gen_random_uuid()
sessions.secret_hash bytea not null
sessions.principal text not null
sessions.token_id text
sessions.issuer text
sessions.opened_at timestamp with time zone not null default clock_timestamp()
sessions.expires_at timestamp with time zone not null
sessions.idle_seconds integer not null
sessions.idle_expires_at timestamp with time zone not null
sessions.ended_at timestamp with time zone
sessions.end_reason text
signing_keys.kid text not null
signing_keys.principal text not null
signing_keys.alg text not null
signing_keys.jwk jsonb not null
signing_keys.thumbprint text not null default jwk_thumbprint(jwk)
signing_keys.proof text
signing_keys.status text not null default 'pending'::text
signing_keys.valid_from timestamp with time zone not null
signing_keys.valid_until timestamp with time zone not null
signing_keys.registered_at timestamp with time zone not null default clock_timestamp()
signing_keys.confirmed_at timestamp with time zone
signing_keys.confirmed_by text
signing_keys.revoked_at timestamp with time zone
signing_keys.revoked_by text
signing_keys.revoked_reason text
signing_keys.credential_id text
signing_keys.rp_id text
signing_keys.proof_authenticator_data bytea
signing_keys.proof_client_data_json bytea
signing_keys.proof_signature bytea
sync_messages.message_id text not null
sync_messages.apr_code text not null
sync_messages.received_by text not null
sync_messages.received_at timestamp with time zone not null default clock_timestamp()
webhook_deliveries.webhook_id uuid not null
webhook_deliveries.event_seq bigint not null
webhook_deliveries.occurred_at timestamp with time zone not null
webhook_deliveries.action text not null
webhook_deliveries.resource_type text not null
webhook_deliveries.resource_id text not null
webhook_deliveries.lane text not null
webhook_deliveries.status text not null default 'pending'::text
webhook_deliveries.attempts integer not null default 0
webhook_deliveries.replays integer not null default 0
webhook_deliveries.created_at timestamp with time zone not null default clock_timestamp()
webhook_deliveries.next_attempt_at timestamp with time zone not null default clock_timestamp()
webhook_deliveries.last_attempt_at timestamp with time zone
webhook_deliveries.ended_at timestamp with time zone
webhook_deliveries.answer_status smallint
webhook_deliveries.error text
webhook_deliveries.lease uuid
webhook_deliveries.lease_until timestamp with time zone
webhook_relay.one boolean not null default true
webhook_relay.final_seq bigint not null default 0
webhook_relay.horizon_seq bigint not null default 0
webhook_relay.horizon_xid xid8 not null default '0'::xid8
webhooks.id uuid not null default gen_random_uuid()
webhooks.url text not null
webhooks.events text[] not null
webhooks.description text
webhooks.secret bytea
webhooks.secret_key_id text
webhooks.secret_set_at timestamp with time zone not null default clock_timestamp()
webhooks.former bytea
webhooks.former_key_id text
webhooks.former_until timestamp with time zone
webhooks.cursor_seq bigint not null default 0
webhooks.created_at timestamp with time zone not null default clock_timestamp()
webhooks.created_by text not null
webhooks.disabled_at timestamp with time zone
webhooks.disabled_by text
webhooks.removed_at timestamp with time zone
webhooks.removed_by text
webhooks.silent integer not null default 0
webhooks.rests_until timestamp with time zone

-- Partitions

audit_events: RANGE (occurred_at)
audit_events_YYYY_MM: partition of audit_events
audit_events_before_log: partition of audit_events

-- Constraints

api_tokens: api_tokens_pkey PRIMARY KEY (token_id)
api_tokens: api_tokens_principal_fkey FOREIGN KEY (principal) REFERENCES principals(principal)
api_tokens: token_expiry CHECK ((expires_at > created_at))
api_tokens: token_hmac_length CHECK ((octet_length(token_hmac) = 32))
api_tokens: token_id_form CHECK ((token_id ~ '^[0-9a-f]{16}$'::text))
api_tokens: token_revoked_pair CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
approval_request_terms: approval_request_terms_pkey PRIMARY KEY (request_ref)
approval_request_terms: approval_request_terms_request_ref_fkey FOREIGN KEY (request_ref) REFERENCES approval_requests(apr_code)
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
approval_requests: result_form CHECK (((result = 'OK'::text) OR (result ~ '^(SKIP|FAIL):[A-Za-z0-9_]+$'::text)))
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
audit_bundles: audit_bundles_first_seq_key UNIQUE (first_seq)
audit_bundles: audit_bundles_index_check CHECK ((index >= 0))
audit_bundles: audit_bundles_pkey PRIMARY KEY (index)
audit_bundles: first_of_them CHECK ((first_seq = seqs[1]))
audit_bundles: some_leaves CHECK (((cardinality(seqs) >= 1) AND (cardinality(seqs) <= 256)))
audit_checkpoints: audit_checkpoints_generation_check CHECK ((generation >= 1))
audit_checkpoints: audit_checkpoints_note_check CHECK ((note <> ''::text))
audit_checkpoints: audit_checkpoints_pkey PRIMARY KEY (size, generation)
audit_checkpoints: audit_checkpoints_root_check CHECK ((octet_length(root) = 32))
audit_checkpoints: audit_checkpoints_size_check CHECK ((size >= 0))
audit_events: action_form CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text))
audit_events: audit_events_actor_check CHECK ((actor <> ''::text))
audit_events: audit_events_key UNIQUE (seq, occurred_at)
audit_events: audit_events_resource_id_check CHECK ((resource_id <> ''::text))
audit_events: audit_events_resource_type_check CHECK ((resource_type <> ''::text))
audit_events_YYYY_MM: action_form CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text))
audit_events_YYYY_MM: audit_events_YYYY_MM_seq_occurred_at_key UNIQUE (seq, occurred_at)
audit_events_YYYY_MM: audit_events_actor_check CHECK ((actor <> ''::text))
audit_events_YYYY_MM: audit_events_resource_id_check CHECK ((resource_id <> ''::text))
audit_events_YYYY_MM: audit_events_resource_type_check CHECK ((resource_type <> ''::text))
audit_events_before_log: action_form CHECK ((action ~ '^[a-z_]+\.[a-z_]+$'::text))
audit_events_before_log: audit_events_actor_check CHECK ((actor <> ''::text))
audit_events_before_log: audit_events_before_log_seq_occurred_at_key UNIQUE (seq, occurred_at)
audit_events_before_log: audit_events_resource_id_check CHECK ((resource_id <> ''::text))
audit_events_before_log: audit_events_resource_type_check CHECK ((resource_type <> ''::text))
audit_generations: audit_generations_began_by_check CHECK ((began_by <> ''::text))
audit_generations: audit_generations_check CHECK ((old_origin <> origin))
audit_generations: audit_generations_generation_check CHECK ((generation >= 2))
audit_generations: audit_generations_note_check CHECK ((note <> ''::text))
audit_generations: audit_generations_origin_check CHECK ((origin <> ''::text))
audit_generations: audit_generations_origin_key UNIQUE (origin)
audit_generations: audit_generations_pkey PRIMARY KEY (generation)
audit_generations: audit_generations_root_check CHECK ((octet_length(root) = 32))
audit_generations: audit_generations_size_check CHECK ((size >= 0))
audit_log: audit_log_generation_check CHECK ((generation >= 1))
audit_log: audit_log_origin_check CHECK ((origin ~ '^[^[:space:]+]{1,220}$'::text))
audit_log: audit_log_pkey PRIMARY KEY (one)
audit_log: audit_log_root_check CHECK ((octet_length(root) = 32))
audit_log: audit_log_sealed_seq_check CHECK ((sealed_seq >= 0))
audit_log: audit_log_size_check CHECK ((size >= 0))
audit_log: horizon_ahead CHECK ((horizon_seq >= sealed_seq))
audit_log: one_log CHECK (one)
audit_log_keys: audit_log_keys_pkey PRIMARY KEY (number)
audit_log_keys: audit_log_keys_vkey_check CHECK ((vkey <> ''::text))
audit_log_keys: audit_log_keys_vkey_key UNIQUE (vkey)
audit_log_links: audit_log_links_pkey PRIMARY KEY (seq)
audit_retained: audit_retained_file_check CHECK ((file <> ''::text))
audit_retained: audit_retained_leaves_check CHECK ((leaves >= 0))
audit_retained: audit_retained_partition_check CHECK ((partition ~ '^audit_events_(before_log|[0-9]{4}_(0[1-9]|1[0-2]))$'::text))
audit_retained: audit_retained_pkey PRIMARY KEY (partition)
audit_retained: audit_retained_retained_by_check CHECK ((retained_by <> ''::text))
audit_retained: audit_retained_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
audit_retained: leaves_whole CHECK ((((leaves = 0) = (first_leaf IS NULL)) AND (num_nulls(first_leaf, last_leaf, first_seq, last_seq) = ANY (ARRAY[0, 4])) AND ((leaves = 0) OR (((last_leaf - first_leaf) >= (leaves - 1)) AND ((last_seq - first_seq) >= (leaves - 1))))))
audit_retained: month_form CHECK ((month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text))
audit_retained: signed_before CHECK (((leaves = 0) OR (checkpoint_size > last_leaf)))
audit_tiles: audit_tiles_index_check CHECK ((index >= 0))
audit_tiles: audit_tiles_level_check CHECK (((level >= 0) AND (level <= 7)))
audit_tiles: audit_tiles_pkey PRIMARY KEY (level, index)
audit_tiles: whole_hashes CHECK ((((octet_length(hashes) % 32) = 0) AND ((octet_length(hashes) >= 32) AND (octet_length(hashes) <= 8192))))
c1_build_run: advances_under_grant CHECK (((status <> 'succeeded'::text) OR reserved))
c1_build_run: auth_code_form CHECK ((auth_code ~ '^(GBA|M1|STEP)-'::text))
c1_build_run: c1_build_run_approval_code_fkey FOREIGN KEY (approval_code) REFERENCES os_proposal_approvals(approval_code)
c1_build_run: c1_build_run_build_check CHECK ((build <> ''::text))
c1_build_run: c1_build_run_environment_check CHECK ((environment <> ''::text))
c1_build_run: c1_build_run_executor_check CHECK ((executor <> ''::text))
c1_build_run: c1_build_run_grant_code_fkey FOREIGN KEY (grant_code) REFERENCES governance_build_authorization(auth_code)
c1_build_run: c1_build_run_idempotency_root_check CHECK (((length(idempotency_root) >= 1) AND (length(idempotency_root) <= 200)))
c1_build_run: c1_build_run_pkey PRIMARY KEY (idempotency_root)
c1_build_run: c1_build_run_rolls_back_fkey FOREIGN KEY (rolls_back) REFERENCES c1_build_run(idempotency_root)
c1_build_run: c1_build_run_state_check CHECK ((state <> ''::text))
c1_build_run: c1_build_run_stop_reason_check CHECK ((btrim(stop_reason) <> ''::text))
c1_build_run: c1_build_run_stop_state_check CHECK ((stop_state <> ''::text))
c1_build_run: database_form CHECK ((database ~ '^[a-z][a-z0-9_-]{0,62}$'::text))
c1_build_run: finished_pair CHECK (((status = ANY (ARRAY['succeeded'::text, 'stopped'::text])) = (finished_at IS NOT NULL)))
c1_build_run: lease_pair CHECK (((lease_name IS NULL) = (fencing_token IS NULL)))
c1_build_run: ledger_line_of_run TRIGGER DEFERRABLE INITIALLY DEFERRED
c1_build_run: mode_known CHECK ((mode = ANY (ARRAY['dry-run'::text, 'commit'::text])))
c1_build_run: run_of_step TRIGGER DEFERRABLE INITIALLY DEFERRED
c1_build_run: status_known CHECK ((status = ANY (ARRAY['running'::text, 'compensating'::text, 'succeeded'::text, 'stopped'::text, 'indeterminate'::text])))
c1_build_run: stop_request_whole CHECK ((((stop_running IS NULL) = (stop_by IS NULL)) AND ((stop_running IS NULL) = (stop_at IS NULL)) AND ((stop_running IS NULL) = (stop_reason IS NULL))))
c1_build_run: stop_running_known CHECK ((stop_running = ANY (ARRAY['stop'::text, 'compensate'::text])))
c1_build_run: stopped_somewhere CHECK (((status <> ALL (ARRAY['stopped'::text, 'compensating'::text, 'indeterminate'::text])) OR (stop_state IS NOT NULL)))
c1_build_run: works_under_lease CHECK (((NOT reserved) OR (lease_name IS NOT NULL)))
c1_build_run_event: c1_build_run_event_event_check CHECK ((event <> ''::text))
c1_build_run_event: c1_build_run_event_idempotency_root_fkey FOREIGN KEY (idempotency_root) REFERENCES c1_build_run(idempotency_root)
c1_build_run_event: c1_build_run_event_pkey PRIMARY KEY (idempotency_root, seq)
c1_build_run_event: c1_build_run_event_seq_check CHECK ((seq >= 1))
c1_build_run_input: c1_build_run_input_idempotency_root_fkey FOREIGN KEY (idempotency_root) REFERENCES c1_build_run(idempotency_root)
c1_build_run_input: c1_build_run_input_pkey PRIMARY KEY (idempotency_root)
c1_build_run_state: c1_build_run_state_attempt_check CHECK ((attempt >= 1))
c1_build_run_state: c1_build_run_state_idempotency_root_fkey FOREIGN KEY (idempotency_root) REFERENCES c1_build_run(idempotency_root)
c1_build_run_state: c1_build_run_state_pkey PRIMARY KEY (idempotency_root, direction, state, attempt)
c1_build_run_state: direction_known CHECK ((direction = ANY (ARRAY['forward'::text, 'undo'::text])))
c1_build_run_state: finished_pair CHECK (((status = 'running'::text) = (finished_at IS NULL)))
c1_build_run_state: status_known CHECK ((status = ANY (ARRAY['running'::text, 'ok'::text, 'failed'::text, 'rolled_back'::text])))
control_incarnations: control_incarnations_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES registration_holds(id)
control_incarnations: control_incarnations_incarnation_check CHECK ((incarnation >= 1))
control_incarnations: control_incarnations_noticed_by_check CHECK ((noticed_by <> ''::text))
control_incarnations: control_incarnations_pkey PRIMARY KEY (incarnation)
control_incarnations: control_incarnations_recovered_by_check CHECK ((recovered_by <> ''::text))
control_incarnations: control_incarnations_system_identifier_check CHECK ((system_identifier <> ''::text))
control_incarnations: control_incarnations_timeline_check CHECK ((timeline >= 1))
control_incarnations: one_hold_per_restore UNIQUE (hold_id)
control_incarnations: origin_known CHECK ((origin = ANY (ARRAY['first'::text, 'failover'::text, 'restore'::text])))
control_incarnations: recovered_whole CHECK ((((recovered_at IS NULL) = (recovered_by IS NULL)) AND ((recovered_at IS NULL) = (report IS NULL)) AND ((origin = 'restore'::text) OR (recovered_at IS NULL))))
control_incarnations: restore_is_held CHECK (((origin = 'restore'::text) = (hold_id IS NOT NULL)))
council_records: council_records_pkey PRIMARY KEY (record_code)
council_records: council_records_plan_id_revision_fkey FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions(plan_id, revision)
council_records: council_records_recorded_by_fkey FOREIGN KEY (recorded_by) REFERENCES principals(principal)
council_records: council_records_revoked_reason_check CHECK ((btrim(revoked_reason) <> ''::text))
council_records: decision_given CHECK ((btrim(decision) <> ''::text))
council_records: kind_known CHECK ((kind = ANY (ARRAY['C-1'::text, 'C-2'::text])))
council_records: record_code_form CHECK ((record_code ~ '^C[12]-[A-Za-z0-9][A-Za-z0-9-]{0,79}$'::text))
council_records: record_revoked_whole CHECK ((((revoked_at IS NULL) = (revoked_by IS NULL)) AND ((revoked_at IS NULL) = (revoked_reason IS NULL))))
detector_positions: detector_positions_file_check CHECK (((length(file) >= 1) AND (length(file) <= 300)))
detector_positions: detector_positions_pkey PRIMARY KEY (database)
detector_positions: detector_positions_position_check CHECK (("position" >= 0))
dot_iu_runtime_lease: auth_code_form CHECK ((auth_code ~ '^(GBA|M1|STEP)-'::text))
dot_iu_runtime_lease: dot_iu_runtime_lease_approval_code_fkey FOREIGN KEY (approval_code) REFERENCES os_proposal_approvals(approval_code)
dot_iu_runtime_lease: dot_iu_runtime_lease_fencing_token_check CHECK ((fencing_token >= 1))
dot_iu_runtime_lease: dot_iu_runtime_lease_grant_code_fkey FOREIGN KEY (grant_code) REFERENCES governance_build_authorization(auth_code)
dot_iu_runtime_lease: dot_iu_runtime_lease_lease_holder_check CHECK ((lease_holder <> ''::text))
dot_iu_runtime_lease: dot_iu_runtime_lease_lease_token_hash_check CHECK ((octet_length(lease_token_hash) = 32))
dot_iu_runtime_lease: dot_iu_runtime_lease_pkey PRIMARY KEY (lease_name)
dot_iu_runtime_lease: lease_expiry CHECK ((expires_at > acquired_at))
dot_iu_runtime_lease: lease_name_form CHECK ((lease_name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'::text))
gateway_baselines: gateway_baselines_pkey PRIMARY KEY (baseline_id)
gateway_baselines: gateway_baselines_taken_by_fkey FOREIGN KEY (taken_by) REFERENCES principals(principal)
gateway_baselines: gateway_digest_of_content CHECK ((gateway_digest = ('sha256:'::text || encode(sha256(convert_to(content, 'UTF8'::name)), 'hex'::text))))
gateway_baselines: reason_given CHECK ((btrim(reason) <> ''::text))
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
grant_signatures: esign_ref_of_assertion CHECK (((jws IS NOT NULL) OR (esign_ref = ('sha256:'::text || encode(sha256(convert_to(assertion_text(authenticator_data, client_data_json, assertion_signature), 'UTF8'::name)), 'hex'::text)))))
grant_signatures: esign_ref_of_jws CHECK ((esign_ref = ('sha256:'::text || encode(sha256(convert_to(jws, 'UTF8'::name)), 'hex'::text))))
grant_signatures: grant_signatures_auth_code_fkey FOREIGN KEY (auth_code) REFERENCES governance_build_authorization(auth_code)
grant_signatures: grant_signatures_esign_ref_key UNIQUE (esign_ref)
grant_signatures: grant_signatures_kid_fkey FOREIGN KEY (kid) REFERENCES signing_keys(kid)
grant_signatures: grant_signatures_pkey PRIMARY KEY (auth_code)
grant_signatures: grant_signatures_signer_fkey FOREIGN KEY (signer) REFERENCES principals(principal)
grant_signatures: signature_of_one_kind CHECK ((num_nonnulls(authenticator_data, client_data_json, assertion_signature) =
CASE
    WHEN (jws IS NULL) THEN 3
    ELSE 0
END))
idempotency_keys: idempotency_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
idempotency_keys: idempotency_keys_pkey PRIMARY KEY (principal, method, path, key)
idempotency_keys: idempotency_keys_status_check CHECK ((((status >= 200) AND (status <= 499)) AND (status <> 429)))
lifecycle_incidents: detail_short CHECK ((length((detail)::text) <= 40000))
lifecycle_incidents: incident_kind_known CHECK ((kind = ANY (ARRAY['gateway_changed'::text, 'direct_write_refused'::text, 'log_contradicted'::text])))
lifecycle_incidents: incident_status_known CHECK ((status = ANY (ARRAY['open'::text, 'resolved'::text])))
lifecycle_incidents: lifecycle_incidents_pkey PRIMARY KEY (incident_id)
lifecycle_incidents: lifecycle_incidents_resolved_by_fkey FOREIGN KEY (resolved_by) REFERENCES principals(principal)
lifecycle_incidents: lifecycle_incidents_resolved_reason_check CHECK ((btrim(resolved_reason) <> ''::text))
lifecycle_incidents: resolved_whole CHECK ((((status = 'resolved'::text) = (resolved_at IS NOT NULL)) AND ((resolved_at IS NULL) = (resolved_by IS NULL)) AND ((resolved_at IS NULL) = (resolved_reason IS NULL))))
lifecycle_incidents: sighting_short CHECK (((length(sighting) >= 1) AND (length(sighting) <= 150)))
lifecycle_incidents: subject_short CHECK (((length(subject) >= 1) AND (length(subject) <= 300)))
lifecycle_log_marks: lifecycle_log_marks_pkey PRIMARY KEY (database, log_id)
lifecycle_log_marks: mark_digest CHECK ((digest ~ '^sha256:[0-9a-f]{64}$'::text))
lifecycle_log_marks: mark_has_lines CHECK ((lines > 0))
lifecycle_log_marks: marks_go_on CHECK (((after_log_id >= 0) AND (log_id > after_log_id)))
lifecycle_log_marks: one_chain UNIQUE (database, after_log_id)
os_proposal_approvals: act_known CHECK ((act = ANY (ARRAY['commit'::text, 'rollback'::text])))
os_proposal_approvals: approval_code_form CHECK ((approval_code ~ '^M1-[A-Za-z0-9][A-Za-z0-9-]{0,79}$'::text))
os_proposal_approvals: approval_expiry CHECK (((expires_at > granted_at) AND (expires_at <= (granted_at + '1 day'::interval))))
os_proposal_approvals: consumed_whole CHECK ((((status = 'consumed'::text) = (consumed_at IS NOT NULL)) AND ((consumed_at IS NULL) = (consumed_by IS NULL)) AND ((consumed_at IS NULL) = (idempotency_root IS NULL))))
os_proposal_approvals: expired_whole CHECK (((status = 'expired'::text) = (expired_at IS NOT NULL)))
os_proposal_approvals: os_proposal_approvals_executor_check CHECK ((executor <> ''::text))
os_proposal_approvals: os_proposal_approvals_granted_by_fkey FOREIGN KEY (granted_by) REFERENCES principals(principal)
os_proposal_approvals: os_proposal_approvals_pkey PRIMARY KEY (approval_code)
os_proposal_approvals: os_proposal_approvals_plan_id_revision_fkey FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions(plan_id, revision)
os_proposal_approvals: os_proposal_approvals_rehearsal_ref_fkey FOREIGN KEY (rehearsal_ref) REFERENCES rehearsals(rehearsal_ref)
os_proposal_approvals: os_proposal_approvals_revoked_reason_check CHECK ((btrim(revoked_reason) <> ''::text))
os_proposal_approvals: reason_given CHECK ((btrim(reason) <> ''::text))
os_proposal_approvals: revoked_whole CHECK ((((status = 'revoked'::text) = (revoked_at IS NOT NULL)) AND ((revoked_at IS NULL) = (revoked_by IS NULL)) AND ((revoked_at IS NULL) = (revoked_reason IS NULL))))
os_proposal_approvals: status_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'consumed'::text, 'revoked'::text, 'expired'::text])))
plan_ledger: act_known CHECK ((act = ANY (ARRAY['commit'::text, 'rollback'::text])))
plan_ledger: one_line_per_root UNIQUE (idempotency_root, outcome)
plan_ledger: outcome_known CHECK ((outcome = ANY (ARRAY['rehearsed'::text, 'rehearsal_failed'::text, 'committed'::text, 'rolled_back'::text, 'retired'::text, 'failed'::text, 'contradicted'::text, 'undone'::text])))
plan_ledger: plan_ledger_approval_code_fkey FOREIGN KEY (approval_code) REFERENCES os_proposal_approvals(approval_code)
plan_ledger: plan_ledger_pkey PRIMARY KEY (plan_id, seq)
plan_ledger: plan_ledger_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plans(plan_id)
plan_ledger: plan_ledger_plan_id_revision_fkey FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions(plan_id, revision)
plan_ledger: plan_ledger_rehearsal_ref_fkey FOREIGN KEY (rehearsal_ref) REFERENCES rehearsals(rehearsal_ref)
plan_ledger: plan_ledger_seq_check CHECK ((seq >= 1))
plan_revisions: plan_digest_of_content CHECK ((plan_digest = ('sha256:'::text || encode(sha256(convert_to(content, 'UTF8'::name)), 'hex'::text))))
plan_revisions: plan_has_one_target FOREIGN KEY (plan_id, target) REFERENCES plans(plan_id, target)
plan_revisions: plan_of_content CHECK (((((content)::jsonb ->> 'plan'::text) = plan_id) AND (((content)::jsonb ->> 'revision'::text) = revision)))
plan_revisions: plan_revisions_pkey PRIMARY KEY (plan_id, revision)
plan_revisions: plan_revisions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plans(plan_id)
plan_revisions: plan_revisions_registered_by_fkey FOREIGN KEY (registered_by) REFERENCES principals(principal)
plan_revisions: plan_revisions_revision_check CHECK ((revision <> ''::text))
plan_step_runs: act_known CHECK ((act = ANY (ARRAY['commit'::text, 'rollback'::text])))
plan_step_runs: plan_step_runs_approval_code_fkey FOREIGN KEY (approval_code) REFERENCES os_proposal_approvals(approval_code)
plan_step_runs: plan_step_runs_idempotency_root_fkey FOREIGN KEY (idempotency_root) REFERENCES c1_build_run(idempotency_root)
plan_step_runs: plan_step_runs_pkey PRIMARY KEY (idempotency_root)
plan_step_runs: plan_step_runs_plan_id_revision_fkey FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions(plan_id, revision)
plans: plan_id_form CHECK ((plan_id ~ '^[a-z0-9][a-z0-9._-]{0,79}$'::text))
plans: plan_of_target UNIQUE (plan_id, target)
plans: plans_pkey PRIMARY KEY (plan_id)
principals: issuer_form CHECK ((issuer ~ '^https?://[^[:space:]?#]+$'::text))
principals: principal_form CHECK ((principal ~ '^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$'::text))
principals: principal_not_service CHECK ((principal !~ '^service:'::text))
principals: principals_pkey PRIMARY KEY (principal)
principals: roles_known CHECK ((roles <@ ARRAY['requester'::text, 'approver'::text, 'council'::text, 'sovereign'::text, 'dispatcher'::text, 'executor'::text, 'operator'::text, 'auditor'::text, 'admin'::text]))
principals: status_known CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
proposal_signatures: proposal_signatures_approval_code_fkey FOREIGN KEY (approval_code) REFERENCES os_proposal_approvals(approval_code)
proposal_signatures: proposal_signatures_kid_fkey FOREIGN KEY (kid) REFERENCES signing_keys(kid)
proposal_signatures: proposal_signatures_pkey PRIMARY KEY (approval_code)
proposal_signatures: proposal_signatures_signer_fkey FOREIGN KEY (signer) REFERENCES principals(principal)
proposal_signatures: signature_of_one_kind CHECK ((num_nonnulls(authenticator_data, client_data_json, assertion_signature) =
CASE
    WHEN (jws IS NULL) THEN 3
    ELSE 0
END))
registration_holds: lifted_pair CHECK ((((lifted_at IS NULL) = (lifted_by IS NULL)) AND ((lifted_reason IS NULL) OR (lifted_at IS NOT NULL))))
registration_holds: reason_given CHECK ((btrim(reason) <> ''::text))
registration_holds: registration_holds_environment_check CHECK ((environment <> ''::text))
registration_holds: registration_holds_lifted_by_check CHECK ((lifted_by <> ''::text))
registration_holds: registration_holds_lifted_reason_check CHECK ((btrim(lifted_reason) <> ''::text))
registration_holds: registration_holds_pkey PRIMARY KEY (id)
registration_holds: registration_holds_placed_by_check CHECK ((placed_by <> ''::text))
rehearsals: one_rehearsal_per_run UNIQUE (idempotency_root)
rehearsals: rehearsal_ref_of_content CHECK ((rehearsal_ref = ('sha256:'::text || encode(sha256(convert_to(content, 'UTF8'::name)), 'hex'::text))))
rehearsals: rehearsals_pkey PRIMARY KEY (rehearsal_ref)
review_decision_deliveries: review_decision_deliveries_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES review_decisions(decision_id)
review_decision_deliveries: review_decision_deliveries_pkey PRIMARY KEY (decision_id)
review_decisions: decision_kind_known CHECK ((decision_kind = ANY (ARRAY['enactment'::text, 'supersession'::text, 'retirement'::text, 'amendment'::text])))
review_decisions: decision_known CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text])))
review_decisions: reason_given CHECK ((btrim(reason) <> ''::text))
review_decisions: review_decisions_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES principals(principal)
review_decisions: review_decisions_document_digest_check CHECK ((document_digest ~ '^sha256:[0-9a-f]{64}$'::text))
review_decisions: review_decisions_pkey PRIMARY KEY (decision_id)
review_decisions: subjects_named CHECK ((((cardinality(subjects) >= 1) AND (cardinality(subjects) <= 1000)) AND (array_position(subjects, NULL::text) IS NULL) AND (array_position(subjects, ''::text) IS NULL)))
schema_migration_checksums: schema_migration_checksums_checksum_check CHECK ((checksum ~ '^[0-9a-f]{64}$'::text))
schema_migration_checksums: schema_migration_checksums_pkey PRIMARY KEY (name)
schema_migrations: schema_migrations_pkey PRIMARY KEY (id)
scopes: action_sets_form CHECK (((jsonb_typeof(allowed_action_sets) = 'array'::text) AND (jsonb_array_length(allowed_action_sets) > 0)))
scopes: carrier_form CHECK ((carrier ~ '^[A-Za-z0-9_]{1,40}$'::text))
scopes: database_form CHECK ((database ~ '^[a-z][a-z0-9_-]{0,62}$'::text))
scopes: lease_name_form CHECK ((lease_name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'::text))
scopes: retired_pair CHECK ((((status = 'retired'::text) = (retired_at IS NOT NULL)) AND ((retired_at IS NULL) = (retired_by IS NULL))))
scopes: scopes_axis_check CHECK ((axis <> ''::text))
scopes: scopes_created_by_check CHECK ((created_by <> ''::text))
scopes: scopes_environment_check CHECK ((environment <> ''::text))
scopes: scopes_namespace_check CHECK ((namespace <> ''::text))
scopes: scopes_pkey PRIMARY KEY (scope_id)
scopes: scopes_target_check CHECK ((target <> ''::text))
scopes: status_known CHECK ((status = ANY (ARRAY['active'::text, 'retired'::text])))
server_key_checks: server_key_checks_check_hmac_check CHECK ((octet_length(check_hmac) = 32))
server_key_checks: server_key_checks_pkey PRIMARY KEY (key_id)
session_sign_ins: session_sign_ins_pkey PRIMARY KEY (state_hash)
session_sign_ins: sign_in_in_time CHECK (((used_at < expires_at) AND (expires_at <= (used_at + '00:10:00'::interval))))
session_sign_ins: sign_in_state_hashed CHECK ((octet_length(state_hash) = 32))
sessions: session_end_reason CHECK ((end_reason = ANY (ARRAY['signed_out'::text, 'replaced'::text, 'expired'::text, 'idle'::text, 'token_ended'::text, 'principal_disabled'::text])))
sessions: session_end_whole CHECK (((ended_at IS NULL) = (end_reason IS NULL)))
sessions: session_idle_seconds CHECK ((idle_seconds > 0))
sessions: session_secret_hashed CHECK ((octet_length(secret_hash) = 32))
sessions: session_times CHECK (((opened_at < idle_expires_at) AND (idle_expires_at <= expires_at)))
sessions: session_way_in CHECK ((num_nonnulls(token_id, issuer) = 1))
sessions: sessions_pkey PRIMARY KEY (session_id)
sessions: sessions_principal_fkey FOREIGN KEY (principal) REFERENCES principals(principal)
sessions: sessions_secret_hash_key UNIQUE (secret_hash)
sessions: sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES api_tokens(token_id)
signing_keys: alg_known CHECK ((alg = ANY (ARRAY['EdDSA'::text, 'ES256'::text])))
signing_keys: confirmed_by_another CHECK ((confirmed_by <> principal))
signing_keys: confirmed_pair CHECK ((((confirmed_at IS NULL) = (confirmed_by IS NULL)) AND ((status <> 'active'::text) OR (confirmed_at IS NOT NULL))))
signing_keys: credential_form CHECK (COALESCE(((length(base64url_decode(credential_id)) >= 1) AND (length(base64url_decode(credential_id)) <= 1023)), (credential_id IS NULL)))
signing_keys: key_of_one_kind CHECK ((num_nonnulls(credential_id, rp_id, proof_authenticator_data, proof_client_data_json, proof_signature) =
CASE
    WHEN (proof IS NULL) THEN 5
    ELSE 0
END))
signing_keys: kid_form CHECK ((kid ~ '^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}$'::text))
signing_keys: one_name_per_credential UNIQUE (credential_id)
signing_keys: one_name_per_key UNIQUE (thumbprint)
signing_keys: revoked_all CHECK ((((status = 'revoked'::text) = (revoked_at IS NOT NULL)) AND ((revoked_at IS NULL) = (revoked_by IS NULL)) AND ((revoked_at IS NULL) = (revoked_reason IS NULL))))
signing_keys: rp_id_form CHECK (((rp_id ~ '^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$'::text) AND (rp_id !~ '^[0-9.]+$'::text)))
signing_keys: signing_keys_pkey PRIMARY KEY (kid)
signing_keys: signing_keys_principal_fkey FOREIGN KEY (principal) REFERENCES principals(principal)
signing_keys: signing_keys_revoked_reason_check CHECK ((btrim(revoked_reason) <> ''::text))
signing_keys: status_known CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'revoked'::text])))
signing_keys: validity CHECK ((valid_until > valid_from))
signing_keys: validity_length CHECK ((valid_until <= (valid_from + '5 years'::interval)))
sync_messages: sync_messages_message_id_check CHECK (((length(message_id) >= 1) AND (length(message_id) <= 255)))
sync_messages: sync_messages_pkey PRIMARY KEY (message_id)
webhook_deliveries: delivery_status CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text])))
webhook_deliveries: ended_whole CHECK (((status = 'pending'::text) = (ended_at IS NULL)))
webhook_deliveries: error_form CHECK ((length(error) <= 300))
webhook_deliveries: lane_form CHECK (((lane ~ '^webhook:[0-9a-f-]{36}:[0-9a-f]{64}$'::text) AND starts_with(lane, (('webhook:'::text || webhook_id) || ':'::text))))
webhook_deliveries: lease_whole CHECK (((lease IS NULL) = (lease_until IS NULL)))
webhook_deliveries: only_pending_sent CHECK (((lease IS NULL) OR (status = 'pending'::text)))
webhook_deliveries: webhook_deliveries_attempts_check CHECK ((attempts >= 0))
webhook_deliveries: webhook_deliveries_pkey PRIMARY KEY (webhook_id, event_seq)
webhook_deliveries: webhook_deliveries_replays_check CHECK ((replays >= 0))
webhook_deliveries: webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id)
webhook_relay: one_relay CHECK (one)
webhook_relay: relay_horizon_ahead CHECK (((horizon_seq >= final_seq) AND (final_seq >= 0)))
webhook_relay: webhook_relay_pkey PRIMARY KEY (one)
webhooks: description_form CHECK ((length(description) <= 2000))
webhooks: disabled_whole CHECK (((disabled_at IS NULL) = (disabled_by IS NULL)))
webhooks: events_form CHECK ((((cardinality(events) >= 1) AND (cardinality(events) <= 50)) AND (array_to_string(events, ','::text, '?'::text) ~ '^(\*|[a-z_]+\.([a-z_]+|\*))(,(\*|[a-z_]+\.([a-z_]+|\*)))*$'::text)))
webhooks: former_form CHECK (((octet_length(former) >= 52) AND (octet_length(former) <= 200)))
webhooks: former_whole CHECK (((num_nulls(former, former_key_id, former_until) = ANY (ARRAY[0, 3])) AND ((former IS NULL) OR (secret IS NOT NULL))))
webhooks: removed_whole CHECK (((removed_at IS NULL) = (removed_by IS NULL)))
webhooks: secret_form CHECK (((octet_length(secret) >= 52) AND (octet_length(secret) <= 200)))
webhooks: secret_whole CHECK ((((secret IS NULL) = (secret_key_id IS NULL)) AND ((secret IS NULL) = (removed_at IS NOT NULL))))
webhooks: url_form CHECK (((url ~ '^https?://[^[:space:]]+$'::text) AND (length(url) <= 2000)))
webhooks: webhooks_created_by_check CHECK ((created_by <> ''::text))
webhooks: webhooks_cursor_seq_check CHECK ((cursor_seq >= 0))
webhooks: webhooks_pkey PRIMARY KEY (id)
webhooks: webhooks_silent_check CHECK ((silent >= 0))

-- Indexes

CREATE INDEX api_tokens_by_principal ON public.api_tokens USING btree (principal)
CREATE UNIQUE INDEX api_tokens_pkey ON public.api_tokens USING btree (token_id)
CREATE UNIQUE INDEX approval_request_terms_pkey ON public.approval_request_terms USING btree (request_ref)
CREATE INDEX request_terms_by_environment ON public.approval_request_terms USING btree (environment, submitted_at DESC, request_ref DESC) WHERE (environment IS NOT NULL)
CREATE INDEX request_terms_by_plan ON public.approval_request_terms USING btree (plan_id, submitted_at DESC, request_ref DESC) WHERE (plan_id IS NOT NULL)
CREATE INDEX request_terms_by_risk ON public.approval_request_terms USING btree (risk_level, submitted_at DESC, request_ref DESC)
CREATE INDEX request_terms_by_target ON public.approval_request_terms USING btree (target, submitted_at DESC, request_ref DESC) WHERE (target IS NOT NULL)
CREATE INDEX request_terms_by_word ON public.approval_request_terms USING gin (words) WITH (gin_pending_list_limit='256')
CREATE INDEX request_terms_newest ON public.approval_request_terms USING btree (submitted_at DESC, request_ref DESC)
CREATE INDEX approval_requests_by_action ON public.approval_requests USING btree (proposed_action_code, created_at DESC, apr_code DESC)
CREATE INDEX approval_requests_by_requester ON public.approval_requests USING btree (requested_by, created_at DESC, apr_code DESC)
CREATE INDEX approval_requests_newest ON public.approval_requests USING btree (created_at DESC, apr_code DESC)
CREATE INDEX approval_requests_not_executed ON public.approval_requests USING btree (status, created_at DESC, apr_code DESC) WHERE (status <> 'executed'::text)
CREATE UNIQUE INDEX approval_requests_pkey ON public.approval_requests USING btree (apr_code)
CREATE INDEX approval_requests_undecided ON public.approval_requests USING btree (decide_by) WHERE (status = ANY (ARRAY['open'::text, 'approved'::text]))
CREATE UNIQUE INDEX apr_action_types_pkey ON public.apr_action_types USING btree (action_code)
CREATE INDEX apr_approvals_by_voter ON public.apr_approvals USING btree (voter, voted_at DESC)
CREATE UNIQUE INDEX apr_approvals_pkey ON public.apr_approvals USING btree (apr_code, voter)
CREATE UNIQUE INDEX audit_bundles_first_seq_key ON public.audit_bundles USING btree (first_seq)
CREATE UNIQUE INDEX audit_bundles_pkey ON public.audit_bundles USING btree (index)
CREATE UNIQUE INDEX audit_checkpoints_pkey ON public.audit_checkpoints USING btree (size, generation)
CREATE INDEX audit_events_by_action ON ONLY public.audit_events USING btree (action, seq DESC)
CREATE INDEX audit_events_by_actor ON ONLY public.audit_events USING btree (actor, seq DESC)
CREATE INDEX audit_events_by_resource ON ONLY public.audit_events USING btree (resource_type, resource_id, seq DESC)
CREATE UNIQUE INDEX audit_events_key ON ONLY public.audit_events USING btree (seq, occurred_at)
CREATE INDEX audit_events_YYYY_MM_action_seq_idx ON public.audit_events_YYYY_MM USING btree (action, seq DESC)
CREATE INDEX audit_events_YYYY_MM_actor_seq_idx ON public.audit_events_YYYY_MM USING btree (actor, seq DESC)
CREATE INDEX audit_events_YYYY_MM_resource_type_resource_id_seq_idx ON public.audit_events_YYYY_MM USING btree (resource_type, resource_id, seq DESC)
CREATE UNIQUE INDEX audit_events_YYYY_MM_seq_occurred_at_key ON public.audit_events_YYYY_MM USING btree (seq, occurred_at)
CREATE INDEX audit_events_before_log_by_action ON public.audit_events_before_log USING btree (action, seq DESC)
CREATE INDEX audit_events_before_log_by_actor ON public.audit_events_before_log USING btree (actor, seq DESC)
CREATE INDEX audit_events_before_log_by_resource ON public.audit_events_before_log USING btree (resource_type, resource_id, seq DESC)
CREATE UNIQUE INDEX audit_events_before_log_seq_occurred_at_key ON public.audit_events_before_log USING btree (seq, occurred_at)
CREATE UNIQUE INDEX audit_generations_origin_key ON public.audit_generations USING btree (origin)
CREATE UNIQUE INDEX audit_generations_pkey ON public.audit_generations USING btree (generation)
CREATE UNIQUE INDEX audit_log_pkey ON public.audit_log USING btree (one)
CREATE UNIQUE INDEX audit_log_keys_pkey ON public.audit_log_keys USING btree (number)
CREATE UNIQUE INDEX audit_log_keys_vkey_key ON public.audit_log_keys USING btree (vkey)
CREATE INDEX audit_log_links_by_resource ON public.audit_log_links USING btree (((event ->> 'resource_type'::text)), ((event ->> 'resource_id'::text)))
CREATE UNIQUE INDEX audit_log_links_pkey ON public.audit_log_links USING btree (seq)
CREATE INDEX audit_retained_by_leaf ON public.audit_retained USING btree (first_leaf, last_leaf)
CREATE UNIQUE INDEX audit_retained_pkey ON public.audit_retained USING btree (partition)
CREATE UNIQUE INDEX audit_tiles_pkey ON public.audit_tiles USING btree (level, index)
CREATE UNIQUE INDEX c1_build_run_pkey ON public.c1_build_run USING btree (idempotency_root)
CREATE UNIQUE INDEX one_run_per_grant ON public.c1_build_run USING btree (auth_code) WHERE reserved
CREATE UNIQUE INDEX one_run_per_lease ON public.c1_build_run USING btree (lease_name, database) WHERE (reserved AND (status = ANY (ARRAY['running'::text, 'compensating'::text, 'indeterminate'::text])))
CREATE INDEX runs_by_build ON public.c1_build_run USING btree (build, created_at DESC, idempotency_root DESC)
CREATE INDEX runs_by_executor ON public.c1_build_run USING btree (executor, created_at DESC, idempotency_root DESC)
CREATE INDEX runs_by_grant ON public.c1_build_run USING btree (auth_code)
CREATE INDEX runs_by_target ON public.c1_build_run USING btree (database, created_at DESC, idempotency_root DESC)
CREATE INDEX runs_newest ON public.c1_build_run USING btree (created_at DESC, idempotency_root DESC)
CREATE INDEX runs_not_succeeded ON public.c1_build_run USING btree (status, created_at DESC, idempotency_root DESC) WHERE (status <> 'succeeded'::text)
CREATE INDEX runs_to_work_on ON public.c1_build_run USING btree (claimed_until) WHERE (status = ANY (ARRAY['running'::text, 'compensating'::text, 'indeterminate'::text]))
CREATE UNIQUE INDEX c1_build_run_event_pkey ON public.c1_build_run_event USING btree (idempotency_root, seq)
CREATE UNIQUE INDEX c1_build_run_input_pkey ON public.c1_build_run_input USING btree (idempotency_root)
CREATE UNIQUE INDEX c1_build_run_state_pkey ON public.c1_build_run_state USING btree (idempotency_root, direction, state, attempt)
CREATE UNIQUE INDEX one_ok_per_state ON public.c1_build_run_state USING btree (idempotency_root, direction, state) WHERE (status = 'ok'::text)
CREATE UNIQUE INDEX control_incarnations_pkey ON public.control_incarnations USING btree (incarnation)
CREATE UNIQUE INDEX one_hold_per_restore ON public.control_incarnations USING btree (hold_id)
CREATE UNIQUE INDEX council_records_pkey ON public.council_records USING btree (record_code)
CREATE UNIQUE INDEX one_live_record ON public.council_records USING btree (plan_id, revision, step, kind) WHERE (revoked_at IS NULL)
CREATE INDEX records_newest ON public.council_records USING btree (recorded_at DESC, record_code DESC)
CREATE UNIQUE INDEX detector_positions_pkey ON public.detector_positions USING btree (database)
CREATE UNIQUE INDEX dot_iu_runtime_lease_pkey ON public.dot_iu_runtime_lease USING btree (lease_name)
CREATE INDEX gateway_baselines_latest ON public.gateway_baselines USING btree (database, baseline_id DESC)
CREATE UNIQUE INDEX gateway_baselines_pkey ON public.gateway_baselines USING btree (baseline_id)
CREATE UNIQUE INDEX governance_build_authorization_pkey ON public.governance_build_authorization USING btree (auth_code)
CREATE INDEX grants_by_bindings ON public.governance_build_authorization USING btree (((scope ->> 'carrier'::text)), ((scope ->> 'plan_id'::text)), ((scope ->> 'manifest_digest'::text)), ((scope ->> 'schema_digest'::text)), ((scope ->> 'environment'::text)), ((scope ->> 'executor'::text)), granted_at DESC)
CREATE INDEX grants_by_environment ON public.governance_build_authorization USING btree (((scope ->> 'environment'::text)), granted_at DESC, auth_code DESC)
CREATE INDEX grants_by_executor ON public.governance_build_authorization USING btree (((scope ->> 'executor'::text)), granted_at DESC, auth_code DESC)
CREATE INDEX grants_by_plan ON public.governance_build_authorization USING btree (((scope ->> 'plan_id'::text)), granted_at DESC, auth_code DESC)
CREATE INDEX grants_by_target ON public.governance_build_authorization USING btree (((scope ->> 'target'::text)), granted_at DESC, auth_code DESC)
CREATE INDEX grants_live_by_plan ON public.governance_build_authorization USING btree (((scope ->> 'carrier'::text)), ((scope ->> 'plan_id'::text))) WHERE (status = ANY (ARRAY['draft'::text, 'active'::text]))
CREATE INDEX grants_newest ON public.governance_build_authorization USING btree (granted_at DESC, auth_code DESC)
CREATE INDEX grants_to_expire ON public.governance_build_authorization USING btree (expires_at) WHERE ((consumed_at IS NULL) AND (revoked_at IS NULL) AND (expired_at IS NULL))
CREATE INDEX grants_unused ON public.governance_build_authorization USING btree (status, granted_at DESC, auth_code DESC) WHERE (status <> 'consumed'::text)
CREATE UNIQUE INDEX one_grant_per_request ON public.governance_build_authorization USING btree (request_ref)
CREATE UNIQUE INDEX one_live_commit_grant ON public.governance_build_authorization USING btree (((scope ->> 'target'::text)), ((scope ->> 'environment'::text))) WHERE ((mode = 'commit'::text) AND (status = ANY (ARRAY['draft'::text, 'active'::text])))
CREATE UNIQUE INDEX one_live_dry_run_grant ON public.governance_build_authorization USING btree (((scope ->> 'target'::text))) WHERE ((mode = 'dry-run'::text) AND (status = ANY (ARRAY['draft'::text, 'active'::text])))
CREATE UNIQUE INDEX grant_receipts_pkey ON public.grant_receipts USING btree (auth_code)
CREATE INDEX grant_signatures_by_key ON public.grant_signatures USING btree (kid)
CREATE UNIQUE INDEX grant_signatures_esign_ref_key ON public.grant_signatures USING btree (esign_ref)
CREATE UNIQUE INDEX grant_signatures_pkey ON public.grant_signatures USING btree (auth_code)
CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING brin (created_at) WITH (pages_per_range='32')
CREATE UNIQUE INDEX idempotency_keys_pkey ON public.idempotency_keys USING btree (principal, method, path, key)
CREATE INDEX lifecycle_incidents_newest ON public.lifecycle_incidents USING btree (opened_at DESC, incident_id DESC)
CREATE UNIQUE INDEX lifecycle_incidents_pkey ON public.lifecycle_incidents USING btree (incident_id)
CREATE UNIQUE INDEX one_incident_per_line ON public.lifecycle_incidents USING btree (database, sighting) WHERE (kind = 'direct_write_refused'::text)
CREATE UNIQUE INDEX one_open_incident ON public.lifecycle_incidents USING btree (database, kind, subject, sighting) WHERE (status = 'open'::text)
CREATE UNIQUE INDEX lifecycle_log_marks_pkey ON public.lifecycle_log_marks USING btree (database, log_id)
CREATE UNIQUE INDEX one_chain ON public.lifecycle_log_marks USING btree (database, after_log_id)
CREATE INDEX approvals_newest ON public.os_proposal_approvals USING btree (granted_at DESC, approval_code DESC)
CREATE INDEX approvals_of_step ON public.os_proposal_approvals USING btree (plan_id, revision, step)
CREATE INDEX approvals_to_expire ON public.os_proposal_approvals USING btree (expires_at) WHERE (status = ANY (ARRAY['draft'::text, 'active'::text]))
CREATE UNIQUE INDEX one_approval_per_root ON public.os_proposal_approvals USING btree (idempotency_root) WHERE (idempotency_root IS NOT NULL)
CREATE UNIQUE INDEX os_proposal_approvals_pkey ON public.os_proposal_approvals USING btree (approval_code)
CREATE INDEX ledger_of_step ON public.plan_ledger USING btree (plan_id, step, seq DESC)
CREATE UNIQUE INDEX one_line_per_root ON public.plan_ledger USING btree (idempotency_root, outcome)
CREATE UNIQUE INDEX plan_ledger_pkey ON public.plan_ledger USING btree (plan_id, seq)
CREATE INDEX plan_revisions_newest ON public.plan_revisions USING btree (registered_at DESC, plan_id DESC, revision DESC)
CREATE UNIQUE INDEX plan_revisions_pkey ON public.plan_revisions USING btree (plan_id, revision)
CREATE UNIQUE INDEX plan_step_runs_pkey ON public.plan_step_runs USING btree (idempotency_root)
CREATE INDEX step_runs_of_step ON public.plan_step_runs USING btree (plan_id, step)
CREATE UNIQUE INDEX plan_of_target ON public.plans USING btree (plan_id, target)
CREATE UNIQUE INDEX plans_pkey ON public.plans USING btree (plan_id)
CREATE UNIQUE INDEX principals_pkey ON public.principals USING btree (principal)
CREATE UNIQUE INDEX proposal_signatures_pkey ON public.proposal_signatures USING btree (approval_code)
CREATE INDEX holds_newest ON public.registration_holds USING btree (placed_at DESC, id DESC)
CREATE INDEX holds_standing ON public.registration_holds USING btree (placed_at) WHERE (lifted_at IS NULL)
CREATE UNIQUE INDEX registration_holds_pkey ON public.registration_holds USING btree (id)
CREATE UNIQUE INDEX one_rehearsal_per_run ON public.rehearsals USING btree (idempotency_root)
CREATE UNIQUE INDEX rehearsals_pkey ON public.rehearsals USING btree (rehearsal_ref)
CREATE UNIQUE INDEX review_decision_deliveries_pkey ON public.review_decision_deliveries USING btree (decision_id)
CREATE INDEX review_decisions_newest ON public.review_decisions USING btree (decided_at DESC, decision_id DESC)
CREATE UNIQUE INDEX review_decisions_pkey ON public.review_decisions USING btree (decision_id)
CREATE UNIQUE INDEX schema_migration_checksums_pkey ON public.schema_migration_checksums USING btree (name)
CREATE UNIQUE INDEX schema_migrations_pkey ON public.schema_migrations USING btree (id)
CREATE UNIQUE INDEX one_active_scope ON public.scopes USING btree (carrier, namespace, axis, target, environment) WHERE (status = 'active'::text)
CREATE INDEX scopes_newest ON public.scopes USING btree (created_at DESC, scope_id DESC)
CREATE UNIQUE INDEX scopes_pkey ON public.scopes USING btree (scope_id)
CREATE UNIQUE INDEX server_key_checks_pkey ON public.server_key_checks USING btree (key_id)
CREATE UNIQUE INDEX session_sign_ins_pkey ON public.session_sign_ins USING btree (state_hash)
CREATE INDEX sessions_by_token ON public.sessions USING btree (token_id)
CREATE INDEX sessions_open ON public.sessions USING btree (principal, token_id) WHERE (ended_at IS NULL)
CREATE UNIQUE INDEX sessions_pkey ON public.sessions USING btree (session_id)
CREATE UNIQUE INDEX sessions_secret_hash_key ON public.sessions USING btree (secret_hash)
CREATE UNIQUE INDEX one_name_per_credential ON public.signing_keys USING btree (credential_id)
CREATE UNIQUE INDEX one_name_per_key ON public.signing_keys USING btree (thumbprint)
CREATE INDEX signing_keys_by_principal ON public.signing_keys USING btree (principal, registered_at DESC)
CREATE INDEX signing_keys_newest ON public.signing_keys USING btree (registered_at DESC, kid DESC)
CREATE UNIQUE INDEX signing_keys_pkey ON public.signing_keys USING btree (kid)
CREATE UNIQUE INDEX sync_messages_pkey ON public.sync_messages USING btree (message_id)
CREATE INDEX webhook_deliveries_dead ON public.webhook_deliveries USING btree (webhook_id, event_seq DESC) WHERE (status = 'dead'::text)
CREATE INDEX webhook_deliveries_ended ON public.webhook_deliveries USING btree (ended_at) WHERE (status = 'delivered'::text)
CREATE INDEX webhook_deliveries_pending ON public.webhook_deliveries USING btree (lane, event_seq) WHERE (status = 'pending'::text)
CREATE UNIQUE INDEX webhook_deliveries_pkey ON public.webhook_deliveries USING btree (webhook_id, event_seq)
CREATE INDEX webhook_deliveries_waiting ON public.webhook_deliveries USING btree (webhook_id, event_seq) WHERE (status = 'pending'::text)
CREATE UNIQUE INDEX webhook_lane_sent_once ON public.webhook_deliveries USING btree (lane) WHERE (lease IS NOT NULL)
CREATE UNIQUE INDEX webhook_relay_pkey ON public.webhook_relay USING btree (one)
CREATE INDEX webhooks_by_age ON public.webhooks USING btree (created_at DESC, id DESC)
CREATE UNIQUE INDEX webhooks_pkey ON public.webhooks USING btree (id)

-- Functions

CREATE OR REPLACE FUNCTION public.assertion_text(authenticator_data bytea, client_data_json bytea, signature bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN concat('{"authenticator_data":"', base64url_encode(authenticator_data), '","client_data_json":"', base64url_encode(client_data_json), '","signature":"', base64url_encode(signature), '"}')
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.audit_partitions()
 RETURNS TABLE(partition text, since timestamp with time zone, until timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT c.relname::text,
         coalesce(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity'),
         substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'public.audit_events'::regclass ORDER BY 3
$function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.audit_retained_until()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT coalesce((SELECT max(until) FROM audit_retained), '-infinity')
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.awaits_recovery()
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT EXISTS (SELECT FROM control_incarnations WHERE origin = 'restore' AND recovered_at IS NULL)
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.base64url_decode(encoded text)
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE bytes bytea;
BEGIN
  IF encoded !~ '^[A-Za-z0-9_-]*$' OR length(encoded) % 4 = 1 THEN
    RETURN NULL;
  END IF;
  bytes := decode(rpad(translate(encoded, '-_', '+/'), (length(encoded) + 3) / 4 * 4, '='), 'base64');
  RETURN CASE WHEN base64url_encode(bytes) = encoded THEN bytes END;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.base64url_encode(bytes bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN translate(encode(bytes, 'base64'::text), ('+/='::text || chr(10)), '-_'::text)
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.bytes_to_number(bytes bytea, big_endian boolean)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE n numeric := 0;
BEGIN
  FOR i IN 0 .. length(bytes) - 1 LOOP
    n := n * 256 + get_byte(bytes, CASE WHEN big_endian THEN i ELSE length(bytes) - 1 - i END);
  END LOOP;
  RETURN n;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.check_ledger_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (SELECT FROM plan_ledger WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'an act that has ended has its line' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_line_of_run';
  END IF;
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.check_step_run_of_run()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (SELECT FROM plan_step_runs WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'a run without a grant is of a step' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_step';
  END IF;
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.control_server()
 RETURNS TABLE(system_identifier text, timeline bigint)
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT (pg_control_system()).system_identifier || '/' || (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
           || '/' || 'public.control_incarnations'::regclass::oid,
         ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.derive_request_terms()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE action jsonb := NEW.content::jsonb -> 'proposed_action';
BEGIN
  INSERT INTO approval_request_terms (request_ref, submitted_at, risk_level, plan_id, target, environment, words)
  VALUES (NEW.apr_code, NEW.created_at, NEW.risk, action ->> 'plan_id', action ->> 'target', action ->> 'environment',
          array_to_tsvector(search_words(concat_ws(' ', NEW.apr_code, NEW.title, NEW.requested_by, action ->> 'plan_id', action ->> 'target'))));
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.drop_retained_partition(name text, digest text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_retained r WHERE r.partition = name AND r.sha256 = digest)
     OR EXISTS (SELECT FROM audit_partitions() p WHERE p.partition = name) THEN
    RAISE EXCEPTION 'only what is in a file is dropped' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retained_first';
  END IF;
  IF to_regclass('public.' || quote_ident(name)) IS NULL THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE public.%I', name);
  RETURN true;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.ecdsa_der_to_raw(der bytea)
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  raw bytea := '';
  at integer := 2;
  size integer;
BEGIN
  IF length(der) NOT BETWEEN 8 AND 72 OR get_byte(der, 0) <> 48 OR get_byte(der, 1) <> length(der) - 2 THEN
    RETURN NULL;
  END IF;
  FOR number IN 1 .. 2 LOOP
    IF at + 3 > length(der) OR get_byte(der, at) <> 2 THEN
      RETURN NULL;
    END IF;
    size := get_byte(der, at + 1);
    at := at + 2;
    IF size NOT BETWEEN 1 AND 33 OR at + size > length(der) THEN
      RETURN NULL;
    END IF;
    -- Neither negative, nor with a zero too many, nor of more than 32 bytes.
    IF get_byte(der, at) > 127 OR size = 33 AND get_byte(der, at) <> 0
       OR size > 1 AND get_byte(der, at) = 0 AND get_byte(der, at + 1) < 128 THEN
      RETURN NULL;
    END IF;
    raw := raw || substr(decode(repeat('00', 32), 'hex') || substr(der, at + 1, size), size + 1);
    at := at + size;
  END LOOP;
  RETURN CASE WHEN at = length(der) THEN raw END;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.ed25519_point_x(point bytea)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949; -- 2^255 - 19
  d CONSTANT numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
  root_of_minus_1 CONSTANT numeric := 19681161376707505956807079304988542015446066515923890162744021073123829784752;
  -- 8P is the identity just for the points with one of these y: 1 (order 1), -1 (2), 0 (4), y8 and -y8 (8).
  y8 CONSTANT numeric := 2707385501144840649318225287225658788936804267575313519463743609750303402022;
  y numeric; u numeric; v numeric; v3 numeric; x numeric;
BEGIN
  IF length(point) <> 32 THEN
    RETURN NULL;
  END IF;
  y := bytes_to_number(set_bit(point, 255, 0), false);
  IF y >= p OR y IN (0, 1, p - 1, y8, p - y8) THEN
    RETURN NULL;
  END IF;
  u := (y * y - 1) % p;
  v := (d * (y * y % p) + 1) % p;
  v3 := v * v % p * v % p;
  x := u * v3 % p * power_modulo(u * v3 % p * v3 % p * v, div(p - 5, 8), p) % p;
  IF (v * x * x + u) % p = 0 THEN
    x := x * root_of_minus_1 % p;
  ELSIF (v * x * x - u) % p <> 0 THEN
    RETURN NULL;
  END IF;
  RETURN CASE WHEN x % 2 = get_bit(point, 255) THEN x ELSE p - x END;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.ensure_audit_partitions(months_ahead integer DEFAULT 3)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  made integer := 0;
  this_month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
  month timestamptz;
  next_month timestamptz;
  name text;
BEGIN
  FOR ahead IN 0..least(greatest(months_ahead, 0), 24) LOOP
    month := (this_month AT TIME ZONE 'UTC' + make_interval(months => ahead)) AT TIME ZONE 'UTC';
    name := 'audit_events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL OR month < coalesce(
      (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz
         FROM pg_class c WHERE c.oid = to_regclass('public.audit_events_before_log')), '-infinity');
    PERFORM pg_advisory_xact_lock(4226536);
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
    -- Made apart and then attached, which no transition waits for; PARTITION OF would wait for whoever reads the events, and all behind it.
    next_month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_events INCLUDING ALL, CONSTRAINT month_bound CHECK (occurred_at >= %L AND occurred_at < %L))',
                   name, month, next_month);
    EXECUTE format('ALTER TABLE public.audit_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name, month, next_month);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT month_bound', name);
    PERFORM public.guard_audit_partition(('public.' || name)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.grant_signing_payload(g governance_build_authorization)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT concat(
    '{"apr_digest":', to_json(r.apr_digest), ',"auth_code":', to_json(g.auth_code),
    ',"bindings":{"action_set":[', (SELECT string_agg(to_json(action)::text, ',' ORDER BY position)
                                      FROM jsonb_array_elements_text(g.scope -> 'action_set') WITH ORDINALITY AS granted (action, position)),
    '],"axis":', to_json(g.scope ->> 'axis'), ',"carrier":', to_json(g.scope ->> 'carrier'),
    ',"environment":', to_json(g.scope ->> 'environment'), ',"executor":', to_json(g.scope ->> 'executor'),
    ',"manifest_digest":', to_json(g.scope ->> 'manifest_digest'), ',"namespace":', to_json(g.scope ->> 'namespace'),
    ',"plan_id":', to_json(g.scope ->> 'plan_id'), ',"plan_revision":', to_json(g.scope ->> 'plan_revision'),
    ',"rollback_plan_ref":', to_json(g.rollback_plan_ref), ',"schema_digest":', to_json(g.scope ->> 'schema_digest'),
    ',"target":', to_json(g.scope ->> 'target'),
    '},"database":', to_json(g.scope ->> 'database'),
    ',"expires_at":', to_json(to_char(g.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"mode":', to_json(g.mode),
    ',"rehearsal_ref":', coalesce(to_json(g.evidence ->> 'rehearsal_ref')::text, 'null'),
    ',"type":"countersign/grant-signing-payload/v1"}')
    FROM approval_requests r WHERE r.apr_code = g.request_ref
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
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
CREATE OR REPLACE FUNCTION public.guard_audit_checkpoint()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_log l WHERE (l.size, l.root, l.generation) = (NEW.size, NEW.root, NEW.generation)) THEN
    RAISE EXCEPTION 'the log has no such head' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'head_of_log';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_audit_generation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT awaits_recovery() OR NOT EXISTS (SELECT FROM audit_log l WHERE l.generation < NEW.generation
                                                AND (l.origin, l.size, l.root) = (NEW.old_origin, NEW.size, NEW.root)) THEN
    RAISE EXCEPTION 'a log gets another name when it was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_restored';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_audit_growth()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE grows boolean;
BEGIN
  IF TG_TABLE_NAME = 'audit_tiles' THEN
    grows := (NEW.level, NEW.index) = (OLD.level, OLD.index) AND substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) = OLD.hashes;
  ELSIF TG_TABLE_NAME = 'audit_bundles' THEN
    grows := NEW.index = OLD.index AND NEW.seqs[1:cardinality(OLD.seqs)] = OLD.seqs;
  ELSE
    grows := (NEW.size, NEW.generation, NEW.root, NEW.signed_at) = (OLD.size, OLD.generation, OLD.root, OLD.signed_at) AND starts_with(NEW.note, OLD.note);
  END IF;
  IF grows IS NOT TRUE THEN
    RAISE EXCEPTION 'what is in the log stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_grows';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_audit_link()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NOT EXISTS (
    SELECT FROM audit_events e
     WHERE e.seq = NEW.seq AND e.transaction = pg_current_xact_id() AND (NEW.event -> 'seq')::bigint = e.seq
       AND (e.actor, e.action, e.resource_type, e.resource_id, e.request_id)
           = (NEW.event ->> 'actor', NEW.event ->> 'action', NEW.event ->> 'resource_type', NEW.event ->> 'resource_id', NEW.event ->> 'request_id')
       AND (coalesce(e.before, 'null'), coalesce(e.after, 'null'), e.digests) = (NEW.event -> 'before', NEW.event -> 'after', NEW.event -> 'digests')
  ) THEN
    RAISE EXCEPTION 'only an event of this transaction is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'link_of_event';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_audit_log()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.generation <> OLD.generation THEN
    IF NEW.generation < OLD.generation OR (NEW.size, NEW.root, NEW.sealed_seq) IS DISTINCT FROM (OLD.size, OLD.root, OLD.sealed_seq)
       OR NOT awaits_recovery()
       OR NOT EXISTS (SELECT FROM audit_generations g WHERE (g.generation, g.origin, g.old_origin, g.size, g.root)
                                                            = (NEW.generation, NEW.origin, OLD.origin, OLD.size, OLD.root)) THEN
      RAISE EXCEPTION 'a log gets another name when it was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_restored';
    END IF;
  ELSIF NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.sealed_seq < OLD.sealed_seq OR NEW.horizon_seq < OLD.horizon_seq
     OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
    RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_grows';
  END IF;
  -- What is sealed was final, and each event of it has a leaf.
  IF NEW.sealed_seq > OLD.horizon_seq
     OR (NEW.sealed_seq > OLD.sealed_seq AND pg_snapshot_xmin(pg_current_snapshot()) < OLD.horizon_xid)
     OR NEW.size - OLD.size <> (SELECT count(*) FROM audit_events e WHERE e.seq > OLD.sealed_seq AND e.seq <= NEW.sealed_seq) THEN
    RAISE EXCEPTION 'each event that is final gets a leaf, and no other' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leaf_for_each';
  END IF;
  IF (NEW.horizon_seq, NEW.horizon_xid) IS DISTINCT FROM (OLD.horizon_seq, OLD.horizon_xid)
     AND (NEW.horizon_xid <> pg_current_xact_id() OR NEW.horizon_seq > (SELECT last_value FROM audit_events_seq)) THEN
    RAISE EXCEPTION 'the horizon is where the numbers are' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_drawn';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_audit_partition(partition regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER never_truncated', partition);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', partition);
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.guard_council_record()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  changeable CONSTANT text[] := ARRAY['revoked_at', 'revoked_by', 'revoked_reason'];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'a record is revoked once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'record_immutable';
    END IF;
    RETURN NEW;
  END IF;
  IF holds_role(NEW.recorded_by, 'council') IS NOT TRUE OR NEW.revoked_at IS NOT NULL
     OR EXISTS (SELECT FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision AND registered_by = NEW.recorded_by) THEN
    RAISE EXCEPTION 'a council member records it who is not the author' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_separation';
  END IF;
  IF NEW.plan_digest IS DISTINCT FROM (SELECT plan_digest FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision)
     OR coalesce(plan_step(NEW.plan_id, NEW.revision, NEW.step) -> 'records' ? NEW.kind, false) IS NOT TRUE THEN
    RAISE EXCEPTION 'the record is not of a step of this revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_of_step';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_gateway_baseline()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF holds_role(NEW.taken_by, 'sovereign') IS NOT TRUE THEN
    RAISE EXCEPTION 'a gateway is accepted by a sovereign' USING ERRCODE = 'check_violation', CONSTRAINT = 'baseline_by_sovereign';
  END IF;
  NEW.taken_at := clock_timestamp();
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.guard_grant_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE r approval_requests;
BEGIN
  IF NEW.status <> (CASE NEW.mode WHEN 'commit' THEN 'draft' ELSE 'active' END) OR NEW.sovereign_esign_ref IS NOT NULL THEN
    RAISE EXCEPTION 'a % grant does not start as %', NEW.mode, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.request_ref;
  IF r.status IS DISTINCT FROM 'approved' THEN
    RAISE EXCEPTION 'the request % is not approved', NEW.request_ref USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_quorum';
  END IF;
  IF NEW.mode = 'commit' THEN
    IF r.risk <> 'sovereign' OR r.quorum < 3 OR r.council_quorum < 1 THEN
      RAISE EXCEPTION 'a commit-mode grant needs three approvals, one of them of the council'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_sovereign_quorum';
    END IF;
    IF NOT EXISTS (
      SELECT FROM scopes s
       WHERE s.status = 'active' AND (s.carrier, s.namespace, s.axis, s.target, s.environment, s.database, s.lease_name)
             = (NEW.scope ->> 'carrier', NEW.scope ->> 'namespace', NEW.scope ->> 'axis', NEW.scope ->> 'target',
                NEW.scope ->> 'environment', NEW.scope ->> 'database', NEW.scope ->> 'lease_name')
         AND EXISTS (SELECT FROM jsonb_array_elements(s.allowed_action_sets) AS allowed WHERE allowed @> (NEW.scope -> 'action_set'))
         AND (NOT s.rehearsal_required OR NEW.evidence ->> 'rehearsal_ref' IS NOT NULL)) THEN
      RAISE EXCEPTION 'no registered scope allows this' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_scope';
    END IF;
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_grant_rehearsal()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.evidence ->> 'rehearsal_ref' IS NOT NULL AND NOT EXISTS (
    SELECT FROM rehearsals r
     WHERE r.rehearsal_ref = NEW.evidence ->> 'rehearsal_ref' AND r.passed AND r.database = NEW.scope ->> 'database'
       AND (r.plan_id, r.plan_revision, r.manifest_digest, r.schema_digest, r.rollback_plan_ref)
           = (NEW.scope ->> 'plan_id', NEW.scope ->> 'plan_revision', NEW.scope ->> 'manifest_digest', NEW.scope ->> 'schema_digest', NEW.rollback_plan_ref)) THEN
    RAISE EXCEPTION 'no passed rehearsal of this is on record' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_rehearsal';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_grant_signature()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  g governance_build_authorization;
  k signing_keys;
  at timestamptz;
BEGIN
  SELECT * INTO g FROM governance_build_authorization WHERE auth_code = NEW.auth_code FOR UPDATE;
  SELECT * INTO k FROM signing_keys WHERE kid = NEW.kid FOR SHARE;
  at := clock_timestamp();
  IF g.mode IS DISTINCT FROM 'commit' OR g.status <> 'draft' THEN
    RAISE EXCEPTION 'only a draft is signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_of_draft';
  END IF;
  IF at >= g.expires_at THEN
    RAISE EXCEPTION 'the draft has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_time';
  END IF;
  IF k.status IS DISTINCT FROM 'active' OR at < k.valid_from OR at >= k.valid_until THEN
    RAISE EXCEPTION 'the key is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_key_in_force';
  END IF;
  IF (NEW.signer, NEW.alg, NEW.jwk, NEW.key_valid_from, NEW.key_valid_until, NEW.confirmed_by, NEW.confirmed_at)
     IS DISTINCT FROM (k.principal, k.alg, k.jwk, k.valid_from, k.valid_until, k.confirmed_by, k.confirmed_at)
     OR NEW.signed_at NOT BETWEEN g.granted_at AND at OR NEW.payload IS DISTINCT FROM grant_signing_payload(g) THEN
    RAISE EXCEPTION 'the record is not of this grant and key' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_record';
  END IF;
  IF holds_role(NEW.signer, 'sovereign') IS NOT TRUE OR NEW.signer = g.scope ->> 'executor'
     OR EXISTS (SELECT FROM approval_requests WHERE apr_code = g.request_ref AND requested_by = NEW.signer)
     OR EXISTS (SELECT FROM apr_approvals WHERE apr_code = g.request_ref AND voter = NEW.signer) THEN
    RAISE EXCEPTION 'a sovereign signs who is neither requester nor voter nor executor'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_separation';
  END IF;
  IF signature_holds(k, NEW.payload, NEW.jws, NEW.authenticator_data, NEW.client_data_json, NEW.assertion_signature) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
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
  IF NEW.status = 'active' AND NOT EXISTS (
       SELECT FROM grant_signatures s WHERE s.auth_code = NEW.auth_code AND s.esign_ref = NEW.sovereign_esign_ref) THEN
    RAISE EXCEPTION 'only a verified signature activates a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_esign';
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
    -- Each statement of this function has a snapshot of its own: after the gate and the lock, it sees what is committed.
    PERFORM pass_hold_gate();
    IF EXISTS (SELECT FROM registration_holds h
                WHERE h.lifted_at IS NULL AND (h.environment IS NULL OR h.environment = NEW.scope ->> 'environment')) THEN
      RAISE EXCEPTION 'a hold stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'registration_hold';
    END IF;
    IF NEW.mode = 'commit' THEN
      PERFORM FROM signing_keys k JOIN grant_signatures s USING (kid)
        WHERE s.auth_code = NEW.auth_code AND k.status = 'active' FOR SHARE OF k;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the key of the signature was revoked' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_key_revoked';
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_advisory_xact_lock(4226534);
  IF TG_OP = 'INSERT' THEN
    NEW.placed_at := clock_timestamp();
    IF NEW.lifted_at IS NOT NULL THEN
      RAISE EXCEPTION 'a hold starts standing' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_transition';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL
     OR (NEW.id, NEW.environment, NEW.reason, NEW.placed_by, NEW.placed_at)
        IS DISTINCT FROM (OLD.id, OLD.environment, OLD.reason, OLD.placed_by, OLD.placed_at) THEN
    RAISE EXCEPTION 'a hold is lifted once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_transition';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_idempotency_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF OLD.created_at > clock_timestamp() - interval '30 days' THEN
    RAISE EXCEPTION 'an answer is kept for thirty days' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kept_thirty_days';
  END IF;
  RETURN OLD;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_incarnation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  changeable CONSTANT text[] := ARRAY['recovered_at', 'recovered_by', 'report'];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.recovered_at IS NOT NULL OR NEW.recovered_at IS NULL OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'a restore is recovered from once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incarnation_final';
    END IF;
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(4226535);
  NEW.incarnation := coalesce((SELECT max(i.incarnation) FROM control_incarnations i), 0) + 1;
  IF NEW.recovered_at IS NOT NULL OR (NEW.origin = 'first') <> (NEW.incarnation = 1)
     OR NOT EXISTS (SELECT FROM control_server() AS s WHERE (s.system_identifier, s.timeline) = (NEW.system_identifier, NEW.timeline)) THEN
    RAISE EXCEPTION 'an incarnation is noted as it is found' USING ERRCODE = 'check_violation', CONSTRAINT = 'incarnation_as_found';
  END IF;
  IF NEW.origin = 'restore' AND NOT EXISTS (SELECT FROM registration_holds h WHERE h.id = NEW.hold_id AND h.environment IS NULL AND h.lifted_at IS NULL) THEN
    RAISE EXCEPTION 'a restored database is under a hold' USING ERRCODE = 'check_violation', CONSTRAINT = 'restore_is_held';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_incident()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' THEN
      RAISE EXCEPTION 'an incident begins open' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_begins_open';
    END IF;
    NEW.opened_at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF OLD.status <> 'open' OR NEW.status <> 'resolved'
     OR (NEW.incident_id, NEW.database, NEW.kind, NEW.subject, NEW.sighting, NEW.detail, NEW.opened_at)
        IS DISTINCT FROM (OLD.incident_id, OLD.database, OLD.kind, OLD.subject, OLD.sighting, OLD.detail, OLD.opened_at) THEN
    RAISE EXCEPTION 'an incident is resolved once, and nothing else of it changes' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_transition';
  END IF;
  IF holds_role(NEW.resolved_by, 'operator') IS NOT TRUE THEN
    RAISE EXCEPTION 'an incident is resolved by an operator' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_resolved_by_operator';
  END IF;
  NEW.resolved_at := clock_timestamp();
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.guard_lease()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE acquires boolean := (NEW.lease_token_hash, NEW.lease_holder) IS DISTINCT FROM (OLD.lease_token_hash, OLD.lease_holder);
BEGIN
  IF NEW.lease_name = OLD.lease_name AND NEW.fencing_token > OLD.fencing_token AND NEW.released_at IS NOT NULL
     AND NEW.auth_code IS NULL AND awaits_recovery() THEN
    RETURN NEW;
  END IF;
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
CREATE OR REPLACE FUNCTION public.guard_ledger()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
BEGIN
  PERFORM FROM plans WHERE plan_id = NEW.plan_id FOR UPDATE;
  NEW.seq := coalesce((SELECT max(seq) FROM plan_ledger WHERE plan_id = NEW.plan_id), 0) + 1;
  IF NEW.plan_digest IS DISTINCT FROM (SELECT plan_digest FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision) THEN
    RAISE EXCEPTION 'the line is of no revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_revision';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('root:' || NEW.idempotency_root, 0));
  IF planned ->> 'kind' = 'record' THEN
    IF NEW.outcome <> 'committed' OR NEW.act <> 'commit' OR jsonb_typeof(NEW.documents) IS DISTINCT FROM 'array'
       OR (SELECT jsonb_agg(d ->> 'name' ORDER BY d ->> 'name') FROM jsonb_array_elements(NEW.documents) AS d)
          IS DISTINCT FROM (SELECT jsonb_agg(d ORDER BY d) FROM jsonb_array_elements_text(planned -> 'documents') AS d)
       OR EXISTS (SELECT FROM c1_build_run r WHERE r.idempotency_root = NEW.idempotency_root)
       OR (coalesce(jsonb_array_length(planned -> 'records'), 0) > 0) IS DISTINCT FROM EXISTS (
            SELECT FROM os_proposal_approvals a
             WHERE (a.approval_code, a.plan_id, a.revision, a.step, a.act, a.status, a.consumed_by, a.idempotency_root)
                   = (NEW.approval_code, NEW.plan_id, NEW.revision, NEW.step, 'commit', 'consumed', NEW.recorded_by, NEW.idempotency_root)) THEN
      RAISE EXCEPTION 'a record step is evidenced by its documents and records' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_run';
    END IF;
  ELSIF planned IS NULL OR NOT EXISTS (
    SELECT FROM plan_step_runs s JOIN c1_build_run r USING (idempotency_root)
     WHERE (s.idempotency_root, s.plan_id, s.revision, s.step, s.act, s.step_digest)
           = (NEW.idempotency_root, NEW.plan_id, NEW.revision, NEW.step, NEW.act, NEW.step_digest)
       AND s.approval_code IS NOT DISTINCT FROM NEW.approval_code AND r.reserved AND r.executor = NEW.recorded_by
       AND CASE NEW.outcome
             WHEN 'rehearsed' THEN r.mode = 'dry-run' AND r.status = 'succeeded'
             WHEN 'rehearsal_failed' THEN r.mode = 'dry-run' AND r.status = 'stopped'
             WHEN 'committed' THEN r.mode = 'commit' AND r.status = 'succeeded' AND NEW.act = 'commit'
             WHEN 'rolled_back' THEN r.mode = 'commit' AND NEW.act = 'rollback' AND planned #>> '{rollback,mode}' = 'revert'
               AND (r.status = 'succeeded' OR state_is_ok(NEW.idempotency_root, 'undo'))
             WHEN 'retired' THEN r.mode = 'commit' AND planned #>> '{rollback,mode}' = 'retire'
               AND (r.status = 'succeeded' AND NEW.act = 'rollback' OR r.status = 'stopped' AND state_is_ok(NEW.idempotency_root, 'undo'))
             WHEN 'undone' THEN r.mode = 'commit' AND r.status = 'stopped' AND NEW.act = 'commit' AND state_is_ok(NEW.idempotency_root, 'undo')
             WHEN 'failed' THEN r.mode = 'commit' AND r.status = 'stopped'
               AND (planned ->> 'kind' = 'check' OR NOT state_is_ok(NEW.idempotency_root, 'forward') OR state_is_ok(NEW.idempotency_root, 'undo'))
             ELSE r.mode = 'commit' AND r.status = 'stopped' END)
     -- A run that was only stopped may end once more, undone.
     OR EXISTS (SELECT FROM plan_ledger l WHERE l.idempotency_root = NEW.idempotency_root
                 AND (l.plan_id, l.step, l.act, l.outcome) IS DISTINCT FROM (NEW.plan_id, NEW.step, NEW.act, 'contradicted')) THEN
    RAISE EXCEPTION 'the line is not what its run has come to' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_run';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_lift()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF EXISTS (SELECT FROM control_incarnations i WHERE i.hold_id = OLD.id AND i.recovered_at IS NULL) THEN
    RAISE EXCEPTION 'the database was restored and not recovered yet' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_awaits_recovery';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_log_mark()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.after_log_id <> 0
     AND NOT EXISTS (SELECT FROM lifecycle_log_marks m WHERE m.database = NEW.database AND m.log_id = NEW.after_log_id) THEN
    RAISE EXCEPTION 'a mark follows on the one before it' USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_follows';
  END IF;
  NEW.marked_at := clock_timestamp();
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.guard_plan_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  changeable CONSTANT text[] := ARRAY['status', 'consumed_at', 'consumed_by', 'idempotency_root', 'revoked_at', 'revoked_by', 'revoked_reason', 'expired_at'];
  revision_row plan_revisions;
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
  needed text;
BEGIN
  SELECT * INTO revision_row FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision;
  IF TG_OP = 'INSERT' THEN
    IF planned IS NULL OR NEW.plan_digest IS DISTINCT FROM revision_row.plan_digest OR NOT coalesce(planned -> 'records' ? 'M-1', false)
       OR NEW.signed IS DISTINCT FROM coalesce((planned ->> 'signed')::boolean, false) THEN
      RAISE EXCEPTION 'the record is not of a step of this revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_of_step';
    END IF;
    IF abs(extract(epoch FROM clock_timestamp() - NEW.granted_at)) > 60 THEN
      RAISE EXCEPTION 'a record is of now' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF holds_role(NEW.granted_by, 'sovereign') IS NOT TRUE OR NEW.granted_by = revision_row.registered_by OR NEW.granted_by = NEW.executor THEN
      RAISE EXCEPTION 'a sovereign records it who is neither author nor executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_separation';
    END IF;
    IF NEW.status IS DISTINCT FROM (CASE WHEN NEW.signed THEN 'draft' ELSE 'active' END) THEN
      RAISE EXCEPTION 'a record starts at its beginning' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_transition';
    END IF;
    IF (planned ->> 'kind' = 'sql') AND NOT EXISTS (
         SELECT FROM rehearsals r JOIN plan_step_runs s USING (idempotency_root)
          WHERE r.rehearsal_ref = NEW.rehearsal_ref AND r.passed AND r.manifest_digest = NEW.plan_digest
            AND (s.plan_id, s.revision, s.step, s.act) = (NEW.plan_id, NEW.revision, NEW.step, NEW.act)) THEN
      RAISE EXCEPTION 'no passed rehearsal of this is on record' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_rehearsal';
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
    RAISE EXCEPTION 'what a record is for never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_immutable';
  END IF;
  IF NOT (OLD.status = 'draft' AND NEW.status IN ('active', 'revoked', 'expired')
       OR OLD.status = 'active' AND NEW.status IN ('consumed', 'revoked', 'expired')) THEN
    RAISE EXCEPTION 'a record that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_transition';
  END IF;
  IF NEW.status = 'active' AND NOT EXISTS (SELECT FROM proposal_signatures s WHERE s.approval_code = NEW.approval_code) THEN
    RAISE EXCEPTION 'the record is not signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_signature';
  END IF;
  IF NEW.status = 'consumed' THEN
    IF clock_timestamp() >= OLD.expires_at THEN
      RAISE EXCEPTION 'the record has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF abs(extract(epoch FROM clock_timestamp() - NEW.consumed_at)) > 60 THEN
      RAISE EXCEPTION 'a record is used now' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF EXISTS (SELECT FROM proposal_signatures s JOIN signing_keys k USING (kid)
                WHERE s.approval_code = NEW.approval_code AND (k.revoked_at IS NOT NULL OR s.signer = NEW.consumed_by)) THEN
      RAISE EXCEPTION 'the key of the signature was revoked, or the signer executes' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_key';
    END IF;
    IF NEW.consumed_by = OLD.granted_by OR NEW.consumed_by IS DISTINCT FROM coalesce(OLD.executor, NEW.consumed_by) THEN
      RAISE EXCEPTION 'the record is not for this executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_separation';
    END IF;
    FOR needed IN SELECT jsonb_array_elements_text(planned -> 'records') LOOP
      IF needed <> 'M-1' AND NOT EXISTS (
        SELECT FROM council_records c
         WHERE (c.plan_id, c.revision, c.step, c.kind, c.plan_digest) = (NEW.plan_id, NEW.revision, NEW.step, needed, NEW.plan_digest)
           AND c.revoked_at IS NULL AND c.recorded_by <> NEW.consumed_by) THEN
        RAISE EXCEPTION 'the council record % is missing', needed USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_council';
      END IF;
    END LOOP;
    PERFORM pass_hold_gate();
    IF EXISTS (SELECT FROM registration_holds h
                WHERE h.lifted_at IS NULL AND (h.environment IS NULL OR h.environment = revision_row.target
                   OR h.environment IN (SELECT environment FROM scopes WHERE database = revision_row.target))) THEN
      RAISE EXCEPTION 'a hold stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'registration_hold';
    END IF;
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_principal()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.principal, NEW.issuer, NEW.created_at) IS DISTINCT FROM (OLD.principal, OLD.issuer, OLD.created_at) THEN
    RAISE EXCEPTION 'a principal keeps its name and its issuer' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'principal_immutable';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_proposal_signature()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  a os_proposal_approvals;
  k signing_keys;
  at timestamptz;
BEGIN
  SELECT * INTO a FROM os_proposal_approvals WHERE approval_code = NEW.approval_code FOR UPDATE;
  SELECT * INTO k FROM signing_keys WHERE kid = NEW.kid FOR SHARE;
  at := clock_timestamp();
  IF a.status IS DISTINCT FROM 'draft' OR at >= a.expires_at THEN
    RAISE EXCEPTION 'only a draft within its time is signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_of_draft';
  END IF;
  IF k.status IS DISTINCT FROM 'active' OR at < k.valid_from OR at >= k.valid_until
     OR (NEW.signer, NEW.alg, NEW.jwk) IS DISTINCT FROM (k.principal, k.alg, k.jwk) THEN
    RAISE EXCEPTION 'the key is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_key_in_force';
  END IF;
  IF holds_role(NEW.signer, 'sovereign') IS NOT TRUE OR NEW.signer = a.executor
     OR NEW.signer = (SELECT registered_by FROM plan_revisions WHERE plan_id = a.plan_id AND revision = a.revision) THEN
    RAISE EXCEPTION 'a sovereign signs who is neither author nor executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_separation';
  END IF;
  IF NEW.payload IS DISTINCT FROM proposal_signing_payload(a)
     OR signature_holds(k, NEW.payload, NEW.jws, NEW.authenticator_data, NEW.client_data_json, NEW.assertion_signature) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_rehearsal()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  said jsonb := NEW.content::jsonb;
BEGIN
  IF NOT EXISTS (
    SELECT FROM c1_build_run r LEFT JOIN governance_build_authorization g ON g.auth_code = r.grant_code
     WHERE r.idempotency_root = said ->> 'idempotency_root' AND r.auth_code = said ->> 'auth_code' AND r.reserved
       AND r.mode = 'dry-run' AND (g.mode = 'dry-run' AND g.status = 'consumed' OR r.auth_code LIKE 'STEP-%') AND r.build = said ->> 'build'
       AND r.database = said ->> 'database' AND r.bindings @> (said -> 'bindings')
       AND (said -> 'bindings') ?& ARRAY['plan_id', 'plan_revision', 'manifest_digest', 'schema_digest', 'rollback_plan_ref']) THEN
    RAISE EXCEPTION 'a rehearsal is what a dry-run has shown' USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_of_dry_run';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_review_decision()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF holds_role(NEW.decided_by, 'council') IS NOT TRUE THEN
    RAISE EXCEPTION 'a review decision is by the council' USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_by_council';
  END IF;
  NEW.decided_at := date_trunc('milliseconds', clock_timestamp());
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.guard_run_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  g governance_build_authorization;
  a os_proposal_approvals;
BEGIN
  IF NEW.auth_code LIKE 'GBA-%' THEN
    SELECT * INTO g FROM governance_build_authorization WHERE auth_code = NEW.auth_code;
    IF (NEW.mode, NEW.executor, NEW.environment) IS DISTINCT FROM (g.mode, g.scope ->> 'executor', g.scope ->> 'environment')
       OR g.mode = 'commit' AND NEW.database IS DISTINCT FROM g.scope ->> 'database'
       OR NEW.rehearsal_ref IS DISTINCT FROM g.evidence ->> 'rehearsal_ref' OR NEW.rolls_back IS DISTINCT FROM g.evidence ->> 'rolls_back' THEN
      RAISE EXCEPTION 'the run is not what its grant is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_grant';
    END IF;
  ELSIF NEW.auth_code LIKE 'M1-%' THEN
    SELECT * INTO a FROM os_proposal_approvals WHERE approval_code = NEW.auth_code;
    IF NEW.mode <> 'commit' OR a.status IS DISTINCT FROM 'active' OR NEW.executor IS DISTINCT FROM coalesce(a.executor, NEW.executor)
       OR NEW.executor = a.granted_by OR NEW.rehearsal_ref IS DISTINCT FROM a.rehearsal_ref THEN
      RAISE EXCEPTION 'the run is not what its record is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
    END IF;
  ELSIF NOT (NEW.mode = 'dry-run' AND NEW.build IN ('plan-step', 'plan-step-rollback') OR NEW.build = 'plan-check') THEN
    RAISE EXCEPTION 'nothing is written without an authorization' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('root:' || NEW.idempotency_root, 0));
  IF EXISTS (SELECT FROM plan_ledger WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'the root stands for a step that is on record' USING ERRCODE = 'unique_violation', CONSTRAINT = 'root_is_taken';
  END IF;
  IF NEW.status <> 'running' OR NEW.reserved OR NEW.claim_no <> 0 THEN
    RAISE EXCEPTION 'a run starts at its beginning' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_run_outcome()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF to_jsonb(NEW) - 'evidence' <> to_jsonb(OLD) - 'evidence' OR NEW.evidence - 'run' <> OLD.evidence - 'run'
     OR OLD.evidence ? 'run' AND OLD.evidence #>> '{run,stop_state}' IS DISTINCT FROM 'STOP_REQUESTED'
     OR NOT EXISTS (
       SELECT FROM c1_build_run r
        WHERE r.auth_code = NEW.auth_code AND r.reserved AND r.idempotency_root = NEW.idempotency_root
          AND r.status IN ('succeeded', 'stopped') AND (r.idempotency_root, r.status) = (NEW.evidence #>> '{run,idempotency_root}', NEW.evidence #>> '{run,status}')) THEN
    RAISE EXCEPTION 'only the outcome of its run is added to a used grant' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_bindings';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_run_reserved()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.approval_code IS NOT NULL AND NOT EXISTS (
       SELECT FROM os_proposal_approvals a
        WHERE a.approval_code = NEW.approval_code AND a.status = 'consumed' AND (a.consumed_by, a.idempotency_root) = (NEW.executor, NEW.idempotency_root))
     OR NEW.grant_code IS NOT NULL AND NOT EXISTS (
       SELECT FROM grant_receipts r WHERE r.auth_code = NEW.grant_code AND r.idempotency_root = NEW.idempotency_root AND r.consumed_by = NEW.executor) THEN
    RAISE EXCEPTION 'no write without a consumed grant' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_needs_receipt';
  END IF;
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_run_state()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.idempotency_root, NEW.direction, NEW.state, NEW.attempt, NEW.started_at)
     IS DISTINCT FROM (OLD.idempotency_root, OLD.direction, OLD.state, OLD.attempt, OLD.started_at)
     OR NOT (OLD.status = 'running' OR OLD.status = 'ok' AND NEW.status = 'rolled_back') THEN
    RAISE EXCEPTION 'what a state has done stays on record' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_state_final';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_run_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.idempotency_root, NEW.build, NEW.rolls_back, NEW.mode, NEW.auth_code, NEW.executor, NEW.environment, NEW.database, NEW.bindings,
      NEW.input_digest, NEW.rehearsal_ref, NEW.request_id, NEW.created_at)
     IS DISTINCT FROM
     (OLD.idempotency_root, OLD.build, OLD.rolls_back, OLD.mode, OLD.auth_code, OLD.executor, OLD.environment, OLD.database, OLD.bindings,
      OLD.input_digest, OLD.rehearsal_ref, OLD.request_id, OLD.created_at) THEN
    RAISE EXCEPTION 'what a run is for never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_bindings';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       OLD.status = 'running' AND NEW.status IN ('succeeded', 'stopped', 'compensating')
    OR OLD.status = 'compensating' AND NEW.status IN ('stopped', 'indeterminate')
    OR OLD.status = 'indeterminate' AND NEW.status = 'compensating'
    OR OLD.status = 'stopped' AND NEW.status = 'running' AND OLD.stop_state IN ('ABORT', 'ABORT_NO_LEASE') AND NOT OLD.reserved
    OR OLD.status = 'stopped' AND NEW.status = 'compensating' AND OLD.stop_state = 'STOP_REQUESTED') THEN
    RAISE EXCEPTION 'a run that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
  END IF;
  IF NEW.status IN ('succeeded', 'stopped') AND OLD.status = NEW.status THEN
    RAISE EXCEPTION 'a finished run stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_finished';
  END IF;
  IF NEW.claim_no < OLD.claim_no OR NEW.event_seq < OLD.event_seq OR NEW.fencing_token < OLD.fencing_token OR OLD.reserved AND NOT NEW.reserved THEN
    RAISE EXCEPTION 'claims, fences and events only rise' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_rises';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_scope()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF to_jsonb(NEW) - ARRAY['status', 'retired_at', 'retired_by'] <> to_jsonb(OLD) - ARRAY['status', 'retired_at', 'retired_by'] THEN
    RAISE EXCEPTION 'a scope never changes: retire it and register another' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'scope_immutable';
  END IF;
  IF NOT (OLD.status = 'active' AND NEW.status = 'retired') THEN
    RAISE EXCEPTION 'a scope that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'scope_transition';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_session()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.ended_at IS NOT NULL THEN
      RAISE EXCEPTION 'a session begins open' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_begins_open';
    END IF;
    -- A session is of whoever showed the token, or of whom the issuer speaks for, and of nobody else.
    IF NOT EXISTS (SELECT FROM principals p LEFT JOIN api_tokens t ON t.token_id = NEW.token_id
                    WHERE p.principal = NEW.principal AND (t.principal = p.principal OR p.issuer = NEW.issuer)) THEN
      RAISE EXCEPTION 'a session is its principal''s own' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_own';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.session_id, NEW.secret_hash, NEW.principal, NEW.token_id, NEW.issuer, NEW.opened_at, NEW.expires_at, NEW.idle_seconds)
     IS DISTINCT FROM
     (OLD.session_id, OLD.secret_hash, OLD.principal, OLD.token_id, OLD.issuer, OLD.opened_at, OLD.expires_at, OLD.idle_seconds) THEN
    RAISE EXCEPTION 'a session keeps what it began with' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_immutable';
  END IF;
  IF OLD.ended_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a session ends once and for good' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_end_final';
  END IF;
  IF NEW.idle_expires_at IS DISTINCT FROM OLD.idle_expires_at
     AND (NEW.idle_expires_at < OLD.idle_expires_at OR OLD.idle_expires_at <= clock_timestamp()
          OR NEW.idle_expires_at > clock_timestamp() + make_interval(secs => OLD.idle_seconds)) THEN
    RAISE EXCEPTION 'a session is kept awake while it is awake, and no longer than it may idle'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_awake';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_signing_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  -- The thumbprint is generated from the key once this trigger is through.
  changeable CONSTANT text[] := ARRAY['status', 'confirmed_at', 'confirmed_by', 'revoked_at', 'revoked_by', 'revoked_reason', 'thumbprint'];
  -- RFC 8785, by hand: three members in order, each value a JSON string.
  said CONSTANT text := format('{"kid":%s,"principal":%s,"purpose":"register-signing-key"}', to_json(NEW.kid), to_json(NEW.principal));
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' OR NEW.confirmed_at IS NOT NULL THEN
      RAISE EXCEPTION 'a key starts unconfirmed' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_transition';
    END IF;
    IF holds_role(NEW.principal, 'sovereign') IS NOT TRUE THEN
      RAISE EXCEPTION '% is no sovereign', NEW.principal USING ERRCODE = 'check_violation', CONSTRAINT = 'key_of_sovereign';
    END IF;
    IF signing_key_is_sound(NEW.jwk, NEW.alg) IS NOT TRUE THEN
      RAISE EXCEPTION 'the key is not a sound % key', NEW.alg USING ERRCODE = 'check_violation', CONSTRAINT = 'key_sound';
    END IF;
    IF (CASE
         WHEN NEW.credential_id IS NOT NULL THEN NEW.proof IS NULL AND verify_assertion(NEW.jwk, NEW.alg, NEW.rp_id,
           sha256(convert_to(said, 'UTF8')), NEW.proof_authenticator_data, NEW.proof_client_data_json, NEW.proof_signature)
         ELSE is_protected_header(split_part(NEW.proof, '.', 1), NEW.alg, NEW.kid)
           AND verify_detached_jws(NEW.jwk, NEW.alg, split_part(NEW.proof, '.', 1), said, split_part(NEW.proof, '.', 3))
       END) IS NOT TRUE THEN
      RAISE EXCEPTION 'the proof is not of this key' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_proof';
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
    RAISE EXCEPTION 'a key never changes after it is registered' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'key_immutable';
  END IF;
  IF NOT (OLD.status = 'pending' AND NEW.status IN ('active', 'revoked') OR OLD.status = 'active' AND NEW.status = 'revoked') THEN
    RAISE EXCEPTION 'a key that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'key_transition';
  END IF;
  IF NEW.status = 'active' AND (holds_role(NEW.confirmed_by, 'council') IS NOT TRUE OR clock_timestamp() >= NEW.valid_until) THEN
    RAISE EXCEPTION 'a council member confirms a key within its time' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_confirmation';
  END IF;
  IF NEW.status = 'revoked' AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by) THEN
    RAISE EXCEPTION 'a revocation confirms nothing' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'key_immutable';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_step_run()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  r c1_build_run;
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
BEGIN
  SELECT * INTO r FROM c1_build_run WHERE idempotency_root = NEW.idempotency_root;
  IF planned IS NULL OR r.environment IS DISTINCT FROM r.database OR r.database IS DISTINCT FROM (SELECT target FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision)
     OR r.build IS DISTINCT FROM (CASE WHEN planned ->> 'kind' = 'check' THEN 'plan-check' WHEN NEW.act = 'commit' THEN 'plan-step' ELSE 'plan-step-rollback' END)
     OR planned ->> 'kind' NOT IN ('sql', 'check')
     OR r.mode = 'commit' AND NEW.approval_code IS NULL AND coalesce(jsonb_array_length(planned -> 'records'), 0) > 0
     OR NEW.approval_code IS DISTINCT FROM r.approval_code
     -- The run plays its input: that is this step of this revision, and what was rehearsed of it.
     OR NOT EXISTS (
       SELECT FROM c1_build_run_input i JOIN plan_revisions v ON (v.plan_id, v.revision) = (NEW.plan_id, NEW.revision), LATERAL (SELECT i.content::jsonb AS said) AS s
        WHERE i.idempotency_root = NEW.idempotency_root AND said -> 'plan' = v.content::jsonb AND said ->> 'plan_digest' = v.plan_digest
          AND (said ->> 'step')::integer = NEW.step AND said ->> 'act' = NEW.act AND said ->> 'step_digest' = NEW.step_digest
          AND (said ->> 'rehearsal')::boolean = (r.mode = 'dry-run')
          AND said ->> 'entry_fingerprint' IS NOT DISTINCT FROM (SELECT h.fingerprint FROM rehearsals h WHERE h.rehearsal_ref = r.rehearsal_ref)) THEN
    RAISE EXCEPTION 'the run is not of this step' USING ERRCODE = 'check_violation', CONSTRAINT = 'step_run_of_step';
  END IF;
  IF NEW.approval_code IS NOT NULL AND NOT EXISTS (
    SELECT FROM os_proposal_approvals a
     WHERE (a.approval_code, a.plan_id, a.revision, a.step, a.act) = (NEW.approval_code, NEW.plan_id, NEW.revision, NEW.step, NEW.act)) THEN
    RAISE EXCEPTION 'the record is for something else' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_webhook()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF (NEW.id, NEW.url, NEW.events, NEW.description, NEW.created_at, NEW.created_by)
     IS DISTINCT FROM (OLD.id, OLD.url, OLD.events, OLD.description, OLD.created_at, OLD.created_by) THEN
    RAISE EXCEPTION 'where a webhook goes and what it is told stay as they were registered' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'webhook_immutable';
  END IF;
  IF NEW.cursor_seq < OLD.cursor_seq THEN
    RAISE EXCEPTION 'the cursor only goes on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cursor_grows';
  END IF;
  IF OLD.removed_at IS NOT NULL THEN
    RAISE EXCEPTION 'a removed webhook stays removed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'removal_final';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_webhook_delivery()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF NOT (OLD.status = 'delivered' AND OLD.ended_at < clock_timestamp() - interval '1 day')
       AND NOT EXISTS (SELECT FROM webhooks w WHERE w.id = OLD.webhook_id AND w.removed_at IS NOT NULL) THEN
      RAISE EXCEPTION 'only what was delivered is forgotten' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_kept';
    END IF;
    RETURN OLD;
  END IF;
  IF (NEW.webhook_id, NEW.event_seq, NEW.occurred_at, NEW.action, NEW.resource_type, NEW.resource_id, NEW.lane, NEW.created_at)
     IS DISTINCT FROM (OLD.webhook_id, OLD.event_seq, OLD.occurred_at, OLD.action, OLD.resource_type, OLD.resource_id, OLD.lane, OLD.created_at) THEN
    RAISE EXCEPTION 'what is delivered stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_immutable';
  END IF;
  -- Only who was sending it says how it ended; what has ended is sent again only by a replay.
  IF NEW.status <> OLD.status AND (CASE OLD.status WHEN 'pending' THEN OLD.lease IS NULL ELSE NEW.status <> 'pending' OR NEW.replays <> OLD.replays + 1 END) THEN
    RAISE EXCEPTION 'a delivery goes from pending to its end, and back by a replay' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_transition';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.guard_webhook_relay()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF NEW.final_seq < OLD.final_seq OR NEW.horizon_seq < OLD.horizon_seq THEN
    RAISE EXCEPTION 'the horizon only goes on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_grows';
  END IF;
  IF NEW.final_seq > OLD.final_seq AND (NEW.final_seq > OLD.horizon_seq OR pg_snapshot_xmin(pg_current_snapshot()) < OLD.horizon_xid) THEN
    RAISE EXCEPTION 'an event with a lower number may still come' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'order_final';
  END IF;
  IF (NEW.horizon_seq, NEW.horizon_xid) IS DISTINCT FROM (OLD.horizon_seq, OLD.horizon_xid)
     AND (NEW.horizon_xid <> pg_current_xact_id() OR NEW.horizon_seq > (SELECT last_value FROM audit_events_seq)) THEN
    RAISE EXCEPTION 'the horizon is where the numbers are' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_drawn';
  END IF;
  RETURN NEW;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.holds_role(who text, role text)
 RETURNS boolean
 LANGUAGE sql
 STABLE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN (EXISTS (SELECT FROM principals p WHERE ((p.principal = holds_role.who) AND (p.status = 'active'::text) AND (holds_role.role = ANY (p.roles)))))
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.is_authenticator_data(authenticator_data bytea, rp_id text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  RETURN length(authenticator_data) = 37 AND substr(authenticator_data, 1, 32) = sha256(convert_to(rp_id, 'UTF8'))
    AND get_byte(authenticator_data, 32) & (1 + 4 + 64 + 128) = 1 + 4 AND get_byte(authenticator_data, 32) & (8 + 16) <> 16;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.is_client_data(client_data_json bytea, challenge bytea, rp_id text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  said json;
BEGIN
  IF length(client_data_json) > 2048 THEN
    RETURN false;
  END IF;
  said := convert_from(client_data_json, 'UTF8')::json;
  IF json_typeof(said) <> 'object' OR (SELECT count(*) <> count(DISTINCT name) FROM json_object_keys(said) AS name) THEN
    RETURN false;
  END IF;
  RETURN coalesce(
    said::jsonb @> jsonb_build_object('type', 'webauthn.get', 'challenge', base64url_encode(challenge))
    AND json_typeof(said -> 'origin') = 'string' AND is_origin_of(said ->> 'origin', rp_id)
    AND coalesce(said ->> 'crossOrigin' = 'false' AND json_typeof(said -> 'crossOrigin') = 'boolean', said -> 'crossOrigin' IS NULL)
    AND coalesce(json_typeof(said -> 'topOrigin') = 'string' AND is_origin_of(said ->> 'topOrigin', rp_id), said -> 'topOrigin' IS NULL),
    false);
EXCEPTION WHEN data_exception THEN -- no UTF-8, no JSON, or a character that no text can have
  RETURN false;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.is_origin_of(origin text, rp_id text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN COALESCE((("substring"(origin, '^https://([a-z0-9.-]+)(?::[1-9][0-9]{0,4})?$'::text) = rp_id) OR (("substring"(origin, '^http://([a-z0-9.-]+)(?::[1-9][0-9]{0,4})?$'::text) = rp_id) AND (rp_id ~ '^(?:.+\.)?localhost$'::text))), false)
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.is_p256_point(x bytea, y bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  b CONSTANT numeric := 41058363725152142129326129780047268409114441015993725554835256314039467401291;
  px numeric; py numeric;
BEGIN
  IF length(x) <> 32 OR length(y) <> 32 THEN
    RETURN false;
  END IF;
  px := bytes_to_number(x, true);
  py := bytes_to_number(y, true);
  RETURN px < p AND py < p AND (px * px * px - 3 * px + b - py * py) % p = 0;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.is_protected_header(encoded text, alg text, kid text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  RETURN coalesce(convert_from(base64url_decode(encoded), 'UTF8')::jsonb = jsonb_build_object('alg', alg, 'kid', kid), false);
EXCEPTION WHEN invalid_text_representation OR character_not_in_repertoire OR untranslatable_character THEN
  RETURN false;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.jwk_bytes(jwk jsonb, member text)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN CASE jsonb_typeof((jwk -> member)) WHEN 'string'::text THEN base64url_decode((jwk ->> member)) ELSE NULL::bytea END
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.jwk_thumbprint(jwk jsonb)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN base64url_encode(sha256(convert_to(CASE (jwk ->> 'kty'::text) WHEN 'EC'::text THEN format('{"crv":%s,"kty":"EC","x":%s,"y":%s}'::text, (jwk -> 'crv'::text), (jwk -> 'x'::text), (jwk -> 'y'::text)) ELSE format('{"crv":%s,"kty":%s,"x":%s}'::text, (jwk -> 'crv'::text), (jwk -> 'kty'::text), (jwk -> 'x'::text)) END, 'UTF8'::name)))
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.match_receipt()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  burnt record;
  receipt record;
BEGIN
  SELECT status, consumed_at, consumed_by, idempotency_root INTO burnt
    FROM governance_build_authorization WHERE auth_code = NEW.auth_code;
  SELECT consumed_at, consumed_by, idempotency_root INTO receipt FROM grant_receipts WHERE auth_code = NEW.auth_code;
  IF (burnt.status = 'consumed' AND burnt.consumed_at = receipt.consumed_at AND burnt.consumed_by = receipt.consumed_by
      AND burnt.idempotency_root = receipt.idempotency_root) IS NOT TRUE THEN
    RAISE EXCEPTION 'grant % and its receipt do not agree', NEW.auth_code USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_matches';
  END IF;
  RETURN NULL;
END $function$
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.number_to_bits(n numeric)
 RETURNS bit varying
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE bits varbit := B'';
BEGIN
  FOR i IN 1 .. 8 LOOP
    bits := (n % 4294967296)::bigint::bit(32) || bits;
    n := div(n, 4294967296);
  END LOOP;
  RETURN bits;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.pass_hold_gate()
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$SELECT pg_advisory_xact_lock_shared(4226534)$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.plan_step(of_plan text, of_revision text, number integer)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT step FROM plan_revisions r, jsonb_array_elements(r.content::jsonb -> 'steps') AS step
   WHERE r.plan_id = of_plan AND r.revision = of_revision AND (step ->> 'step')::integer = number
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.power_modulo(base numeric, exponent numeric, prime numeric)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  bits CONSTANT varbit := number_to_bits(exponent);
  n numeric := 1;
BEGIN
  FOR i IN 0 .. 255 LOOP
    n := n * n % prime;
    IF get_bit(bits, i) = 1 THEN
      n := n * base % prime;
    END IF;
  END LOOP;
  RETURN (n + prime) % prime;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.proposal_signing_payload(a os_proposal_approvals)
 RETURNS text
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT concat(
    '{"act":', to_json(a.act), ',"approval_code":', to_json(a.approval_code),
    ',"executor":', coalesce(to_json(a.executor)::text, 'null'),
    ',"expires_at":', to_json(to_char(a.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"plan_digest":', to_json(a.plan_digest), ',"plan_id":', to_json(a.plan_id),
    ',"rehearsal_ref":', coalesce(to_json(a.rehearsal_ref)::text, 'null'), ',"revision":', to_json(a.revision),
    ',"step":', a.step, ',"target":', to_json(r.target), ',"type":"countersign/proposal-signing-payload/v1"}')
    FROM plan_revisions r WHERE r.plan_id = a.plan_id AND r.revision = a.revision
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
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
CREATE OR REPLACE FUNCTION public.retain_audit_partition(what audit_retained)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
 SET lock_timeout TO '300ms'
AS $function$
DECLARE
  ends timestamptz := (SELECT p.until FROM audit_partitions() p WHERE p.partition = what.partition);
  held record;
BEGIN
  IF EXISTS (SELECT FROM audit_retained r WHERE r.partition = what.partition) THEN
    RAISE EXCEPTION 'it was detached before' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retained_already';
  END IF;
  IF ends IS NULL OR ends > date_trunc('month', clock_timestamp(), 'UTC') OR ends IS DISTINCT FROM what.until THEN
    RAISE EXCEPTION 'only a month that is over is detached' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'month_over';
  END IF;
  EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', what.partition);
  EXECUTE format('SELECT count(*) AS leaves, min(seq) AS first_seq, max(seq) AS last_seq FROM public.%I', what.partition) INTO held;
  IF (held.leaves, held.first_seq, held.last_seq) IS DISTINCT FROM (what.leaves, what.first_seq, what.last_seq) THEN
    RAISE EXCEPTION 'the file does not hold what the partition holds' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'exported_whole';
  END IF;
  IF held.last_seq > (SELECT sealed_seq FROM audit_log) OR what.checkpoint_size > (SELECT size FROM audit_log)
     OR NOT EXISTS (SELECT FROM audit_checkpoints c WHERE c.size = what.checkpoint_size) THEN
    RAISE EXCEPTION 'an event of it is not in the signed log' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sealed_first';
  END IF;
  INSERT INTO audit_retained (partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, file, sha256, checkpoint_size, until, retained_by)
  VALUES (what.partition, what.month, what.leaves, what.first_leaf, what.last_leaf, what.first_seq, what.last_seq, what.file, what.sha256,
          what.checkpoint_size, what.until, what.retained_by);
  EXECUTE format('ALTER TABLE audit_events DETACH PARTITION public.%I', what.partition);
  EXECUTE format('CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE ON public.%I FOR EACH ROW EXECUTE FUNCTION refuse_change()', what.partition);
  EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER append_only', what.partition);
END $function$
-- owner countersign_owner, executable by countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.search_query(typed text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN (SELECT (string_agg(((''''::text || word.word) || ''':*'::text), ' & '::text ORDER BY word.word))::tsquery AS string_agg FROM unnest(search_words(search_query.typed)) word(word))
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.search_words(said text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN ARRAY(SELECT DISTINCT "left"(word.word, 60) AS "left" FROM regexp_split_to_table(lower(translate(regexp_replace(NORMALIZE(search_words.said, NFKD), '[̀-ͯ]'::text, ''::text, 'g'::text), 'đĐ'::text, 'dd'::text)), '[-/:-@[-`{-¿ -⁯　-〿]+'::text) word(word) WHERE (word.word <> ''::text))
-- owner countersign_owner, executable by 
CREATE OR REPLACE FUNCTION public.signature_holds(k signing_keys, payload text, jws text, authenticator_data bytea, client_data_json bytea, assertion_signature bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  IF k.credential_id IS NOT NULL THEN
    RETURN jws IS NULL AND coalesce(verify_assertion(k.jwk, k.alg, k.rp_id, sha256(convert_to(payload, 'UTF8')), authenticator_data,
      client_data_json, assertion_signature), false);
  END IF;
  RETURN num_nonnulls(authenticator_data, client_data_json, assertion_signature) = 0
    AND coalesce(jws = split_part(jws, '.', 1) || '..' || split_part(jws, '.', 3)
      AND is_protected_header(split_part(jws, '.', 1), k.alg, k.kid)
      AND verify_detached_jws(k.jwk, k.alg, split_part(jws, '.', 1), payload, split_part(jws, '.', 3)), false);
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.signing_key_is_sound(jwk jsonb, alg text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
RETURN COALESCE(CASE alg WHEN 'EdDSA'::text THEN ((jwk @> '{"crv": "Ed25519", "kty": "OKP"}'::jsonb) AND (ed25519_point_x(jwk_bytes(jwk, 'x'::text)) IS NOT NULL)) WHEN 'ES256'::text THEN ((jwk @> '{"crv": "P-256", "kty": "EC"}'::jsonb) AND is_p256_point(jwk_bytes(jwk, 'x'::text), jwk_bytes(jwk, 'y'::text))) ELSE NULL::boolean END, false)
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.skip_lost_events()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  numbers CONSTANT regclass := pg_get_serial_sequence('public.audit_events', 'seq')::regclass;
BEGIN
  IF NOT awaits_recovery() THEN
    RAISE EXCEPTION 'nothing was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nothing_restored';
  END IF;
  RETURN setval(numbers, nextval(numbers) + 1000000000);
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.state_is_ok(root text, way text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
  SELECT EXISTS (SELECT FROM c1_build_run_state s WHERE (s.idempotency_root, s.direction, s.state, s.status) = (root, way, 'S3', 'ok'))
$function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.verify_assertion(jwk jsonb, alg text, rp_id text, challenge bytea, authenticator_data bytea, client_data_json bytea, signature bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE signed CONSTANT bytea := authenticator_data || sha256(client_data_json);
BEGIN
  RETURN coalesce(is_authenticator_data(authenticator_data, rp_id) AND is_client_data(client_data_json, challenge, rp_id)
    AND signing_key_is_sound(jwk, alg) AND CASE alg
      WHEN 'EdDSA' THEN verify_ed25519(jwk_bytes(jwk, 'x'), signed, signature)
      WHEN 'ES256' THEN verify_es256(jwk_bytes(jwk, 'x'), jwk_bytes(jwk, 'y'), signed, ecdsa_der_to_raw(signature))
    END, false);
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.verify_detached_jws(jwk jsonb, alg text, protected_header text, payload text, signature text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  signed CONSTANT bytea := convert_to(protected_header || '.' || base64url_encode(convert_to(payload, 'UTF8')), 'UTF8');
  bytes CONSTANT bytea := base64url_decode(signature);
BEGIN
  RETURN coalesce(signing_key_is_sound(jwk, alg) AND CASE alg
    WHEN 'EdDSA' THEN verify_ed25519(jwk_bytes(jwk, 'x'), signed, bytes)
    WHEN 'ES256' THEN verify_es256(jwk_bytes(jwk, 'x'), jwk_bytes(jwk, 'y'), signed, bytes)
  END, false);
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.verify_ed25519(public_key bytea, message bytea, signature bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949; -- 2^255 - 19
  d CONSTANT numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
  order_of_b CONSTANT numeric := 7237005577332262213973186563042994240857116359379907606001950938285454250989;
  b_x CONSTANT numeric := 15112221349535400772501151409588531511454012693041857206046113283949847762202;
  b_y CONSTANT numeric := 46316835694926478169428394003475163141307993866256225615783033603165251855960;
  a_x CONSTANT numeric := -ed25519_point_x(public_key);
  a_y numeric; s numeric; s_bits varbit; k_bits varbit;
  x numeric := 0; y numeric := 1; z numeric := 1; t numeric := 0;
  x2 numeric; y2 numeric; z2 numeric; t2 numeric; e numeric; f numeric; g numeric; h numeric;
BEGIN
  IF a_x IS NULL OR length(signature) <> 64 OR ed25519_point_x(substr(signature, 1, 32)) IS NULL THEN
    RETURN false;
  END IF;
  a_y := bytes_to_number(set_bit(public_key, 255, 0), false);
  s := bytes_to_number(substr(signature, 33), false);
  IF s >= order_of_b THEN -- or S + L would be a second signature
    RETURN false;
  END IF;
  s_bits := number_to_bits(s);
  k_bits := number_to_bits(bytes_to_number(sha512(substr(signature, 1, 32) || public_key || message), false) % order_of_b);
  -- Both products over one chain of doublings (Shamir's trick), three steps a bit: double, add B if S has the bit, add -A
  -- if k has it. A point is x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, 5.1.4).
  FOR step IN 0 .. 767 LOOP
    CASE step % 3
      WHEN 0 THEN
        x2 := x; y2 := y; z2 := z; t2 := t;
      WHEN 1 THEN
        CONTINUE WHEN get_bit(s_bits, step / 3) = 0;
        x2 := b_x; y2 := b_y; z2 := 1; t2 := b_x * b_y;
      ELSE
        CONTINUE WHEN get_bit(k_bits, step / 3) = 0;
        x2 := a_x; y2 := a_y; z2 := 1; t2 := a_x * a_y;
    END CASE;
    -- The sum of any two points, a doubling too: (x1 y2 + x2 y1) / (1 + d x1 x2 y1 y2), (y1 y2 + x1 x2) / (1 - d x1 x2 y1 y2).
    e := (x * y2 + x2 * y) % p;
    h := (y * y2 + x * x2) % p;
    g := d * (t * t2 % p);
    f := (z * z2 - g) % p;
    g := (z * z2 + g) % p;
    x := e * f % p;
    y := g * h % p;
    z := f * g % p;
    t := e * h % p;
  END LOOP;
  z := power_modulo(z, p - 2, p);
  x := (x * z % p + p) % p;
  y := (y * z % p + p) % p;
  -- Compared as encoded (RFC 8032, 5.1.2).
  RETURN bytes_to_number(substr(signature, 1, 32), false) = y + (x % 2) * (p + 19);
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner
CREATE OR REPLACE FUNCTION public.verify_es256(x bytea, y bytea, message bytea, signature bytea)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  n CONSTANT numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369; -- the order of G
  b3 CONSTANT numeric := 3 * 41058363725152142129326129780047268409114441015993725554835256314039467401291;
  gx CONSTANT numeric := 48439561293906451759052585252797914202762949526041747995844080717082404635286;
  gy CONSTANT numeric := 36134250956749795798585127919587881956611106672985015071877198253568414405109;
  qx numeric; qy numeric; r numeric; s numeric; u1_bits varbit; u2_bits varbit;
  x1 numeric := 0; y1 numeric := 1; z1 numeric := 0; x2 numeric; y2 numeric; z2 numeric;
  xx numeric; zz numeric; xy numeric; xz numeric; yz numeric; e numeric; f numeric; g numeric; h numeric;
BEGIN
  IF length(signature) <> 64 OR NOT is_p256_point(x, y) THEN
    RETURN false;
  END IF;
  r := bytes_to_number(substr(signature, 1, 32), true);
  s := bytes_to_number(substr(signature, 33), true);
  IF r = 0 OR r >= n OR s = 0 OR s >= n THEN
    RETURN false;
  END IF;
  s := power_modulo(s, n - 2, n);
  u1_bits := number_to_bits(bytes_to_number(sha256(message), true) * s % n);
  u2_bits := number_to_bits(r * s % n);
  qx := bytes_to_number(x, true);
  qy := bytes_to_number(y, true);
  -- u1 G + u2 Q, in steps as above. A point is x = X/Z, y = Y/Z; infinity is (0, 1, 0).
  FOR step IN 0 .. 767 LOOP
    CASE step % 3
      WHEN 0 THEN
        x2 := x1; y2 := y1; z2 := z1;
      WHEN 1 THEN
        CONTINUE WHEN get_bit(u1_bits, step / 3) = 0;
        x2 := gx; y2 := gy; z2 := 1;
      ELSE
        CONTINUE WHEN get_bit(u2_bits, step / 3) = 0;
        x2 := qx; y2 := qy; z2 := 1;
    END CASE;
    -- The sum of any two points, a doubling and infinity too: the complete formulas for a = -3 of Renes, Costello and Batina,
    -- "Complete addition formulas for prime order elliptic curves" (2015).
    xx := x1 * x2 % p;
    zz := z1 * z2 % p;
    xy := (x1 * y2 + x2 * y1) % p;
    xz := (x1 * z2 + x2 * z1) % p;
    yz := (y1 * z2 + y2 * z1) % p;
    g := b3 * zz - 3 * xz;
    e := (y1 * y2 - g) % p;
    f := (y1 * y2 + g) % p;
    g := 3 * (xx - zz);
    h := (b3 * xz - 3 * xx - 9 * zz) % p;
    x1 := (xy * e - yz * h) % p;
    y1 := (f * e + g * h) % p;
    z1 := (yz * f + xy * g) % p;
  END LOOP;
  RETURN z1 <> 0 AND (x1 * power_modulo(z1, p - 2, p) % p + p) % p % n = r;
END $function$
-- owner countersign_owner, executable by countersign_app=X/countersign_owner countersign_owner=X/countersign_owner

-- Triggers (O fires by origin, A always)

CREATE TRIGGER guard_api_token BEFORE UPDATE ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION guard_api_token() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.api_tokens FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.api_tokens FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.approval_request_terms FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.approval_request_terms FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER derive_request_terms AFTER INSERT ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION derive_request_terms() [A]
CREATE TRIGGER guard_approval_request BEFORE INSERT OR UPDATE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION guard_approval_request() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.approval_requests FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_action_type BEFORE UPDATE ON public.apr_action_types FOR EACH ROW EXECUTE FUNCTION guard_action_type() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.apr_action_types FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.apr_action_types FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.apr_approvals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_apr_approval BEFORE INSERT ON public.apr_approvals FOR EACH ROW EXECUTE FUNCTION guard_apr_approval() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.apr_approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_growth BEFORE UPDATE ON public.audit_bundles FOR EACH ROW EXECUTE FUNCTION guard_audit_growth() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_bundles FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_bundles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_checkpoint BEFORE INSERT ON public.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION guard_audit_checkpoint() [A]
CREATE TRIGGER guard_audit_growth BEFORE UPDATE ON public.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION guard_audit_growth() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_events_YYYY_MM FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_events_YYYY_MM FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_events_before_log FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_events_before_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE UPDATE ON public.audit_generations FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_generation BEFORE INSERT ON public.audit_generations FOR EACH ROW EXECUTE FUNCTION guard_audit_generation() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_generations FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_generations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_log BEFORE UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION guard_audit_log() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE UPDATE ON public.audit_log_keys FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_log_keys FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_log_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE UPDATE ON public.audit_log_links FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_link BEFORE INSERT ON public.audit_log_links FOR EACH ROW EXECUTE FUNCTION guard_audit_link() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_log_links FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_log_links FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE UPDATE ON public.audit_retained FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_retained FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_retained FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_audit_growth BEFORE UPDATE ON public.audit_tiles FOR EACH ROW EXECUTE FUNCTION guard_audit_growth() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.audit_tiles FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.audit_tiles FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_run_insert BEFORE INSERT ON public.c1_build_run FOR EACH ROW EXECUTE FUNCTION guard_run_insert() [A]
CREATE TRIGGER guard_run_reserved AFTER UPDATE ON public.c1_build_run FOR EACH ROW WHEN ((new.reserved AND (NOT old.reserved))) EXECUTE FUNCTION guard_run_reserved() [A]
CREATE TRIGGER guard_run_update BEFORE UPDATE ON public.c1_build_run FOR EACH ROW EXECUTE FUNCTION guard_run_update() [A]
CREATE CONSTRAINT TRIGGER ledger_line_of_run AFTER UPDATE ON public.c1_build_run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.reserved AND (new.status = ANY (ARRAY['succeeded'::text, 'stopped'::text])) AND (new.auth_code !~~ 'GBA-%'::text))) EXECUTE FUNCTION check_ledger_line() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.c1_build_run FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.c1_build_run FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE CONSTRAINT TRIGGER run_of_step AFTER INSERT ON public.c1_build_run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.auth_code !~~ 'GBA-%'::text)) EXECUTE FUNCTION check_step_run_of_run() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.c1_build_run_event FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.c1_build_run_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.c1_build_run_input FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.c1_build_run_input FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_run_state BEFORE UPDATE ON public.c1_build_run_state FOR EACH ROW EXECUTE FUNCTION guard_run_state() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.c1_build_run_state FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.c1_build_run_state FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_incarnation BEFORE INSERT OR UPDATE ON public.control_incarnations FOR EACH ROW EXECUTE FUNCTION guard_incarnation() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.control_incarnations FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.control_incarnations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_council_record BEFORE INSERT OR UPDATE ON public.council_records FOR EACH ROW EXECUTE FUNCTION guard_council_record() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.council_records FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.council_records FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.detector_positions FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.detector_positions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_lease BEFORE UPDATE ON public.dot_iu_runtime_lease FOR EACH ROW EXECUTE FUNCTION guard_lease() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.dot_iu_runtime_lease FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.dot_iu_runtime_lease FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.gateway_baselines FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_gateway_baseline BEFORE INSERT ON public.gateway_baselines FOR EACH ROW EXECUTE FUNCTION guard_gateway_baseline() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.gateway_baselines FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE CONSTRAINT TRIGGER consumed_has_receipt AFTER UPDATE ON public.governance_build_authorization DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.status = 'consumed'::text)) EXECUTE FUNCTION match_receipt() [A]
CREATE TRIGGER guard_grant_insert BEFORE INSERT ON public.governance_build_authorization FOR EACH ROW EXECUTE FUNCTION guard_grant_insert() [A]
CREATE TRIGGER guard_grant_rehearsal BEFORE INSERT ON public.governance_build_authorization FOR EACH ROW WHEN ((new.mode = 'commit'::text)) EXECUTE FUNCTION guard_grant_rehearsal() [A]
CREATE TRIGGER guard_grant_update BEFORE UPDATE ON public.governance_build_authorization FOR EACH ROW WHEN ((NOT ((old.status = 'consumed'::text) AND (new.status = 'consumed'::text) AND (new.evidence IS DISTINCT FROM old.evidence)))) EXECUTE FUNCTION guard_grant_update() [A]
CREATE TRIGGER guard_run_outcome BEFORE UPDATE ON public.governance_build_authorization FOR EACH ROW WHEN (((old.status = 'consumed'::text) AND (new.status = 'consumed'::text) AND (new.evidence IS DISTINCT FROM old.evidence))) EXECUTE FUNCTION guard_run_outcome() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.governance_build_authorization FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.governance_build_authorization FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.grant_receipts FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.grant_receipts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE CONSTRAINT TRIGGER receipt_matches AFTER INSERT ON public.grant_receipts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION match_receipt() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.grant_signatures FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_grant_signature BEFORE INSERT ON public.grant_signatures FOR EACH ROW EXECUTE FUNCTION guard_grant_signature() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.grant_signatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE UPDATE ON public.idempotency_keys FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_idempotency_key BEFORE DELETE ON public.idempotency_keys FOR EACH ROW EXECUTE FUNCTION guard_idempotency_key() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.idempotency_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_incident BEFORE INSERT OR UPDATE ON public.lifecycle_incidents FOR EACH ROW EXECUTE FUNCTION guard_incident() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.lifecycle_incidents FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.lifecycle_incidents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.lifecycle_log_marks FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_log_mark BEFORE INSERT ON public.lifecycle_log_marks FOR EACH ROW EXECUTE FUNCTION guard_log_mark() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.lifecycle_log_marks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_plan_approval BEFORE INSERT OR UPDATE ON public.os_proposal_approvals FOR EACH ROW EXECUTE FUNCTION guard_plan_approval() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.os_proposal_approvals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.os_proposal_approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.plan_ledger FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_ledger BEFORE INSERT ON public.plan_ledger FOR EACH ROW EXECUTE FUNCTION guard_ledger() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.plan_ledger FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.plan_revisions FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.plan_revisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.plan_step_runs FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_step_run BEFORE INSERT ON public.plan_step_runs FOR EACH ROW EXECUTE FUNCTION guard_step_run() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.plan_step_runs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.plans FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.plans FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_principal BEFORE UPDATE ON public.principals FOR EACH ROW EXECUTE FUNCTION guard_principal() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.principals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.principals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.proposal_signatures FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_proposal_signature BEFORE INSERT ON public.proposal_signatures FOR EACH ROW EXECUTE FUNCTION guard_proposal_signature() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.proposal_signatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_hold BEFORE INSERT OR UPDATE ON public.registration_holds FOR EACH ROW EXECUTE FUNCTION guard_hold() [A]
CREATE TRIGGER guard_lift BEFORE UPDATE ON public.registration_holds FOR EACH ROW EXECUTE FUNCTION guard_lift() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.registration_holds FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.registration_holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.rehearsals FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_rehearsal BEFORE INSERT ON public.rehearsals FOR EACH ROW EXECUTE FUNCTION guard_rehearsal() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.rehearsals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.review_decision_deliveries FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.review_decision_deliveries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.review_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_review_decision BEFORE INSERT ON public.review_decisions FOR EACH ROW EXECUTE FUNCTION guard_review_decision() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.review_decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_scope BEFORE UPDATE ON public.scopes FOR EACH ROW EXECUTE FUNCTION guard_scope() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.scopes FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.scopes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.server_key_checks FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.server_key_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.session_sign_ins FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.session_sign_ins FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_session BEFORE INSERT OR UPDATE ON public.sessions FOR EACH ROW EXECUTE FUNCTION guard_session() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.sessions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_signing_key BEFORE INSERT OR UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION guard_signing_key() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.signing_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.sync_messages FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.sync_messages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_webhook_delivery BEFORE DELETE OR UPDATE ON public.webhook_deliveries FOR EACH ROW EXECUTE FUNCTION guard_webhook_delivery() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.webhook_deliveries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_webhook_relay BEFORE UPDATE ON public.webhook_relay FOR EACH ROW EXECUTE FUNCTION guard_webhook_relay() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.webhook_relay FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.webhook_relay FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER guard_webhook BEFORE UPDATE ON public.webhooks FOR EACH ROW EXECUTE FUNCTION guard_webhook() [A]
CREATE TRIGGER never_deleted BEFORE DELETE ON public.webhooks FOR EACH ROW EXECUTE FUNCTION refuse_change() [A]
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON public.webhooks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change() [A]

-- Privileges on tables

api_tokens: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
approval_request_terms: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
approval_requests: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
apr_action_types: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
apr_approvals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_bundles: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_checkpoints: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_events: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_events_YYYY_MM: 
audit_events_before_log: countersign_owner=arwdDxtm/countersign_owner
audit_events_seq: countersign_app=rU/countersign_owner countersign_owner=rwU/countersign_owner
audit_generations: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_log: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_log_keys: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_log_keys_number_seq: 
audit_log_links: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_retained: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
audit_tiles: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
c1_build_run: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
c1_build_run_event: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
c1_build_run_input: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
c1_build_run_state: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
control_incarnations: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
council_records: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
detector_positions: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
dot_iu_runtime_lease: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
gateway_baselines: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
gateway_baselines_baseline_id_seq: 
governance_build_authorization: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
grant_receipts: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
grant_signatures: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
idempotency_keys: countersign_app=ard/countersign_owner countersign_owner=arwdDxtm/countersign_owner
lifecycle_incidents: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
lifecycle_incidents_incident_id_seq: 
lifecycle_log_marks: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
os_proposal_approvals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
plan_ledger: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
plan_revisions: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
plan_step_runs: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
plans: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
principals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
proposal_signatures: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
registration_holds: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
rehearsals: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
review_decision_deliveries: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
review_decisions: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migration_checksums: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migrations: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
schema_migrations_id_seq: 
scopes: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
scopes_scope_id_seq: 
server_key_checks: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
session_sign_ins: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
sessions: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
signing_keys: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
sync_messages: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner
webhook_deliveries: countersign_app=ard/countersign_owner countersign_owner=arwdDxtm/countersign_owner
webhook_relay: countersign_app=r/countersign_owner countersign_owner=arwdDxtm/countersign_owner
webhooks: countersign_app=ar/countersign_owner countersign_owner=arwdDxtm/countersign_owner

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
audit_bundles.seqs: countersign_app=w/countersign_owner
audit_checkpoints.note: countersign_app=w/countersign_owner
audit_events.actor: countersign_app=a/countersign_owner
audit_events.action: countersign_app=a/countersign_owner
audit_events.resource_type: countersign_app=a/countersign_owner
audit_events.resource_id: countersign_app=a/countersign_owner
audit_events.request_id: countersign_app=a/countersign_owner
audit_events.before: countersign_app=a/countersign_owner
audit_events.after: countersign_app=a/countersign_owner
audit_events.digests: countersign_app=a/countersign_owner
audit_log.origin: countersign_app=w/countersign_owner
audit_log.generation: countersign_app=w/countersign_owner
audit_log.size: countersign_app=w/countersign_owner
audit_log.root: countersign_app=w/countersign_owner
audit_log.sealed_seq: countersign_app=w/countersign_owner
audit_log.horizon_seq: countersign_app=w/countersign_owner
audit_log.horizon_xid: countersign_app=w/countersign_owner
audit_tiles.hashes: countersign_app=w/countersign_owner
c1_build_run.status: countersign_app=w/countersign_owner
c1_build_run.state: countersign_app=w/countersign_owner
c1_build_run.last_ok_state: countersign_app=w/countersign_owner
c1_build_run.stop_state: countersign_app=w/countersign_owner
c1_build_run.undo_plan: countersign_app=w/countersign_owner
c1_build_run.error: countersign_app=w/countersign_owner
c1_build_run.outcome: countersign_app=w/countersign_owner
c1_build_run.reserved: countersign_app=w/countersign_owner
c1_build_run.lease_name: countersign_app=w/countersign_owner
c1_build_run.fencing_token: countersign_app=w/countersign_owner
c1_build_run.worker: countersign_app=w/countersign_owner
c1_build_run.claim_no: countersign_app=w/countersign_owner
c1_build_run.claimed_until: countersign_app=w/countersign_owner
c1_build_run.event_seq: countersign_app=w/countersign_owner
c1_build_run.stop_running: countersign_app=w/countersign_owner
c1_build_run.stop_by: countersign_app=w/countersign_owner
c1_build_run.stop_at: countersign_app=w/countersign_owner
c1_build_run.stop_reason: countersign_app=w/countersign_owner
c1_build_run.work_by: countersign_app=w/countersign_owner
c1_build_run.finished_at: countersign_app=w/countersign_owner
c1_build_run_state.status: countersign_app=w/countersign_owner
c1_build_run_state.finished_at: countersign_app=w/countersign_owner
c1_build_run_state.error: countersign_app=w/countersign_owner
c1_build_run_state.detail: countersign_app=w/countersign_owner
control_incarnations.recovered_at: countersign_app=w/countersign_owner
control_incarnations.recovered_by: countersign_app=w/countersign_owner
control_incarnations.report: countersign_app=w/countersign_owner
council_records.revoked_at: countersign_app=w/countersign_owner
council_records.revoked_by: countersign_app=w/countersign_owner
council_records.revoked_reason: countersign_app=w/countersign_owner
detector_positions.file: countersign_app=w/countersign_owner
detector_positions.position: countersign_app=w/countersign_owner
detector_positions.read_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.lease_holder: countersign_app=w/countersign_owner
dot_iu_runtime_lease.lease_token_hash: countersign_app=w/countersign_owner
dot_iu_runtime_lease.fencing_token: countersign_app=w/countersign_owner
dot_iu_runtime_lease.auth_code: countersign_app=w/countersign_owner
dot_iu_runtime_lease.acquired_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.renewed_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.expires_at: countersign_app=w/countersign_owner
dot_iu_runtime_lease.released_at: countersign_app=w/countersign_owner
governance_build_authorization.sovereign_esign_ref: countersign_app=w/countersign_owner
governance_build_authorization.evidence: countersign_app=w/countersign_owner
governance_build_authorization.status: countersign_app=w/countersign_owner
governance_build_authorization.consumed_at: countersign_app=w/countersign_owner
governance_build_authorization.consumed_by: countersign_app=w/countersign_owner
governance_build_authorization.idempotency_root: countersign_app=w/countersign_owner
governance_build_authorization.revoked_at: countersign_app=w/countersign_owner
governance_build_authorization.revoked_by: countersign_app=w/countersign_owner
governance_build_authorization.revoked_reason: countersign_app=w/countersign_owner
governance_build_authorization.expired_at: countersign_app=w/countersign_owner
lifecycle_incidents.status: countersign_app=w/countersign_owner
lifecycle_incidents.resolved_at: countersign_app=w/countersign_owner
lifecycle_incidents.resolved_by: countersign_app=w/countersign_owner
lifecycle_incidents.resolved_reason: countersign_app=w/countersign_owner
os_proposal_approvals.status: countersign_app=w/countersign_owner
os_proposal_approvals.consumed_at: countersign_app=w/countersign_owner
os_proposal_approvals.consumed_by: countersign_app=w/countersign_owner
os_proposal_approvals.idempotency_root: countersign_app=w/countersign_owner
os_proposal_approvals.revoked_at: countersign_app=w/countersign_owner
os_proposal_approvals.revoked_by: countersign_app=w/countersign_owner
os_proposal_approvals.revoked_reason: countersign_app=w/countersign_owner
os_proposal_approvals.expired_at: countersign_app=w/countersign_owner
plans.created_at: countersign_app=w/countersign_owner
principals.roles: countersign_app=w/countersign_owner
principals.status: countersign_app=w/countersign_owner
registration_holds.lifted_by: countersign_app=w/countersign_owner
registration_holds.lifted_at: countersign_app=w/countersign_owner
registration_holds.lifted_reason: countersign_app=w/countersign_owner
scopes.status: countersign_app=w/countersign_owner
scopes.retired_at: countersign_app=w/countersign_owner
scopes.retired_by: countersign_app=w/countersign_owner
session_sign_ins.state_hash: countersign_app=a/countersign_owner
session_sign_ins.expires_at: countersign_app=a/countersign_owner
sessions.secret_hash: countersign_app=a/countersign_owner
sessions.principal: countersign_app=a/countersign_owner
sessions.token_id: countersign_app=a/countersign_owner
sessions.issuer: countersign_app=a/countersign_owner
sessions.expires_at: countersign_app=a/countersign_owner
sessions.idle_seconds: countersign_app=a/countersign_owner
sessions.idle_expires_at: countersign_app=aw/countersign_owner
sessions.ended_at: countersign_app=w/countersign_owner
sessions.end_reason: countersign_app=w/countersign_owner
signing_keys.status: countersign_app=w/countersign_owner
signing_keys.confirmed_at: countersign_app=w/countersign_owner
signing_keys.confirmed_by: countersign_app=w/countersign_owner
signing_keys.revoked_at: countersign_app=w/countersign_owner
signing_keys.revoked_by: countersign_app=w/countersign_owner
signing_keys.revoked_reason: countersign_app=w/countersign_owner
webhook_deliveries.status: countersign_app=w/countersign_owner
webhook_deliveries.attempts: countersign_app=w/countersign_owner
webhook_deliveries.replays: countersign_app=w/countersign_owner
webhook_deliveries.next_attempt_at: countersign_app=w/countersign_owner
webhook_deliveries.last_attempt_at: countersign_app=w/countersign_owner
webhook_deliveries.ended_at: countersign_app=w/countersign_owner
webhook_deliveries.answer_status: countersign_app=w/countersign_owner
webhook_deliveries.error: countersign_app=w/countersign_owner
webhook_deliveries.lease: countersign_app=w/countersign_owner
webhook_deliveries.lease_until: countersign_app=w/countersign_owner
webhook_relay.final_seq: countersign_app=w/countersign_owner
webhook_relay.horizon_seq: countersign_app=w/countersign_owner
webhook_relay.horizon_xid: countersign_app=w/countersign_owner
webhooks.secret: countersign_app=w/countersign_owner
webhooks.secret_key_id: countersign_app=w/countersign_owner
webhooks.secret_set_at: countersign_app=w/countersign_owner
webhooks.former: countersign_app=w/countersign_owner
webhooks.former_key_id: countersign_app=w/countersign_owner
webhooks.former_until: countersign_app=w/countersign_owner
webhooks.cursor_seq: countersign_app=w/countersign_owner
webhooks.disabled_at: countersign_app=w/countersign_owner
webhooks.disabled_by: countersign_app=w/countersign_owner
webhooks.removed_at: countersign_app=w/countersign_owner
webhooks.removed_by: countersign_app=w/countersign_owner
webhooks.silent: countersign_app=w/countersign_owner
webhooks.rests_until: countersign_app=w/countersign_owner

-- Action types that every database starts with

assign_axis_owner: unimplemented, high, quorum 2 (council 0), active
assign_governance_owner: unimplemented, high, quorum 2 (council 0), active
authorize_build_step: dot-apr-execute:authorize_build_step, high, quorum 2 (council 0), active
authorize_lifecycle_rehearsal: dot-apr-execute:authorize_lifecycle_rehearsal, high, quorum 2 (council 0), active
authorize_rollback: dot-apr-execute:authorize_rollback, sovereign, quorum 3 (council 1), active
authorize_sovereign_build: dot-apr-execute:authorize_sovereign_build, sovereign, quorum 3 (council 1), active
delegate_authority: unimplemented, high, quorum 2 (council 0), active
grant_governance_exception: unimplemented, high, quorum 2 (council 0), active
