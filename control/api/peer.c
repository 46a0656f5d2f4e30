// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// unix(7) SO_PEERCRED, getpeername(2).
#include "control/api/peer.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

void peer_text(int fd, char out[PEER_MAX])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct ucred cred;
	socklen_t cred_len = sizeof(cred);

	out[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&address, &len) < 0)
		return;
	if (address.ss_family == AF_UNIX) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) == 0)
			snprintf(out, PEER_MAX, "uid %u", cred.uid);
	} else if (getnameinfo((struct sockaddr *)&address, len, out, PEER_MAX, NULL, 0,
			   NI_NUMERICHOST) != 0) {
		out[0] = '\0';
	}
}
