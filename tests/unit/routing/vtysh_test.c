// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The child process in place of vtysh: input, output, status, and what ends it. The shell gets the
// socket directory's place in its arguments: `sh --vty_socket DIRECTORY ...` is not possible, so a
// script that is the program itself takes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control/routing/vtysh.h"

struct script {
	char path[64];
	struct vtysh v;
};

static void script_write(struct script *s, const char *body)
{
	FILE *f;
	int fd;

	strcpy(s->path, "/tmp/vtysh-test-XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	assert_int_equal(fclose(f), 0);
	s->v = (struct vtysh){ s->path, "/run/somewhere", 10000 };
}

static int run(
	const char *body, unsigned int deadline_ms, const char *input, struct vtysh_result *out)
{
	static const char *const args[] = { "-c", "show something", NULL };
	struct script s;
	int rc;

	script_write(&s, body);
	if (deadline_ms > 0)
		s.v.deadline_ms = deadline_ms;
	rc = vtysh_run(&s.v, args, input, out);
	unlink(s.path);
	return rc;
}

static void arguments_and_status(void **state)
{
	struct vtysh_result r;

	assert_int_equal(run("for a; do echo \"[$a]\"; done; exit 7", 0, NULL, &r), 0);
	assert_int_equal(r.status, 7);
	assert_string_equal(r.output, "[--vty_socket]\n[/run/somewhere]\n[-c]\n[show something]\n");
	assert_int_equal(r.len, strlen(r.output));
	free(r.output);
}

static void input_comes_by_standard_input_alone(void **state)
{
	struct vtysh_result r;

	assert_int_equal(run("cat; echo error >&2", 0, "line 1\nline 2\n", &r), 0);
	assert_int_equal(r.status, 0);
	assert_string_equal(r.output, "line 1\nline 2\nerror\n");
	free(r.output);
	assert_int_equal(run("cat", 0, NULL, &r), 0);
	assert_string_equal(r.output, "");
	free(r.output);
}

static void large_output_is_whole(void **state)
{
	struct vtysh_result r;

	assert_int_equal(run("head -c 3000000 /dev/zero | tr '\\0' x", 0, NULL, &r), 0);
	assert_int_equal(r.len, 3000000);
	assert_int_equal(strspn(r.output, "x"), 3000000);
	free(r.output);
}

static void endless_output_is_ended(void **state)
{
	struct vtysh_result r;

	assert_int_equal(run("exec yes", 60000, NULL, &r), -EFBIG);
	assert_null(r.output);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_silent_child_is_ended(void **state)
{
	static const char *const bodies[] = { "exec sleep 5", "exec >&- 2>&-; exec sleep 5" };

	for (unsigned int i = 0; i < 2; i++) {
		struct vtysh_result r;
		double start = now();

		assert_int_equal(run(bodies[i], 200, NULL, &r), -ETIMEDOUT);
		assert_true(now() - start < 20);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static void no_program(void **state)
{
	static const char *const args[] = { "-h", NULL };
	const struct vtysh v = { "/nonexistent/vtysh", "/", 1000 };
	struct vtysh_result r;

	assert_int_equal(vtysh_run(&v, args, NULL, &r), -ENOENT);
}

static void a_killed_child_is_no_success(void **state)
{
	struct vtysh_result r;

	assert_int_equal(run("kill -9 $$", 0, NULL, &r), 0);
	assert_int_equal(r.status, 128 + SIGKILL);
	free(r.output);
}

// The commit thread blocks signals and ignores SIGPIPE; vtysh must not.
static void signals_are_as_a_shell_has_them(void **state)
{
	unsigned long long blocked, ignored;
	struct vtysh_result r;
	sigset_t all, before;

	sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(
		run("grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d ' \\t\\n'", 0, NULL, &r), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sscanf(r.output, "SigBlk:%llxSigIgn:%llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & 1ull << (SIGPIPE - 1), 0);
	free(r.output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_status),
		cmocka_unit_test(input_comes_by_standard_input_alone),
		cmocka_unit_test(large_output_is_whole),
		cmocka_unit_test(endless_output_is_ended),
		cmocka_unit_test(a_silent_child_is_ended),
		cmocka_unit_test(no_program),
		cmocka_unit_test(a_killed_child_is_no_success),
		cmocka_unit_test(signals_are_as_a_shell_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
