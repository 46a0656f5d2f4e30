// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Sequences, played and shrunk.
#include "tests/differential/play.h"

#include <errno.h>
#include <string.h>

#include "tests/differential/build.h"
#include "tests/differential/reassemble.h"

#define COINCIDENCES_MAX 16 // in a row; each has a probability of about 1 in 1000

static int pass(struct bench *b, uint32_t seconds)
{
	int rc = b->vrouter.pass(b->vrouter.state, seconds);

	return rc != 0 ? rc : b->kernel.pass(b->kernel.state, seconds);
}

// Plays to both or, where one of them sent nothing before that can be answered, to neither.
static int play_step(struct bench *b, const struct step *s)
{
	struct exchange *ours = &b->ours[s->id], *theirs = &b->theirs[s->id];
	int rc;

	if (s->kind == STEP_TIME)
		return pass(b, s->seconds);
	if (!build_step(s, b->ours, &ours->in) || !build_step(s, b->theirs, &theirs->in)) {
		ours->in.n = theirs->in.n = 0;
		return 0;
	}
	b->packets += ours->in.n;
	rc = b->vrouter.play(b->vrouter.state, ours);
	if (rc == 0)
		rc = b->kernel.play(b->kernel.state, theirs);
	ours->broken = reassemble(&ours->out);
	theirs->broken = reassemble(&theirs->out);
	return rc;
}

static void forget(struct exchange *past)
{
	for (unsigned int i = 0; i < STEPS_MAX; i++) {
		past[i].in.n = past[i].out.n = 0;
		past[i].invalid = false;
		past[i].broken = NULL;
	}
}

static int play_once(struct bench *b, const struct sequence *s, enum verdict *verdict)
{
	int rc = b->vrouter.reset(b->vrouter.state);

	if (rc == 0)
		rc = b->kernel.reset(b->kernel.state);
	forget(b->ours);
	forget(b->theirs);
	comparison_start(&b->comparison, b->ours, b->theirs);
	*verdict = VERDICT_SAME;
	for (b->played = 0; rc == 0 && *verdict == VERDICT_SAME && b->played < s->n; b->played++) {
		const struct step *step = &s->steps[b->played];

		rc = play_step(b, step);
		if (rc == 0)
			*verdict = comparison_step(&b->comparison, step);
	}
	return rc;
}

int play_sequence(struct bench *b, const struct sequence *s, enum verdict *verdict)
{
	for (unsigned int i = 0; i < COINCIDENCES_MAX; i++) {
		int rc = play_once(b, s, verdict);

		if (rc < 0 || *verdict != VERDICT_COINCIDENCE)
			return rc;
		b->coincidences++;
	}
	return -ELOOP;
}

static void drop_steps(struct sequence *s, unsigned int first, unsigned int n)
{
	memmove(&s->steps[first], &s->steps[first + n], (s->n - first - n) * sizeof(s->steps[0]));
	s->n -= n;
}

// Tries without each run of `n` steps.
static int shrink_by(struct bench *b, struct sequence *s, unsigned int n, bool *shrunk)
{
	for (unsigned int first = 0; first + n <= s->n;) {
		struct sequence less = *s;
		enum verdict verdict;
		int rc;

		drop_steps(&less, first, n);
		rc = play_sequence(b, &less, &verdict);
		if (rc < 0)
			return rc;
		if (verdict == VERDICT_DIFFERENT) {
			*s = less;
			*shrunk = true;
		} else {
			first += n;
		}
	}
	return 0;
}

int play_shrink(struct bench *b, struct sequence *s)
{
	unsigned int n = s->n / 2;
	int rc = 0;

	while (rc == 0 && n > 0) {
		bool shrunk = false;

		rc = shrink_by(b, s, n, &shrunk);
		n = shrunk && n <= s->n ? n : n / 2;
	}
	return rc;
}
