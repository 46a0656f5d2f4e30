// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A client with short deadlines and a scripted peer, for both tests of the client.
#pragma once

#include <time.h>

#include "tests/unit/client/server.h"

extern struct server server;
extern struct client *client;
extern unsigned int connected, fresh, links_up; // events so far

void start(void (*script)(struct server *s));
int stop(void **state);		 // teardown: fails the test when the script complained
void good(struct server *s);	 // script: a data plane that says yes to everything
void silent(struct server *s);	 // script: listens only
void await_attempt(void);	 // until the client tries to connect by itself
time_t seconds_to_attempt(void); // whole ones
void await_hangup(void);	 // until the watch has noticed it
int64_t now_ms(void);
