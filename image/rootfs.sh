#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the vrouter authors
#
# Debian's part of the image: a tar of the packages in packages.txt. It is kept under a name that
# tells what it was made of, so that it is made once. Prints the name of the tar.
#
# usage: rootfs.sh DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
out=$1
key=$(cat "$here/packages.txt" "$here/rootfs.sh" | sha256sum | cut -c1-16)
tar=$out/rootfs-$key.tar
packages=$(grep -v '^#' "$here/packages.txt" | paste -sd,)

if [ ! -f "$tar" ]; then
	rm -f "$out"/rootfs-*.tar
	mmdebstrap --quiet --mode=root --format=tar --variant=minbase --include="$packages" \
		--aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
		bookworm "$tar.new" /etc/apt/sources.list.d/debian.sources >&2
	mv "$tar.new" "$tar"
fi
echo "$tar"
