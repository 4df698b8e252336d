-- What stays level while the history grows. Statistics lag behind, so no index is there that a statement may take by mistake, and
-- what anybody may ask for has an index that leads to it, however few rows it finds.

-- For the sweep alone: no other statement says this, so none is led to read all live grants by it. By chk_consumed_pair,
-- chk_revoked_pair and chk_expired these are the draft and the active ones.
DROP INDEX grants_live_by_expiry;
CREATE INDEX grants_to_expire ON governance_build_authorization (expires_at)
  WHERE consumed_at IS NULL AND revoked_at IS NULL AND expired_at IS NULL;

-- Of a plan that is rehearsed every night there are as many dead grants as nights.
DROP INDEX grants_by_manifest;
CREATE INDEX grants_by_bindings ON governance_build_authorization
  ((scope ->> 'carrier'), (scope ->> 'plan_id'), (scope ->> 'manifest_digest'), (scope ->> 'schema_digest'), (scope ->> 'environment'),
   (scope ->> 'executor'), granted_at DESC);

-- The filters of the lists.
CREATE INDEX grants_by_target ON governance_build_authorization ((scope ->> 'target'), granted_at DESC, auth_code DESC);
CREATE INDEX grants_by_environment ON governance_build_authorization ((scope ->> 'environment'), granted_at DESC, auth_code DESC);
CREATE INDEX grants_by_executor ON governance_build_authorization ((scope ->> 'executor'), granted_at DESC, auth_code DESC);
CREATE INDEX grants_unused ON governance_build_authorization (status, granted_at DESC, auth_code DESC) WHERE status <> 'consumed';
CREATE INDEX approval_requests_by_action ON approval_requests (proposed_action_code, created_at DESC, apr_code DESC);
CREATE INDEX approval_requests_not_executed ON approval_requests (status, created_at DESC, apr_code DESC) WHERE status <> 'executed';
