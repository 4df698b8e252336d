/*
 * Lease, consume, crash and resume: the protocol of src/grants, src/leases and src/runs/engine, for spin to try in every
 * order. README.md beside this file says which part stands for which code, and how to run and read it: `npm run model`.
 *
 * One step (a d_step) is what happens in a database without waiting for anybody: a statement once it has its lock, or a
 * whole transaction whose first statements take every lock that it needs. Between two steps anything else may happen:
 * another's step, the passing of time, a crash. Nothing of a transaction is seen before its commit; a crash rolls it back.
 *
 * What is left out on purpose: the second line of defence (triggers, unique keys on receipts and markers, the comparison
 * inside UPDATE). The order of locks, looks and writes has to be right without it. -DSECOND_LINE adds that of a grant.
 *
 * Switches that take something away:
 *   -DNO_ROW_LOCK   a grant is read and written without a lock on its row
 *   -DEARLY_CLOCK   the clock is read before the wait for that lock, as in one UPDATE with the expiry in its WHERE clause
 *   -DNO_GATE       a use does not pass the gate that placing a hold closes
 *   -DNO_FENCE      a write does not lock and compare the fence row of the target
 *   -DMARKER_APART  a write is committed first, and its marker after it
 *   -DREAD_FIRST    the markers are read when the run is claimed, and the fence is raised after that
 *   -DSAME_TOKEN    a run that is taken up keeps the fencing token of its lease
 *   -DNO_INDEX      an unfinished run does not keep the place of its lease once that has lapsed
 * Scenarios:
 *   -DTWO_GRANTS    each run has a grant of its own, under the one lease; without it both want the same grant
 *   -DONE_RUN       there is only the first run
 *   -DCALM          nothing expires, is revoked or held
 */

#define EXECUTORS 3	/* processes that work on runs, none of them the leader */
#define RUNS 2
#ifndef WRITES
#define WRITES 2	/* states that write to the target, as S2 and S4 do */
#endif
#ifndef FAULTS
#define FAULTS 2	/* at most so many crashes, cut connections and lost answers */
#endif
#ifndef STALLS
#define STALLS 1	/* at most so many executors whose claim lapses though they live: they wake at any later time */
#endif
#ifndef CALLS
#define CALLS 2		/* a client's consume, and once more */
#endif

#ifdef TWO_GRANTS
#define GRANTS 2
#define GRANT_OF(run) (run)
#else
#define GRANTS 1
#define GRANT_OF(run) 0
#endif

#define NOBODY 0		/* in locks, roots and holders; everybody else counts from 1 */
#define CLIENT 4		/* the client's transactions, in locks */
#define CLIENT_RUN 1		/* the client consumes the grant of this run, under its root or under one of its own */
#define CLIENT_ROOT 3
#define EXPIRES_AT 1		/* of every grant */
#define MARKER(run, state) ((run) * WRITES + (state) - 1)

/* A property. The words come out when spin replays a counter-example. */
#define must(condition, words) if :: (condition) -> skip :: else -> printf(words); assert(false) fi

mtype:grant = { granted, consumed, revoked }	/* granted is `active`, a word of Promela's own; expired is read off the clock */
mtype:lease = { untaken, held, lapsed, released }
mtype:run_status = { running, succeeded, stopped }
mtype:step = { idle, taking_up, boundary, reserving, asking, passing_gate, reading_grant, using_grant, committing_use,
	raising, holding_fence, committing_write, marking, finalizing, failing, fenced_out }

/* The control database. */
byte now;			/* clock_timestamp() */
mtype:grant grant[GRANTS] = granted;	/* governance_build_authorization.status */
byte used_by[GRANTS];		/* its idempotency_root, which is the receipt's too */
bool hold;			/* registration_holds */
mtype:lease lease = untaken;	/* dot_iu_runtime_lease */
byte lease_token;		/* its fencing_token */
byte lease_grant;		/* its auth_code, counted from 1 */
byte lease_keeper;		/* the run whose heartbeat renews it, counted from 1 */
mtype:run_status status[RUNS] = running;	/* c1_build_run.status */
byte claim_no[RUNS];
bool claimed[RUNS];		/* claimed_until is still to come */
bool reserved[RUNS];
byte last_ok[RUNS];		/* last_ok_state: 0 none, 1 the reserving state, then one for each writing state */

/* Row locks, by the number of who has them, and the advisory lock that is the gate. */
byte run_lock[RUNS];
byte lease_lock;
byte grant_lock[GRANTS];
byte in_gate;			/* uses that have passed and not ended */
byte fence_lock;

/* The target database. */
byte fence;			/* countersign_fence.fencing_token */
byte fence_grant;		/* its auth_code, counted from 1 */
byte run_of[GRANTS];		/* countersign_run: whose the grant is here, counted from 1 */
bool marker[RUNS * WRITES];	/* countersign_run_marker */
byte written[RUNS * WRITES];	/* how often the state's own write was committed */

byte faults;			/* what may still go wrong */
byte stalls;
bool busy[EXECUTORS];		/* which executors have a run */

/* For the properties alone: nobody decides by these. */
byte uses[GRANTS];
byte receipt_of[GRANTS];	/* the root that was given a receipt */

#define IS_OWN_LEASE(r) (lease_grant == GRANT_OF(r) + 1)
/* src/leases/work.ts, stillHolds */
#define STILL_HOLDS(r, token) (lease != released && lease_token == token && IS_OWN_LEASE(r))
/* src/runs/engine/holder.ts, lockOwn: what every transaction of a holder compares first */
#define IS_HOLDER (status[r] == running && claim_no[r] == claim && (token == 0 || STILL_HOLDS(r, token)))
#define HOLDER_CAN_LOCK (run_lock[r] == NOBODY && (token == 0 || lease_lock == NOBODY))
/* The partial unique index one_run_per_lease: a run keeps its place also while its lease has lapsed. */
#ifdef NO_INDEX
#define OTHER_RUN_ON_LEASE false
#else
#define OTHER_RUN_ON_LEASE (reserved[1 - r] && status[1 - r] == running)
#endif
/* claimRuns. A run that finds its lease another's is given back at once (takeUp), so here it is left alone until then. */
#define CAN_CLAIM(r) (status[r] == running && !claimed[r] && run_lock[r] == NOBODY \
	&& (!reserved[r] || lease != held || IS_OWN_LEASE(r)))
/* Executors differ in nothing but their number, so it is enough that the first idle one claims. */
#define IS_FIRST_IDLE ((me <= 1 || busy[0]) && (me <= 2 || busy[1]))

/* The end of a transaction, by COMMIT or ROLLBACK: its locks go. */
inline endTransaction(g) {
	if :: grant_lock[g] == me -> grant_lock[g] = NOBODY :: else -> skip fi;
	if :: lease_lock == me -> lease_lock = NOBODY :: else -> skip fi;
	if :: passed -> in_gate--; passed = false :: else -> skip fi;
	saw = 0; saw_root = NOBODY; saw_now = 0; fresh = false
}

/* src/leases/acquire.ts: every acquisition raises the token. */
inline acquireLease(g, keeper) {
	must(lease != held || lease_grant == g + 1, "VIOLATED LEASE-1: a lease that is held is not taken by another\n");
	lease_token++;
	must(lease_token > fence, "VIOLATED LEASE-2: a token is above every fence that was raised before it\n");
	lease = held;
	lease_grant = g + 1;
	lease_keeper = keeper
}

/*
 * src/grants/consume.ts, in the four parts between which it may have to wait: the gate, the lock on the grant, the change,
 * the commit. A run's S1 and a client's request come by here alike.
 */

/* pass_hold_gate(): shared by uses. Placing a hold takes it alone and is one step, so here it is never closed. */
inline passGate() {
#ifndef NO_GATE
	in_gate++; passed = true;
#endif
#ifdef EARLY_CLOCK
	saw_now = now;
#endif
	at = reading_grant
}

/* lockGrantForUse: the clock comes after the lock, in the same statement. */
#ifdef NO_ROW_LOCK
#define CAN_READ_GRANT(g) true
#else
#define CAN_READ_GRANT(g) (grant_lock[g] == NOBODY)
#endif
inline readGrant(g) {
#ifndef NO_ROW_LOCK
	grant_lock[g] = me;
#endif
	saw = grant[g]; saw_root = used_by[g];
#ifndef EARLY_CLOCK
	saw_now = now;
#endif
	at = using_grant
}

/*
 * judgeNamed, then setGrantStatus. consumed_at is the clock of the UPDATE, which chk_consumed_in_time compares; the trigger
 * guard_grant_update looks for a hold. The second line: UPDATE locks the row, compares, and its trigger reads the clock.
 */
#ifdef EARLY_CLOCK
#define CONSUMED_AT saw_now
#else
#define CONSUMED_AT now
#endif
#ifdef SECOND_LINE
#define CAN_CHANGE_GRANT(g) (grant_lock[g] == NOBODY || grant_lock[g] == me)
#define CHANGE_STANDS(g) (grant[g] == granted && now < EXPIRES_AT)
#else
#define CAN_CHANGE_GRANT(g) true
#define CHANGE_STANDS(g) true
#endif
#define MAY_CONSUME(g) (saw == granted && saw_now < EXPIRES_AT && CONSUMED_AT < EXPIRES_AT && !hold && CHANGE_STANDS(g))
#define MAY_REPLAY(root) (saw == consumed && saw_root == root)

inline changeGrant(g) {
#ifdef SECOND_LINE
	grant_lock[g] = me;
#endif
	must(now < EXPIRES_AT, "VIOLATED GRANT-3: a grant is not consumed after its expiry\n");
	fresh = true;
	at = committing_use
}

inline commitUse(g, root) {
	if
	:: fresh ->
		must(grant[g] != revoked, "VIOLATED GRANT-5: a grant is not consumed after its revocation\n");
		must(!hold, "VIOLATED GRANT-9: a grant is not consumed under a hold\n");
		uses[g]++;
		must(uses[g] == 1, "VIOLATED GRANT-3: a grant is consumed at most once\n");
		grant[g] = consumed;
		used_by[g] = root
	:: else -> skip
	fi
}

inline takeReceipt(g, root) {
	must(receipt_of[g] == NOBODY || receipt_of[g] == root, "VIOLATED GRANT-3: the receipt of a grant goes to one root\n");
	receipt_of[g] = root
}

inline readMarkers() {
	found = marker[MARKER(r, 1)] + 2 * marker[MARKER(r, WRITES)]
}

inline claimRun(which) {
	r = which;
	claim_no[r]++;
	claimed[r] = true;
	claim = claim_no[r];
	busy[me - 1] = true;
	at = (reserved[r] -> taking_up : boundary);
#ifdef READ_FIRST
	readMarkers();
#endif
	printf("executor %d, run %d: claims it, the %d. time\n", me, r, claim)
}

/* Done with the run, lost it, or crashed. The heartbeat ends, so the claim lapses where it is still this one. */
inline leave() {
	if :: run_lock[r] == me -> run_lock[r] = NOBODY :: else -> skip fi;
	letFenceGo();
	endTransaction(GRANT_OF(r));
	if :: claim_no[r] == claim -> claimed[r] = false :: else -> skip fi;
	at = idle; busy[me - 1] = false;
	r = 0; claim = 0; token = 0; raised = false; found = 0; state = 0; done = 0; again = false
}

inline letFenceGo() {
	if :: fence_lock == me -> fence_lock = NOBODY :: else -> skip fi
}

inline loseAnswer() {
	faults--;
	printf("executor %d, run %d: does not get the answer\n", me, r)
}

/* The lease once more for its own run, even while it is held; or a free one (takeForRun). */
inline takeUp() {
	if
	:: IS_HOLDER && (lease != held || IS_OWN_LEASE(r)) ->
#ifndef SAME_TOKEN
		acquireLease(GRANT_OF(r), r + 1);
#endif
		printf("executor %d, run %d: takes the lease up with token %d\n", me, r, lease_token)
	:: else -> leave()
	fi
}

inline advance() {
	if
	:: done > last_ok[r] ->
		must(done == 1 || (marker[MARKER(r, done - 1)] && written[MARKER(r, done - 1)] == 1),
			"VIOLATED RUN-2: what is on record as done is done in the target\n");
		last_ok[r] = done
	:: else -> skip
	fi;
	done = 0; again = false; state = 0;
	if
	:: last_ok[r] == 0 -> at = reserving
	:: last_ok[r] > WRITES -> at = finalizing
	:: else -> state = last_ok[r]; at = (raised -> holding_fence : raising)
	fi
}

inline refuse() {
	run_lock[r] = NOBODY;
	endTransaction(GRANT_OF(r));
	printf("executor %d, run %d: is refused in S1\n", me, r);
	at = failing
}

inline commitReserve() {
	printf("executor %d, run %d: commits S1 (consumes: %d)\n", me, r, fresh);
	commitUse(GRANT_OF(r), r + 1);
	acquireLease(GRANT_OF(r), r + 1);
	reserved[r] = true;
	run_lock[r] = NOBODY;
	endTransaction(GRANT_OF(r))
}

#define HAS_FENCE (fence == token && fence_grant == GRANT_OF(r) + 1)

inline raise() {
	if
	:: fence < token -> fence = token; fence_grant = GRANT_OF(r) + 1;
		printf("executor %d, run %d: raises the fence to %d\n", me, r, token)
	:: else -> skip
	fi;
	if
	:: HAS_FENCE ->
		if :: run_of[GRANT_OF(r)] == NOBODY -> run_of[GRANT_OF(r)] = r + 1 :: else -> skip fi;
		must(run_of[GRANT_OF(r)] == r + 1, "VIOLATED RUN-7: one grant marks one run in the target\n");
		raised = true;
#ifndef READ_FIRST
		readMarkers();
#endif
		if :: found & state -> done = state + 1; at = boundary :: else -> at = holding_fence fi
	:: else -> at = fenced_out
	fi
}

#ifdef NO_FENCE
#define CAN_HOLD_FENCE true
#define MAY_WRITE true
#else
#define CAN_HOLD_FENCE (fence_lock == NOBODY)
#define MAY_WRITE HAS_FENCE
#endif

inline holdFence() {
	if
	:: !(MAY_WRITE) -> at = fenced_out; printf("executor %d, run %d: is fenced out with token %d\n", me, r, token)
	:: MAY_WRITE && again && marker[MARKER(r, state)] -> done = state + 1; at = boundary
	:: else -> at = committing_write;
		printf("executor %d, run %d: begins write %d under token %d\n", me, r, state, token);
#ifndef NO_FENCE
		fence_lock = me
#endif
	fi
}

inline commitWrite() {
	printf("executor %d, run %d: commits write %d under token %d\n", me, r, state, token);
	must(token >= fence, "VIOLATED LEASE-2: no write of an older token is committed after a newer one was raised\n");
	must(status[1 - r] != running || written[MARKER(1 - r, 1)] == 0,
		"VIOLATED LEASE-1: no run writes while another is under way\n");
	written[MARKER(r, state)]++;
	must(written[MARKER(r, state)] == 1, "VIOLATED RUN-2: the write of a state is committed at most once\n");
#ifndef MARKER_APART
	marker[MARKER(r, state)] = true;
#endif
	letFenceGo()
}

/* finish: the lease is given back. Nobody looks at the claim of a run that has ended, so its number is forgotten. */
inline endRun(as) {
	status[r] = as;
	claim_no[r] = 0; claimed[r] = false;
	if
	:: token != 0 ->
		must(lease_token == token, "VIOLATED LEASE-1: a lease is given back by nobody but its holder\n");
		lease = released; lease_keeper = NOBODY
	:: else -> skip
	fi
}

inline finalize() {
	must(written[MARKER(r, 1)] == 1 && written[MARKER(r, WRITES)] == 1,
		"VIOLATED RUN-2: a run that has succeeded has done each write\n");
	must(grant[GRANT_OF(r)] == consumed && used_by[GRANT_OF(r)] == r + 1,
		"VIOLATED RUN-1: a run that has succeeded has used its grant\n");
	endRun(succeeded);
	printf("executor %d, run %d: succeeds\n", me, r)
}

inline stopRun() {
	endRun(stopped);
	printf("executor %d, run %d: stops it\n", me, r)
}

/* A process that works on runs: src/runs/engine. What one of them is in the middle of is in `at`. */
proctype Executor(byte me) {
	mtype:step at = idle;
	byte r;			/* its run */
	byte claim;		/* the number of its claim */
	byte token;		/* claim.fence; 0 where there is none yet */
	bool raised;		/* whether claim.markers is there */
	byte found;		/* claim.markers, a bit for each state */
	byte state;		/* the writing state that it is in */
	byte done;		/* what is done and not on record yet, as in last_ok */
	bool again;		/* whether an earlier attempt may have been committed */
	bool passed;		/* the gate */
	mtype:grant saw; byte saw_root; byte saw_now;	/* the grant and the clock, as read */
	bool fresh;		/* whether this transaction consumes, or answers a receipt again */
end:	do
	/* claimRuns, and drive: a run that has reserved has its lease taken up first */
	:: d_step { at == idle && IS_FIRST_IDLE && CAN_CLAIM(0) -> claimRun(0) }
	:: d_step { at == idle && IS_FIRST_IDLE && CAN_CLAIM(1) -> claimRun(1) }

	/* takeUp: one transaction, run row and lease row locked; the token rises */
	:: d_step { at == taking_up && run_lock[r] == NOBODY && lease_lock == NOBODY -> takeUp();
		if :: at == taking_up -> token = lease_token; at = boundary :: else -> skip fi }
	:: d_step { at == taking_up && run_lock[r] == NOBODY && lease_lock == NOBODY && faults > 0 -> takeUp();
		if :: at == taking_up -> loseAnswer() :: else -> skip fi }

	/* advance: what is done goes on record, and the next state begins */
	:: d_step { at == boundary && HOLDER_CAN_LOCK -> if :: IS_HOLDER -> advance() :: else -> leave() fi }

	/* S1, reserve: run row, lease row, gate, grant row, in this order (GRANT-8), all in one transaction (GRANT-4) */
	:: d_step { at == reserving && run_lock[r] == NOBODY && lease_lock == NOBODY ->
		if :: IS_HOLDER -> run_lock[r] = me; lease_lock = me; at = passing_gate :: else -> leave() fi }
	:: d_step { at == passing_gate -> passGate();
		printf("executor %d, run %d: passes the gate with the clock at %d\n", me, r, now) }
	:: d_step { at == reading_grant && CAN_READ_GRANT(GRANT_OF(r)) -> readGrant(GRANT_OF(r));
		printf("executor %d, run %d: reads the grant (%e) with the clock at %d\n", me, r, saw, saw_now) }
	:: d_step { at == using_grant && CAN_CHANGE_GRANT(GRANT_OF(r)) ->
		if
		:: OTHER_RUN_ON_LEASE -> refuse()
		:: !OTHER_RUN_ON_LEASE && MAY_CONSUME(GRANT_OF(r)) && lease != held -> changeGrant(GRANT_OF(r))
		:: !OTHER_RUN_ON_LEASE && MAY_REPLAY(r + 1) && (lease != held || IS_OWN_LEASE(r)) -> at = committing_use
		:: else -> refuse()
		fi }
	:: d_step { at == committing_use -> commitReserve(); token = lease_token; done = 1; at = boundary;
		takeReceipt(GRANT_OF(r), r + 1) }
	:: d_step { at == committing_use && faults > 0 -> commitReserve(); loseAnswer(); at = reserving }
	/* the connection to the control database is cut: asHolder does it again */
	:: d_step { (at == using_grant || at == committing_use) && faults > 0 -> faults--;
		run_lock[r] = NOBODY; endTransaction(GRANT_OF(r)); at = reserving;
		printf("executor %d, run %d: is cut off before S1 is committed\n", me, r) }

	/* a writing state: raise the fence and read the markers, once a claim */
	:: d_step { at == raising && fence_lock == NOBODY -> raise() }
	/* the write's own transaction: hold the fence, write, mark, commit */
	:: d_step { at == holding_fence && CAN_HOLD_FENCE -> holdFence() }
	:: d_step { at == committing_write -> commitWrite();
#ifdef MARKER_APART
		at = marking }
	:: d_step { at == marking && fence_lock == NOBODY -> marker[MARKER(r, state)] = true; done = state + 1; at = boundary }
#else
		done = state + 1; at = boundary }
	:: d_step { at == committing_write && faults > 0 -> commitWrite(); loseAnswer(); again = true; at = holding_fence }
#endif
	/* the connection to the target is cut, or its server ends an idle session: what was not committed is undone there */
	:: d_step { at == committing_write && faults > 0 -> faults--; letFenceGo(); again = true; at = holding_fence;
		printf("executor %d, run %d: is cut off before its write is committed\n", me, r) }

	/* finalize: the last state */
	:: d_step { at == finalizing && HOLDER_CAN_LOCK -> if :: IS_HOLDER -> finalize() :: else -> skip fi; leave() }

	/* failState. A holder that was fenced out finds that it is none: else the run would have been stopped by nobody. */
	:: d_step { at == failing && HOLDER_CAN_LOCK -> if :: IS_HOLDER -> stopRun() :: else -> skip fi; leave() }
	:: d_step { at == fenced_out && HOLDER_CAN_LOCK ->
		must(!IS_HOLDER, "VIOLATED LEASE-2: the holder of the lease is not fenced out\n"); leave() }

	/* a crash, wherever it is: open transactions are rolled back, and all that it knew is gone */
	:: d_step { at != idle && faults > 0 -> faults--; printf("executor %d, run %d: crashes when %e\n", me, r, at); leave() }
	od
}

#define MINE GRANT_OF(CLIENT_RUN)
inline commitClient() {
	printf("client: commits as root %d (consumes: %d)\n", root, fresh);
	commitUse(MINE, root);
	if :: fresh && with_lease -> acquireLease(MINE, NOBODY) :: else -> skip fi;
	endTransaction(MINE);
	at = idle
}

/*
 * Somebody who consumes over HTTP, with the lease or without, under the root of a run (which then adopts the receipt) or
 * under another; and does it again, for an answer that was lost or for no reason.
 */
proctype Client(byte root; bool with_lease) {
	mtype:step at = idle;
	byte me = CLIENT;
	byte calls = CALLS;
	bool passed; mtype:grant saw; byte saw_root; byte saw_now; bool fresh;
end:	do
	:: d_step { at == idle && calls > 0 -> calls--; at = (with_lease -> asking : passing_gate) }
	:: d_step { at == asking && lease_lock == NOBODY -> lease_lock = me; at = passing_gate }
	:: d_step { at == passing_gate -> passGate(); printf("client: passes the gate with the clock at %d\n", now) }
	:: d_step { at == reading_grant && CAN_READ_GRANT(MINE) -> readGrant(MINE);
		printf("client: reads the grant (%e) with the clock at %d\n", saw, saw_now) }
	:: d_step { at == using_grant && CAN_CHANGE_GRANT(MINE) ->
		if
		:: MAY_CONSUME(MINE) && (!with_lease || lease != held) -> changeGrant(MINE)
		:: MAY_REPLAY(root) -> at = committing_use
		:: else -> endTransaction(MINE); at = idle; printf("client: is refused\n")
		fi }
	:: d_step { at == committing_use -> commitClient(); takeReceipt(MINE, root) }
	:: d_step { at == committing_use && faults > 0 -> faults--; commitClient(); printf("client: does not get the answer\n") }
	:: d_step { at != idle && faults > 0 -> faults--; endTransaction(MINE); at = idle; printf("client: is cut off\n") }
	od
}

/* What concerns the use of a grant happens while there is one to use: afterwards nobody looks at it any more. */
#ifdef CALM
#define IS_USABLE false
#else
#define IS_USABLE (grant[0] == granted || grant[GRANTS - 1] == granted)
#endif

#define CAN_REVOKE(g) (grant[g] == granted && now < EXPIRES_AT && grant_lock[g] == NOBODY)

/* Time, operators, and executors that stop renewing. */
proctype World() {
end:	do
	:: d_step { IS_USABLE && now < EXPIRES_AT -> now++; printf("the grants expire\n") }
	/* revokeGrant: one transaction with one lock */
	:: d_step { IS_USABLE && CAN_REVOKE(0) -> grant[0] = revoked; printf("grant 0 is revoked\n") }
#ifdef TWO_GRANTS
	:: d_step { IS_USABLE && CAN_REVOKE(1) -> grant[1] = revoked; printf("grant 1 is revoked\n") }
#endif
	/* placeHold: it waits for the uses under way */
	:: d_step { IS_USABLE && !hold && in_gate == 0 -> hold = true; printf("a hold is placed\n") }
	/* an executor is stopped for longer than its claim lasts; it wakes whenever its next step happens */
	:: d_step { stalls > 0 && claimed[0] -> stalls--; claimed[0] = false; printf("the claim on run 0 lapses\n") }
	:: d_step { stalls > 0 && claimed[1] -> stalls--; claimed[1] = false; printf("the claim on run 1 lapses\n") }
	/* nobody renews the lease any more */
	:: d_step { lease == held && (lease_keeper == NOBODY || !claimed[lease_keeper - 1]) -> lease = lapsed;
		printf("the lease lapses\n") }
	od
}

/*
 * An acknowledged use is never undone, and a run that is taken up again and again ends: when nothing can happen any more,
 * every run has ended. All budgets are chosen here, so that a deadlock cannot hide behind a fault that is still to come.
 */
#define KEPT(g) (receipt_of[g] == NOBODY || (grant[g] == consumed && used_by[g] == receipt_of[g]))
#if defined(CALM) && CALLS == 0
/* Where nobody interferes, the run that uses the grant is whole in the end. */
#define HAS_ENDED (status[0] != running && status[1] != running && (status[0] == succeeded || status[1] == succeeded))
#else
#define HAS_ENDED (status[0] != running && status[1] != running)
#endif
init {
	atomic {
		if :: faults = 0 :: faults = FAULTS fi;
		if :: stalls = 0 :: stalls = STALLS fi;
#ifdef ONE_RUN
		status[1] = stopped;
#endif
		run Executor(1); run Executor(2); run Executor(3);
		if
		:: run Client(CLIENT_ROOT, false)
		:: run Client(CLIENT_ROOT, true)
		:: run Client(CLIENT_RUN + 1, false)
		:: run Client(CLIENT_RUN + 1, true)
		fi;
		run World()
	}
	do
	:: d_step { !(KEPT(0) && KEPT(GRANTS - 1)) -> /* never: it is the report */
		printf("VIOLATED OPEN-7: a use that was acknowledged is not lost\n"); assert(false) }
	:: timeout -> must(HAS_ENDED, "VIOLATED RUN-1: a run that is taken up again and again ends\n"); break
	od
}
