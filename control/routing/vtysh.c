// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// posix_spawn(), a memfd for what goes in, a pipe for what comes out.
#include "control/routing/vtysh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536

struct child {
	pid_t pid;
	int input;  // memfd, or /dev/null
	int output; // reading end of the pipe
	struct timespec end;
	struct jobs *jobs;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int open_input(const char *text)
{
	int fd, rc;

	if (text == NULL) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	fd = memfd_create("vtysh-input", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, text);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

// No signal is blocked or ignored in the child, whatever the calling thread does.
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, pipe;
	int rc;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &pipe);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int spawn_with(struct child *c, const struct vtysh *v, char *const *argv, int output)
{
	static char path[] = "PATH=/usr/bin:/bin:/usr/sbin:/sbin", pager[] = "VTYSH_PAGER=cat";
	char *const env[] = { path, pager, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -rc;
	}
	rc = set_signals(&attr);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, c->input, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawnp(&c->pid, v->program, &actions, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int spawn(struct child *c, const struct vtysh *v, const char *const *args)
{
	const char *list[VTYSH_ARGS_MAX + 4] = { v->program, "--vty_socket", v->socket_dir };
	char *argv[VTYSH_ARGS_MAX + 4];
	int pipe_fds[2], rc;
	size_t n = 3;

	for (; *args != NULL; args++) {
		if (n == VTYSH_ARGS_MAX + 3)
			return -E2BIG;
		list[n++] = *args;
	}
	memcpy(argv, list, sizeof(argv)); // posix_spawn() only reads them
	argv[n] = NULL;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	c->output = pipe_fds[0];
	rc = spawn_with(c, v, argv, pipe_fds[1]);
	close(pipe_fds[1]);
	return rc;
}

static int milliseconds_left(const struct child *c)
{
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (c->end.tv_sec - now.tv_sec) * 1000ll + (c->end.tv_nsec - now.tv_nsec) / 1000000;
	return ms < 0 ? 0 : (int)ms;
}

// 0 when `fd` is readable. A slow daemon keeps nobody waiting who only asks about something else.
static int wait_readable(const struct child *c, int fd)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	int n;

	if (c->jobs != NULL)
		p[1].fd = jobs_question_fd(c->jobs);
	for (;;) {
		n = poll(p, 2, milliseconds_left(c));
		if (n > 0 && p[0].revents != 0)
			return 0;
		if (n > 0)
			jobs_answer(c->jobs);
		else if (n == 0 || errno != EINTR)
			return n == 0 ? -ETIMEDOUT : -errno;
	}
}

static int grow(struct vtysh_result *r, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : CHUNK;
	char *output;

	if (r->len + 1 < *capacity)
		return 0;
	if (wanted > VTYSH_OUTPUT_MAX)
		return -EFBIG;
	output = realloc(r->output, wanted);
	if (output == NULL)
		return -ENOMEM;
	r->output = output;
	*capacity = wanted;
	return 0;
}

static int read_all(const struct child *c, struct vtysh_result *r)
{
	size_t capacity = 0;

	for (;;) {
		int rc = grow(r, &capacity);
		ssize_t n;

		if (rc == 0)
			rc = wait_readable(c, c->output);
		if (rc < 0)
			return rc;
		n = read(c->output, r->output + r->len, capacity - r->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r->len += (size_t)n;
		r->output[r->len] = '\0';
		if (n == 0)
			return 0;
	}
}

// The child is gone when this returns: by itself, or killed when `rc` says that something failed.
static int reap(const struct child *c, int rc, int *status)
{
	int pidfd = pidfd_open(c->pid, 0), raw = 0;

	if (rc == 0 && pidfd >= 0)
		rc = wait_readable(c, pidfd);
	if (rc < 0)
		kill(c->pid, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	while (waitpid(c->pid, &raw, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return rc;
}

int vtysh_run(
	const struct vtysh *v, const char *const *args, const char *input, struct vtysh_result *out)
{
	struct child c = { .output = -1, .jobs = v->jobs };
	int rc;

	*out = (struct vtysh_result){ 0 };
	clock_gettime(CLOCK_MONOTONIC, &c.end);
	c.end.tv_sec += v->deadline_ms / 1000;
	c.end.tv_nsec += v->deadline_ms % 1000 * 1000000l;
	c.input = open_input(input);
	if (c.input < 0)
		return c.input;
	rc = spawn(&c, v, args);
	close_fd(&c.input);
	if (rc == 0)
		rc = reap(&c, read_all(&c, out), &out->status);
	close_fd(&c.output);
	if (rc == 0)
		return 0;
	free(out->output);
	*out = (struct vtysh_result){ 0 };
	return rc;
}
