// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Creates the parts of the control process, connects them to the event loop, and takes them down.
#include "control/main/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "control/api/listen.h"
#include "control/kernel/netns.h"
#include "control/main/log.h"

#define AUDIT_PERIOD_US	  (30 * 1000000ull)
#define AUDIT_ACCURACY_US 1000000ull

// The data plane is new or back. Called on the commit thread, perhaps inside a transaction.
static void on_dataplane(void *ctx, bool fresh)
{
	background_reconcile(ctx);
}

static int on_jobs(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	jobs_collect(arg);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct control *c = arg;

	log_info("%s: stopping", strsignal(info->ssi_signo));
	return sd_event_exit(c->loop, 0);
}

// Logs were rotated: what is open is looked at now instead of with the next audit.
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct control *c = arg;

	background_reconcile(c);
	api_reload(c->api, &c->access);
	return 0;
}

static int on_audit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct control *c = arg;
	int ret;

	background_reconcile(c);
	ret = sd_event_source_set_time_relative(source, AUDIT_PERIOD_US);
	return ret < 0 ? ret : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

// Signals are blocked before the commit thread starts, which inherits that.
static int add_sources(struct control *c)
{
	sigset_t signals;
	int ret;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	ret = sd_event_add_signal(c->loop, NULL, SIGTERM, on_signal, c);
	if (ret >= 0)
		ret = sd_event_add_signal(c->loop, NULL, SIGINT, on_signal, c);
	if (ret >= 0)
		ret = sd_event_add_signal(c->loop, NULL, SIGHUP, on_hangup, c);
	if (ret >= 0)
		ret = sd_event_add_io(
			c->loop, NULL, jobs_wake_fd(c->jobs), EPOLLIN, on_jobs, c->jobs);
	if (ret >= 0)
		ret = sd_event_add_io(
			c->loop, NULL, jobs_wake_fd(c->queries), EPOLLIN, on_jobs, c->queries);
	if (ret >= 0)
		ret = sd_event_add_time_relative(c->loop, &c->audit, CLOCK_MONOTONIC,
			AUDIT_PERIOD_US, AUDIT_ACCURACY_US, on_audit, c);
	return ret < 0 ? ret : 0;
}

static int create_parts(struct control *c)
{
	int ret;

	ret = sd_event_new(&c->loop);
	if (ret < 0)
		return ret;
	c->jobs = jobs_create("commit");
	c->queries = jobs_create("query");
	if (!c->jobs || !c->queries)
		return -ENOMEM;
	c->client_events = (struct client_events){ .connected = on_dataplane, .ctx = c };
	c->client = client_create(c->options.dataplane_socket, c->jobs, &c->client_events);
	if (!c->client)
		return -ENOMEM;
	ret = subsystems_create(c);
	if (ret < 0)
		return ret;
	c->engine = engine_create(c->subsystems, c->n_subsystems, c->store);
	if (!c->engine)
		return -ENOMEM;
	c->api = api_create(c->loop, &(struct api_env){
					     .version = VROUTER_VERSION,
					     .engine = c->engine,
					     .store = c->store,
					     .client = c->client,
					     .kernel = c->kernel,
					     .jobs = c->jobs,
					     .queries = c->queries,
					     .routing = c->routing,
					     .subsystems = c->subsystems,
					     .n_subsystems = c->n_subsystems,
				     });
	return c->api ? add_sources(c) : -ENOMEM;
}

// NULL with the reason logged; malloc'd.
static char *read_pem(const char *option, const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!in || getdelim(&text, &size, '\0', in) < 0) {
		log_error("%s %s: %s", option, path, in ? "empty" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (in)
		fclose(in);
	return text;
}

static int load_tls(struct control *c)
{
	c->access.tokens_file = c->options.tokens;
	if (!c->options.tls_certificate)
		return 0;
	c->access.certificate = read_pem("--tls-certificate", c->options.tls_certificate);
	c->access.key = read_pem("--tls-key", c->options.tls_key);
	return c->access.certificate && c->access.key ? 0 : -EINVAL;
}

static void forget_tls(struct control *c)
{
	if (c->access.key)
		explicit_bzero(c->access.key, strlen(c->access.key));
	free(c->access.certificate);
	free(c->access.key);
}

// Early, so that a wrong address or a second instance ends here, before anything is touched.
static int open_sockets(struct control *c)
{
	char err[128];
	int ret;

	c->api_fds[0] = listen_unix(c->options.api_socket);
	if (c->api_fds[0] < 0) {
		log_error("--api-socket %s: %s", c->options.api_socket,
			c->api_fds[0] == -EADDRINUSE ? "another process serves it"
						     : strerror(-c->api_fds[0]));
		return c->api_fds[0];
	}
	if (!c->options.listen)
		return 0;
	ret = load_tls(c);
	if (ret < 0)
		return ret;
	c->api_fds[1] =
		listen_tcp(c->options.listen, c->access.certificate != NULL, err, sizeof(err));
	if (c->api_fds[1] < 0)
		log_error("--listen %s: %s", c->options.listen, err);
	return c->api_fds[1] < 0 ? c->api_fds[1] : 0;
}

// A name without a namespace is a mistake that would look like a router whose kernel side is idle.
// One that goes away later, and comes back, is the kernel subsystems' business.
static int check_namespace(const char *name)
{
	int fd = netns_open(name);

	if (fd < 0) {
		log_error("--netns %s: %s%s%s", name, strerror(-fd),
			fd == -ENOENT ? "; create it: ip netns add " : "",
			fd == -ENOENT ? name : "");
		return fd;
	}
	close(fd);
	return 0;
}

int control_create(struct control *c)
{
	int ret = check_namespace(c->options.netns);

	if (ret < 0)
		return ret;
	ret = store_open(c->options.state_dir, &c->store);
	if (ret < 0) {
		log_error("--state-dir %s: %s", c->options.state_dir, strerror(-ret));
		return ret;
	}
	ret = open_sockets(c);
	if (ret < 0)
		return ret;
	ret = create_parts(c);
	if (ret < 0)
		log_error("cannot start: %s", strerror(-ret));
	return ret;
}

int control_run(struct control *c)
{
	int ret = background_restore(c);

	if (ret == 0)
		ret = jobs_start(c->jobs);
	if (ret == 0)
		ret = jobs_start(c->queries);
	if (ret == 0)
		ret = sd_event_loop(c->loop);
	if (ret < 0)
		log_error("stopping: %s", strerror(-ret));
	return ret;
}

void control_destroy(struct control *c)
{
	sd_notify(0, "STOPPING=1");
	// Requests that wait for the commit thread are answered by jobs_stop().
	if (c->api)
		api_quiesce(c->api);
	if (c->jobs)
		jobs_stop(c->jobs);
	if (c->queries)
		jobs_stop(c->queries);
	api_destroy(c->api);
	for (int i = 0; i < API_SOCKETS; i++)
		listen_close(c->api_fds[i]);
	if (c->engine)
		engine_destroy(c->engine);
	subsystems_destroy(c);
	if (c->client)
		client_destroy(c->client);
	jobs_destroy(c->jobs);
	jobs_destroy(c->queries);
	if (c->store)
		store_close(c->store);
	forget_tls(c);
	sd_event_source_disable_unref(c->audit);
	sd_event_unref(c->loop);
}
