// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// libmicrohttpd on the event loop: one daemon for each listening socket, its epoll descriptor and
// its timeout as event sources. A request for the commit thread is suspended until its job is done;
// it is resumed on the loop, because a resume does not wake an external epoll.
#include "control/api/api.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "control/api/access.h"
#include "control/api/handlers.h"
#include "control/api/listen.h"
#include "control/config/parse.h"
#include "control/main/log.h"

#define LISTENERS_MAX	  4
#define CONNECTIONS_MAX	  64	// of one listener
#define CONNECTIONS_IP	  16	// of them, of one address
#define IDLE_TIMEOUT_S	  30	// connection without progress
#define HEADERS_MAX	  32768 // bytes of request line and headers; beyond: 431
#define BODY_MAX	  CONFIG_TEXT_MAX
#define BODY_FIRST	  4096
#define DISCARD_MAX	  (4ull * BODY_MAX) // read and thrown away for the answer's sake; then cut off
#define TIMER_ACCURACY_US 1000		    // sd-event's own 250 ms would slow uploads down
#define RUNS_IN_ONE_TURN  16		    // of MHD_run() before other event sources get theirs

struct listener {
	struct api *api;
	struct MHD_Daemon *daemon;
	sd_event_source *io;
	sd_event_source *timer;
	struct access access;
	char bad_uri; // its address is the mark of a request with a bad address
};

struct api {
	sd_event *loop;
	struct api_env env;
	struct listener listeners[LISTENERS_MAX];
	unsigned int n_listeners;
};

// One request on its way.
struct exchange {
	struct request request;
	struct job job;
	struct listener *listener;
	struct MHD_Connection *connection;
	size_t body_size; // bytes allocated
	size_t discarded; // bytes of body that nobody wants
	bool ran;	  // the job was run, not dropped by a stop
};

static struct exchange *exchange_of_job(struct job *j)
{
	return (struct exchange *)((char *)j - offsetof(struct exchange, job));
}

// Lets the daemon work until it waits for its sockets or for a time.
static void listener_run(struct listener *l)
{
	unsigned long long ms = 0;

	for (int i = 0; i < RUNS_IN_ONE_TURN; i++) {
		MHD_run(l->daemon);
		if (MHD_get_timeout(l->daemon, &ms) != MHD_YES) {
			sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
			return;
		}
		if (ms > 0)
			break;
	}
	sd_event_source_set_time_relative(l->timer, ms * 1000);
	sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

static int on_listener_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	listener_run(arg);
	return 0;
}

static int on_listener_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	listener_run(arg);
	return 0;
}

static enum MHD_Result queue_reply(struct exchange *x)
{
	struct reply *reply = &x->request.reply;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(reply->len, reply->body, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ret;
	char etag[24];

	if (!response)
		return MHD_NO; // closes the connection
	reply->body = NULL;
	if (reply->content_type)
		MHD_add_response_header(
			response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, x->request.match.allow);
	if (reply->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	if (reply->status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (reply->has_etag) {
		snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)reply->etag);
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	ret = MHD_queue_response(x->connection, reply->status, response);
	MHD_destroy_response(response);
	log_write(x->request.match.route && x->request.match.route->thread == ROUTE_COMMIT &&
				  strcmp(x->request.method, "GET") != 0
			  ? LOG_INFO
			  : LOG_DEBUG,
		"%s %s: %d", x->request.method, x->request.path, reply->status);
	return ret;
}

static void exchange_run(struct job *j)
{
	struct exchange *x = exchange_of_job(j);

	x->ran = true;
	x->request.match.route->handler(&x->request);
}

static void exchange_done(struct job *j)
{
	struct exchange *x = exchange_of_job(j);

	if (!x->ran)
		reply_problem(&x->request, 503, "The router's control process is stopping.");
	MHD_resume_connection(x->connection);
	listener_run(x->listener);
}

// The whole request is here: answer it, or have another thread answer it.
static enum MHD_Result exchange_answer(struct exchange *x)
{
	struct request *r = &x->request;

	if (r->reply.status == 0 && r->match.route->thread != ROUTE_LOOP) {
		MHD_suspend_connection(x->connection);
		x->job.question = r->match.route->thread == ROUTE_STATE;
		jobs_submit(r->match.route->thread == ROUTE_QUERY ? r->env->queries : r->env->jobs,
			&x->job);
		return MHD_YES;
	}
	if (r->reply.status == 0)
		r->match.route->handler(r);
	return queue_reply(x);
}

static enum MHD_Result add_arg(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *r = cls;

	if (r->n_args == REQUEST_ARGS) {
		reply_problem(r, 400, "too many query parameters");
		return MHD_NO;
	}
	r->args[r->n_args++] = (struct request_arg){ name, value ? value : "" };
	return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Marks, through the request's context, an address with an escaped NUL, which would cut its path.
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct listener *l = cls;

	return strstr(uri, "%00") ? &l->bad_uri : NULL;
}

static void set_peer(struct request *r, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info)
		peer_text(info->connect_fd, r->peer);
}

static uint64_t now_us(struct listener *l)
{
	uint64_t now = 0;

	(void)sd_event_now(l->api->loop, CLOCK_MONOTONIC, &now);
	return now;
}

static struct exchange *exchange_create(struct listener *l, struct MHD_Connection *connection,
	const char *url, const char *method, bool bad_uri)
{
	struct exchange *x = calloc(1, sizeof(*x));
	struct request *r;

	if (!x)
		return NULL;
	x->job = (struct job){ .run = exchange_run, .done = exchange_done };
	x->listener = l;
	x->connection = connection;
	r = &x->request;
	r->env = &l->api->env;
	r->method = method;
	r->path = url;
	r->content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	r->if_match = header(connection, MHD_HTTP_HEADER_IF_MATCH);
	set_peer(r, connection);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_arg, r);
	if (access_allows(
		    &l->access, r, header(connection, MHD_HTTP_HEADER_AUTHORIZATION), now_us(l)) &&
		bad_uri)
		reply_problem(r, 400, "the address contains a NUL character");
	if (r->reply.status == 0)
		api_route(r);
	return x;
}

static void reply_too_large(struct request *r)
{
	reply_problem(r, 413, "The body is larger than %u bytes.", BODY_MAX);
}

// The headers are here. An error that they show is answered before the body only when the client
// waits for that or the body is huge: a client that still sends would not read the answer.
static enum MHD_Result exchange_start(struct exchange *x)
{
	const char *length = header(x->connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	unsigned long long bytes = length ? strtoull(length, NULL, 10) : 0;
	struct request *r = &x->request;

	if (bytes > BODY_MAX && r->reply.status == 0)
		reply_too_large(r);
	if (r->reply.status != 0 &&
		(bytes > DISCARD_MAX || header(x->connection, MHD_HTTP_HEADER_EXPECT)))
		return queue_reply(x);
	return MHD_YES;
}

static int body_append(struct exchange *x, const char *data, size_t len)
{
	struct request *r = &x->request;

	if (len > x->body_size - r->body_len) {
		size_t size = x->body_size ? x->body_size : BODY_FIRST;
		char *grown;

		while (size < r->body_len + len)
			size *= 2;
		grown = realloc(r->body, size);
		if (!grown)
			return -ENOMEM;
		r->body = grown;
		x->body_size = size;
	}
	memcpy(r->body + r->body_len, data, len);
	r->body_len += len;
	return 0;
}

static enum MHD_Result exchange_body(struct exchange *x, const char *data, size_t len)
{
	struct request *r = &x->request;

	if (r->reply.status == 0 && len > BODY_MAX - r->body_len)
		reply_too_large(r);
	if (r->reply.status == 0 && body_append(x, data, len) < 0)
		reply_problem(r, 500, "out of memory");
	if (r->reply.status == 0)
		return MHD_YES;
	x->discarded += len;
	return x->discarded > DISCARD_MAX ? MHD_NO : MHD_YES;
}

// Called with the headers, then with each piece of the body, then at its end; again after a resume.
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context)
{
	struct listener *l = cls;
	struct exchange *x = *context;
	bool bad_uri = *context == &l->bad_uri;
	enum MHD_Result ret;

	if (!x || bad_uri) {
		x = exchange_create(l, connection, url, method, bad_uri);
		*context = x;
		return x ? exchange_start(x) : MHD_NO;
	}
	if (*len == 0)
		return exchange_answer(x);
	ret = exchange_body(x, data, *len);
	*len = 0;
	return ret;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct listener *l = cls;
	struct exchange *x = *context;
	bool bad_uri = *context == &l->bad_uri;

	*context = NULL;
	if (!x || bad_uri)
		return;
	request_clear(&x->request);
	free(x);
}

static void on_daemon_log(void *cls, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

struct api *api_create(sd_event *loop, const struct api_env *env)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api)
		return NULL;
	api->loop = sd_event_ref(loop);
	api->env = *env;
	return api;
}

// TLS from 1.2 on; the PEM texts are copied by the daemon.
static void tls_options(struct MHD_OptionItem items[4], const struct access_conf *conf)
{
	static char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

	items[0] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0,
		(void *)(uintptr_t)conf->certificate };
	items[1] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0,
		(void *)(uintptr_t)conf->key };
	items[2] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, priorities };
	items[3] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static struct MHD_Daemon *start_daemon(struct listener *l, int fd, const struct access_conf *conf)
{
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[4] = { { MHD_OPTION_END, 0, NULL } };

	if (conf && conf->certificate) {
		flags |= MHD_USE_TLS;
		tls_options(tls, conf);
	}
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_EXTERNAL_LOGGER,
		on_daemon_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		conf ? (unsigned int)CONNECTIONS_IP : 0u, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, on_uri, l,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
}

static int add_sources(struct listener *l)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	int ret;

	if (!info)
		return -EINVAL;
	ret = sd_event_add_io(l->api->loop, &l->io, info->epoll_fd, EPOLLIN, on_listener_io, l);
	if (ret >= 0)
		ret = sd_event_add_time_relative(l->api->loop, &l->timer, CLOCK_MONOTONIC, 0,
			TIMER_ACCURACY_US, on_listener_timer, l);
	return ret < 0 ? ret : 0;
}

static void listener_stop(struct listener *l)
{
	sd_event_source_disable_unref(l->io);
	sd_event_source_disable_unref(l->timer);
	MHD_stop_daemon(l->daemon);
	tokens_free(l->access.tokens);
}

// The tokens of a TCP socket.
static int load_access(struct listener *l, const struct access_conf *conf)
{
	char err[128];

	if (!conf)
		return 0;
	l->access.tokens = tokens_load(conf->tokens_file, err, sizeof(err));
	if (l->access.tokens)
		return 0;
	log_error("--tokens %s: %s", conf->tokens_file, err);
	return -EINVAL;
}

int api_serve(struct api *api, int fd, const struct access_conf *conf)
{
	struct listener *l;
	int ret;

	if (api->n_listeners == LISTENERS_MAX) {
		listen_close(fd);
		return -ENOSPC;
	}
	l = &api->listeners[api->n_listeners];
	*l = (struct listener){ .api = api };
	ret = load_access(l, conf);
	if (ret == 0)
		l->daemon = start_daemon(l, fd, conf);
	if (!l->daemon) {
		if (ret == 0)
			log_error("the API cannot be served%s",
				conf && conf->certificate ? ": is it the certificate's key?" : "");
		tokens_free(l->access.tokens);
		listen_close(fd);
		return ret < 0 ? ret : -EINVAL;
	}
	ret = add_sources(l);
	if (ret < 0)
		listener_stop(l);
	else
		api->n_listeners++;
	return ret;
}

void api_reload(struct api *api, const struct access_conf *conf)
{
	char err[128];

	for (unsigned int i = 0; i < api->n_listeners; i++) {
		struct access *access = &api->listeners[i].access;
		struct tokens *tokens;

		if (!access->tokens)
			continue;
		tokens = tokens_load(conf->tokens_file, err, sizeof(err));
		if (!tokens) {
			log_error("--tokens %s: %s; the old ones stay", conf->tokens_file, err);
			continue;
		}
		tokens_free(access->tokens);
		access->tokens = tokens;
	}
}

void api_quiesce(struct api *api)
{
	for (unsigned int i = 0; i < api->n_listeners; i++)
		listen_close(MHD_quiesce_daemon(api->listeners[i].daemon));
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	for (unsigned int i = 0; i < api->n_listeners; i++)
		listener_stop(&api->listeners[i]);
	sd_event_unref(api->loop);
	free(api);
}
